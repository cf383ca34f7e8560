// Registry resources for tests: complete ones, to be spoilt as a test needs.
#pragma once

#include <string>

#include "services/registry/domain/data_asset.h"
#include "services/registry/domain/environment.h"
#include "services/registry/domain/model_version.h"

namespace fleetcast::testing {

inline registry::StringMap RequiredTags(const std::string& plant = "P001",
                                        const std::string& circuit = "C001") {
  return {{"plant_id", plant},
          {"circuit_id", circuit},
          {"cutoff_date", "2025-12-09"},
          {"environment_version", "1.5.0"},
          {"data_asset_version", "2025-12-09"},
          {"pr_number", "17"},
          {"pr_author", "ada"},
          {"git_commit_sha", std::string(40, 'c')},
          {"hyperparameters_hash", std::string(64, 'd')},
          {"mae", "0.41"},
          {"rmse", "0.6"},
          {"r2", "0.9"},
          {"trained_at", "2025-12-10T06:00:00Z"}};
}

// Refers to a run, an artifact, a data asset version and an environment version of P001/C001.
inline registry::NewModelVersion CompleteModelVersion(const std::string& plant = "P001",
                                                      const std::string& circuit = "C001") {
  return {.model_id = "sensor-model",
          .tags = RequiredTags(plant, circuit),
          .metrics = {{"mae", 0.41}},
          .artifact_sha256 = std::string(64, 'a'),
          .run = {"plant_P001_circuit_C001", "r1"},
          .data_asset_version = {"plant_P001_circuit_C001", "2025-12-09"},
          .environment_version = {"custom-lstm-env", "1.5.0"},
          .training_job = ""};
}

inline registry::NewModelVersion CompletePlantBase(const std::string& plant = "P001") {
  registry::NewModelVersion base = CompleteModelVersion();
  base.model_id = "plant-base";
  base.tags = {{"plant_id", plant},
               {"cutoff_date", "2025-12-09"},
               {"environment_version", "1.5.0"},
               {"git_commit_sha", std::string(40, 'c')},
               {"circuit_count", "2"},
               {"trained_at", "2025-12-10T06:00:00Z"}};
  return base;
}

inline registry::DataAssetVersion CompleteDataAssetVersion() {
  return {.name = {"plant_P001_circuit_C001", "2025-12-09"},
          .sensor_id = "SENSOR_P001_C001",
          .source_uri = "data/SENSOR_P001_C001.csv",
          .fingerprint = std::string(64, 'f'),
          .row_count = 48,
          .first_time = absl::FromUnixSeconds(1'765'152'000),
          .last_time = absl::FromUnixSeconds(1'765'321'200),
          .step_seconds = 3600,
          .columns = {{"temperature", 1.5, 9.25, 4.1, 0.3, 2}},
          .issues = {{"GAP", "", 3, "3 rows are missing"}},
          .ml_table = "paths:\n  - file: data.csv\n"};
}

inline registry::EnvironmentVersion CompleteEnvironmentVersion() {
  return {.name = {"custom-lstm-env", "1.5.0"},
          .description = "LSTM training",
          .properties = {{"libtorch", "1.13.1"}}};
}

}  // namespace fleetcast::testing
