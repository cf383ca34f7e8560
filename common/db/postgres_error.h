// The one place that maps pqxx exceptions and SQLSTATE to absl::Status.
#pragma once

#include <exception>

#include "absl/status/status.h"

namespace fleetcast::db {

// unique_violation → ALREADY_EXISTS, foreign key and check violations → FAILED_PRECONDITION,
// serialization failure and deadlock → ABORTED, lock and statement timeouts → DEADLINE_EXCEEDED,
// lost connections and a server that starts or stops → UNAVAILABLE with a retry delay, the rest →
// INTERNAL. The reason is POSTGRES_… and the metadata carries the SQLSTATE.
[[nodiscard]] absl::Status StatusFromException(const std::exception& exception);

}  // namespace fleetcast::db
