// One circuit's resolved configuration, typed: what its files say, completed with the defaults.
// key_table.h says for each value its key, type, range, default and meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/plant_calendar.h"

namespace fleetcast::config {

struct Hyperparameters {
  int sequence_length = 0;
  int lstm_units = 0;
  double dropout = 0;
  double learning_rate = 0;
  int batch_size = 0;
  int epochs = 0;
};

struct DataFilters {
  std::string sensor_id;
  std::vector<std::string> feature_columns;
  std::string target_column;
  std::optional<double> minimum, maximum;  // of the target
};

struct ForecastConfig {
  int horizon = 0;
  std::vector<double> interval_levels;
};

struct TrainingConfig {
  std::string cutoff_date;
  std::string environment_version;
  Hyperparameters hyperparameters;
  DataFilters data_filters;
  ForecastConfig forecast;
  std::uint32_t seed = 0;
  std::string precision;
  std::optional<std::int64_t> base_version;  // of the plant's base
  std::optional<std::string> calendar;       // its name
  // The plant's, of its time zone and that file; nullopt where it has neither.
  std::optional<PlantCalendar> plant_calendar;
};

struct RetrySettings {
  int max_retries = 0;
  int timeout_seconds = 0;
};

struct DeploymentConfig {
  std::string compute_instance_type;
  int mini_batch_size = 0;
  int timeout_minutes = 0;
  int instance_count = 0;
  int max_concurrency_per_instance = 0;
  int error_threshold = 0;
  RetrySettings retry_settings;
  std::string fallback;
};

struct CircuitConfig {
  std::string plant_id;
  std::string circuit_id;
  TrainingConfig training;
  DeploymentConfig deployment;
};

}  // namespace fleetcast::config
