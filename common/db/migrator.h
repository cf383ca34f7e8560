// Forward-only migrations, one sequence per schema; the SQL stands in
// `deploy/postgres/<schema>/V017__what_it_does.sql` and is compiled into the binaries.
//
// The first of a sequence may have a version above 1: it is the baseline, which brings an empty
// schema to that version. A schema that earlier programs brought there step by step is as the
// baseline would have made it, and goes on from there; one that they left below is theirs to bring
// there.
//
// The comment lines that a file begins with may say two things of it:
//   -- serves programs from version N
//      Programs that know the migrations up to N work with the schema as this one leaves it.
//      Without the line only programs that know this one do: such a migration contracts, and comes
//      after the one that expanded and the release that no longer needs what it removes.
//   -- outside a transaction
//      Its statements, each ended by a `;` at the end of a line, run one by one and commit by
//      themselves, as CREATE INDEX CONCURRENTLY must. One that failed or was killed is run again
//      from its first statement, so each must be one that may be repeated (IF NOT EXISTS). An
//      invalid index that it names is what was left of it, and is dropped first.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/db/connection_pool.h"

namespace fleetcast::db {

struct Migration {
  int version = 0;  // without gaps from the first on
  std::string name;
  std::string sql;
};

// What a migration may take, the building of an index on a large table included.
constexpr absl::Duration kMigrationTimeout = absl::Hours(2);

// Brings `schema` to the newest of `migrations` under an advisory lock; each migration is one
// transaction that also records its version and the SHA-256 of its SQL. FAILED_PRECONDITION if an
// applied migration's SQL has changed (MIGRATION_CHANGED), if the schema is newer and does not
// serve programs that know `migrations` alone (SCHEMA_NEWER_THAN_PROGRAM), or if it has begun and
// is not at their baseline (SCHEMA_TOO_OLD). Not through a pooler; `pool` has two connections at
// least, and kMigrationTimeout for a statement unless the tables are known to be small.
[[nodiscard]] absl::Status Migrate(ConnectionPool& pool, const std::string& schema,
                                   const std::vector<Migration>& migrations);

// The version that the schema is at; 0 where it has not begun.
[[nodiscard]] absl::StatusOr<int> SchemaVersion(ConnectionPool& pool, const std::string& schema);

// Whether Migrate would have nothing to refuse, without changing anything.
[[nodiscard]] absl::Status CheckCanMigrate(ConnectionPool& pool, const std::string& schema,
                                           const std::vector<Migration>& migrations);

// A row of `<schema>.schema_migrations`.
struct AppliedMigration {
  std::string name;
  std::string sha256;
  int serves_from = 0;
};

// Whether a program that carries `migrations` and needs at least version `least` works with a
// schema to which `applied`, by version, were applied: it does if that is at `least` and the
// baseline or later and if every migration that the program does not know serves it. So old and new
// programs run side by side while a release rolls out: migrate first, then replace the programs.
// FAILED_PRECONDITION with the command that mends it: SCHEMA_TOO_OLD, SCHEMA_NEWER_THAN_PROGRAM,
// MIGRATION_CHANGED.
[[nodiscard]] absl::Status CheckWindow(const std::string& schema,
                                       const std::map<int, AppliedMigration>& applied,
                                       const std::vector<Migration>& migrations, int least);

// The same for the database. Services call it at start; they never alter tables themselves.
[[nodiscard]] absl::Status CheckSchemaVersion(ConnectionPool& pool, const std::string& schema,
                                              const std::vector<Migration>& migrations, int least);

}  // namespace fleetcast::db
