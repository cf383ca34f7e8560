// A whole trainer replica, put together: stores, clients, worker and API. Used by main and by the
// integration tests.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "services/trainer/trainer_settings.h"

namespace fleetcast::trainer {

// FAILED_PRECONDITION if the schema is not at this program's version; UNAVAILABLE if Postgres is
// not to be had; INVALID_ARGUMENT for a sensor source that cannot be.
[[nodiscard]] absl::StatusOr<std::unique_ptr<service::Service>> MakeTrainer(
    const TrainerSettings& settings);

}  // namespace fleetcast::trainer
