// Circuits and requests for the trainer's tests.
#pragma once

#include <string>

#include "common/base/id.h"
#include "common/base/mutating_request.h"
#include "services/trainer/domain/circuit_config.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {

inline CircuitConfig CircuitFor(const std::string& plant_id, const std::string& circuit_id,
                                const std::string& environment_version = "1.5.0") {
  return {.plant_id = plant_id,
          .circuit_id = circuit_id,
          .plant_display_name = "Manufacturing Plant 1",
          .display_name = "Assembly Line A Sensor",
          .cutoff_date = "2025-12-09",
          .environment_version = environment_version,
          .hyperparameters = {.sequence_length = 24,
                              .lstm_units = 8,
                              .dropout = 0.2,
                              .learning_rate = 0.001,
                              .batch_size = 32,
                              .epochs = 2},
          .sensor_id = "SENSOR_" + plant_id + "_" + circuit_id,
          .feature_columns = {"temperature", "pressure"},
          .target_column = "temperature",
          .horizon = 24,
          .interval_levels = {80, 95},
          .seed = 7,
          .precision = "float32",
          .training_hash = "abc",
          .commit = "0123456789012345678901234567890123456789",
          .path = "config/plants/" + plant_id + "/" + circuit_id + ".yml"};
}

// The same request for the same method and text; another text is another request.
inline MutatingRequest RequestFor(const std::string& method, const std::string& text) {
  return {.request_id = DerivedUuid(method + text), .method = method, .fingerprint = text};
}

}  // namespace fleetcast::trainer
