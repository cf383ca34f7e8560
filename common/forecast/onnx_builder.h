// Puts an ONNX graph together, node by node. No protobuf message appears here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::forecast {

// Names a value of the graph: an input, a tensor or a node's output.
using OnnxValue = std::string;

struct OnnxAttribute {
  std::string name;
  std::vector<std::int64_t> integers;
  bool is_list = false;  // of integers, where the operator asks for a list
};

enum class OnnxType { kFloat, kDouble, kInt64, kBool };

// A dimension of -1 has the name "batch".
using OnnxSizes = std::vector<std::int64_t>;

// Operators are ONNX's, of operator set 13. Not thread safe.
class OnnxBuilder {
 public:
  explicit OnnxBuilder(const std::string& graph_name);
  ~OnnxBuilder();
  OnnxBuilder(const OnnxBuilder&) = delete;
  OnnxBuilder& operator=(const OnnxBuilder&) = delete;

  OnnxValue Input(const std::string& name, OnnxType type, const OnnxSizes& sizes,
                  const std::string& description);
  void Output(const OnnxValue& value, OnnxType type, const OnnxSizes& sizes,
              const std::string& description);

  // Tensors of the file, row-major, little-endian.
  OnnxValue Floats(const std::string& name, const OnnxSizes& sizes,
                   const std::vector<float>& values);
  OnnxValue Doubles(const std::string& name, const OnnxSizes& sizes,
                    const std::vector<double>& values);
  OnnxValue Integers(const std::string& name, const std::vector<std::int64_t>& values);
  OnnxValue Number(const std::string& name, double value) { return Doubles(name, {}, {value}); }

  // Returns the node's output, named `output`; for an input that is left out give "".
  OnnxValue Node(const std::string& operator_name, const std::vector<OnnxValue>& inputs,
                 const OnnxValue& output, const std::vector<OnnxAttribute>& attributes = {});
  // The same of a node that has this output at position `index`, the ones before it unused.
  OnnxValue NodeWithOutput(int index, const std::string& operator_name,
                           const std::vector<OnnxValue>& inputs, const OnnxValue& output,
                           const std::vector<OnnxAttribute>& attributes);
  OnnxValue Cast(const OnnxValue& value, OnnxType type, const OnnxValue& output);
  // Elements [begin, end) of one axis.
  OnnxValue Slice(const OnnxValue& value, std::int64_t axis, std::int64_t begin, std::int64_t end,
                  const OnnxValue& output);
  // A size of 0 keeps the value's own at that place.
  OnnxValue Reshape(const OnnxValue& value, const OnnxSizes& sizes, const OnnxValue& output);

  // The file: the bytes of every tensor of floats begin on a cache line of it, so that a mapped
  // file's can be used where they lie.
  [[nodiscard]] std::string Serialize(const std::string& producer_version);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
