// What the registry's lists read at 1,000,000 model versions, counted in rows: as much as they
// return, not as much as the table holds.
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "services/registry/storage/postgres_champion_store.h"
#include "services/registry/storage/postgres_data_asset_store.h"
#include "services/registry/storage/postgres_experiment_store.h"
#include "services/registry/storage/postgres_model_version_store.h"
#include "tests/support/registry/million_versions.h"
#include "tests/support/test_database.h"

namespace fleetcast::registry {
namespace {

class ScaleTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dsn_ = new std::string(testing::NewDatabase());
    const absl::Status filled = testing::FillWithVersions(*dsn_, 1'000'000);
    ASSERT_TRUE(filled.ok()) << filled;
  }
  static void TearDownTestSuite() { delete dsn_; }

  // One connection, so that what it has counted can be asked of it.
  ScaleTest() : pool_({.dsn = *dsn_, .size = 1}) {}

  struct Counts {
    std::int64_t scans = 0;  // of the whole table
    std::int64_t rows = 0;   // read by index
  };
  Counts Read(const std::string& table) {
    const auto counts =
        db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Counts> {
          work.exec("SELECT pg_stat_force_next_flush()");
          return Counts{};
        });
    EXPECT_TRUE(counts.ok()) << counts.status();
    const auto after = db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Counts> {
      const auto row = work.exec_params1(
          "SELECT seq_scan, coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
          " WHERE schemaname = 'registry' AND relname = $1",
          table);
      return Counts{row[0].as<std::int64_t>(), row[1].as<std::int64_t>()};
    });
    EXPECT_TRUE(after.ok()) << after.status();
    return after.value_or(Counts{});
  }

  // Expects that `list` reads at most `most` rows of `table`, by index, and finds some or none.
  template <typename List>
  void ExpectReads(const std::string& table, std::int64_t most, const std::string& what, List list,
                   bool some = true) {
    const Counts before = Read(table);
    const auto page = list();
    ASSERT_TRUE(page.ok()) << what << ": " << page.status();
    EXPECT_NE(page->items.empty(), some) << what;
    const Counts after = Read(table);
    EXPECT_EQ(after.scans, before.scans) << what << " scans " << table;
    EXPECT_LE(after.rows - before.rows, most) << what;
  }

  absl::StatusOr<PageOf<ModelVersion>> Versions(const std::string& filter, PageRequest page = {},
                                                VersionOrder order = VersionOrder::kNewestFirst) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto parsed, ParseModelVersionFilter(filter));
    return PostgresModelVersionStore(&pool_).List(
        "sensor-model", {.page = std::move(page), .filter = parsed}, order);
  }
  absl::StatusOr<PageOf<registry::Run>> Runs(const std::string& filter) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto parsed, ParseRunFilter(filter));
    return PostgresExperimentStore(&pool_).ListRuns("-", {.page = {}, .filter = parsed});
  }

  // On a busy machine a connection takes longer to be made than a hasty pool waits.
  static void ExpectConnects(db::ConnectionPool& hasty) {
    const auto connected = [&] {
      return db::ReadInTransaction(hasty, [](pqxx::work& work) -> absl::StatusOr<int> {
        return work.exec1("SELECT 1")[0].as<int>();
      });
    };
    for (int tries = 0; tries < 100 && !connected().ok(); ++tries) {
    }
  }

  static std::string* dsn_;
  db::ConnectionPool pool_;
};
std::string* ScaleTest::dsn_ = nullptr;

TEST_F(ScaleTest, FiltersOfVersionsReadAboutWhatTheyReturn) {
  const std::string middle = *[&]() -> absl::StatusOr<std::string> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto version,
                               PostgresModelVersionStore(&pool_).Get({"sensor-model", 500'000}));
    return FilterText(version.create_time);
  }();
  const std::pair<std::string, std::int64_t> filters[] = {
      {"", 500},
      {"version = 12", 10},
      {"version > 100 AND version <= 200", 500},
      {"run = \"experiments/plant_P001_circuit_C001/runs/r50101\"", 50},
      {absl::StrCat("create_time < \"", middle, "\""), 500},
      {absl::StrCat("create_time = \"", middle, "\""), 10},
      {"create_time < 2020-01-01T00:00:00.000100Z", 500},
      {"training_job = \"trainingRuns/t7/jobs/j\"", 10},
      {"data_asset_version = \"dataAssets/plant_P007_circuit_C007/versions/2025-12-09\"", 500},
      {"tags.plant_id = P001 AND tags.circuit_id = C001", 500},
      {"tags.circuit_id = C001", 500},
      {"tags.team = \"nobody else\"", 1'000},
      {"tags.\"team/owner\" = ada", 1'000},
      {"tags.pr_number = \"777\"", 2'000},
      {"tags.pr_number = \"777\" AND tags.pr_author = author7 AND tags.cutoff_date = \"2025-12-22\""
       " AND tags.environment_version = \"1.5.0\" AND tags.shift = late",
       2'000},
      {"metrics.mae < 0.00001", 500},
      {"metrics.r2 >= 0.9998", 500},
      {"tags.circuit_id = C001 AND tags.shift = late", 2'000},
      {"metrics.skill < 0.9 AND tags.team = \"nobody else\"", 2'000},
      {"tags.team = \"nobody else\" OR version = 12", 1'000}};
  for (const auto& [filter, most] : filters) {
    ExpectReads("model_versions", most, filter, [&] { return Versions(filter); });
  }
}

TEST_F(ScaleTest, WhatNobodyHasIsFoundMissingByIndex) {
  // Postgres takes it for a hundredth of all, for it keeps no statistics of tags so long.
  for (const char* filter :
       {"tags.lot = nosuch", "tags.lot = nosuch OR tags.shift = nosuch",
        "tags.lot = nosuch AND tags.engine = \"fleetcast 1.5\" AND tags.shift:late",
        "metrics.skill < 0.9 AND tags.lot = nosuch",
        "create_time > 2020-01-01T00:00:00.000100Z AND tags.lot = nosuch"}) {
    ExpectReads(
        "model_versions", 2'000, filter, [&] { return Versions(filter); }, false);
  }
  const char* of_a_plant = "tags.plant_id = P001 AND tags.lot = nosuch";
  ExpectReads(
      "model_versions", 25'000, of_a_plant, [&] { return Versions(of_a_plant); }, false);
  for (const char* filter : {"tags.lot = nosuch", "params.lot = nosuch AND state = FINISHED"}) {
    ExpectReads(
        "runs", 1'000, filter, [&] { return Runs(filter); }, false);
  }
}

TEST_F(ScaleTest, ATagGivesItsFirstVersionsHoweverManyHaveItAndWherever) {
  struct Tag {
    const char* filter;
    std::function<bool(int)> has;     // the fill's version n
    std::int64_t most_down, most_up;  // rows read from the newest on, and from the oldest on
  };
  const Tag tags[] = {
      {"tags.uses_calendar = \"true\"", [](int) { return true; }, 1'000, 1'000},
      {"tags.shift = late", [](int n) { return n % 10'000 % 3 == 0; }, 1'000, 1'000},
      {"tags.engine = \"fleetcast 1.5\"", [](int n) { return n >= 500'000; }, 1'000, 520'000},
      {"tags.engine = \"fleetcast 1.4\"", [](int n) { return n < 500'000; }, 520'000, 1'000},
      {"tags.pr_author = author7 AND tags.uses_calendar = \"true\"",
       [](int n) { return n / 1000 % 10 == 7; }, 20'000, 20'000},
      {"tags.hall = H7", [](int n) { return n % 100 == 7; }, 30'000, 30'000},
      {"tags.line = L7", [](int n) { return n % 500 == 7; }, 4'000, 4'000}};
  for (const Tag& tag : tags) {
    for (const bool down : {true, false}) {
      const int middle = down ? 900'000 : 100'000;
      std::vector<std::int64_t> expected, listed;
      for (int n = down ? middle - 1 : middle + 1; expected.size() < 100; n += down ? -1 : 1)
        if (tag.has(n)) expected.push_back(n);
      ExpectReads("model_versions", down ? tag.most_down : tag.most_up, tag.filter, [&] {
        auto page = Versions(tag.filter, {.size = 100, .after = {absl::StrCat(middle)}},
                             down ? VersionOrder::kNewestFirst : VersionOrder::kOldestFirst);
        if (page.ok())
          for (const ModelVersion& version : page->items) listed.push_back(version.name.version);
        return page;
      });
      EXPECT_EQ(listed, expected) << tag.filter;
    }
  }
}

TEST_F(ScaleTest, AFilterThatNoIndexServesIsEndedAndSaysWhatToAdd) {
  db::ConnectionPool hasty({.dsn = *dsn_, .size = 1, .statement_timeout = absl::Milliseconds(20)});
  ExpectConnects(hasty);
  const auto filter = ParseModelVersionFilter("metrics.test_windows < 0 AND tags.shift:early");
  ASSERT_TRUE(filter.ok());
  const auto page = PostgresModelVersionStore(&hasty).List(
      "sensor-model", {.page = {}, .filter = *filter}, VersionOrder::kNewestFirst);
  EXPECT_EQ(page.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(page.status()), "FILTER_NOT_INDEXED");
  EXPECT_EQ(DetailsOf(page.status())->metadata.at("fields"), "metrics.test_windows, tags.shift");
}

TEST_F(ScaleTest, WhatTakesTooLongAllTheSameIsEndedAndSaysWhatToAdd) {
  db::ConnectionPool hasty({.dsn = *dsn_, .size = 1, .statement_timeout = absl::Milliseconds(20)});
  ExpectConnects(hasty);
  const auto filter = ParseModelVersionFilter("tags.engine = \"fleetcast 1.4\"");
  ASSERT_TRUE(filter.ok());
  const auto page = PostgresModelVersionStore(&hasty).List(
      "sensor-model", {.page = {}, .filter = *filter}, VersionOrder::kNewestFirst);
  EXPECT_EQ(page.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(page.status()), "FILTER_TOO_WIDE");
  EXPECT_NE(page.status().message().find("add, with AND, a comparison of version"),
            std::string::npos)
      << page.status();
}

TEST_F(ScaleTest, AllDataAssetVersionsAreReadOnceHoweverManyPages) {
  PostgresDataAssetStore assets(&pool_);
  const auto before = Read("data_asset_versions");
  PageRequest page{.size = 500, .after = {}};
  std::int64_t listed = 0;
  do {
    const auto versions = assets.List("-", page);
    ASSERT_TRUE(versions.ok()) << versions.status();
    listed += static_cast<std::int64_t>(versions->items.size());
    page.after = versions->next_after;
  } while (!page.after.empty());
  EXPECT_EQ(listed, 10'000);
  const auto after = Read("data_asset_versions");
  EXPECT_EQ(after.scans, before.scans);
  EXPECT_LE(after.rows - before.rows, 2 * listed);
}

TEST_F(ScaleTest, ChampionsAndRunsAreReadByIndex) {
  PostgresChampionStore champions(&pool_);
  ExpectReads("champion_events", 4'000, "champions", [&] {
    return champions.List("sensor-model", {.page = {.size = 1000, .after = {"P050", "C050"}}});
  });
  for (const char* text :
       {"state = STATE_FAILED", "tags.purpose = trial", "params.\"optimizer/name\" = adam", ""}) {
    ExpectReads("runs", 1'000, text, [&] { return Runs(text); });
  }
}

// Indexed or not; with what stands in the place of each table, a read of it takes eight seconds.
TEST(FilterBoundTest, EndsEveryListWithAFilterAfterFiveSeconds) {
  const std::string dsn = testing::NewDatabase();
  ASSERT_TRUE(testing::FillWithVersions(dsn, 2'000).ok());
  db::ConnectionPool pool({.dsn = dsn, .size = 5});
  const absl::Status slow = db::RunInTransaction(pool, [](pqxx::work& work) {
    for (const std::string table : {"model_versions", "runs", "experiments", "champions"}) {
      work.exec(absl::StrCat("ALTER TABLE registry.", table, " RENAME TO all_", table));
      work.exec(absl::StrCat("CREATE VIEW registry.", table,
                             " AS WITH slow AS MATERIALIZED (SELECT pg_sleep(8))"
                             " SELECT t.* FROM registry.all_",
                             table, " t CROSS JOIN slow"));
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(slow.ok()) << slow;
  const std::pair<const char*, std::function<absl::Status()>> lists[] = {
      {"versions",
       [&]() -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(const auto filter, ParseModelVersionFilter("version > 0"));
         return PostgresModelVersionStore(&pool)
             .List("sensor-model", {.page = {}, .filter = filter}, VersionOrder::kNewestFirst)
             .status();
       }},
      {"runs",
       [&]() -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(const auto filter, ParseRunFilter("state = FINISHED"));
         return PostgresExperimentStore(&pool)
             .ListRuns("-", {.page = {}, .filter = filter})
             .status();
       }},
      {"experiments",
       [&]() -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(const auto filter, ParseExperimentFilter("display_name = e"));
         return PostgresExperimentStore(&pool)
             .ListExperiments({.page = {}, .filter = filter})
             .status();
       }},
      {"champions", [&]() -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(const auto filter, ParseChampionFilter("plant_id = P001"));
         return PostgresChampionStore(&pool)
             .List("sensor-model", {.page = {}, .filter = filter})
             .status();
       }}};
  std::vector<std::thread> threads;
  for (const auto& [what, list] : lists) {
    threads.emplace_back([&what = what, &list = list] {
      const absl::Status status = list();
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << what << ": " << status;
      EXPECT_EQ(ReasonOf(status),
                std::string(what) == "experiments" ? "FILTER_NOT_INDEXED" : "FILTER_TOO_WIDE")
          << what << ": " << status;
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace fleetcast::registry
