// Pooled connections to one Postgres. Every wait is bounded, on our side of the wire as well: for a
// connection, for a lock, for a statement, for a server that no longer answers.
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::db {

struct PoolOptions {
  // libpq connection string or URI; several hosts and target_session_attrs work. Its own
  // connect_timeout, tcp_user_timeout, keepalives… and client_encoding give way to ours.
  std::string dsn;
  int size = 8;
  absl::Duration acquire_timeout = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);  // for each host; at least two seconds
  // Of a statement on the server, and of a whole transaction as we see it.
  absl::Duration statement_timeout = absl::Seconds(30);
  absl::Duration lock_timeout = absl::Seconds(10);
  // Connections are replaced when they are about so old, so that new hosts and rights are noticed.
  absl::Duration max_age = absl::Minutes(30);
  std::string application_name = "fleetcast";
};

// Thread safe. Connects lazily; a broken connection is thrown away and replaced. Holds nothing in
// the session's state: works behind PgBouncer in transaction mode. A watchdog thread closes the
// socket of a connection that is leased for longer than it may.
class ConnectionPool {
 public:
  explicit ConnectionPool(PoolOptions options);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // One connection, given back when the lease dies. Must not outlive the pool.
  class Lease {
   public:
    ~Lease();
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    [[nodiscard]] pqxx::connection& operator*() const;
    // What a statement may take: the pool's, or less where the caller's deadline is nearer
    // (common/base/deadline.h). The lease may last a little longer: then the watchdog cuts it.
    [[nodiscard]] absl::Duration statement_timeout() const;
    // The watchdog has closed the socket: the server did not answer in time.
    [[nodiscard]] bool WasCut() const;
    // The connection must not be used again (broken, or in an unknown state).
    void Discard();
    // Nor any that the pool holds now: the server behind them is not what it was.
    void DiscardAll();

   private:
    friend class ConnectionPool;
    struct Connection;
    Lease(ConnectionPool* pool, std::unique_ptr<Connection> connection);
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // UNAVAILABLE if Postgres cannot be reached, RESOURCE_EXHAUSTED if every connection stays busy
  // for `acquire_timeout`, both with a retry delay; DEADLINE_EXCEEDED if the caller's deadline has
  // passed; INVALID_ARGUMENT if the connection string cannot be read.
  [[nodiscard]] absl::StatusOr<Lease> Acquire();

  [[nodiscard]] const PoolOptions& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::db
