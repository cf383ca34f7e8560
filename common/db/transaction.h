// The only place that commits. A transaction is a callable that gets a pqxx::work and returns
// absl::Status or absl::StatusOr<T>: an error rolls back, OK commits.
#pragma once

#include <pqxx/pqxx>
#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/db/connection_pool.h"

namespace fleetcast::db {

// Runs `body`, at most five times: serialization failures, deadlocks and connections that break
// before COMMIT was sent are retried. A commit whose outcome is unknown is not: it returns
// UNKNOWN with reason COMMIT_OUTCOME_UNKNOWN. pqxx exceptions thrown by `body` are mapped by
// StatusFromException; nothing else may throw. `body` must be safe to run again after a rollback.
[[nodiscard]] absl::Status RunTransaction(ConnectionPool& pool,
                                          absl::FunctionRef<absl::Status(pqxx::work&)> body);

// The same for a callable that returns absl::Status or absl::StatusOr<T>.
template <typename Body>
[[nodiscard]] auto RunInTransaction(ConnectionPool& pool, Body&& body)
    -> std::invoke_result_t<Body, pqxx::work&> {
  using Result = std::invoke_result_t<Body, pqxx::work&>;
  if constexpr (std::is_same_v<Result, absl::Status>) {
    return RunTransaction(pool, body);
  } else {
    Result result = absl::InternalError("transaction body did not run");
    absl::Status status = RunTransaction(pool, [&](pqxx::work& work) {
      result = body(work);
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }
}

}  // namespace fleetcast::db
