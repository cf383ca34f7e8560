// Stored forecasts held against the readings that came.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/db/transaction.h"
#include "services/inference/domain/live_accuracy.h"
#include "services/inference/storage/forecast_partitions.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/postgres_release_store.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/score_rows.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

using ::testing::HasSubstr;

const CircuitId kScored{"P001", "C001"};
const absl::Time kScoredFrom = absl::FromUnixSeconds(1'765'324'800);  // 2025-12-10T00:00:00Z
constexpr int kHorizon = 24;

class ScoreTest : public InferenceContract {
 protected:
  void SetUp() override { DeployWith(kScored, 1, "2025-12-01"); }

  void DeployWith(const CircuitId& circuit, std::int64_t version, const std::string& cutoff_date) {
    Deployment deployment = Of(circuit, version);
    deployment.mae = 1.0;
    deployment.cutoff_date = cutoff_date;
    ASSERT_TRUE(deployments_.Deploy(NewRequest(), deployment, "").ok());
  }

  static double ReadingAt(int hour) { return hour; }

  // What a sweep at `hour` stores: it says `off` more than what will come, and knows the readings
  // of the last days.
  static Forecast At(int hour, double off = 0.5, std::int64_t version = 1,
                     const CircuitId& circuit = kScored) {
    Forecast forecast = ForecastOf(circuit, version, "s1", 1, 0);
    forecast.issue_time = kScoredFrom + absl::Hours(hour);
    forecast.interval_levels = {80, 95};
    for (int step = 1; step <= kHorizon; ++step) {
      const double value = ReadingAt(hour + step) + off;
      forecast.points.push_back({.time = forecast.issue_time + step * absl::Hours(1),
                                 .value = value,
                                 .lower = {value - 1, value - 2},
                                 .upper = {value + 1, value + 2}});
    }
    forecast.deployed_version = version;
    for (int back = 72; back >= 0; --back)
      forecast.readings.push_back(
          {forecast.issue_time - absl::Hours(back), ReadingAt(hour - back)});
    return forecast;
  }

  static absl::Status StoreAndScore(db::ConnectionPool& pool, const std::vector<Forecast>& all) {
    return db::RunInTransaction(pool, [&](pqxx::work& work) {
      StoreForecasts(work, all);
      ScoreForecasts(work, all);
      return absl::OkStatus();
    });
  }
  void Sweep(const std::vector<Forecast>& all) {
    const absl::Status stored = StoreAndScore(pool_, all);
    ASSERT_TRUE(stored.ok()) << stored;
  }

  std::optional<CircuitRecord::Live> LiveOf(const CircuitId& circuit) {
    const auto status = releases_.GetStatus(circuit);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.ok() ? status->record.live : std::nullopt;
  }
  LiveAccuracy Accuracy(const CircuitId& circuit = kScored) {
    const auto live = LiveOf(circuit);
    return live ? LiveAccuracyOf(live->summary).value_or(LiveAccuracy{}) : LiveAccuracy{};
  }
  std::optional<Condition> Drifted(const CircuitId& circuit = kScored) {
    const auto status = releases_.GetStatus(circuit);
    EXPECT_TRUE(status.ok()) << status.status();
    for (const Condition& condition : status->conditions)
      if (condition.type == ConditionType::kDrifted) return condition;
    return std::nullopt;
  }

  workqueue::Queue releasing_{ReleasingQueueOptions(), pool_, pool_};
  PostgresReleaseStore releases_{releasing_, ids_, absl::Minutes(15)};
};

TEST_F(ScoreTest, AReadingIsScoredOnceByTheSweepThatFirstSeesIt) {
  Sweep({At(0)});
  EXPECT_EQ(Accuracy().count, 0) << "nothing was said before";
  EXPECT_EQ(LiveOf(kScored)->scored_until, kScoredFrom);
  Sweep({At(1)});
  EXPECT_EQ(Accuracy().count, 1);
  for (int again = 0; again < 2; ++again) Sweep({At(1)});
  EXPECT_EQ(Accuracy().count, 1) << "a sweep of the same readings scores nothing";
  Sweep({At(2)});
  const LiveAccuracy live = Accuracy();
  EXPECT_EQ(live.count, 3) << "of two forecasts";
  EXPECT_DOUBLE_EQ(live.mae, 0.5);
  EXPECT_EQ(live.covered, (std::vector<double>{100, 100}));
}

TEST_F(ScoreTest, ReadingsThatCameTogetherAreAllScored) {
  Sweep({At(0)});
  Sweep({At(30, 2.5)});  // a day's pause: steps 1 to 24 of the first are known, what follows is not
  const LiveAccuracy live = Accuracy();
  EXPECT_EQ(live.count, 24);
  ASSERT_EQ(live.bands.size(), 4U);
  for (const HorizonBand& band : live.bands) EXPECT_EQ(band.count, 6);
}

TEST_F(ScoreTest, TwoSweepsAtOnceScoreAReadingOnce) {
  Sweep({At(0)});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const absl::Status stored = StoreAndScore(pool_, {At(5)});
      EXPECT_TRUE(stored.ok()) << stored;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Accuracy().count, 5);
}

TEST_F(ScoreTest, WhatIsNotStoredIsNotScored) {
  Sweep({At(0)});
  const absl::Status failed = db::RunInTransaction(pool_, [&](pqxx::work& work) {
    StoreForecasts(work, {At(1)});
    ScoreForecasts(work, {At(1)});
    return absl::InternalError("its lease was lost");
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(Accuracy().count, 0);
  Sweep({At(1)});
  EXPECT_EQ(Accuracy().count, 1);
}

TEST_F(ScoreTest, WhatItCostsIsBoundedAndEveryPartOfTheHorizonHasItsTurn) {
  std::int64_t before = 0;
  for (int hour = 0; hour < 80; ++hour) {
    Sweep({At(hour)});
    const std::int64_t count = Accuracy().count;
    EXPECT_LE(count - before, kForecastsScored);
    before = count;
  }
  const LiveAccuracy live = Accuracy();
  ASSERT_EQ(live.bands.size(), 4U);
  for (const HorizonBand& band : live.bands) EXPECT_GE(band.count, live.count / 6);
}

TEST_F(ScoreTest, OnlyWhatTheVersionInServiceSaidAfterItsTrainingIsScored) {
  DeployWith({"P001", "C002"}, 1, "2025-12-10");  // trained on the first day
  const CircuitId two{"P001", "C002"};
  Sweep({At(0), At(0, 0.5, 1, two)});
  Sweep({At(26), At(26, 0.5, 1, two)});
  EXPECT_EQ(Accuracy().count, 24);
  EXPECT_EQ(Accuracy(two).count, 1) << "hour 24 alone is after the cutoff date and was forecast";

  Forecast naive = At(27);
  naive.model_version = 0;
  naive.source = ForecastSource::kSeasonalNaive;
  Sweep({naive});
  EXPECT_EQ(Accuracy().count, 25) << "what stands in brings readings too";
  Sweep({At(28)});
  EXPECT_EQ(Accuracy().count, 26) << "but is not held against the version";

  DeployWith(kScored, 2, "2025-12-01");
  Sweep({At(29)});  // a sweep from before the deployment
  EXPECT_FALSE(LiveOf(kScored)) << "of version 2 nothing is known yet";
  Sweep({At(30, 0.25, 2)});
  Sweep({At(31, 0.25, 2)});
  EXPECT_EQ(Accuracy().count, 1);
  EXPECT_DOUBLE_EQ(Accuracy().mae, 0.25);
  DeployWith(kScored, 1, "2025-12-01");
  EXPECT_EQ(Accuracy().count, 26) << "a version that returns has its own again";
}

TEST_F(ScoreTest, ReadingsThatAreLeftOutAreNotScored) {
  Sweep({At(0)});
  Forecast forecast = At(3);
  forecast.readings.erase(forecast.readings.end() - 2);  // an outlier, or none came
  Sweep({forecast});
  EXPECT_EQ(Accuracy().count, 2);
}

TEST_F(ScoreTest, ASensorThatDriftsIsToldSinceWhenUntilItIsGoodAgain) {
  for (int hour = 0; hour < 24 * 4; hour += 6) Sweep({At(hour, 3)});
  EXPECT_FALSE(Drifted()) << "four days may be chance";
  for (int hour = 24 * 4; hour <= 24 * 7; hour += 6) Sweep({At(hour, 3)});
  const auto drifted = Drifted();
  ASSERT_TRUE(drifted);
  EXPECT_EQ(drifted->severity, Severity::kWarning);
  EXPECT_EQ(drifted->reason, "ERROR_ABOVE_BACKTEST");
  EXPECT_THAT(drifted->message, HasSubstr("off by 3, for 1 on held-out rows"));
  EXPECT_EQ(drifted->since, kScoredFrom + absl::Hours(24 * 4));
  for (int hour = 24 * 7 + 6; hour <= 24 * 20; hour += 6) Sweep({At(hour, 0.5)});
  EXPECT_FALSE(Drifted());
}

TEST_F(ScoreTest, ScoresOfVersionsThatServeNoMoreGoWithOldForecasts) {
  Sweep({At(0)});
  ASSERT_TRUE(DropOldForecasts(pool_, absl::ZeroDuration()).ok());
  EXPECT_TRUE(LiveOf(kScored)) << "it serves";
  DeployWith(kScored, 2, "2025-12-01");
  ASSERT_TRUE(DropOldForecasts(pool_, absl::ZeroDuration()).ok());
  DeployWith(kScored, 1, "2025-12-01");
  EXPECT_FALSE(LiveOf(kScored));
}

TEST_F(ScoreTest, AStuckSensorIsAConditionSinceItsFirstReading) {
  Forecast forecast = At(50);
  forecast.remarks = {{"FILLED", "temperature", 3, "3 of 24 values"},
                      {"STUCK", "temperature", 30, "30 readings in a row are 4.5"}};
  Sweep({forecast});
  const auto status = releases_.GetStatus(kScored);
  ASSERT_TRUE(status.ok()) << status.status();
  for (const Condition& condition : status->conditions)
    if (condition.type == ConditionType::kSensorStuck) {
      EXPECT_THAT(condition.message, HasSubstr("30 readings in a row are 4.5"));
      EXPECT_EQ(condition.since, kScoredFrom + absl::Hours(21));
      return;
    }
  ADD_FAILURE() << "no condition SENSOR_STUCK";
}

}  // namespace
}  // namespace fleetcast::inference
