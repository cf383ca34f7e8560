// The canonical form of a resolved configuration and its hashes: the same for the same meaning,
// however the files are written.
#pragma once

#include <string>

#include "services/config/domain/circuit_config.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {

// A JSON object of the keys of that scope and the two ids, in the order of the table, no spaces; a
// key without a value is not in it, so that a new one changes no hash:
// {"plant_id":"P001","circuit_id":"C001","training.cutoff_date":"2025-12-09",…}
[[nodiscard]] std::string CanonicalJson(const CircuitConfig& config, KeyScope scope);

// SHA-256 of the canonical JSON of the training, or deployment, values.
[[nodiscard]] std::string TrainingHash(const CircuitConfig& config);
[[nodiscard]] std::string DeploymentHash(const CircuitConfig& config);

// `text` as a JSON string, quotes included.
[[nodiscard]] std::string JsonString(const std::string& text);

}  // namespace fleetcast::config
