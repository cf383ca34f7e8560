#include "services/trainer/domain/circuit_config.h"

#include <nlohmann/json.hpp>

#include "common/base/sha256.h"
#include "common/base/status.h"

namespace fleetcast::trainer {
namespace {

// nlohmann's objects keep their keys sorted, which makes this canonical.
nlohmann::json JsonOf(const Hyperparameters& value) {
  return {{"sequence_length", value.sequence_length},
          {"lstm_units", value.lstm_units},
          {"dropout", value.dropout},
          {"learning_rate", value.learning_rate},
          {"batch_size", value.batch_size},
          {"epochs", value.epochs}};
}

Hyperparameters HyperparametersOf(const nlohmann::json& json) {
  return {.sequence_length = json.at("sequence_length").get<int>(),
          .lstm_units = json.at("lstm_units").get<int>(),
          .dropout = json.at("dropout").get<double>(),
          .learning_rate = json.at("learning_rate").get<double>(),
          .batch_size = json.at("batch_size").get<int>(),
          .epochs = json.at("epochs").get<int>()};
}

}  // namespace

std::string ToJson(const CircuitConfig& config) {
  const nlohmann::json json = {{"plant_id", config.plant_id},
                               {"circuit_id", config.circuit_id},
                               {"plant_display_name", config.plant_display_name},
                               {"display_name", config.display_name},
                               {"cutoff_date", config.cutoff_date},
                               {"environment_version", config.environment_version},
                               {"hyperparameters", JsonOf(config.hyperparameters)},
                               {"sensor_id", config.sensor_id},
                               {"feature_columns", config.feature_columns},
                               {"target_column", config.target_column},
                               {"horizon", config.horizon},
                               {"interval_levels", config.interval_levels},
                               {"seed", config.seed},
                               {"precision", config.precision},
                               {"training_hash", config.training_hash},
                               {"commit", config.commit},
                               {"path", config.path}};
  return json.dump();
}

absl::StatusOr<CircuitConfig> CircuitConfigFromJson(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    CircuitConfig config;
    json.at("plant_id").get_to(config.plant_id);
    json.at("circuit_id").get_to(config.circuit_id);
    json.at("plant_display_name").get_to(config.plant_display_name);
    json.at("display_name").get_to(config.display_name);
    json.at("cutoff_date").get_to(config.cutoff_date);
    json.at("environment_version").get_to(config.environment_version);
    config.hyperparameters = HyperparametersOf(json.at("hyperparameters"));
    json.at("sensor_id").get_to(config.sensor_id);
    json.at("feature_columns").get_to(config.feature_columns);
    json.at("target_column").get_to(config.target_column);
    json.at("horizon").get_to(config.horizon);
    json.at("interval_levels").get_to(config.interval_levels);
    json.at("seed").get_to(config.seed);
    json.at("precision").get_to(config.precision);
    json.at("training_hash").get_to(config.training_hash);
    json.at("commit").get_to(config.commit);
    json.at("path").get_to(config.path);
    return config;
  } catch (const nlohmann::json::exception& exception) {
    return Refused(absl::StatusCode::kInternal, "STORED_CONFIGURATION_UNREADABLE",
                   std::string("a job's stored circuit configuration cannot be read: ") +
                       exception.what() + "; start the training of this circuit anew");
  }
}

std::string HyperparametersHash(const Hyperparameters& hyperparameters) {
  return Sha256Hex(JsonOf(hyperparameters).dump());
}

}  // namespace fleetcast::trainer
