// How sweeps are made, whoever asks for one: InvokeFleet, InvokeDeployment, RetrySweep, a tick.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/id.h"
#include "common/workqueue/queue.h"
#include "services/inference/domain/sweep.h"

namespace fleetcast::inference {

inline constexpr char kForecastingQueue[] = "forecasting";  // also the pool whose replicas work

// Sweeps are its groups, invocations its tasks. A sweep that somebody's latest forecast is of is
// kept for ever.
[[nodiscard]] workqueue::QueueOptions ForecastingQueueOptions();

struct NewSweep {
  SweepPin pin;                      // with `retry_of`: only circuits whose invocation failed there
  std::optional<CircuitId> circuit;  // this one only
};

// Makes the sweep, with an invocation for each deployment asked for that pins what the deployment
// has now; ids sort by the database's clock. ALREADY_EXISTS with reason TICK_HAS_SWEEP if the
// schedule's tick has its sweep already: the caller has locked the schedule. NOT_FOUND for a
// circuit that the pin names and that is not deployed; INVALID_ARGUMENT as of CheckBackfillSize.
[[nodiscard]] absl::StatusOr<Sweep> CreateSweep(pqxx::work& work, workqueue::Queue& queue,
                                                IdSource& ids, const NewSweep& sweep);

// NOT_FOUND for a plant without endpoint.
[[nodiscard]] absl::Status CheckPlants(pqxx::work& work, const std::vector<std::string>& plant_ids);

}  // namespace fleetcast::inference
