// What an attempt tells the registry and the forecasting library about a circuit or a plant: pure
// translation.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/forecast/forecast.h"
#include "common/sensordata/profile.h"
#include "services/trainer/domain/model_registry.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

[[nodiscard]] forecast::ModelSpec SpecOf(const CircuitConfig& circuit);

// The experiment run, with everything that training again would need as parameters; of a plant's
// base the commit that its circuits are read at, and DescribeInputs once they have been.
[[nodiscard]] ExperimentRunStart DescribeRun(const HeldJob& job);

// What is doubtful about what was pinned at `now`, as remarks on the model that is trained on it.
[[nodiscard]] std::vector<forecast::Remark> DataRemarks(const CircuitConfig& circuit,
                                                        const PinnedData& pinned, absl::Time now);

[[nodiscard]] DataAsset DescribeData(const CircuitConfig& circuit, const std::string& location,
                                     const sensordata::DataProfile& profile);

// Tags (the thirteen, which members forecast, what was remarked in training and the rest), metrics,
// environment and training job; artifact, run and data asset version are the attempt's to fill in.
// `data_asset_version` and `last_reading` are of the rows that were trained on.
[[nodiscard]] NewModelVersion DescribeVersion(const HeldJob& job, const CircuitConfig& circuit,
                                              const forecast::TrainedModel& trained,
                                              const std::string& data_asset_version,
                                              absl::Time last_reading, absl::Time trained_at);

// What a plant's base has learnt from one circuit.
struct BaseInput {
  std::string circuit_id;
  std::string data_asset_version;  // resource name
  std::string fingerprint, location;
  DataColumn target;
  std::int64_t row_count = 0, first_unix_seconds = 0, last_unix_seconds = 0, step_seconds = 0;
};

// All that a base has learnt from, as a data asset of its own: what is remarked of circuits that
// were left out is said among its irregularities. At least one input.
[[nodiscard]] DataAsset DescribeBaseData(const PlantConfig& plant,
                                         const std::vector<BaseInput>& inputs,
                                         const std::vector<forecast::Remark>& remarks);

// The data of each input as parameters of the experiment run: as many as they take.
[[nodiscard]] std::map<std::string, std::string> DescribeInputs(
    const std::vector<BaseInput>& inputs);

// As DescribeVersion, of a version of plant-base. Its errors are in units of the circuits' usual
// changes.
[[nodiscard]] NewModelVersion DescribeBaseVersion(const HeldJob& job, const PlantConfig& plant,
                                                  const forecast::TrainedModel& trained,
                                                  int circuit_count, absl::Time trained_at);

}  // namespace fleetcast::trainer
