// Holds a registered version against its circuit's champion on the same held-out rows, and writes
// the gate's verdict on the version, for the pull request and for whoever releases it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/time_series.h"
#include "common/forecast/forecast.h"
#include "services/trainer/domain/gate.h"
#include "services/trainer/domain/model_registry.h"
#include "services/trainer/domain/training_job.h"
#include "services/trainer/worker/training_tools.h"

namespace fleetcast::trainer {

struct ReviewInput {
  const CircuitConfig& circuit;
  const TimeSeries& series;  // the regular grid, of the candidate's columns
  forecast::RowRange test_rows;
  const forecast::Model& candidate;
  const RegisteredVersion& version;
};

class ChampionReview {
 public:
  // All must outlive it.
  ChampionReview(const TrainingTools& tools, const HeldJob& job, workqueue::Hold& hold)
      : tools_(tools), job_(job), hold_(hold) {}

  // Errors: the registry's, and those of a job that must stop. Nothing is written without asking
  // the ledger first whether this is still the holder. No champion is changed.
  [[nodiscard]] absl::StatusOr<GateOutcome> Judge(const ReviewInput& input);

 private:
  // Fills in both errors on the windows that both models can be evaluated on and how many those
  // are, or why there are none.
  [[nodiscard]] absl::Status CompareWith(const forecast::Model& champion,
                                         const std::string& champion_hash, const ReviewInput& input,
                                         GateInput& gate, int& windows);
  // The grid with the champion's columns as well.
  [[nodiscard]] absl::StatusOr<TimeSeries> SeriesForBoth(const forecast::Model& champion,
                                                         const ReviewInput& input);
  [[nodiscard]] absl::StatusOr<GateOutcome> Compare(
      const ReviewInput& input, const std::optional<RegisteredVersion>& champion);

  const TrainingTools& tools_;
  const HeldJob& job_;
  workqueue::Hold& hold_;
};

}  // namespace fleetcast::trainer
