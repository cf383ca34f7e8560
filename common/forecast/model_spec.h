// The ranges that a model's specification must keep, for training and for model files alike.
#pragma once

#include "absl/status/status.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

// INVALID_ARGUMENT with reason HYPERPARAMETER_INVALID for the first field out
// of range.
[[nodiscard]] absl::Status ValidateSpec(const ModelSpec& spec);

// The same for shares: all three parts must be above 0.
[[nodiscard]] absl::Status ValidateSplit(const SplitShares& split);

}  // namespace fleetcast::forecast
