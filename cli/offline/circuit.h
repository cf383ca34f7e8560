// A circuit's configuration as its training would have it, without a service.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/forecast/forecast.h"

namespace fleetcast::cli {

struct ConfiguredCircuit {
  std::string sensor_id, cutoff_date;
  forecast::ModelSpec spec;
};

// Of `circuit` (PLANT/CIRCUIT) in the folder that holds `config/`, as its files are now. NOT_FOUND,
// FAILED_PRECONDITION (CIRCUIT_UNSOUND with the first mistake's place; MASTER_LIST_MISSING …).
[[nodiscard]] absl::StatusOr<ConfiguredCircuit> ReadCircuit(const std::string& folder,
                                                            const std::string& circuit);

}  // namespace fleetcast::cli
