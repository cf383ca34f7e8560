// Forward-only migrations, one sequence per schema; the SQL stands in
// `deploy/postgres/<schema>/V001__what_it_does.sql` and is compiled into the binaries.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/db/connection_pool.h"

namespace fleetcast::db {

struct Migration {
  int version = 0;  // 1, 2, 3 … without gaps
  std::string name;
  std::string sql;
};

// Brings `schema` to the newest of `migrations` under an advisory lock; each migration is one
// transaction that also records its version and the SHA-256 of its SQL. FAILED_PRECONDITION if an
// applied migration's SQL has changed, or if the database is newer than `migrations`.
[[nodiscard]] absl::Status Migrate(ConnectionPool& pool, const std::string& schema,
                                   const std::vector<Migration>& migrations);

// FAILED_PRECONDITION, with the command that mends it, unless `schema` stands exactly at the
// newest of `migrations`. Services call it at start; they never alter tables themselves.
[[nodiscard]] absl::Status CheckSchemaVersion(ConnectionPool& pool, const std::string& schema,
                                              const std::vector<Migration>& migrations);

}  // namespace fleetcast::db
