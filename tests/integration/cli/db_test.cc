// `fleetcast db migrate`: the real program on an empty database.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
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

}  // namespace
}  // namespace fleetcast::testing
