// The files that a model is kept in: one folder, or the same as one tar.
//   model.onnx   the network with its weights, the scaling and the intervals: onnx_graph.h
//   model.json   what model.onnx does not say: specification, inputs, scaling, residual quantiles,
//                what it was trained on and how well it did; and the SHA-256 of model.onnx and of
//                itself
//   MLmodel      what MLflow's tools look for
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/forecast/model_state.h"
#include "common/forecast/model_v1.h"

namespace fleetcast::forecast {

inline constexpr char kOnnxName[] = "model.onnx";
inline constexpr char kModelJsonName[] = "model.json";
inline constexpr char kMlmodelName[] = "MLmodel";

// DATA_LOSS with reason MODEL_FILE_CORRUPT, naming the file.
[[nodiscard]] absl::Status CorruptFile(const std::string& file, const std::string& problem);

// A model without its network.
struct ModelDescription {
  ModelSpec spec;
  std::vector<std::string> columns;
  std::vector<PlausibleRange> plausible;
  InputLayout layout;
  Scaling scaling;
  std::optional<CalendarProfile> calendar;
  std::vector<IntervalOffsets> intervals;
  bool base_alone = false;
  std::string training_record;  // JSON text, as in ModelParts
  std::string onnx_sha256;
  std::optional<V1Inputs> v1;  // of a file of format 1: how its linear path's weights are arranged
};

[[nodiscard]] std::string WriteModelJson(const ModelDescription& description);
// Checks its SHA-256 first, then every value against its range.
[[nodiscard]] absl::StatusOr<ModelDescription> ParseModelJson(std::string_view text);

// Follows from the description alone, so that a changed one is found out.
[[nodiscard]] std::string WriteMlmodel(const ModelDescription& description);

}  // namespace fleetcast::forecast
