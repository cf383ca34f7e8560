// The shortest transactions, to see whether a pool works and on which connection.
#pragma once

#include "absl/status/statusor.h"
#include "common/db/transaction.h"

namespace fleetcast::db {

inline absl::StatusOr<int> One(ConnectionPool& pool) {
  return RunInTransaction(pool, [](pqxx::work& work) -> absl::StatusOr<int> {
    return work.exec1("SELECT 1")[0].as<int>();
  });
}

// The process that serves the connection which the pool gives out now.
inline int BackendOf(ConnectionPool& pool) {
  return ReadInTransaction(pool,
                           [](pqxx::work& work) -> absl::StatusOr<int> {
                             return work.exec1("SELECT pg_backend_pid()")[0].as<int>();
                           })
      .value();
}

}  // namespace fleetcast::db
