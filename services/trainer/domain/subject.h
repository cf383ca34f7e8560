// What a training job is about: a circuit, whose model it trains, or a plant, whose base.
#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "services/trainer/domain/circuit_config.h"

namespace fleetcast::trainer {

// A plant as it was when the run was created. Its circuits are read at `commit` by the job, so that
// no row of the queue holds them all.
struct PlantConfig {
  std::string plant_id, plant_display_name;
  std::string cutoff_date;          // the latest of its circuits'
  std::string environment_version;  // that most of its circuits ask for
  std::string commit;               // 40 hex digits
};

// Of these circuits, which are of one plant and at least one. Of as many circuits that ask for one
// environment the first decide.
[[nodiscard]] PlantConfig PlantOf(const std::vector<CircuitConfig>& circuits);

struct Subject {
  std::variant<CircuitConfig, PlantConfig> config;

  // nullptr where it is the other.
  [[nodiscard]] const CircuitConfig* circuit() const { return std::get_if<CircuitConfig>(&config); }
  [[nodiscard]] const PlantConfig* plant() const { return std::get_if<PlantConfig>(&config); }

  [[nodiscard]] const std::string& plant_id() const;
  [[nodiscard]] std::string circuit_id() const;  // "" of a plant
  [[nodiscard]] const std::string& cutoff_date() const;
  [[nodiscard]] const std::string& environment_version() const;
  [[nodiscard]] const std::string& commit() const;
  [[nodiscard]] std::string environment() const;  // "custom-lstm-env:1.5.0"
  [[nodiscard]] std::string job_id() const;       // "P001.C001", "P001"
  // Its experiment and its data asset: "plant_P001_circuit_C001", "plant_P001_base".
  [[nodiscard]] std::string asset_id() const;
  // The model whose versions it trains: "models/sensor-model", "models/plant-base".
  [[nodiscard]] std::string model() const;
};

// As the queue keeps it, JSON with defaults for what is missing; which of the two it is, the job's
// id says. CONFIGURATION_UNREADABLE (FAILED_PRECONDITION).
[[nodiscard]] std::string ToJson(const Subject& subject);
[[nodiscard]] absl::StatusOr<Subject> SubjectFromJson(const std::string& job_id,
                                                      const std::string& json);
// All that is known of the subject of a job whose configuration cannot be read.
[[nodiscard]] Subject SubjectOfJob(const std::string& job_id);

}  // namespace fleetcast::trainer
