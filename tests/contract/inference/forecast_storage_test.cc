// What is particular to forecasts in Postgres: what a list reads, and partitions.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "services/inference/storage/forecast_partitions.h"
#include "services/inference/storage/forecast_query.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/postgres_forecast_store.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {
namespace {

using Json = nlohmann::json;

Forecast ForecastAt(const CircuitId& circuit, absl::Time issue_time, std::int64_t version = 1,
                    double value = 1) {
  Forecast forecast{.circuit = circuit,
                    .issue_time = issue_time,
                    .model_version = version,
                    .target_column = "temperature, \"raw\"",
                    .interval_levels = {80, 95},
                    .sweep_id = "s1"};
  for (int step = 1; step <= 24; ++step) {
    forecast.points.push_back({.time = issue_time + step * absl::Hours(1),
                               .value = value + step,
                               .lower = {value - 1, value - 2},
                               .upper = {value + 1, value + 2}});
  }
  return forecast;
}

class ForecastStorage : public ::testing::Test {
 protected:
  void SetUp() override {
    const absl::Status migrated = db::Migrate(pool_, "inference", db::inferenceMigrations());
    ASSERT_TRUE(migrated.ok()) << migrated;
  }
  void Execute(const std::string& sql) {
    const absl::Status executed = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
    ASSERT_TRUE(executed.ok()) << executed;
  }
  std::string Value(const std::string& sql) {
    const auto value =
        db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
          return work.exec1(sql)[0].as<std::string>("");
        });
    EXPECT_TRUE(value.ok()) << value.status();
    return value.value_or("");
  }
  void Store(const std::vector<Forecast>& forecasts) {
    const absl::Status stored = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      StoreForecasts(work, forecasts);
      return absl::OkStatus();
    });
    ASSERT_TRUE(stored.ok()) << stored;
  }
  std::vector<Forecast> List(const ForecastQuery& query) {
    const auto page = store_.List(query, {});
    EXPECT_TRUE(page.ok()) << page.status();
    return page.ok() ? page->items : std::vector<Forecast>();
  }
  std::string Partitions() {
    return Value(
        "SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text)"
        " FROM pg_inherits WHERE inhparent = 'inference.forecasts'::regclass"
        " AND inhrelid <> 'inference.forecasts_default'::regclass");
  }

  db::ConnectionPool pool_{
      {.dsn = testing::NewDatabase(), .size = 4, .statement_timeout = absl::Minutes(5)}};
  PostgresForecastStore store_{pool_};
};

TEST_F(ForecastStorage, ManyForecastsAreStoredAtOnceAndTheLatestOfEachCircuitMovesForwardOnly) {
  const absl::Time noon = absl::FromUnixSeconds(1'765'281'600);
  const CircuitId first{"P001", "C001"}, second{"P001", "C002"};
  Store({ForecastAt(second, noon), ForecastAt(first, noon + absl::Hours(1), 2),
         ForecastAt(first, noon, 3), ForecastAt(first, noon, 3, 100)});
  EXPECT_EQ(List({}).size(), 3U);
  Store({ForecastAt(first, noon - absl::Hours(1), 9)});
  auto latest = List({.latest_only = true});
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0].issue_time, noon + absl::Hours(1));
  EXPECT_EQ(latest[1].circuit, second);
  Store({ForecastAt(first, noon + absl::Hours(1), 2, 7)});
  latest = List({.circuit = first, .latest_only = true});
  ASSERT_EQ(latest.size(), 1U);
  EXPECT_EQ(latest[0].points[23].value, 31);
  EXPECT_EQ(latest[0].target_column, "temperature, \"raw\"");
  const auto replaced = List({.circuit = first, .latest_only = false});
  ASSERT_EQ(replaced.size(), 3U);
  EXPECT_EQ(replaced[1].points[0].value, 101) << "of two with one key the later stands";
}

TEST_F(ForecastStorage, AForecastCanBeReadWithoutItsSteps) {
  Store({ForecastAt({"P001", "C001"}, absl::FromUnixSeconds(1'765'281'600))});
  for (const bool latest : {false, true}) {
    const auto short_ones = List({.latest_only = latest, .all_steps = false});
    ASSERT_EQ(short_ones.size(), 1U);
    EXPECT_EQ(short_ones[0].horizon, 24);
    ASSERT_EQ(short_ones[0].points.size(), 1U);
    EXPECT_EQ(short_ones[0].points[0].value, 2);
    EXPECT_EQ(short_ones[0].points[0].upper, (std::vector<double>{2, 3}));
  }
}

TEST_F(ForecastStorage, WhatWaitsForItsWeekIsMovedIntoAPartitionOfIt) {
  const absl::Time sunday = absl::FromUnixSeconds(1'765'756'799);  // 2025-12-14T23:59:59Z
  Store({ForecastAt({"P001", "C001"}, sunday),
         ForecastAt({"P001", "C001"}, sunday + absl::Seconds(1))});
  for (int i = 0; i < 2; ++i) {
    const absl::Status ensured = EnsureForecastPartitions(pool_);
    ASSERT_TRUE(ensured.ok()) << ensured;
    EXPECT_EQ(Value("SELECT count(*) FROM inference.forecasts_default"), "0");
    EXPECT_EQ(Value("SELECT count(*) FROM inference.forecasts_2025w50"), "1");
    EXPECT_EQ(Value("SELECT count(*) FROM inference.forecasts_2025w51"), "1");
    const std::string partitions = Partitions();
    EXPECT_EQ(std::count(partitions.begin(), partitions.end(), ' '), 6) << partitions;
  }
  Store({ForecastAt({"P001", "C001"}, absl::Now() + absl::Hours(24 * 27))});
  EXPECT_EQ(Value("SELECT count(*) FROM inference.forecasts_default"), "0") << "made ahead";
  EXPECT_EQ(List({}).size(), 3U);
}

TEST_F(ForecastStorage, OldForecastsGoByPartitionAndTheLatestOfEachCircuitStaysReadable) {
  const absl::Time old = absl::FromUnixSeconds(1'765'281'600);
  Store({ForecastAt({"P001", "C001"}, old), ForecastAt({"P001", "C002"}, absl::Now())});
  ASSERT_TRUE(EnsureForecastPartitions(pool_).ok());
  Store({ForecastAt({"P001", "C003"}, old - absl::Hours(24 * 30))});  // stays in the default one
  const absl::Status dropped = DropOldForecasts(pool_, absl::Hours(24 * 90));
  ASSERT_TRUE(dropped.ok()) << dropped;
  ASSERT_EQ(List({}).size(), 1U);
  EXPECT_EQ(List({})[0].circuit.circuit_id, "C002");
  EXPECT_EQ(Partitions().find("2025w50"), std::string::npos);
  const auto latest = List({.latest_only = true});
  ASSERT_EQ(latest.size(), 3U);
  EXPECT_EQ(latest[1].circuit.circuit_id, "C001");
  EXPECT_EQ(latest[1].points.size(), 24U);
}

// How many rows of tables a plan reads, those that it throws away included.
double RowsRead(const Json& plan) {
  double rows = 0;
  if (plan.contains("Relation Name")) {
    const double each = plan.value("Actual Rows", 0.0) + plan.value("Rows Removed by Filter", 0.0) +
                        plan.value("Rows Removed by Index Recheck", 0.0);
    rows = each * plan.value("Actual Loops", 1.0);
  }
  if (plan.contains("Plans")) {
    for (const Json& part : plan["Plans"]) rows += RowsRead(part);
  }
  return rows;
}

// A million forecasts: of 1,000 circuits in 10 plants, every hour for six weeks.
class AMillionForecasts : public ForecastStorage {
 protected:
  static constexpr int kPage = 100;
  const absl::Time kFirst = absl::FromUnixSeconds(1'767'571'200);  // 2026-01-05T00:00:00Z

  void SetUp() override {
    ForecastStorage::SetUp();
    std::vector<Forecast> weeks;
    for (int week = 0; week < 7; ++week) {
      weeks.push_back(ForecastAt({"P0", "C0"}, kFirst + week * absl::Hours(7 * 24)));
    }
    Store(weeks);
    ASSERT_TRUE(EnsureForecastPartitions(pool_).ok());
    Execute(R"(
      INSERT INTO inference.forecasts
      SELECT 'P' || c % 10, 'C' || c / 10, timestamptz '2026-01-05T00:00:00Z' + h * interval '1 hour',
        1, 'temperature', 's1', timestamptz '2026-01-05T00:01:00Z' + h * interval '1 hour', '{}', '{2026-01-05T00:00:00Z}', '{1}', '{}', '{}'
      FROM generate_series(1, 1000) AS h, generate_series(0, 999) AS c
      ON CONFLICT DO NOTHING;
      INSERT INTO inference.latest_forecasts (plant_id, circuit_id, issue_time, model_version,
        target_column, sweep_id, create_time, interval_levels, target_times, point_values,
        lower_bounds, upper_bounds)
      SELECT plant_id, circuit_id, issue_time, model_version, target_column, sweep_id, create_time,
        interval_levels, target_times, point_values, lower_bounds, upper_bounds
      FROM inference.forecasts
      WHERE issue_time = timestamptz '2026-01-05T00:00:00Z' + interval '1000 hours'
      ON CONFLICT DO NOTHING;
      INSERT INTO inference.circuit_statuses (plant_id, circuit_id)
      SELECT 'P' || c % 10, 'C' || c / 10 FROM generate_series(0, 999) AS c)");
    Execute(
        "ANALYZE inference.forecasts; ANALYZE inference.latest_forecasts;"
        " ANALYZE inference.circuit_statuses");
  }

  double RowsRead(const ForecastQuery& query, const std::vector<std::string>& after) {
    const auto statement = ListForecastsStatement(query, {.size = kPage, .after = after});
    EXPECT_TRUE(statement.ok()) << statement.status();
    const auto plan = db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Json> {
      const pqxx::result rows = statement->parameters.Run(
          work, absl::StrCat("EXPLAIN (ANALYZE, FORMAT JSON) ", statement->sql));
      return Json::parse(rows[0][0].as<std::string>());
    });
    EXPECT_TRUE(plan.ok()) << plan.status();
    return inference::RowsRead((*plan)[0]["Plan"]);
  }
  [[nodiscard]] std::vector<std::string> After(const std::string& plant,
                                               const std::string& circuit) const {
    return {MicrosOf(kFirst + absl::Hours(500)), plant, circuit, "1"};
  }
};

TEST_F(AMillionForecasts, AListReadsWhatItReturnsOnEveryPage) {
  // A page, one row more to know whether there is another, at most one row of each partition that
  // the merge looks at, and the page's second range.
  constexpr double kAtMost = 2 * (kPage + 1) + 20;
  const ForecastQuery fleet, plant{.circuit = {"P3", ""}}, circuit{.circuit = {"P3", "C50"}};
  EXPECT_LE(RowsRead(fleet, {}), kAtMost);
  EXPECT_LE(RowsRead(fleet, After("P8", "C50")), kAtMost);
  EXPECT_LE(RowsRead(plant, {}), kAtMost);
  EXPECT_LE(RowsRead(plant, After("P3", "C80")), kAtMost);
  EXPECT_LE(RowsRead(circuit, {}), kAtMost);
  EXPECT_LE(RowsRead(circuit, After("P3", "C50")), kAtMost);
  const auto latest = db::RunInTransaction(pool_, [](pqxx::work& work) -> absl::StatusOr<int> {
    return work.exec1("SELECT count(*) FROM inference.latest_forecasts")[0].as<int>();
  });
  EXPECT_EQ(*latest, 1000);
  EXPECT_LE(RowsRead({.latest_only = true}, {}), kAtMost);
  const auto range = ParseFilter(
      "issue_time >= \"2026-01-10T00:00:00Z\" AND issue_time < \"2026-01-10T04:00:00Z\"",
      ForecastFilterFields());
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_LE(RowsRead({.filter = *range}, {}), kAtMost);
  EXPECT_LE(RowsRead({.circuit = {"P3", "C50"}, .filter = *range}, {}), 4);
  EXPECT_LE(RowsRead({.circuit = {"P3", "C50"}, .latest_only = true}, {}), 1);

  // What was the newest then is one look at each of the partitions that are filled, for each
  // circuit of the page. The keys of all circuits may be read to put them in order.
  constexpr double kEach = 1 + 8, kKeys = 1000;
  const absl::Time then = kFirst + absl::Hours(500);
  EXPECT_LE(RowsRead({.as_of = then}, {}), (kPage + 1) * kEach + kKeys);
  EXPECT_LE(RowsRead({.as_of = then}, After("P8", "C50")), (kPage + 1) * kEach + kKeys);
  EXPECT_LE(RowsRead({.circuit = {"P3", "C50"}, .as_of = then}, {}), kEach);
  const auto found = List({.circuit = {"P3", "C50"}, .as_of = then});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].issue_time, kFirst + absl::Hours(499));
}

}  // namespace
}  // namespace fleetcast::inference
