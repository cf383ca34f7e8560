#include "common/db/filter_sql.h"

#include <gtest/gtest.h>

#include <map>

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

using Row = std::map<std::string, std::string>;

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {{"name", "a"}, {"tags.plant_id", "P001"}, {"tags.mae", "0.25"}, {"metrics.mae", "0.25"}},
      {{"name", "b"}, {"tags.plant_id", "P002"}, {"tags.mae", "10"}, {"metrics.mae", "10"}},
      {{"name", "c"}, {"tags.plant_id", "P001"}, {"tags.mae", "9"}, {"metrics.mae", "9"}},
      {{"name", "d"}, {"tags.mae", "not measured"}},
      {{"name", "e"}, {"tags.plant_id", ""}, {"tags.mae", "-3e2"}, {"metrics.mae", "-300"}},
      {{"name", "f"}, {"tags.plant_id", "it's \"x\" % _"}, {"tags.mae", "nan"}},
      {{"name", "g"}, {"tags.plant_id", "ZÜRICH"}, {"tags.mae", "1."}},
      {{"name", "h"}, {"tags.plant_id", "p001"}, {"tags.mae", " 5"}},
  };
  return rows;
}

absl::StatusOr<SqlField> FieldOf(const std::string& field) {
  if (field == "name") return SqlField{"name", {}, false};
  if (field.starts_with("tags.")) return SqlField{"tags->>?", {field.substr(5)}, false};
  if (field == "metrics.mae") return SqlField{"mae", {}, true};
  return InvalidField("filter", "unknown field " + field, "INVALID_FILTER");
}

class FilterSqlTest : public ::testing::Test {
 protected:
  FilterSqlTest() : pool_({.dsn = testing::NewDatabase()}) {
    const absl::Status filled = RunInTransaction(pool_, [](pqxx::work& work) {
      work.exec("CREATE TABLE versions (name text, tags jsonb NOT NULL DEFAULT '{}', mae float8)");
      for (const Row& row : Rows()) {
        work.exec_params("INSERT INTO versions (name) VALUES ($1)", row.at("name"));
        for (const auto& [field, value] : row) {
          if (field.starts_with("tags."))
            work.exec_params(
                "UPDATE versions SET tags = tags || jsonb_build_object($2::text, $3::text)"
                " WHERE name = $1",
                row.at("name"), field.substr(5), value);
          else if (field == "metrics.mae")
            work.exec_params("UPDATE versions SET mae = $2::float8 WHERE name = $1", row.at("name"),
                             value);
        }
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(filled.ok()) << filled;
  }

  // The names that Postgres selects, in order; the error's text if there is one.
  std::string Select(const std::optional<Filter>& filter) {
    const auto names =
        RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
          FLEETCAST_ASSIGN_OR_RETURN(const SqlCondition condition, FilterToSql(filter, FieldOf, 2));
          const pqxx::result rows = work.exec_params(
              "SELECT name FROM versions WHERE name <> $1 AND " + condition.text + " ORDER BY name",
              std::string("nobody"), pqxx::prepare::make_dynamic_params(condition.parameters));
          std::string joined;
          for (const pqxx::row& row : rows) joined += row[0].as<std::string>();
          return joined;
        });
    return names.ok() ? *names : names.status().ToString();
  }

  ConnectionPool pool_;
};

std::string SelectInMemory(const Filter& filter) {
  std::string joined;
  for (const Row& row : Rows())
    if (Matches(filter, [&](const std::string& field) -> std::optional<std::string> {
          const auto found = row.find(field);
          if (found == row.end()) return std::nullopt;
          return found->second;
        }))
      joined += row.at("name");
  return joined;
}

TEST_F(FilterSqlTest, PostgresSelectsWhatMatchesSelects) {
  const char* filters[] = {
      "tags.plant_id = \"P001\"",
      "tags.plant_id != P001",
      "NOT tags.plant_id = P001",
      "NOT tags.plant_id != P001",
      "tags.plant_id:*",
      "NOT tags.plant_id:*",
      "tags.plant_id:00",
      "tags.plant_id:\"%\"",
      "tags.plant_id = \"it's \\\"x\\\" % _\"",
      "tags.plant_id = \"\"",
      "tags.plant_id > P001",
      "tags.plant_id >= p",
      "tags.plant_id < \"ZZ\"",
      "tags.mae < 9.5",
      "tags.mae >= 9",
      "tags.mae > -1e3",
      "tags.mae < abc",
      "tags.mae = 10",
      "metrics.mae < 9.5",
      "metrics.mae >= 9",
      "metrics.mae != 9",
      "metrics.mae = 0.25",
      "metrics.mae:*",
      "NOT metrics.mae < 1",
      "tags.missing = x",
      "tags.missing != x",
      "tags.plant_id = P001 AND metrics.mae < 1 OR name = c",
      "tags.plant_id = P001 AND (metrics.mae < 1 OR name = h) AND NOT name = b",
      "(tags.plant_id = P001 AND metrics.mae < 1) OR name = h",
      "NOT (tags.plant_id = P001 OR NOT metrics.mae < 9.5)",
      "NOT (tags.missing < x AND metrics.mae > 1)",
  };
  for (const char* text : filters) {
    const auto filter = ParseFilter(text);
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.status();
    EXPECT_EQ(Select(*filter), SelectInMemory(**filter)) << text;
  }
}

TEST_F(FilterSqlTest, NoFilterSelectsEverything) { EXPECT_EQ(Select(std::nullopt), "abcdefgh"); }

TEST_F(FilterSqlTest, AnIndexCanServeAComparison) {
  const auto filter = ParseFilter("name = c AND metrics.mae > 1");
  ASSERT_TRUE(filter.ok());
  const auto plan = RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    work.exec("CREATE INDEX versions_by_name ON versions (name)");
    work.exec("SET LOCAL enable_seqscan = off");
    FLEETCAST_ASSIGN_OR_RETURN(const SqlCondition condition, FilterToSql(*filter, FieldOf, 1));
    const pqxx::result lines =
        work.exec_params("EXPLAIN SELECT name FROM versions WHERE " + condition.text,
                         pqxx::prepare::make_dynamic_params(condition.parameters));
    std::string text;
    for (const pqxx::row& line : lines) text += line[0].as<std::string>() + "\n";
    return text;
  });
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_NE(plan->find("Index Cond"), std::string::npos) << *plan;
}

TEST_F(FilterSqlTest, ATextualLiteralForANumberIsRefused) {
  const auto filter = ParseFilter("metrics.mae < low");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(ReasonOf(FilterToSql(*filter, FieldOf, 1).status()), "INVALID_FILTER");
}

TEST_F(FilterSqlTest, AnUnknownFieldIsRefused) {
  const auto filter = ParseFilter("name = a OR colour = red");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(ReasonOf(FilterToSql(*filter, FieldOf, 1).status()), "INVALID_FILTER");
}

}  // namespace
}  // namespace fleetcast::db
