// Sweeps and invocations as rows: read, made, and settled. Used by every store that touches them.
//
// Order of locks: invocations before their sweep, so that finishing, cancelling and retrying never
// wait for each other in a circle.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/inference/domain/invocation.h"
#include "services/inference/domain/sweep_store.h"

namespace fleetcast::inference {

// Columns of `inference.invocations i` that InvocationOf reads.
extern const char kInvocationColumns[];
// "SELECT … FROM inference.sweeps s … WHERE ", as SweepOf reads it.
extern const char kSelectSweep[];

[[nodiscard]] Invocation InvocationOf(const pqxx::row& row);
[[nodiscard]] Sweep SweepOf(const pqxx::row& row);

// NOT_FOUND.
[[nodiscard]] absl::StatusOr<Sweep> ReadSweep(pqxx::work& work, const std::string& sweep_id);

// What a sweep is made for, besides what the caller of the API says.
struct SweepOrigin {
  std::string schedule_id;
  std::optional<absl::Time> tick;
  std::string retry_of;  // only circuits whose invocation failed there
};

// Makes the sweep and an invocation per deployment asked for; settles it if there is none.
// False, and nothing made, if the schedule's tick has its sweep already.
[[nodiscard]] bool InsertSweep(pqxx::work& work, const NewSweep& sweep, const SweepOrigin& origin);

// NOT_FOUND for a plant without endpoint.
[[nodiscard]] absl::Status CheckPlants(pqxx::work& work, const std::vector<std::string>& plant_ids);

// Locks the sweep and, if none of its invocations is left to do, gives it the state that they add
// up to. To be called last in a transaction that has ended invocations.
void SettleSweep(pqxx::work& work, const std::string& sweep_id);

}  // namespace fleetcast::inference
