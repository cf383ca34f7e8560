// A whole inference replica, put together: stores, clients, workers, ticker and API. Used by main
// and by the integration tests.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/inference/inference_settings.h"

namespace fleetcast::inference {

// FAILED_PRECONDITION if the schema is not at this program's version, or the machine knows no time
// zones; UNAVAILABLE if Postgres is not to be had; INVALID_ARGUMENT for a sensor source that cannot
// be.
[[nodiscard]] absl::StatusOr<std::unique_ptr<service::Service>> MakeInference(
    const InferenceSettings& settings);

}  // namespace fleetcast::inference
