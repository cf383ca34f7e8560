// The only place that commits. A transaction is a callable that gets a pqxx::work and returns
// absl::Status or absl::StatusOr<T>: an error rolls back, OK commits.
//
// READ COMMITTED and the pool's bounds are set by each transaction for itself, so neither the
// database's defaults nor a pooler between us and it matter. All time is the pool's, or what the
// caller's deadline (common/base/deadline.h) leaves. pqxx exceptions thrown by a body are mapped by
// StatusFromException; nothing else may throw. A server that does not answer in time is UNAVAILABLE
// with reason POSTGRES_SILENT, and is not asked again within the call.
#pragma once

#include <pqxx/pqxx>
#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/db/connection_pool.h"

namespace fleetcast::db {

enum class Access { kReadWrite, kReadOnly };

[[nodiscard]] absl::Status RunTransaction(ConnectionPool& pool, Access access,
                                          absl::FunctionRef<absl::Status(pqxx::work&)> body);
[[nodiscard]] absl::Status RunAutocommit(
    ConnectionPool& pool, absl::FunctionRef<absl::Status(pqxx::nontransaction&)> body);

namespace internal {

// `run` with a body that returns absl::Status, for a `body` that returns that or absl::StatusOr<T>.
template <typename Work, typename Run, typename Body>
auto WithResult(Run&& run, Body& body) -> std::invoke_result_t<Body&, Work&> {
  using Result = std::invoke_result_t<Body&, Work&>;
  if constexpr (std::is_same_v<Result, absl::Status>) {
    return run(body);
  } else {
    Result result = absl::InternalError("transaction body did not run");
    absl::Status status = run([&](Work& work) {
      result = body(work);
      return result.status();
    });
    if (!status.ok()) return status;
    return result;
  }
}

}  // namespace internal

// Runs `body`, at most five times: serialization failures, deadlocks and connections that break
// before COMMIT was sent are retried. A commit whose outcome is unknown is not: it returns
// UNKNOWN with reason COMMIT_OUTCOME_UNKNOWN. `body` must be safe to run again after a rollback.
template <typename Body>
[[nodiscard]] auto RunInTransaction(ConnectionPool& pool, Body&& body)
    -> std::invoke_result_t<Body&, pqxx::work&> {
  return internal::WithResult<pqxx::work>(
      [&](auto&& plain) { return RunTransaction(pool, Access::kReadWrite, plain); }, body);
}

// The same for a `body` that only reads: Postgres refuses its writes (INTERNAL), and a connection
// that breaks, even at the end, is UNAVAILABLE and retried, for nothing can have been changed.
template <typename Body>
[[nodiscard]] auto ReadInTransaction(ConnectionPool& pool, Body&& body)
    -> std::invoke_result_t<Body&, pqxx::work&> {
  return internal::WithResult<pqxx::work>(
      [&](auto&& plain) { return RunTransaction(pool, Access::kReadOnly, plain); }, body);
}

// One statement that commits by itself: one round trip instead of four. `body` executes exactly
// one. Retried as above only while nothing was sent, or after a serialization failure or deadlock.
// A connection that breaks later is UNKNOWN with reason COMMIT_OUTCOME_UNKNOWN, whatever the
// statement: the caller repeats it if it may be carried out twice (a read; what names an epoch; a
// claim that lapses by itself). Only our side bounds it: the server may still carry it out after
// we have given up, and waits for locks by its own settings; so it should skip locked rows.
template <typename Body>
[[nodiscard]] auto RunStatement(ConnectionPool& pool, Body&& body)
    -> std::invoke_result_t<Body&, pqxx::nontransaction&> {
  return internal::WithResult<pqxx::nontransaction>(
      [&](auto&& plain) { return RunAutocommit(pool, plain); }, body);
}

// Returns when all that had been committed before it was called is where a commit that waits for
// it would have left it: on the disk, and with the standbys that commits wait for. For who commits
// with synchronous_commit off to let go of locks early, and tells nobody before this.
[[nodiscard]] absl::Status AwaitDurability(ConnectionPool& pool);

}  // namespace fleetcast::db
