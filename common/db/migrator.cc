#include "common/db/migrator.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/db/transaction.h"

namespace fleetcast::db {
namespace {

struct Applied {
  std::string name;
  std::string sha256;
};

// Applied migrations by version; none where the table does not exist yet.
std::map<int, Applied> ReadApplied(pqxx::work& work, const std::string& schema) {
  std::map<int, Applied> applied;
  const std::string table = work.quote_name(schema) + ".schema_migrations";
  const pqxx::row exists = work.exec_params1("SELECT to_regclass($1) IS NOT NULL", table);
  if (!exists[0].as<bool>()) return applied;
  for (const pqxx::row& row : work.exec("SELECT version, name, sha256 FROM " + table))
    applied[row[0].as<int>()] = {row[1].as<std::string>(), row[2].as<std::string>()};
  return applied;
}

// Whether what was applied is a beginning of `migrations`, unchanged.
absl::Status CheckHistory(const std::string& schema, const std::map<int, Applied>& applied,
                          const std::vector<Migration>& migrations) {
  if (!applied.empty() && applied.rbegin()->first > static_cast<int>(migrations.size()))
    return Refused(absl::StatusCode::kFailedPrecondition, "SCHEMA_NEWER_THAN_PROGRAM",
                   absl::StrCat("schema \"", schema, "\" is at version ", applied.rbegin()->first,
                                " but this program knows only ", migrations.size(),
                                "; run a program as new as the database"),
                   {{"schema", schema}, {"version", absl::StrCat(applied.rbegin()->first)}});
  for (const auto& [version, row] : applied)
    if (row.sha256 != Sha256Hex(migrations[version - 1].sql))
      return Refused(
          absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED",
          absl::StrCat("migration ", version, " (", row.name, ") of schema \"", schema,
                       "\" is not what was applied to this database; restore its SQL and put the "
                       "change into a new migration"),
          {{"schema", schema}, {"version", absl::StrCat(version)}});
  return absl::OkStatus();
}

// Waits for whoever migrates this schema now; held until the transaction ends.
void LockSchema(pqxx::work& work, const std::string& schema) {
  work.exec("SET LOCAL lock_timeout = '5min'; SET LOCAL statement_timeout = '15min'");
  work.exec_params("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
                   "fleetcast migration of " + schema);
}

// Applies the next migration that is missing; false if there is none.
absl::StatusOr<bool> ApplyNext(pqxx::work& work, const std::string& schema,
                               const std::vector<Migration>& migrations) {
  LockSchema(work, schema);
  const std::map<int, Applied> applied = ReadApplied(work, schema);
  FLEETCAST_RETURN_IF_ERROR(CheckHistory(schema, applied, migrations));
  if (applied.size() == migrations.size()) return false;

  const Migration& next = migrations[applied.size()];
  const std::string quoted = work.quote_name(schema);
  work.exec("CREATE SCHEMA IF NOT EXISTS " + quoted);
  work.exec("CREATE TABLE IF NOT EXISTS " + quoted +
            ".schema_migrations (version integer PRIMARY KEY, name text NOT NULL,"
            " sha256 text NOT NULL, apply_time timestamptz NOT NULL DEFAULT now())");
  work.exec("SET LOCAL search_path TO " + quoted);
  work.exec(next.sql);
  work.exec_params(
      "INSERT INTO " + quoted + ".schema_migrations (version, name, sha256) VALUES ($1, $2, $3)",
      next.version, next.name, Sha256Hex(next.sql));
  return true;
}

absl::Status CheckSequence(const std::string& schema, const std::vector<Migration>& migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i)
    if (migrations[i].version != static_cast<int>(i) + 1)
      return Refused(absl::StatusCode::kInternal, "MIGRATION_SEQUENCE_BROKEN",
                     absl::StrCat("the migrations of schema \"", schema,
                                  "\" are not numbered 1, 2, 3 …: found ", migrations[i].version,
                                  " where ", i + 1, " is due"),
                     {{"schema", schema}});
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(ConnectionPool& pool, const std::string& schema,
                     const std::vector<Migration>& migrations) {
  FLEETCAST_RETURN_IF_ERROR(CheckSequence(schema, migrations));
  for (;;) {
    FLEETCAST_ASSIGN_OR_RETURN(const bool applied, RunInTransaction(pool, [&](pqxx::work& work) {
                                 return ApplyNext(work, schema, migrations);
                               }));
    if (!applied) return absl::OkStatus();
  }
}

absl::Status CheckSchemaVersion(ConnectionPool& pool, const std::string& schema,
                                const std::vector<Migration>& migrations) {
  return RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
    const std::map<int, Applied> applied = ReadApplied(work, schema);
    FLEETCAST_RETURN_IF_ERROR(CheckHistory(schema, applied, migrations));
    if (applied.size() == migrations.size()) return absl::OkStatus();
    return Refused(absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_OLD",
                   absl::StrCat("schema \"", schema, "\" is at version ", applied.size(),
                                ", this program needs ", migrations.size(),
                                "; run: fleetcast db migrate --database <DSN>"),
                   {{"schema", schema},
                    {"version", absl::StrCat(applied.size())},
                    {"needed_version", absl::StrCat(migrations.size())}});
  });
}

}  // namespace fleetcast::db
