#include "common/forecast/onnx_builder.h"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <string_view>

#include "common/forecast/onnx_tensors.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kOnnxAlignment = 64;
// Of the file format, and of the operators' meaning: ONNX 1.8 (2020) and later read both.
constexpr int kIrVersion = 7;
constexpr int kOperatorSet = 13;

int ProtoType(OnnxType type) {
  switch (type) {
    case OnnxType::kFloat:
      return onnx::TensorProto::FLOAT;
    case OnnxType::kDouble:
      return onnx::TensorProto::DOUBLE;
    case OnnxType::kInt64:
      return onnx::TensorProto::INT64;
    case OnnxType::kBool:
      break;
  }
  return onnx::TensorProto::BOOL;
}

void Describe(const std::string& name, OnnxType type, const OnnxSizes& sizes,
              const std::string& description, onnx::ValueInfoProto& info) {
  info.set_name(name);
  info.set_doc_string(description);
  onnx::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(ProtoType(type));
  for (std::int64_t size : sizes) {
    onnx::TensorShapeProto::Dimension& dimension = *tensor.mutable_shape()->add_dim();
    if (size < 0) {
      dimension.set_dim_param("batch");
    } else {
      dimension.set_dim_value(size);
    }
  }
}

template <typename Value>
void PutTensor(const std::string& name, OnnxType type, const OnnxSizes& sizes,
               const std::vector<Value>& values, onnx::TensorProto& tensor) {
  tensor.set_name(name);
  tensor.set_data_type(ProtoType(type));
  for (std::int64_t size : sizes) tensor.add_dims(size);
  tensor.set_raw_data(values.data(), values.size() * sizeof(Value));
}

}  // namespace

struct OnnxBuilder::State {
  onnx::ModelProto model;
  onnx::GraphProto& graph() { return *model.mutable_graph(); }
};

OnnxBuilder::OnnxBuilder(const std::string& graph_name) : state_(std::make_unique<State>()) {
  state_->graph().set_name(graph_name);
  state_->model.set_ir_version(kIrVersion);
  state_->model.set_producer_name("fleetcast");
  onnx::OperatorSetIdProto& operators = *state_->model.add_opset_import();
  operators.set_domain("");
  operators.set_version(kOperatorSet);
}

OnnxBuilder::~OnnxBuilder() = default;

OnnxValue OnnxBuilder::Input(const std::string& name, OnnxType type, const OnnxSizes& sizes,
                             const std::string& description) {
  Describe(name, type, sizes, description, *state_->graph().add_input());
  return name;
}

void OnnxBuilder::Output(const OnnxValue& value, OnnxType type, const OnnxSizes& sizes,
                         const std::string& description) {
  Describe(value, type, sizes, description, *state_->graph().add_output());
}

OnnxValue OnnxBuilder::Floats(const std::string& name, const OnnxSizes& sizes,
                              const std::vector<float>& values) {
  PutTensor(name, OnnxType::kFloat, sizes, values, *state_->graph().add_initializer());
  return name;
}

OnnxValue OnnxBuilder::Doubles(const std::string& name, const OnnxSizes& sizes,
                               const std::vector<double>& values) {
  PutTensor(name, OnnxType::kDouble, sizes, values, *state_->graph().add_initializer());
  return name;
}

OnnxValue OnnxBuilder::Integers(const std::string& name, const std::vector<std::int64_t>& values) {
  PutTensor(name, OnnxType::kInt64, {static_cast<std::int64_t>(values.size())}, values,
            *state_->graph().add_initializer());
  return name;
}

OnnxValue OnnxBuilder::Node(const std::string& operator_name, const std::vector<OnnxValue>& inputs,
                            const OnnxValue& output, const std::vector<OnnxAttribute>& attributes) {
  return NodeWithOutput(0, operator_name, inputs, output, attributes);
}

OnnxValue OnnxBuilder::NodeWithOutput(int index, const std::string& operator_name,
                                      const std::vector<OnnxValue>& inputs, const OnnxValue& output,
                                      const std::vector<OnnxAttribute>& attributes) {
  onnx::NodeProto& node = *state_->graph().add_node();
  node.set_name(output);
  node.set_op_type(operator_name);
  for (const OnnxValue& input : inputs) node.add_input(input);
  for (int unused = 0; unused < index; ++unused) node.add_output("");
  node.add_output(output);
  for (const OnnxAttribute& given : attributes) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(given.name);
    attribute.set_type(given.is_list ? onnx::AttributeProto::INTS : onnx::AttributeProto::INT);
    for (std::int64_t value : given.integers) {
      if (given.is_list) {
        attribute.add_ints(value);
      } else {
        attribute.set_i(value);
      }
    }
  }
  return output;
}

OnnxValue OnnxBuilder::Cast(const OnnxValue& value, OnnxType type, const OnnxValue& output) {
  return Node("Cast", {value}, output, {{.name = "to", .integers = {ProtoType(type)}}});
}

OnnxValue OnnxBuilder::Slice(const OnnxValue& value, std::int64_t axis, std::int64_t begin,
                             std::int64_t end, const OnnxValue& output) {
  return Node("Slice",
              {value, Integers(output + ".begin", {begin}), Integers(output + ".end", {end}),
               Integers(output + ".axis", {axis})},
              output);
}

OnnxValue OnnxBuilder::Reshape(const OnnxValue& value, const OnnxSizes& sizes,
                               const OnnxValue& output) {
  return Node("Reshape", {value, Integers(output + ".sizes", sizes)}, output);
}

std::string OnnxBuilder::Serialize(const std::string& producer_version) {
  onnx::ModelProto& model = state_->model;
  model.set_producer_version(producer_version);
  // What stands before a tensor's bytes and means nothing grows until they begin where they should:
  // the model's description for the first, the description of the tensor before it for the others.
  // To lengthen one shifts all that follows, so they are taken in turn, from the first on.
  for (;;) {
    std::string bytes = model.SerializeAsString();
    const std::vector<OnnxTensor> tensors = *FindOnnxTensors(bytes);
    std::size_t at = 0, lacking = 0;
    for (; at < tensors.size(); ++at) {
      if (tensors[at].data_type != onnx::TensorProto::FLOAT) continue;
      const auto offset = static_cast<std::size_t>(tensors[at].bytes.data() - bytes.data());
      lacking = (kOnnxAlignment - offset % kOnnxAlignment) % kOnnxAlignment;
      if (lacking > 0) break;
    }
    if (lacking == 0) return bytes;
    std::string& filler =
        at == 0
            ? *model.mutable_doc_string()
            : *state_->graph().mutable_initializer(static_cast<int>(at) - 1)->mutable_doc_string();
    filler.append(lacking, ' ');
  }
}

}  // namespace fleetcast::forecast
