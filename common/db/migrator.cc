#include "common/db/migrator.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "common/base/patience.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/db/transaction.h"

namespace fleetcast::db {
namespace {

constexpr absl::Duration kLockPatience = absl::Minutes(5);
constexpr absl::Duration kLockPause = absl::Milliseconds(50);

using AppliedMigrations = std::map<int, AppliedMigration>;

// What the comment lines at the top of a migration say of it.
struct Header {
  int serves_from;
  bool outside_transaction = false;
};

Header HeaderOf(const Migration& migration) {
  Header header{.serves_from = migration.version};
  for (absl::string_view line : absl::StrSplit(migration.sql, '\n')) {
    if (!absl::ConsumePrefix(&line, "-- ")) break;
    if (line == "outside a transaction") header.outside_transaction = true;
    if (int from = 0; absl::ConsumePrefix(&line, "serves programs from version ") &&
                      absl::SimpleAtoi(line, &from))
      header.serves_from = from;
  }
  return header;
}

std::vector<std::string> StatementsOf(const std::string& sql) {
  std::vector<std::string> statements(1);
  for (const absl::string_view line : absl::StrSplit(sql, '\n')) {
    if (absl::StartsWith(line, "--")) continue;
    absl::StrAppend(&statements.back(), line, "\n");
    if (absl::EndsWith(line, ";")) statements.emplace_back();
  }
  std::erase_if(statements, [](const std::string& statement) {
    return absl::StripAsciiWhitespace(statement).empty();
  });
  return statements;
}

std::string TableOf(const pqxx::work& work, const std::string& schema) {
  return work.quote_name(schema) + ".schema_migrations";
}

// Applied migrations by version; none where the table does not exist yet. The column `serves_from`
// is younger than the table.
AppliedMigrations ReadApplied(pqxx::work& work, const std::string& schema) {
  AppliedMigrations applied;
  const std::string table = TableOf(work, schema);
  const pqxx::row exists = work.exec_params1("SELECT to_regclass($1) IS NOT NULL", table);
  if (!exists[0].as<bool>()) return applied;
  for (const pqxx::row& row :
       work.exec("SELECT version, name, sha256,"
                 " coalesce((to_jsonb(m) ->> 'serves_from')::integer, version) FROM " +
                 table + " m"))
    applied[row[0].as<int>()] = {row[1].as<std::string>(), row[2].as<std::string>(),
                                 row[3].as<int>()};
  return applied;
}

int NewestOf(const AppliedMigrations& applied) {
  return applied.empty() ? 0 : applied.rbegin()->first;
}

absl::Status TooNew(const std::string& schema, int version, int most, int needed) {
  return Refused(absl::StatusCode::kFailedPrecondition, "SCHEMA_NEWER_THAN_PROGRAM",
                 absl::StrCat("schema \"", schema, "\" is at version ", version,
                              " but this program knows only ", most,
                              "; run a program that knows version ", needed, " at least"),
                 {{"schema", schema},
                  {"version", absl::StrCat(version)},
                  {"known_version", absl::StrCat(most)},
                  {"needed_version", absl::StrCat(needed)}});
}

// 1, or the version to which the baseline brings an empty schema.
int FirstOf(const std::vector<Migration>& migrations) {
  return migrations.empty() ? 1 : migrations.front().version;
}

int MostOf(const std::vector<Migration>& migrations) {
  return migrations.empty() ? 0 : migrations.back().version;
}

// This program's own migrations do not lead on from where a schema has begun below their `first`.
absl::Status TooOld(const std::string& schema, int version, int needed, int first) {
  const std::string remedy =
      version > 0 && version < first
          ? absl::StrCat("this program has no migrations from there to ", first,
                         "; first run, of an earlier release that has them: ")
          : "run: ";
  return Refused(
      absl::StatusCode::kFailedPrecondition, "SCHEMA_TOO_OLD",
      absl::StrCat("schema \"", schema, "\" is at version ", version, ", this program needs ",
                   needed, " at least; ", remedy, "fleetcast db migrate --database <DSN>"),
      {{"schema", schema},
       {"version", absl::StrCat(version)},
       {"needed_version", absl::StrCat(needed)}});
}

// Whether what was applied is what this program knows of it. A baseline on one side is not compared
// with the last of the steps that it stands for on the other.
absl::Status CheckUnchanged(const std::string& schema, const AppliedMigrations& applied,
                            const std::vector<Migration>& migrations) {
  for (const Migration& migration : migrations) {
    const auto found = applied.find(migration.version);
    if (found == applied.end() || found->second.sha256 == Sha256Hex(migration.sql)) continue;
    if ((found == applied.begin()) != (migration.version == FirstOf(migrations))) continue;
    return Refused(
        absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED",
        absl::StrCat("migration ", migration.version, " (", found->second.name, ") of schema \"",
                     schema,
                     "\" is not what was applied to this database; restore its SQL and put the "
                     "change into a new migration"),
        {{"schema", schema}, {"version", absl::StrCat(migration.version)}});
  }
  return absl::OkStatus();
}

// False if another process migrates this schema now; else held until the transaction ends.
bool TryLockSchema(pqxx::work& work, const std::string& schema) {
  work.exec("SET LOCAL idle_in_transaction_session_timeout = 0");
  return work
      .exec_params1("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))",
                    "fleetcast migration of " + schema)[0]
      .as<bool>();
}

absl::Status StaysLocked(const std::string& schema) {
  return Refused(absl::StatusCode::kUnavailable, "MIGRATION_IN_PROGRESS",
                 absl::StrCat("another process has been migrating schema \"", schema, "\" for ",
                              absl::FormatDuration(kLockPatience), "; try again when it has ended"),
                 {{"schema", schema}});
}

void MakeTable(pqxx::work& work, const std::string& schema) {
  const std::string table = TableOf(work, schema);
  work.exec("CREATE SCHEMA IF NOT EXISTS " + work.quote_name(schema));
  work.exec("CREATE TABLE IF NOT EXISTS " + table +
            " (version integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL,"
            " apply_time timestamptz NOT NULL DEFAULT now())");
  work.exec("ALTER TABLE " + table + " ADD COLUMN IF NOT EXISTS serves_from integer");
}

// What an index that was being built leaves behind: it is not used, but its name is taken.
void DropInvalidIndexes(pqxx::nontransaction& session, const std::string& schema,
                        const std::string& statement) {
  const pqxx::result left = session.exec_params(
      "SELECT format('%I.%I', $1::text, c.relname) FROM pg_index i"
      " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND NOT i.indisvalid AND position(c.relname IN $2) > 0",
      schema, statement);
  for (const pqxx::row& row : left)
    session.exec("DROP INDEX CONCURRENTLY IF EXISTS " + row[0].as<std::string>());
}

// On a connection beside the one that holds the lock. All that one call sends may be repeated.
absl::Status RunOutside(ConnectionPool& pool, const std::string& schema, const std::string& sql) {
  for (const std::string& statement : StatementsOf(sql))
    FLEETCAST_RETURN_IF_ERROR(RunStatement(pool, [&](pqxx::nontransaction& session) {
      DropInvalidIndexes(session, schema, statement);
      session.exec(statement);
      return absl::OkStatus();
    }));
  return absl::OkStatus();
}

// Of what a program knows, the version that the migrations it does not know need; 0 if they need
// none.
int NeededBy(const AppliedMigrations& applied, int most) {
  int needed = 0;
  for (auto unknown = applied.upper_bound(most); unknown != applied.end(); ++unknown)
    needed = std::max(needed, unknown->second.serves_from);
  return needed;
}

// Whether migrations lead on from what was applied, or none is due.
absl::Status CheckMigratable(const std::string& schema, const AppliedMigrations& applied,
                             const std::vector<Migration>& migrations) {
  const int version = NewestOf(applied), first = FirstOf(migrations), most = MostOf(migrations);
  if (const int needed = NeededBy(applied, most); needed > most)
    return TooNew(schema, version, most, needed);
  FLEETCAST_RETURN_IF_ERROR(CheckUnchanged(schema, applied, migrations));
  if (version > 0 && version < first) return TooOld(schema, version, first, first);
  return absl::OkStatus();
}

enum class Step { kApplied, kNoneLeft, kLocked };

// Applies the next migration that is missing.
absl::StatusOr<Step> ApplyNext(ConnectionPool& pool, pqxx::work& work, const std::string& schema,
                               const std::vector<Migration>& migrations) {
  if (!TryLockSchema(work, schema)) return Step::kLocked;
  const AppliedMigrations applied = ReadApplied(work, schema);
  const int version = NewestOf(applied), first = FirstOf(migrations), most = MostOf(migrations);
  FLEETCAST_RETURN_IF_ERROR(CheckMigratable(schema, applied, migrations));
  if (version >= most) return Step::kNoneLeft;

  const Migration& next = migrations[version == 0 ? 0 : version + 1 - first];
  const Header header = HeaderOf(next);
  MakeTable(work, schema);
  if (header.outside_transaction) {
    FLEETCAST_RETURN_IF_ERROR(RunOutside(pool, schema, next.sql));
  } else {
    work.exec("SET LOCAL search_path TO " + work.quote_name(schema));
    work.exec(next.sql);
  }
  work.exec_params("INSERT INTO " + TableOf(work, schema) +
                       " (version, name, sha256, serves_from) VALUES ($1, $2, $3, $4)",
                   next.version, next.name, Sha256Hex(next.sql), header.serves_from);
  return Step::kApplied;
}

absl::Status CheckSequence(const std::string& schema, const std::vector<Migration>& migrations) {
  int due = std::max(1, FirstOf(migrations));
  for (const Migration& migration : migrations) {
    if (migration.version != due)
      return Refused(absl::StatusCode::kInternal, "MIGRATION_SEQUENCE_BROKEN",
                     absl::StrCat("the migrations of schema \"", schema,
                                  "\" are not numbered without gaps: found ", migration.version,
                                  " where ", due, " is due"),
                     {{"schema", schema}});
    ++due;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Migrate(ConnectionPool& pool, const std::string& schema,
                     const std::vector<Migration>& migrations) {
  FLEETCAST_RETURN_IF_ERROR(CheckSequence(schema, migrations));
  // Who waits asks again and again, each time in a new transaction: CREATE INDEX CONCURRENTLY waits
  // for every transaction that it has found with a snapshot.
  Patience patience(kLockPatience);
  for (;;) {
    FLEETCAST_ASSIGN_OR_RETURN(const Step step, RunInTransaction(pool, [&](pqxx::work& work) {
                                 return ApplyNext(pool, work, schema, migrations);
                               }));
    if (step == Step::kNoneLeft) return absl::OkStatus();
    if (step == Step::kApplied) {
      patience = Patience(kLockPatience);
    } else {
      if (patience.IsOver()) return StaysLocked(schema);
      absl::SleepFor(kLockPause);
    }
  }
}

absl::StatusOr<int> SchemaVersion(ConnectionPool& pool, const std::string& schema) {
  return ReadInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<int> {
    return NewestOf(ReadApplied(work, schema));
  });
}

absl::Status CheckCanMigrate(ConnectionPool& pool, const std::string& schema,
                             const std::vector<Migration>& migrations) {
  return ReadInTransaction(pool, [&](pqxx::work& work) {
    return CheckMigratable(schema, ReadApplied(work, schema), migrations);
  });
}

absl::Status CheckWindow(const std::string& schema, const AppliedMigrations& applied,
                         const std::vector<Migration>& migrations, int least) {
  FLEETCAST_RETURN_IF_ERROR(CheckUnchanged(schema, applied, migrations));
  const int most = MostOf(migrations);
  const int version = NewestOf(applied);
  if (const int needed = NeededBy(applied, most); needed > most)
    return TooNew(schema, version, most, needed);
  const int first = FirstOf(migrations);
  if (version >= std::max(least, first)) return absl::OkStatus();
  return TooOld(schema, version, std::max(least, first), first);
}

absl::Status CheckSchemaVersion(ConnectionPool& pool, const std::string& schema,
                                const std::vector<Migration>& migrations, int least) {
  return ReadInTransaction(pool, [&](pqxx::work& work) {
    return CheckWindow(schema, ReadApplied(work, schema), migrations, least);
  });
}

}  // namespace fleetcast::db
