// Holds a registered version against its circuit's champion on the same held-out rows, and makes it
// champion if the gate says so.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/time_series.h"
#include "common/forecast/forecast.h"
#include "services/trainer/domain/held_job.h"
#include "services/trainer/domain/model_registry.h"
#include "services/trainer/worker/transient_retry.h"

namespace fleetcast::trainer {

struct ReviewInput {
  const CircuitConfig& circuit;
  const TimeSeries& series;  // the regular grid, all columns
  forecast::RowRange test_rows;
  const forecast::Model& candidate;
  const RegisteredVersion& version;
};

// Two replicas may finish two versions of one circuit at once: a champion that has changed since
// it was read is read and compared again.
class ChampionReview {
 public:
  // All must outlive it.
  ChampionReview(ModelRegistry& registry, Clock& clock, HeldJob& held, const RetryPolicy& retries)
      : registry_(registry), clock_(clock), held_(held), retries_(retries) {}

  // Errors: the registry's, and those of a job that must stop. Nothing is changed without asking
  // the ledger first whether this is still the holder.
  [[nodiscard]] absl::StatusOr<GateOutcome> Decide(const ReviewInput& input);

 private:
  [[nodiscard]] absl::StatusOr<GateOutcome> Compare(
      const ReviewInput& input, const std::optional<RegisteredVersion>& champion);

  ModelRegistry& registry_;
  Clock& clock_;
  HeldJob& held_;
  const RetryPolicy retries_;
};

}  // namespace fleetcast::trainer
