#include "common/db/connection_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/status.h"
#include "common/db/conninfo.h"
#include "common/db/postgres_error.h"

namespace fleetcast::db {

using std::chrono::steady_clock;

// What the server may be late with the answer that its own timeout makes it give.
constexpr absl::Duration kLongestGrace = absl::Seconds(2);

struct ConnectionPool::Lease::Connection {
  explicit Connection(const std::string& conninfo) : session(conninfo) {
    // A connection that reopened itself unseen would be one that the watchdog does not know.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    session.inhibit_reactivation(true);
#pragma GCC diagnostic pop
    socket = fcntl(session.sock(), F_DUPFD_CLOEXEC, 0);
    if (socket < 0) throw pqxx::broken_connection("no file descriptor is left for a connection");
  }
  ~Connection() {
    if (socket >= 0) close(socket);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The server speaks on an idle connection only to say that it closes it, so anything to read (or
  // a hang-up) means that a statement would fail.
  [[nodiscard]] bool IsStale() const {
    if (!session.is_open() || steady_clock::now() >= replace_at) return true;
    pollfd descriptor{session.sock(), POLLIN, 0};
    return poll(&descriptor, 1, 0) != 0;
  }

  pqxx::connection session;
  // The same socket under a number of our own: libpq closes its own when the connection breaks, and
  // the number may then be anybody's while the watchdog still looks at it.
  int socket = -1;
  int generation = 0;
  steady_clock::time_point replace_at;
  absl::Duration statement_timeout;
  // Of the lease: cuts it when its thread is to stop.
  std::optional<std::stop_callback<std::function<void()>>> cut_by_stop;
  // Of the lease; guarded by the pool's mutex.
  steady_clock::time_point deadline;
  bool was_cut = false;
};

namespace {

absl::Status AllBusy(const PoolOptions& options, absl::Duration waited) {
  ErrorDetails details;
  details.reason = "POSTGRES_POOL_EXHAUSTED";
  details.metadata = {{"pool_size", absl::StrCat(options.size)}};
  details.retry_after = absl::Seconds(1);
  return MakeError(absl::StatusCode::kResourceExhausted,
                   absl::StrCat("all ", options.size, " database connections stayed busy for ",
                                absl::FormatDuration(waited), "; try again"),
                   std::move(details));
}

absl::Status DeadlinePassed() {
  return Refused(absl::StatusCode::kDeadlineExceeded, "CALL_DEADLINE_PASSED",
                 "the call's time was over before Postgres could be asked; allow it more");
}

// `limit`, or what is left of the caller's time.
absl::Duration Bounded(absl::Duration limit) {
  const auto remaining = RemainingTime();
  return remaining ? std::min(limit, *remaining) : limit;
}

// The caller is told that Postgres is silent while it still listens: libpq counts whole seconds,
// two of them at least, and the last setting of a name holds.
std::string WithinTheCall(const std::string& conninfo, absl::Duration connect_timeout) {
  const auto remaining = RemainingTime();
  if (!remaining || *remaining * 0.8 >= connect_timeout) return conninfo;
  const std::int64_t seconds = std::max<std::int64_t>(2, absl::ToInt64Seconds(*remaining * 0.8));
  return absl::StrCat(conninfo, " connect_timeout=", seconds);
}

std::chrono::nanoseconds AboutSoLong(absl::Duration age) {
  thread_local absl::BitGen random;
  return absl::ToChronoNanoseconds(age * absl::Uniform(random, 0.8, 1.2));
}

}  // namespace

struct ConnectionPool::State {
  using Connection = Lease::Connection;

  explicit State(PoolOptions given)
      : options(std::move(given)),
        conninfo(BoundedConninfo(
            options.dsn,
            {options.connect_timeout, options.statement_timeout + options.connect_timeout},
            options.application_name)),
        watchdog([this] { Watch(); }) {}

  ~State() {
    {
      const std::lock_guard lock(mutex);
      ends = true;
    }
    lease_begun.notify_one();
    watchdog.join();
  }

  // Takes a slot, and a connection where one is idle; false if none becomes free within `wait`.
  bool TakeSlot(absl::Duration wait, std::unique_ptr<Connection>& idle_one) {
    std::unique_lock lock(mutex);
    if (!slot_freed.wait_for(lock, absl::ToChronoNanoseconds(wait),
                             [this] { return slots_taken < options.size; }))
      return false;
    ++slots_taken;
    if (!idle.empty()) {
      idle_one = std::move(idle.back());
      idle.pop_back();
    }
    return true;
  }

  std::unique_ptr<Connection> Connect() {
    int now;
    {
      const std::lock_guard lock(mutex);
      now = generation;
    }
    auto made = std::make_unique<Connection>(WithinTheCall(*conninfo, options.connect_timeout));
    made->generation = now;
    made->replace_at = steady_clock::now() + AboutSoLong(options.max_age);
    return made;
  }

  void BeginLease(Connection& connection) {
    // A caller's time ends both: a tenth of it is for the answer of a server that cuts a statement,
    // and one for ours, which must reach the caller while it still listens.
    const absl::Duration callers = RemainingTime().value_or(absl::InfiniteDuration());
    connection.statement_timeout =
        std::max(std::min(options.statement_timeout, callers * 0.8), absl::Milliseconds(1));
    const absl::Duration longest =
        std::min(callers * 0.9,
                 connection.statement_timeout + std::min(options.statement_timeout, kLongestGrace));
    {
      const std::lock_guard lock(mutex);
      connection.deadline = steady_clock::now() + absl::ToChronoNanoseconds(longest);
      leased.insert(&connection);
      if (connection.deadline < watchdog_wakes) lease_begun.notify_one();
    }
    connection.cut_by_stop.emplace(CurrentStop(), [this, &connection] {
      const std::lock_guard lock(mutex);
      if (leased.contains(&connection)) Cut(connection);
    });
  }

  // Wakes who waits for its server. The caller holds the mutex.
  static void Cut(Connection& connection) {
    connection.was_cut = true;
    shutdown(connection.socket, SHUT_RDWR);
  }

  // Ends the watch over it as well. The connection goes back to the idle ones if it may.
  void EndLease(std::unique_ptr<Connection> connection) {
    if (connection != nullptr) connection->cut_by_stop.reset();
    const bool usable = connection != nullptr && connection->session.is_open();
    {
      const std::lock_guard lock(mutex);
      if (connection != nullptr) leased.erase(connection.get());
      --slots_taken;
      if (usable && !connection->was_cut && connection->generation == generation)
        idle.push_back(std::move(connection));
    }
    slot_freed.notify_one();
  }  // what is left of it is closed here, without the lock

  // Takes it from the watch, for good.
  void Unwatch(Connection& connection) {
    const std::lock_guard lock(mutex);
    leased.erase(&connection);
  }

  void ForgetIdle() {
    std::vector<std::unique_ptr<Connection>> forgotten;  // closed without the lock
    const std::lock_guard lock(mutex);
    ++generation;
    forgotten.swap(idle);
  }

  void Watch() {
    std::unique_lock lock(mutex);
    while (!ends) {
      const auto now = steady_clock::now();
      watchdog_wakes = now + std::chrono::hours(24);
      for (Connection* const connection : leased) {
        if (connection->was_cut) continue;
        if (connection->deadline <= now) {
          Cut(*connection);
        } else {
          watchdog_wakes = std::min(watchdog_wakes, connection->deadline);
        }
      }
      lease_begun.wait_until(lock, watchdog_wakes);
    }
  }

  const PoolOptions options;
  const absl::StatusOr<std::string> conninfo;
  std::mutex mutex;
  std::condition_variable slot_freed, lease_begun;
  std::vector<std::unique_ptr<Connection>> idle ABSL_GUARDED_BY(mutex);
  std::set<Connection*> leased ABSL_GUARDED_BY(mutex);
  int slots_taken ABSL_GUARDED_BY(mutex) = 0;
  // Connections of an earlier one are not used again.
  int generation ABSL_GUARDED_BY(mutex) = 0;
  steady_clock::time_point watchdog_wakes ABSL_GUARDED_BY(mutex);
  bool ends ABSL_GUARDED_BY(mutex) = false;
  std::thread watchdog;
};

ConnectionPool::ConnectionPool(PoolOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
ConnectionPool::~ConnectionPool() = default;

const PoolOptions& ConnectionPool::options() const { return state_->options; }

absl::StatusOr<ConnectionPool::Lease> ConnectionPool::Acquire() {
  if (!state_->conninfo.ok()) return state_->conninfo.status();
  const absl::Duration wait = Bounded(state_->options.acquire_timeout);
  if (wait <= absl::ZeroDuration()) return DeadlinePassed();
  std::unique_ptr<Lease::Connection> connection;
  if (!state_->TakeSlot(wait, connection)) return AllBusy(state_->options, wait);
  Lease lease(this, std::move(connection));  // from here on its death gives the slot back
  try {
    if (lease.connection_ == nullptr || lease.connection_->IsStale())
      lease.connection_ = state_->Connect();
  } catch (const std::exception& exception) {
    lease.connection_ = nullptr;
    return StatusFromException(exception);
  }
  state_->BeginLease(*lease.connection_);
  return lease;
}

ConnectionPool::Lease::Lease(ConnectionPool* pool, std::unique_ptr<Connection> connection)
    : pool_(pool), connection_(std::move(connection)) {}

ConnectionPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}

ConnectionPool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->state_->EndLease(std::move(connection_));
}

pqxx::connection& ConnectionPool::Lease::operator*() const { return connection_->session; }

absl::Duration ConnectionPool::Lease::statement_timeout() const {
  return connection_->statement_timeout;
}

bool ConnectionPool::Lease::WasCut() const {
  const std::lock_guard lock(pool_->state_->mutex);
  return connection_->was_cut;
}

void ConnectionPool::Lease::Discard() {
  pool_->state_->Unwatch(*connection_);
  connection_ = nullptr;
}

void ConnectionPool::Lease::DiscardAll() {
  pool_->state_->ForgetIdle();
  Discard();
}

}  // namespace fleetcast::db
