#include "common/db/transaction.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/base/deadline.h"
#include "common/base/status.h"
#include "common/db/postgres_error.h"

namespace fleetcast::db {
namespace {

using std::chrono::steady_clock;

constexpr int kMaxTries = 5;
constexpr absl::Duration kFirstPause = absl::Milliseconds(10);

// Doubles with every try, with as much again at random so that rivals part.
absl::Duration PauseAfter(int tries) {
  thread_local absl::BitGen random;
  return kFirstPause * (1 << tries) * absl::Uniform(random, 0.5, 1.5);
}

// Whether nothing was committed and the same may well succeed now. A server is looked for only as
// long as for a free connection: one that does not answer costs a time-out each time.
bool MayTryAgain(const ConnectionPool& pool, const absl::Status& status, absl::Duration passed) {
  const std::string reason = ReasonOf(status);
  if (reason == "POSTGRES_UNAVAILABLE") return passed < pool.options().acquire_timeout;
  return reason == "POSTGRES_SERIALIZATION_FAILURE" || reason == "POSTGRES_DEADLOCK";
}

absl::Status Repeatedly(const ConnectionPool& pool, absl::FunctionRef<absl::Status()> try_once) {
  const auto start = steady_clock::now();
  for (int tries = 1;; ++tries) {
    const auto began = steady_clock::now();
    absl::Status status = try_once();
    const auto ended = steady_clock::now();
    if (status.ok() || tries == kMaxTries ||
        !MayTryAgain(pool, status, absl::FromChrono(ended - start)))
      return status;
    // Where as much again would outlast the call, its caller would not hear what the matter is.
    const absl::Duration pause = PauseAfter(tries);
    const auto left = RemainingTime();
    if (left && *left <= pause + absl::FromChrono(ended - began)) return status;
    absl::SleepFor(pause);
  }
}

// Everything that a transaction must not take from the session: set in one round trip.
// The access mode is left alone where it is not ours to say: who has made the database read only
// means it.
std::string TransactionSettings(const PoolOptions& options, absl::Duration statement_timeout,
                                Access access) {
  const auto milliseconds = [](absl::Duration duration) {
    return std::max<std::int64_t>(1, absl::ToInt64Milliseconds(duration));
  };
  return absl::StrCat("SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
                      access == Access::kReadOnly ? " READ ONLY" : "",
                      "; SET LOCAL statement_timeout = ", milliseconds(statement_timeout),
                      "; SET LOCAL lock_timeout = ",
                      milliseconds(std::min(options.lock_timeout, statement_timeout)),
                      "; SET LOCAL idle_in_transaction_session_timeout = ",
                      milliseconds(2 * options.statement_timeout), "; SET LOCAL timezone = 'UTC'");
}

// Why the connection was cut.
absl::Status Cut(const ConnectionPool::Lease& lease) {
  if (CurrentStop().stop_requested())
    return absl::CancelledError("the work was told to stop while Postgres was asked");
  const std::string waited =
      absl::FormatDuration(absl::Trunc(lease.statement_timeout(), absl::Milliseconds(1)));
  ErrorDetails details;
  details.reason = "POSTGRES_SILENT";
  details.metadata["statement_timeout"] = waited;
  details.retry_after = absl::Seconds(1);
  return MakeError(
      absl::StatusCode::kUnavailable,
      absl::StrCat(
          "Postgres: no answer within ", waited,
          " and a little more; the connection was closed; see whether its server hangs, or "
          "what it does has to wait for locks that others hold (pg_stat_activity)"),
      std::move(details));
}

// What an exception says of a transaction, once the connection is known to have survived or not.
absl::Status StatusOf(const std::exception& exception, const ConnectionPool::Lease& lease) {
  absl::Status status = StatusFromException(exception);
  if (ReasonOf(status) == "COMMIT_OUTCOME_UNKNOWN" || (*lease).is_open()) return status;
  if (lease.WasCut()) return Cut(lease);
  // pqxx reports some lost connections as plain errors.
  if (status.code() == absl::StatusCode::kInternal)
    return StatusFromException(pqxx::broken_connection(exception.what()));
  return status;
}

// A connection that is broken, or one of a server that has turned read only, is not used again.
void DiscardIfUnfit(ConnectionPool::Lease& lease, const absl::Status& status) {
  const bool silent = lease.WasCut() && !CurrentStop().stop_requested();
  if (silent || ReasonOf(status) == "POSTGRES_READ_ONLY")
    lease.DiscardAll();
  else if (lease.WasCut() || !(*lease).is_open())
    lease.Discard();
}

// A read leaves no doubt, and is read only because it said so.
absl::Status StatusOfRead(const std::exception& exception, const ConnectionPool::Lease& lease) {
  absl::Status status = StatusOf(exception, lease);
  if (ReasonOf(status) == "POSTGRES_READ_ONLY")
    return Refused(absl::StatusCode::kInternal, "WRITE_IN_READ_TRANSACTION", exception.what());
  if (ReasonOf(status) != "COMMIT_OUTCOME_UNKNOWN") return status;
  return lease.WasCut() ? Cut(lease)
                        : StatusFromException(pqxx::broken_connection(exception.what()));
}

absl::Status TryOnce(ConnectionPool& pool, Access access,
                     absl::FunctionRef<absl::Status(pqxx::work&)> body) {
  auto lease = pool.Acquire();
  if (!lease.ok()) return lease.status();
  absl::Status status;
  try {
    pqxx::work work(**lease);
    work.exec0(TransactionSettings(pool.options(), lease->statement_timeout(), access));
    status = body(work);
    if (status.ok())
      work.commit();
    else
      work.abort();
  } catch (const std::exception& exception) {
    status =
        access == Access::kReadOnly ? StatusOfRead(exception, *lease) : StatusOf(exception, *lease);
  }
  DiscardIfUnfit(*lease, status);
  return status;
}

absl::Status TryStatementOnce(ConnectionPool& pool,
                              absl::FunctionRef<absl::Status(pqxx::nontransaction&)> body) {
  auto lease = pool.Acquire();
  if (!lease.ok()) return lease.status();
  absl::Status status;
  try {
    pqxx::nontransaction session(**lease);
    status = body(session);
  } catch (const std::exception& exception) {
    status = StatusOf(exception, *lease);
    if (!(**lease).is_open())
      status =
          Refused(absl::StatusCode::kUnknown, "COMMIT_OUTCOME_UNKNOWN",
                  absl::StrCat("the connection to Postgres broke while it was asked, so nobody "
                               "knows whether it has done it: ",
                               absl::StripSuffix(exception.what(), "\n")));
  }
  DiscardIfUnfit(*lease, status);
  return status;
}

}  // namespace

absl::Status RunTransaction(ConnectionPool& pool, Access access,
                            absl::FunctionRef<absl::Status(pqxx::work&)> body) {
  return Repeatedly(pool, [&] { return TryOnce(pool, access, body); });
}

absl::Status RunAutocommit(ConnectionPool& pool,
                           absl::FunctionRef<absl::Status(pqxx::nontransaction&)> body) {
  return Repeatedly(pool, [&] { return TryStatementOnce(pool, body); });
}

absl::Status AwaitDurability(ConnectionPool& pool) {
  // A message nobody decodes: the smallest thing whose commit takes the whole log before it along.
  return RunStatement(pool, [](pqxx::nontransaction& session) {
    session.exec("SELECT pg_logical_emit_message(true, 'fleetcast', '')");
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::db
