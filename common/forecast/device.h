// Where models in lockstep are trained.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fleetcast::forecast {

// Whether LibTorch can compute on `device`, which is its name of it: "cpu", "cuda", "cuda:1".
// INVALID_ARGUMENT with reason DEVICE_UNKNOWN where it has no such name, FAILED_PRECONDITION with
// reason DEVICE_UNAVAILABLE where it cannot.
[[nodiscard]] absl::Status CheckDevice(const std::string& device);

}  // namespace fleetcast::forecast
