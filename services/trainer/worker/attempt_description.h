// What an attempt tells the registry and the forecasting library about a circuit: pure translation.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/forecast/forecast.h"
#include "common/sensordata/profile.h"
#include "services/trainer/domain/model_registry.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

[[nodiscard]] forecast::ModelSpec SpecOf(const CircuitConfig& circuit);

// The experiment run, with everything that training again would need as parameters.
[[nodiscard]] ExperimentRunStart DescribeRun(const HeldJob& job);

// What is doubtful about what was pinned at `now`, as remarks on the model that is trained on it.
[[nodiscard]] std::vector<forecast::Remark> DataRemarks(const CircuitConfig& circuit,
                                                        const PinnedData& pinned, absl::Time now);

[[nodiscard]] DataAsset DescribeData(const CircuitConfig& circuit, const std::string& location,
                                     const sensordata::DataProfile& profile);

// Tags (the thirteen but data_asset_version, which members forecast and what was remarked in
// training), metrics, environment and training job; artifact, run and data asset version are the
// caller's to fill in.
[[nodiscard]] NewModelVersion DescribeVersion(const HeldJob& job,
                                              const forecast::TrainedModel& trained,
                                              absl::Time trained_at);

}  // namespace fleetcast::trainer
