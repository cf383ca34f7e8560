// `fleetcast db migrate`: the real program on an empty database.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "tests/integration/cli/program.h"
#include "tests/support/test_database.h"

namespace fleetcast::testing {
namespace {

TEST(DbTest, MigrateSaysAtWhichVersionEachSchemaIs) {
  const std::string dsn = NewDatabase();
  db::ConnectionPool pool({.dsn = dsn});
  for (int i = 0; i < 2; ++i) {
    const Outcome migrated = RunFleetcast({"db", "migrate", "--database", dsn, "-o", "json"});
    ASSERT_EQ(migrated.exit_code, 0) << migrated.err;
    const auto said = nlohmann::json::parse(migrated.out);
    ASSERT_EQ(said.size(), 3U) << migrated.out;
    for (const auto& [schema, version] : said.items()) {
      const auto found = db::ReadInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<int> {
        return work
            .exec1(absl::StrCat("SELECT max(version) FROM ", work.quote_name(schema),
                                ".schema_migrations"))[0]
            .as<int>();
      });
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(version, *found) << schema;
    }
  }
}

// What a release has migrated already is left by the programs before it; what cannot be brought on
// keeps the other schemas from being changed.
TEST(DbTest, MigrateLeavesALaterSchemaThatServesItAndChangesNothingWhereOneIsRefused) {
  const std::string dsn = NewDatabase();
  db::ConnectionPool pool({.dsn = dsn});
  const auto execute = [&](const std::string& sql) {
    ASSERT_TRUE(db::RunStatement(pool, [&](pqxx::nontransaction& work) {
                  work.exec(sql);
                  return absl::OkStatus();
                }).ok());
  };
  execute(
      "CREATE SCHEMA trainer; CREATE TABLE trainer.schema_migrations (version integer PRIMARY KEY,"
      " name text, sha256 text, apply_time timestamptz DEFAULT now(), serves_from integer);"
      "INSERT INTO trainer.schema_migrations VALUES (5, 'old', 'x', now(), 5)");
  const Outcome refused = RunFleetcast({"db", "migrate", "--database", dsn});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("SCHEMA_TOO_OLD"), std::string::npos) << refused.err;
  EXPECT_EQ(*db::SchemaVersion(pool, "registry"), 0) << "the others are as they were";
  execute("DROP SCHEMA trainer CASCADE");
  ASSERT_EQ(RunFleetcast({"db", "migrate", "--database", dsn}).exit_code, 0);
  const int version = *db::SchemaVersion(pool, "trainer");
  execute(absl::StrCat("INSERT INTO trainer.schema_migrations VALUES (", version + 1,
                       ", 'later', 'x', now(), ", version, ")"));
  const Outcome left = RunFleetcast({"db", "migrate", "--database", dsn});
  EXPECT_EQ(left.exit_code, 0) << left.err;
  EXPECT_NE(left.out.find(absl::StrCat("trainer is at version ", version + 1)), std::string::npos)
      << left.out;
}

}  // namespace
}  // namespace fleetcast::testing
