// The one place that maps pqxx exceptions and SQLSTATE to absl::Status.
#pragma once

#include <exception>

#include "absl/status/status.h"

namespace fleetcast::db {

// unique_violation → ALREADY_EXISTS, foreign key and check violations → FAILED_PRECONDITION,
// serialization failure and deadlock → ABORTED, lock and statement timeouts → DEADLINE_EXCEEDED,
// lost connections, a server that starts or stops, is read only or out of resources → UNAVAILABLE
// with a retry delay, values that Postgres cannot hold (text that is not UTF-8, numbers out of
// range, what is too large for an index) → INVALID_ARGUMENT, a missing right → FAILED_PRECONDITION,
// damaged data → DATA_LOSS, the rest → INTERNAL. The reason is POSTGRES_… and the metadata carries
// the SQLSTATE.
[[nodiscard]] absl::Status StatusFromException(const std::exception& exception);

}  // namespace fleetcast::db
