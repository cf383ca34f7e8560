#include "services/inference/domain/forecast_store.h"

#include "common/db/transaction.h"
#include "services/inference/storage/rows.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

TEST_F(InferenceContract, AForecastReadsBackToTheLastBit) {
  Forecast wanted = ForecastOf({"P001", "C001"}, 4, "s1", 1.0 / 3);
  wanted.remarks = {{"FILLED", "a \"b\" {c}, d\\", 3, "3 of 24 values"},
                    {"STALE", "", 7, "old: Ü"}};
  Store(wanted);
  const auto page = forecasts_.List({}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->items.size(), 1U);
  const Forecast& stored = page->items[0];
  EXPECT_EQ(stored.circuit, wanted.circuit);
  EXPECT_EQ(stored.issue_time, wanted.issue_time);
  EXPECT_EQ(stored.model_version, 4);
  EXPECT_EQ(stored.target_column, "temperature");
  EXPECT_EQ(stored.interval_levels, wanted.interval_levels);
  EXPECT_EQ(stored.remarks, wanted.remarks);
  EXPECT_EQ(forecasts_.List({.latest_only = true}, {})->items.at(0).remarks, wanted.remarks);
  EXPECT_EQ(stored.sweep_id, "s1");
  ASSERT_EQ(stored.points.size(), wanted.points.size());
  for (std::size_t i = 0; i < wanted.points.size(); ++i) {
    EXPECT_EQ(stored.points[i].time, wanted.points[i].time);
    EXPECT_EQ(stored.points[i].value, wanted.points[i].value);
    EXPECT_EQ(stored.points[i].lower, wanted.points[i].lower);
    EXPECT_EQ(stored.points[i].upper, wanted.points[i].upper);
  }
}

TEST_F(InferenceContract, TheSameForecastAgainReplacesItWithoutDuplicateOrHole) {
  for (const auto& [sweep, value, horizon] :
       {std::tuple{"s1", 1.0, 5}, std::tuple{"s2", 2.0, 3}, std::tuple{"s3", 3.0, 4}}) {
    Store(ForecastOf({"P001", "C001"}, 1, sweep, value, horizon));
    const auto forecasts = forecasts_.List({}, {})->items;
    ASSERT_EQ(forecasts.size(), 1U);
    EXPECT_EQ(forecasts[0].sweep_id, sweep);
    ASSERT_EQ(forecasts[0].points.size(), static_cast<std::size_t>(horizon));
    EXPECT_DOUBLE_EQ(forecasts[0].points.back().value, value + 0.1 * horizon);
  }
}

TEST_F(InferenceContract, ForecastsAreListedLatestFirstPageByPage) {
  int hour = 0;
  for (const std::int64_t version : {1, 2}) {
    for (const CircuitId& circuit :
         {CircuitId{"P001", "C001"}, CircuitId{"P001", "C002"}, CircuitId{"P002", "C001"}}) {
      Forecast forecast = ForecastOf(circuit, version, "s" + std::to_string(version));
      forecast.issue_time += absl::Hours(hour);
      Store(forecast);
    }
    if (version == 1) ++hour;
  }
  const auto names = [&](ForecastQuery query, int size) {
    std::vector<std::string> seen;
    PageRequest page{.size = size};
    do {
      const auto found = forecasts_.List(query, page);
      EXPECT_TRUE(found.ok()) << found.status();
      for (const Forecast& forecast : found->items) {
        EXPECT_EQ(forecast.points.size(), 3U);
        seen.push_back(CircuitKey(forecast.circuit) + " v" +
                       std::to_string(forecast.model_version));
      }
      page.after = found->next_after;
    } while (!page.after.empty());
    return seen;
  };
  using Names = std::vector<std::string>;
  const Names all{"P001.C001 v2", "P001.C002 v2", "P002.C001 v2",
                  "P001.C001 v1", "P001.C002 v1", "P002.C001 v1"};
  for (const int size : {1, 2, 4, 100}) EXPECT_EQ(names({}, size), all);
  EXPECT_EQ(names({.latest_only = true}, 2), Names(all.begin(), all.begin() + 3));
  EXPECT_EQ(names({.circuit = {"P001", ""}}, 3), (Names{all[0], all[1], all[3], all[4]}));
  EXPECT_EQ(names({.circuit = {"", "C001"}}, 3), (Names{all[0], all[2], all[3], all[5]}));
  EXPECT_EQ(names({.filter = *ParseFilter("issue_time <= \"2025-12-09T23:00:00Z\"",
                                          ForecastFilterFields())},
                  9),
            Names(all.begin() + 3, all.end()));
  EXPECT_EQ(names({.filter = *ParseFilter("model_version = \"models/sensor-model/versions/1\"",
                                          ForecastFilterFields())},
                  9),
            Names(all.begin() + 3, all.end()));
  EXPECT_EQ(names({.filter = *ParseFilter("invocation = \"sweeps/s2/invocations/P001.C002\"",
                                          ForecastFilterFields())},
                  9),
            Names{all[1]});
}

// Whoever rolled a version back reads what the one before it says, although no reading has come.
TEST_F(InferenceContract,
       OfSeveralForecastsFromTheSameReadingsThatOfTheVersionInServiceIsTheLatest) {
  const CircuitId circuit{"P001", "C001"};
  Forecast forecast = ForecastOf(circuit, 2, "s");
  const auto latest_after = [&](std::int64_t version) {
    forecast.model_version = version;
    Store(forecast);
    const auto latest = forecasts_.List({.latest_only = true}, {})->items;
    EXPECT_EQ(latest.size(), 1U);
    return latest.at(0).model_version;
  };
  EXPECT_EQ(latest_after(2), 2);
  EXPECT_EQ(latest_after(1), 1) << "none serves: the one that was made later";
  Deploy(circuit, 2);
  EXPECT_EQ(latest_after(2), 2);
  EXPECT_EQ(latest_after(1), 2) << "of a sweep that was asked for before";
  Deploy(circuit, 1);
  EXPECT_EQ(latest_after(1), 1) << "rolled back";
  EXPECT_EQ(latest_after(2), 1) << "of a sweep that was asked for before";
  forecast.issue_time += absl::Hours(1);
  EXPECT_EQ(latest_after(2), 2) << "from later readings";
  EXPECT_EQ(forecasts_.List({}, {})->items.size(), 3U);
}

TEST_F(InferenceContract, WithdrawingAForecastLeavesThatOfTheVersionInService) {
  const CircuitId circuit{"P001", "C001"};
  Deploy(circuit, 1);
  for (const std::int64_t version : {1, 3, 2}) Store(ForecastOf(circuit, version, "s"));
  Forecast later = ForecastOf(circuit, 2, "s");
  later.issue_time += absl::Hours(1);
  Store(later);
  ASSERT_TRUE(
      forecasts_.Withdraw(NewRequest(), {circuit, later.issue_time, 2}, "anna", "wrong").ok());
  EXPECT_EQ(forecasts_.List({.latest_only = true}, {})->items.at(0).model_version, 1);
}

TEST_F(InferenceContract, AForecastSaysWhatMadeItAndIsFoundByItsName) {
  const CircuitId circuit{"P001", "C001"};
  Forecast naive = ForecastOf(circuit, 0, "s1");
  naive.source = ForecastSource::kSeasonalNaive;
  naive.source_reason = "version 3 could not: \"gone\", {a}";
  Store(naive);
  const ForecastName name{circuit, naive.issue_time, 0};
  const auto found = forecasts_.Get(name);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->source, ForecastSource::kSeasonalNaive);
  EXPECT_EQ(found->source_reason, naive.source_reason);
  EXPECT_EQ(found->points.size(), naive.points.size());
  EXPECT_TRUE(absl::IsNotFound(forecasts_.Get({circuit, naive.issue_time, 3}).status()));

  const auto matching = [&](const std::string& filter) {
    const auto parsed = ParseFilter(filter, ForecastFilterFields());
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    return forecasts_.List({.filter = *parsed}, {})->items.size();
  };
  Store(ForecastOf(circuit, 3, "s2"));
  EXPECT_EQ(matching("source = \"SEASONAL_NAIVE\""), 1U);
  EXPECT_EQ(matching("model_version = \"\""), 1U);
  EXPECT_EQ(matching("model_version = \"models/sensor-model/versions/3\""), 1U);
}

// A version's forecast from the same readings is better than what stood in for it, whichever came
// first.
TEST_F(InferenceContract, AtOneIssueTimeTheVersionsForecastIsTheLatest) {
  const CircuitId circuit{"P001", "C001"};
  Forecast naive = ForecastOf(circuit, 0, "s1");
  naive.source = ForecastSource::kLastValue;
  const auto latest = [&] {
    return forecasts_.List({.latest_only = true}, {})->items.at(0).source;
  };
  Store(naive);
  EXPECT_EQ(latest(), ForecastSource::kLastValue);
  Store(ForecastOf(circuit, 3, "s2"));
  EXPECT_EQ(latest(), ForecastSource::kDeployedVersion);
  Store(naive);
  EXPECT_EQ(latest(), ForecastSource::kDeployedVersion);
}

TEST_F(InferenceContract, WhatWasTheNewestForecastAtSomeMomentIsTold) {
  DeployFleet();
  const CircuitId one{"P001", "C001"}, two{"P001", "C002"};
  const auto at = [](const CircuitId& circuit, int hour) {
    Forecast forecast = ForecastOf(circuit, 1, "s1");
    forecast.issue_time += absl::Hours(hour);
    return forecast;
  };
  const auto now = [&] {
    const auto time =
        db::RunInTransaction(pool_, [](pqxx::work& work) -> absl::StatusOr<absl::Time> {
          return TimeOf(
              work.exec1("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")[0]);
        });
    return time.value_or(absl::UnixEpoch());
  };
  // The hours of the issue times of P001/C001 and P001/C002.
  const auto hours = [&](absl::Time as_of) {
    std::vector<int> found;
    const auto page = forecasts_.List({.as_of = as_of}, {});
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return found;
    for (const Forecast& forecast : page->items)
      found.push_back(static_cast<int>((forecast.issue_time - ForecastOf(one, 1, "s1").issue_time) /
                                       absl::Hours(1)));
    return found;
  };
  using Hours = std::vector<int>;
  const absl::Time before = now();
  Store(at(one, 1));
  const absl::Time first = now();
  Store(at(one, 2));
  Store(at(two, 2));
  const absl::Time second = now();
  Store(at(one, 0));  // of the past, as a backfill makes them: never the newest
  const absl::Time third = now();
  EXPECT_EQ(hours(before), Hours());
  EXPECT_EQ(hours(first), (Hours{1}));
  EXPECT_EQ(hours(second), (Hours{2, 2}));
  EXPECT_EQ(hours(third), (Hours{2, 2}));
  Store(at(one, 2));  // the same again, from the same readings
  EXPECT_EQ(hours(second), (Hours{2, 2}));
  Forecast mended = at(one, 2);
  mended.points[0].value += 1;
  Store(mended);  // another: it counts from now on
  EXPECT_EQ(hours(second), (Hours{1, 2}));
  EXPECT_EQ(hours(now()), (Hours{2, 2}));

  const auto page = forecasts_.List({.as_of = now()}, {.size = 1});
  ASSERT_EQ(page->items.size(), 1U);
  const auto rest = forecasts_.List({.as_of = now()}, {.size = 1, .after = page->next_after});
  ASSERT_EQ(rest->items.size(), 1U);
  EXPECT_EQ(rest->items[0].circuit, two);
}

TEST_F(InferenceContract, AWithdrawnForecastIsMarkedAndTheOneBeforeItIsTheLatest) {
  const CircuitId circuit{"P001", "C001"};
  Forecast earlier = ForecastOf(circuit, 1, "s1"), later = earlier;
  later.issue_time += absl::Hours(1);
  Store(earlier);
  Store(later);
  const ForecastName name{circuit, later.issue_time, 1};
  const MutatingRequest request = NewRequest();
  for (int again = 0; again < 2; ++again) {
    const auto withdrawn = forecasts_.Withdraw(request, name, "anna", "a wrong reading");
    ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
    ASSERT_TRUE(withdrawn->withdrawal);
    EXPECT_EQ(withdrawn->withdrawal->actor, "anna");
    EXPECT_EQ(withdrawn->withdrawal->reason, "a wrong reading");
    EXPECT_EQ(withdrawn->points.size(), later.points.size());
  }
  const auto other = forecasts_.Withdraw(NewRequest(), name, "mia", "again");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->withdrawal->actor, "anna") << "it stays as it is";
  const auto latest = [&] {
    const auto page = forecasts_.List({.latest_only = true}, {});
    std::vector<absl::Time> times;
    if (page.ok())
      for (const Forecast& forecast : page->items) times.push_back(forecast.issue_time);
    return times;
  };
  EXPECT_EQ(latest(), std::vector<absl::Time>{earlier.issue_time});
  EXPECT_EQ(forecasts_.List({}, {})->items.size(), 2U) << "the history has it, marked";
  EXPECT_TRUE(absl::IsNotFound(
      forecasts_.Withdraw(NewRequest(), {circuit, later.issue_time, 2}, "mia", "x").status()));

  const ForecastName first{circuit, earlier.issue_time, 1};
  ASSERT_TRUE(forecasts_.Withdraw(NewRequest(), first, "anna", "too").ok());
  EXPECT_TRUE(latest().empty());
  Store(later);  // the same again, by the next sweep
  EXPECT_TRUE(latest().empty());
  ASSERT_TRUE(forecasts_.Get(name)->withdrawal);
  EXPECT_EQ(forecasts_.Get(name)->withdrawal->actor, "anna");
  later.points[0].value += 1;
  Store(later);  // made again, of mended readings
  EXPECT_EQ(latest(), std::vector<absl::Time>{later.issue_time});
  EXPECT_FALSE(forecasts_.Get(name)->withdrawal);
}

}  // namespace
}  // namespace fleetcast::inference
