// One circuit's resolved configuration, pinned when its run was created.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/plant_calendar.h"

namespace fleetcast::trainer {

struct Hyperparameters {
  int sequence_length = 0;  // steps of input
  int lstm_units = 0;
  double dropout = 0;
  double learning_rate = 0;
  int batch_size = 0;
  int epochs = 0;  // at most
};

struct CircuitConfig {
  std::string plant_id, circuit_id;
  std::string plant_display_name, display_name;
  std::string cutoff_date;          // YYYY-MM-DD, the last day of training data
  std::string environment_version;  // "1.5.0"
  Hyperparameters hyperparameters;
  std::string sensor_id;
  std::vector<std::string> feature_columns;
  std::string target_column;
  std::optional<double> minimum, maximum;  // of the target
  int horizon = 0;                         // steps forecast
  std::vector<double> interval_levels;     // percent, ascending
  std::uint64_t seed = 0;
  std::string precision;
  std::int64_t base_version = 0;  // of the plant's base that the model starts from; 0: none
  std::optional<PlantCalendar> calendar;
  std::string training_hash;  // of the resolved training values, as config gives it
  std::string commit;         // 40 hex digits
  std::string path;           // in that commit
};

// SHA-256 hex of the hyperparameters' canonical JSON: keys in order, no spaces.
[[nodiscard]] std::string HyperparametersHash(const Hyperparameters& hyperparameters);

}  // namespace fleetcast::trainer
