// Pooled connections to one Postgres. Every wait is bounded: for a connection, for a lock, for a
// statement.
#pragma once

#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::db {

struct PoolOptions {
  std::string dsn;  // libpq connection string or URI
  int size = 8;
  absl::Duration acquire_timeout = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration statement_timeout = absl::Seconds(30);
  absl::Duration lock_timeout = absl::Seconds(10);
  std::string application_name = "fleetcast";
};

// Thread safe. Connects lazily; a broken connection is thrown away and replaced.
class ConnectionPool {
 public:
  explicit ConnectionPool(PoolOptions options);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // One connection, given back when the lease dies. Must not outlive the pool.
  class Lease {
   public:
    Lease(ConnectionPool* pool, std::unique_ptr<pqxx::connection> connection);
    ~Lease();
    Lease(Lease&&) noexcept;
    Lease& operator=(Lease&&) = delete;
    [[nodiscard]] pqxx::connection& operator*() const { return *connection_; }
    // The connection must not be used again (broken, or in an unknown state).
    void Discard();

   private:
    friend class ConnectionPool;
    ConnectionPool* pool_;
    std::unique_ptr<pqxx::connection> connection_;
  };

  // UNAVAILABLE if Postgres cannot be reached, RESOURCE_EXHAUSTED if every connection stays busy
  // for `acquire_timeout`; both with a retry delay.
  [[nodiscard]] absl::StatusOr<Lease> Acquire();

 private:
  struct State;
  std::unique_ptr<State> state_;
  friend class Lease;
};

}  // namespace fleetcast::db
