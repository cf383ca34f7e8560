// Model files of format 1, whose model was one network: its linear path read the sequence, the
// hours of some days before it, and perhaps levels. They are read as what they are in format 2, and
// are never written.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {

inline constexpr char kFormatV1[] = "fleetcast.model/1";

// How the linear path's weights were arranged: the sequence, oldest row first; the hours of the
// days [first_lag_day, days], `per_day` each; levels.
struct V1Inputs {
  int sequence = 0, season = 0, first_lag_day = 1, days = 0, per_day = 0, levels = 0;

  [[nodiscard]] int lags() const {
    return days >= first_lag_day ? per_day * (days - first_lag_day + 1) : 0;
  }
  [[nodiscard]] int extras() const { return sequence + lags() + levels; }
};

struct UpgradedV1 {
  nlohmann::json json;  // what model.json would say in format 2
  V1Inputs inputs;
};

// DATA_LOSS with reason MODEL_FILE_CORRUPT. What is only carried over is not checked here.
[[nodiscard]] absl::StatusOr<UpgradedV1> UpgradeV1(const nlohmann::json& json);

// The tensors of floats of a file of format 1 for a network that has this shape now.
[[nodiscard]] std::vector<WeightShape> V1WeightShapes(NetworkShape shape, const V1Inputs& inputs);

// The linear path's weights [horizon, extras] as they are arranged now.
[[nodiscard]] std::vector<float> ArrangeV1(const float* weights, const V1Inputs& inputs,
                                           const NetworkShape& shape);

}  // namespace fleetcast::forecast
