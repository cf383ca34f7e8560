#include "common/db/connection_pool.h"

#include <poll.h>

#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/db/postgres_error.h"

namespace fleetcast::db {
namespace {

// The server speaks on an idle connection only to say that it closes it, so anything to read (or
// a hang-up) means that a statement would fail.
bool IsStale(const pqxx::connection& connection) {
  if (!connection.is_open()) return true;
  pollfd descriptor{connection.sock(), POLLIN, 0};
  return poll(&descriptor, 1, 0) != 0;
}

// `dsn` with the bounds that must be known before there is a session. A TCP peer that falls
// silent is given up shortly after its statement would have timed out.
std::string BoundedDsn(const PoolOptions& options) {
  const auto seconds = std::max<std::int64_t>(2, absl::ToInt64Seconds(options.connect_timeout));
  const auto silence =
      absl::ToInt64Milliseconds(options.statement_timeout + options.connect_timeout);
  const bool uri = absl::StrContains(options.dsn, "://");
  const char* separator = uri ? "&" : " ";
  std::string dsn = options.dsn;
  absl::StrAppend(&dsn, uri ? (absl::StrContains(dsn, "?") ? "&" : "?") : " ",
                  "connect_timeout=", seconds, separator, "tcp_user_timeout=", silence, separator,
                  "application_name=", options.application_name);
  return dsn;
}

std::unique_ptr<pqxx::connection> Connect(const PoolOptions& options) {
  auto connection = std::make_unique<pqxx::connection>(BoundedDsn(options));
  // A connection that reopened itself unseen would have lost the bounds below.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  pqxx::nontransaction session(*connection);
  session.exec0(absl::StrCat(
      "SET statement_timeout = ", absl::ToInt64Milliseconds(options.statement_timeout),
      "; SET lock_timeout = ", absl::ToInt64Milliseconds(options.lock_timeout),
      "; SET idle_in_transaction_session_timeout = ",
      absl::ToInt64Milliseconds(2 * options.statement_timeout), "; SET timezone = 'UTC'"));
  return connection;
}

absl::Status AllBusy(const PoolOptions& options) {
  ErrorDetails details;
  details.reason = "POSTGRES_POOL_EXHAUSTED";
  details.metadata = {{"pool_size", absl::StrCat(options.size)}};
  details.retry_after = absl::Seconds(1);
  return MakeError(absl::StatusCode::kResourceExhausted,
                   absl::StrCat("all ", options.size, " database connections stayed busy for ",
                                absl::FormatDuration(options.acquire_timeout), "; try again"),
                   std::move(details));
}

}  // namespace

struct ConnectionPool::State {
  PoolOptions options;
  absl::Mutex mutex;
  std::vector<std::unique_ptr<pqxx::connection>> idle ABSL_GUARDED_BY(mutex);
  int leased ABSL_GUARDED_BY(mutex) = 0;

  bool HasRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) { return leased < options.size; }
};

ConnectionPool::ConnectionPool(PoolOptions options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
}
ConnectionPool::~ConnectionPool() = default;

absl::StatusOr<ConnectionPool::Lease> ConnectionPool::Acquire() {
  std::unique_ptr<pqxx::connection> connection;
  {
    absl::MutexLock lock(&state_->mutex);
    if (!state_->mutex.AwaitWithTimeout(absl::Condition(state_.get(), &State::HasRoom),
                                        state_->options.acquire_timeout))
      return AllBusy(state_->options);
    ++state_->leased;
    if (!state_->idle.empty()) {
      connection = std::move(state_->idle.back());
      state_->idle.pop_back();
    }
  }
  Lease lease(this, std::move(connection));  // from here on its death gives the slot back
  if (lease.connection_ != nullptr && !IsStale(*lease.connection_)) return lease;
  try {
    lease.connection_ = Connect(state_->options);
    return lease;
  } catch (const std::exception& exception) {
    lease.connection_ = nullptr;
    return StatusFromException(exception);
  }
}

ConnectionPool::Lease::Lease(ConnectionPool* pool, std::unique_ptr<pqxx::connection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

ConnectionPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}

ConnectionPool::Lease::~Lease() {
  if (pool_ == nullptr) return;
  if (connection_ != nullptr && !connection_->is_open()) connection_ = nullptr;
  absl::MutexLock lock(&pool_->state_->mutex);
  --pool_->state_->leased;
  if (connection_ != nullptr) pool_->state_->idle.push_back(std::move(connection_));
}

void ConnectionPool::Lease::Discard() { connection_ = nullptr; }

}  // namespace fleetcast::db
