// MLmodel, the YAML file by which MLflow's tools know a model: the ONNX flavor, and a signature
// that says what goes in and comes out.
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/forecast/model_files.h"
#include "common/forecast/onnx_graph.h"

namespace fleetcast::forecast {
namespace {

using Json = nlohmann::json;

// MLflow's identifiers have this many hex digits.
constexpr std::size_t kUuidLength = 32;

Json Tensor(const std::string& name, const std::string& type, std::vector<std::int64_t> sizes) {
  sizes.insert(sizes.begin(), -1);  // the batch
  return {{"name", name},
          {"type", "tensor"},
          {"tensor-spec", {{"dtype", type}, {"shape", std::move(sizes)}}}};
}

// A YAML string: JSON's are.
std::string Quoted(const Json& value) { return Json(value.dump()).dump(); }

}  // namespace

std::string WriteMlmodel(const ModelDescription& description) {
  const ModelSpec& spec = description.spec;
  const std::vector<std::string>& columns = description.columns;
  const auto levels = static_cast<std::int64_t>(spec.interval_levels.size());
  const Json inputs = {Tensor(kOnnxHistory, "float64",
                              {static_cast<std::int64_t>(description.layout.input_rows()),
                               static_cast<std::int64_t>(columns.size())}),
                       Tensor(kOnnxTime, "int64", {})};
  Json outputs = {Tensor(kOnnxForecast, "float64", {spec.horizon})};
  for (const char* name : {kOnnxLower, kOnnxUpper}) {
    if (levels > 0) outputs.push_back(Tensor(name, "float64", {levels, spec.horizon}));
  }
  return absl::StrCat(
      "flavors:\n"
      "  onnx:\n"
      "    code: null\n"
      "    data: ",
      kOnnxName,
      "\n"
      "    providers:\n"
      "    - CPUExecutionProvider\n"
      "  python_function:\n"
      "    data: ",
      kOnnxName,
      "\n"
      "    loader_module: mlflow.onnx\n"
      "metadata:\n"
      "  columns: ",
      Json(columns).dump(), "\n  description: ", kModelJsonName,
      "\n"
      "model_uuid: '",
      description.onnx_sha256.substr(0, kUuidLength),
      "'\n"
      "signature:\n"
      "  inputs: ",
      Quoted(inputs), "\n  outputs: ", Quoted(outputs), "\n");
}

}  // namespace fleetcast::forecast
