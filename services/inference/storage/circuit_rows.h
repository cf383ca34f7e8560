// Between Postgres rows and what is known of circuits: statuses, with deployments, latest
// forecasts, last steps and last failures beside them.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "services/inference/domain/circuit_record.h"
#include "services/inference/domain/condition.h"

namespace fleetcast::inference {

// SELECT … FROM with `c` for the statuses' table, to be followed by a WHERE.
[[nodiscard]] std::string SelectCircuits(bool with_settings);
[[nodiscard]] CircuitRecord RecordOf(const pqxx::row& row);
// And with its settings, where they were selected.
[[nodiscard]] CircuitRecord RecordWithSettings(const pqxx::row& row);

// Stores what circuits are to be from a release on: state, hashes, settings (where they have a
// commit), unsoundness. The rest of a record is not touched.
void StoreDesired(pqxx::work& work, const std::vector<CircuitRecord>& circuits,
                  const std::string& release_id);

// What conditions are judged by now.
[[nodiscard]] FleetClock ReadFleetClock(pqxx::work& work, absl::Duration late_after);

}  // namespace fleetcast::inference
