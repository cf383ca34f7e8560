#include "common/db/filter_sql.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

using Row = std::map<std::string, std::string>;

const FilterFields& Fields() {
  static const FilterFields fields = {{"name"},
                                      {"position", FilterKind::kInteger},
                                      {"time", FilterKind::kTime},
                                      {"state", FilterKind::kWord, {"RUNNING", "FAILED"}, "STATE_"},
                                      {"tags.*", FilterKind::kValue},
                                      {"metrics.mae", FilterKind::kNumber}};
  return fields;
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {{"name", "a"}, {"tags.plant_id", "P001"}, {"tags.mae", "0.25"}, {"metrics.mae", "0.25"}},
      {{"name", "b"}, {"tags.plant_id", "P002"}, {"tags.mae", "10"}, {"metrics.mae", "10"}},
      {{"name", "c"}, {"tags.plant_id", "P001"}, {"tags.mae", "9"}, {"metrics.mae", "9"}},
      {{"name", "d"}, {"tags.mae", "not measured"}, {"state", "RUNNING"}},
      {{"name", "e"}, {"tags.plant_id", ""}, {"tags.mae", "-3e2"}, {"metrics.mae", "-300"}},
      {{"name", "f"}, {"tags.plant_id", "it's \"x\" % _"}, {"tags.mae", "nan"}},
      {{"name", "g"}, {"tags.plant_id", "Z\u00dcRICH"}, {"tags.mae", "1."}, {"state", "FAILED"}},
      {{"name", "h"}, {"tags.plant_id", "p001"}, {"tags.mae", " 5"}},
      {{"name", "i"}, {"tags.mae", "1e400"}, {"metrics.mae", "1e+308"}},
      {{"name", "j"}, {"tags.mae", "0.250"}, {"position", "9007199254740993"}},
      {{"name", "k"}, {"tags.mae", "1e-400"}, {"position", "-1"}, {"metrics.mae", "5e-324"}},
      {{"name", "l"}, {"tags.team/owner", "ada"}, {"time", "2025-12-09T08:30:07.500000Z"}},
      {{"name", "m"}, {"tags.a..b", "9e99"}, {"time", "1969-12-31T23:59:59.999999Z"}},
      {{"name", "n"}, {"tags.mae", "99999999999999999999999999999999999999999"}},
  };
  return rows;
}

absl::StatusOr<SqlField> FieldOf(const std::string& field) {
  if (field.starts_with("tags."))
    return SqlField{.expression = "tags ->> ?",
                    .parameters = {field.substr(5)},
                    .contained = SqlField::Contained{.column = "tags", .key = field.substr(5)}};
  if (field == "metrics.mae") return SqlField{"mae"};
  return SqlField{.expression = field, .indexed = field == "name"};
}

class FilterSqlTest : public ::testing::Test {
 protected:
  FilterSqlTest() : pool_({.dsn = testing::NewDatabase()}) {
    const absl::Status filled = RunInTransaction(pool_, [](pqxx::work& work) {
      work.exec(
          "CREATE TABLE versions (name text, tags jsonb NOT NULL DEFAULT '{}', mae float8,"
          " position bigint, time timestamptz, state text)");
      for (const Row& row : Rows()) Insert(work, row);
      return absl::OkStatus();
    });
    EXPECT_TRUE(filled.ok()) << filled;
  }

  static void Insert(pqxx::work& work, const Row& row) {
    work.exec_params("INSERT INTO versions (name) VALUES ($1)", row.at("name"));
    for (const auto& [field, value] : row) {
      if (field.starts_with("tags."))
        work.exec_params(
            "UPDATE versions SET tags = tags || jsonb_build_object($2::text, $3::text)"
            " WHERE name = $1",
            row.at("name"), field.substr(5), value);
      else
        work.exec_params(absl::StrCat("UPDATE versions SET ",
                                      field == "metrics.mae" ? "mae = $2::text::float8"
                                      : field == "position"  ? "position = $2::text::bigint"
                                      : field == "time"      ? "time = $2::text::timestamptz"
                                                             : field + " = $2",
                                      " WHERE name = $1"),
                         row.at("name"), value);
    }
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

std::string SelectInMemory(const Filter& filter, const std::vector<Row>& rows = Rows()) {
  std::string joined;
  for (const Row& row : rows)
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
      "tags.plant_id = P001 AND tags.\"team/owner\" = ada",
      "tags.plant_id = P001 AND tags.plant_id = p001",
      "NOT (tags.plant_id = P001 AND tags.missing = x)",
      "tags.plant_id = P001 AND NOT tags.missing = x",
      "tags.plant_id = P001 AND metrics.mae < 1 OR name = c",
      "tags.plant_id = P001 AND (metrics.mae < 1 OR name = h) AND NOT name = b",
      "(tags.plant_id = P001 AND metrics.mae < 1) OR name = h",
      "NOT (tags.plant_id = P001 OR NOT metrics.mae < 9.5)",
      "NOT (tags.missing < x AND metrics.mae > 1)",
      "tags.mae = 0.25",
      "tags.mae = \"0.25\"",
      "tags.mae != 0.250",
      "NOT tags.mae = 0.250",
      "tags.mae != \"0.25\"",
      "tags.mae > 1",
      "tags.mae <= 1e99",
      "tags.mae > \"1e400\"",
      "metrics.mae > 1e300",
      "metrics.mae > 0 AND metrics.mae < 1e-300",
      "metrics.mae < \"9.5\"",
      "position > 9007199254740992",
      "position != -1",
      "NOT position < 0",
      "time >= \"2025-12-09T09:30:07.5+01:00\"",
      "time > 2025-12-09T08:30:07.5Z",
      "time < 1970-01-01",
      "NOT time >= 1970-01-01",
      "time = 2025-12-09T08:30:07.500Z OR time:*",
      "state = STATE_FAILED",
      "state != running",
      "tags.\"team/owner\" = ada",
      "tags.\"a..b\" > 1",
      "NOT tags.\"a..b\" = \"9e99\"",
  };
  for (const char* text : filters) {
    const auto filter = ParseFilter(text, Fields());
    ASSERT_TRUE(filter.ok()) << text << ": " << filter.status();
    EXPECT_EQ(Select(*filter), SelectInMemory(**filter)) << text;
  }
}

// Values at the borders of what is a number, and filters over them, drawn anew each time.
TEST_F(FilterSqlTest, PostgresSelectsWhatMatchesSelectsForAnyValues) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const auto one_of = [&](const auto& values) { return values[random() % std::size(values)]; };
  static const char* const kValues[] = {"0",
                                        "-0",
                                        "0.0",
                                        "1",
                                        "01",
                                        "1.0",
                                        "1e0",
                                        "10e-1",
                                        "1E+99",
                                        "1e100",
                                        "-1e99",
                                        "1e-5",
                                        "1e400",
                                        "nan",
                                        "inf",
                                        "-inf",
                                        "",
                                        " 1",
                                        "1 ",
                                        "+1",
                                        "0x1",
                                        ".5",
                                        "1.",
                                        "abc",
                                        "ABC",
                                        "a\"b'c",
                                        "\u00e4",
                                        "~",
                                        "1_0",
                                        "١",
                                        "0.1",
                                        "0.10000000000000000001",
                                        "9007199254740993",
                                        "9007199254740992",
                                        "1e99999999999"};
  std::vector<Row> rows = Rows();
  ASSERT_TRUE(
      RunInTransaction(pool_, [&](pqxx::work& work) {
        for (int i = 0; i < 60; ++i) {
          rows.push_back({{"name", absl::StrCat("r", i, ",")}, {"tags.x", one_of(kValues)}});
          if (random() % 2 == 0) rows.back()["tags.y"] = one_of(kValues);
          Insert(work, rows.back());
        }
        return absl::OkStatus();
      }).ok());
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.at("name") < b.at("name"); });
  const auto comparison = [&] {
    Filter filter;
    filter.op = FilterOperator(static_cast<int>(FilterOperator::kEqual) + random() % 7);
    filter.field = random() % 2 == 0 ? "tags.x" : "tags.y";
    filter.value = one_of(kValues);
    filter.quoted = random() % 2 == 0;
    return filter;
  };
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    Filter filter = comparison();
    if (random() % 2 == 0)
      filter = {.op = random() % 2 == 0 ? FilterOperator::kAnd : FilterOperator::kOr,
                .operands = {filter, comparison()}};
    if (random() % 3 == 0) filter = {.op = FilterOperator::kNot, .operands = {filter}};
    const auto checked = CheckFilter(filter, Fields());
    if (!checked.ok()) {  // less or greater than a number that is read as text
      ++refused;
      continue;
    }
    const auto condition = FilterToSql(*checked, FieldOf, 1);
    EXPECT_EQ(Select(*checked), SelectInMemory(*checked, rows)) << condition->text;
  }
  EXPECT_LT(refused, 150);
}

TEST_F(FilterSqlTest, NoFilterSelectsEverything) {
  EXPECT_EQ(Select(std::nullopt), "abcdefghijklmn");
}

TEST_F(FilterSqlTest, AnIndexCanServeAComparison) {
  const auto filter = ParseFilter("name = c AND metrics.mae > 1", Fields());
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

TEST_F(FilterSqlTest, SaysWhichFieldsKeepAnIndexFromServing) {
  const auto unindexed = [](const std::string& text) {
    const auto condition = FilterToSql(*ParseFilter(text, Fields()), FieldOf, 1);
    EXPECT_TRUE(condition.ok()) << condition.status();
    return condition->unindexed;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(unindexed("name = a"), Names());
  EXPECT_EQ(unindexed("tags.x = a"), Names());
  EXPECT_EQ(unindexed("tags.x = \"1\" AND metrics.mae > 1"), Names()) << "one of AND is enough";
  EXPECT_EQ(unindexed("tags.x = 1 AND metrics.mae > 1"), Names({"tags.x", "metrics.mae"}));
  EXPECT_EQ(unindexed("name = a OR metrics.mae > 1"), Names({"metrics.mae"}));
  EXPECT_EQ(unindexed("name != a"), Names({"name"}));
  EXPECT_EQ(unindexed("NOT tags.x = a"), Names({"tags.x"}));
  EXPECT_EQ(unindexed("tags.x:*"), Names({"tags.x"}));
  EXPECT_EQ(FilterToSql(std::nullopt, FieldOf, 1)->unindexed, Names());
}

TEST_F(FilterSqlTest, SaysWhatPostgresHasStatisticsOf) {
  const auto condition = [](const std::string& text) {
    const auto made = FilterToSql(*ParseFilter(text, Fields()), FieldOf, 1);
    EXPECT_TRUE(made.ok()) << made.status();
    return std::pair(made->contained, made->known);
  };
  EXPECT_EQ(condition("tags.x = a"), std::pair(true, std::string("TRUE")));
  EXPECT_EQ(condition("name = a"), std::pair(false, std::string("((name) = $1::text)")));
  EXPECT_EQ(condition("name = a AND tags.x = b AND metrics.mae > 1"),
            std::pair(true, std::string("(((name) = $1::text))")));
  EXPECT_EQ(condition("name = a OR tags.x = b"), std::pair(true, std::string("TRUE")));
  EXPECT_EQ(condition("tags.x = a AND (name = b OR name = c)"),
            std::pair(true, std::string("((((name) = $2::text) OR ((name) = $3::text)))")));
  EXPECT_EQ(condition("tags.x = a OR metrics.mae > 1"), std::pair(false, std::string("TRUE")))
      << "no index serves it";
  EXPECT_EQ(condition("NOT tags.x = a"), std::pair(false, std::string("TRUE")));
  EXPECT_EQ(condition("NOT name = a AND tags.x = b"), std::pair(true, std::string("TRUE")));
}

}  // namespace
}  // namespace fleetcast::db
