// A model as an ONNX graph: raw values go in, forecasts with their intervals come out, in the
// target's unit.
#pragma once

#include <string>
#include <vector>

#include "common/forecast/model_state.h"

namespace fleetcast::forecast {

// Inputs:
//   history       float64 [batch, input rows, input columns], oldest row first; values may be
//                 missing (NaN) where Model::Forecast lets them
//   unix_seconds  int64 [batch]: the time of each history's last row
// Outputs:
//   forecast      float64 [batch, horizon]
//   lower, upper  float64 [batch, interval levels, horizon]; absent without interval levels
inline constexpr char kOnnxHistory[] = "history";
inline constexpr char kOnnxTime[] = "unix_seconds";
inline constexpr char kOnnxForecast[] = "forecast";
inline constexpr char kOnnxLower[] = "lower";
inline constexpr char kOnnxUpper[] = "upper";

// The columns of `history`: the target, then the others where the model looks at them.
[[nodiscard]] std::vector<std::string> OnnxInputColumns(const ModelSpec& spec,
                                                        const InputLayout& layout);

// The tensors of floats in the order of the file. The gates of the LSTM's are in ONNX's order:
// input, output, forget, cell; its bias is followed by as many zeros.
[[nodiscard]] std::vector<WeightShape> OnnxWeightShapes(const ModelSpec& spec,
                                                        const InputLayout& layout);

// The network's weights in those tensors' values; `tensors` as in OnnxWeightShapes.
[[nodiscard]] WeightView ViewOfOnnx(const NetworkShape& shape,
                                    const std::vector<const float*>& tensors);

// The bytes of the ONNX file.
[[nodiscard]] std::string WriteOnnx(const ModelParts& parts);

}  // namespace fleetcast::forecast
