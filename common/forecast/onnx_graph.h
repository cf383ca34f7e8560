// A model as an ONNX graph: raw values go in, forecasts with their intervals come out, in the
// target's unit.
#pragma once

#include <string>
#include <vector>

#include "common/forecast/model_state.h"

namespace fleetcast::forecast {

// Inputs:
//   history       float64 [batch, input rows, columns], oldest row first; values may be missing
//   (NaN).
//                 A value outside its column's plausible range counts as missing; spikes within it
//                 (plausible.h) are not looked for
//   unix_seconds  int64 [batch]: the time of each history's last row
// Outputs:
//   forecast      float64 [batch, horizon]
//   lower, upper  float64 [batch, interval levels, horizon]; absent without interval levels
inline constexpr char kOnnxHistory[] = "history";
inline constexpr char kOnnxTime[] = "unix_seconds";
inline constexpr char kOnnxForecast[] = "forecast";
inline constexpr char kOnnxLower[] = "lower";
inline constexpr char kOnnxUpper[] = "upper";

// The network's tensors in the order of the file. The gates of the LSTM's are in ONNX's order:
// input, output, forget, cell; its bias is followed by as many zeros. The intervals' come after
// them.
[[nodiscard]] std::vector<WeightShape> OnnxWeightShapes(const NetworkShape& shape);

// The network's weights in those tensors' values; `tensors` as in OnnxWeightShapes.
[[nodiscard]] WeightView ViewOfOnnx(const NetworkShape& shape,
                                    const std::vector<const float*>& tensors);

// The bytes of the ONNX file.
[[nodiscard]] std::string WriteOnnx(const ModelParts& parts);

}  // namespace fleetcast::forecast
