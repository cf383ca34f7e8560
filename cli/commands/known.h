// Whether anybody has heard of a circuit or a plant, for lists that have found nothing of it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fleetcast::cli {

class Session;

// NOT_FOUND if neither a release or a deployment nor the configuration at HEAD names the circuit,
// or any circuit of the plant "plants/P001/circuits/-". OK also where the services cannot tell.
[[nodiscard]] absl::Status CheckKnown(Session& session, const std::string& circuits);
// The same of --plant; "" and "-" are every plant.
[[nodiscard]] absl::Status CheckPlantKnown(Session& session, const std::string& plant);

}  // namespace fleetcast::cli
