#include "cli/offline/circuit.h"

#include <utility>

#include "cli/offline/work_tree.h"
#include "common/base/status.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/yaml/yaml_parser.h"

namespace fleetcast::cli {
namespace {

constexpr std::size_t kBytesOfOneReading = std::size_t{64} << 20;

forecast::ModelSpec SpecOf(const config::TrainingConfig& training) {
  const config::Hyperparameters& given = training.hyperparameters;
  const config::DataFilters& filters = training.data_filters;
  return {.sequence_length = given.sequence_length,
          .horizon = training.forecast.horizon,
          .lstm_units = given.lstm_units,
          .dropout = given.dropout,
          .learning_rate = given.learning_rate,
          .batch_size = given.batch_size,
          .epochs = given.epochs,
          .interval_levels = training.forecast.interval_levels,
          .seed = training.seed,
          .precision = training.precision,
          .feature_columns = filters.feature_columns,
          .target_column = filters.target_column,
          .minimum = filters.minimum,
          .maximum = filters.maximum,
          .calendar = training.plant_calendar};
}

}  // namespace

absl::StatusOr<ConfiguredCircuit> ReadCircuit(const std::string& folder,
                                              const std::string& circuit) {
  const std::size_t slash = circuit.find('/');
  if (slash == std::string::npos) {
    return InvalidField("--circuit", "\"" + circuit + "\" is not PLANT/CIRCUIT");
  }
  const config::CircuitKey key{circuit.substr(0, slash), circuit.substr(slash + 1)};
  FLEETCAST_ASSIGN_OR_RETURN(const auto tree, WorkTree::Open(folder));
  config::FleetReader reader(*tree, config::ParseYaml, kBytesOfOneReading);
  FLEETCAST_ASSIGN_OR_RETURN(const config::CircuitAnswer answer, reader.GetCircuit(key, ""));
  const config::TrainingConfig& training = answer.circuit.resolution->config->training;
  return ConfiguredCircuit{.sensor_id = training.data_filters.sensor_id,
                           .cutoff_date = training.cutoff_date,
                           .spec = SpecOf(training)};
}

}  // namespace fleetcast::cli
