#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

std::string TrainedBytes(std::uint64_t seed) {
  ModelSpec spec = SmallSpec();
  spec.seed = seed;
  spec.epochs = 2;
  const auto trained = Train(DailyCycle(400), spec, {}, nullptr);
  return trained.ok() ? trained->model.Serialize() : std::string(trained.status().message());
}

TEST(Train, GivesTheSameModelFromTheSameSeed) {
  EXPECT_EQ(TrainedBytes(7), TrainedBytes(7));
  EXPECT_NE(TrainedBytes(7), TrainedBytes(8));
}

TEST(Train, IsNotDisturbedByTrainingsInOtherThreads) {
  const std::string alone = TrainedBytes(3);
  std::vector<std::string> together(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < together.size(); ++i) {
    threads.emplace_back([&, i] { together[i] = TrainedBytes(i < 2 ? 3 : 100 + i); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(together[0], alone);
  EXPECT_EQ(together[1], alone);
}

TEST(Train, BeatsBothNaiveForecastsOnADailyCycle) {
  ModelSpec spec = SmallSpec();
  spec.epochs = 30;
  const auto trained = Train(DailyCycle(1500), spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_GT(trained->test.skill_vs_repeat_last, 0.2);
  EXPECT_GT(trained->test.skill_vs_seasonal_naive, 0.1);
  EXPECT_GT(trained->test.r2, 0.8);
}

TEST(Train, IntervalsHoldAboutAsManyValuesAsTheySay) {
  const TimeSeries series = DailyCycle(1500);
  const auto trained = Train(series, SmallSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  std::vector<double> inside(2, 0);
  double values = 0;
  for (std::size_t end = trained->test_rows.begin; end + 6 <= series.rows(); ++end) {
    TimeSeries history = series;
    history.unix_seconds.resize(end);
    history.values.resize(end * 3);
    const auto forecast = trained->model.Forecast(history);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    for (std::size_t step = 0; step < 6; ++step, ++values) {
      const double actual = series.at(end + step, 0);
      for (std::size_t i = 0; i < 2; ++i) {
        const Interval& interval = forecast->intervals[i];
        inside[i] += actual >= interval.lower[step] && actual <= interval.upper[step];
      }
    }
  }
  EXPECT_NEAR(inside[0] / values, 0.80, 0.1);
  EXPECT_NEAR(inside[1] / values, 0.95, 0.05);
}

TEST(Train, ScoresReadingsOnly) {
  TimeSeries series = DailyCycle(600);
  for (std::size_t row = 100; row < 130; ++row) {
    series.values[row * 3] = std::numeric_limits<double>::quiet_NaN();
  }
  series.values[550 * 3] = std::numeric_limits<double>::quiet_NaN();
  const auto trained = Train(series, SmallSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_TRUE(std::isfinite(trained->test.mae));
  // No window begins after a row without a reading.
  EXPECT_EQ(trained->test.windows, SmallModel().test.windows - 1);
}

TEST(Train, ReportsEachEpochAndStopsWhenToldTo) {
  std::vector<EpochProgress> seen;
  const auto trained = Train(DailyCycle(600), SmallSpec(), {}, [&](const EpochProgress& progress) {
    seen.push_back(progress);
    return true;
  });
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_GE(trained->history.size(), 3u);  // the fewest before training stops by itself
  ASSERT_GE(seen.size(), trained->history.size());
  EXPECT_EQ(seen.back().epoch, static_cast<int>(trained->history.size()));
  EXPECT_EQ(seen.back().epochs, 4);
  EXPECT_GT(trained->history[0].training_loss, 0);
  EXPECT_GT(trained->history[0].validation_loss, 0);

  const auto cancelled = Train(DailyCycle(600), SmallSpec(), {},
                               [](const EpochProgress& progress) { return progress.epoch < 2; });
  EXPECT_EQ(cancelled.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ReasonOf(cancelled.status()), "TRAINING_CANCELLED");
}

TEST(Train, CanBeCancelledWithinAnEpoch) {
  ModelSpec spec = SmallSpec();
  spec.sequence_length = 96;
  spec.lstm_units = 128;
  spec.batch_size = 1;  // thousands of steps in the first epoch
  const auto trained =
      Train(DailyCycle(6000), spec, {}, [](const EpochProgress&) { return false; });
  EXPECT_EQ(ReasonOf(trained.status()), "TRAINING_CANCELLED");
  EXPECT_EQ(DetailsOf(trained.status())->metadata.at("epoch"), "1");
}

TEST(Train, ThatDivergesNamesTheEpoch) {
  ModelSpec spec = SmallSpec();
  spec.learning_rate = 10;
  const auto trained = Train(DailyCycle(600), spec, {}, nullptr);
  ASSERT_EQ(trained.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(trained.status()), "TRAINING_DIVERGED");
  EXPECT_EQ(DetailsOf(trained.status())->metadata.at("epoch"), "1");
}

TEST(Train, OfDataThatWillNotDoSaysWhy) {
  const auto reason = [](const TimeSeries& series) {
    const auto trained = Train(series, SmallSpec(), {}, nullptr);
    EXPECT_EQ(trained.status().code(), absl::StatusCode::kFailedPrecondition);
    return ReasonOf(trained.status());
  };
  EXPECT_EQ(reason(DailyCycle(0)), "DATA_TOO_FEW_ROWS");
  EXPECT_EQ(reason(DailyCycle(30)), "DATA_TOO_FEW_ROWS");
  TimeSeries series = DailyCycle(600);
  for (std::size_t row = 0; row < 500; ++row) {
    series.values[row * 3] = std::numeric_limits<double>::quiet_NaN();
  }
  EXPECT_EQ(reason(series), "DATA_NOT_FINITE");
  series = DailyCycle(600);
  for (std::size_t row = 0; row < 600; ++row) series.values[row * 3] = 5;
  EXPECT_EQ(reason(series), "DATA_CONSTANT_TARGET");
  series = DailyCycle(600);
  series.columns[1] = "renamed";
  EXPECT_EQ(reason(series), "DATA_COLUMN_MISSING");
  series = DailyCycle(600);
  series.unix_seconds[300] += 1;
  EXPECT_EQ(reason(series), "DATA_IRREGULAR_STEP");
}

TEST(Train, WithABadHyperparameterNamesIt) {
  ModelSpec spec = SmallSpec();
  spec.dropout = 2;
  EXPECT_EQ(ReasonOf(Train(DailyCycle(600), spec, {}, nullptr).status()), "HYPERPARAMETER_INVALID");
  EXPECT_EQ(ReasonOf(Train(DailyCycle(600), SmallSpec(), {0.9, 0.2}, nullptr).status()),
            "HYPERPARAMETER_INVALID");
}

TEST(Train, WithAConstantFeatureWorks) {
  TimeSeries series = DailyCycle(600);
  for (std::size_t row = 0; row < 600; ++row) series.values[row * 3 + 1] = 20;
  const auto trained = Train(series, SmallSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_TRUE(std::isfinite(trained->test.mae));
  ASSERT_EQ(trained->remarks.size(), 1U);
  EXPECT_EQ(trained->remarks[0].kind, "COLUMN_CONSTANT");
}

// A column that is usually quiet and now and then far away: what is beyond counts as four
// deviations, and this is said.
TEST(Train, SaysWhichValuesOfItsInputsAreClipped) {
  TimeSeries series = DailyCycle(1200);
  for (std::size_t row = 100; row < 900; row += 97) {
    for (std::size_t i = 0; i < 3; ++i) series.values[(row + i) * 3 + 1] += 20 + 5 * i;
  }
  const auto trained = Train(series, SmallSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_EQ(trained->model.input_columns().size(), 2U) << "the weather has to count here";
  ASSERT_EQ(trained->remarks.size(), 1U);
  EXPECT_EQ(trained->remarks[0].kind, "CLIPPED");
  EXPECT_EQ(trained->remarks[0].column, "weather");
  EXPECT_GT(trained->remarks[0].count, 0);
}

TEST(Train, OutlivesAStuckSensorAndATargetMissingForDays) {
  TimeSeries series = DailyCycle(1200);
  for (std::size_t row = 200; row < 320; ++row) series.values[row * 3] = 50;  // stuck
  for (std::size_t row = 900; row < 972; ++row) {
    series.values[row * 3] = std::numeric_limits<double>::quiet_NaN();
  }
  const auto trained = Train(series, SmallSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  for (std::size_t row = 250; row < 252; ++row) {  // amid equal values
    TimeSeries history = series;
    history.unix_seconds.resize(row);
    history.values.resize(row * 3);
    const auto forecast = trained->model.Forecast(history);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    for (std::size_t step = 0; step < forecast->values.size(); ++step) {
      EXPECT_TRUE(std::isfinite(forecast->values[step]));
      EXPECT_GT(forecast->intervals[0].upper[step], forecast->intervals[0].lower[step]);
    }
  }
  TimeSeries gap = series;
  gap.unix_seconds.resize(960);
  gap.values.resize(960 * 3);
  EXPECT_EQ(ReasonOf(trained->model.Forecast(gap).status()), "DATA_NOT_FINITE");
}

TEST(Train, OfASensorThatNobodyCanForecastStaysNearItsLastValue) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> noise;
  std::vector<double> walk(1000);
  for (std::size_t i = 1; i < walk.size(); ++i) walk[i] = walk[i - 1] + noise(random);
  ModelSpec spec = SmallSpec();
  spec.feature_columns = {"value"};
  spec.target_column = "value";
  const auto trained = Train(SeriesOf(walk), spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_LT(trained->test.rmse, 1.02 * trained->test.rmse_repeat_last);
}

TEST(Train, OfATargetOutsideTheFeaturesWorks) {
  ModelSpec spec = SmallSpec();
  spec.feature_columns = {"weather"};
  EXPECT_TRUE(Train(DailyCycle(600), spec, {}, nullptr).ok());
}

TEST(Train, OnTransformerChannelsBeatsBothNaiveForecasts) {
  const auto series = TransformerSeries(4000);
  if (!series.has_value()) GTEST_SKIP() << "shared/data/ett/ETTh1.csv is absent";
  ModelSpec spec = SmallSpec();
  spec.sequence_length = 24;
  spec.horizon = 24;
  spec.lstm_units = 16;
  spec.epochs = 12;
  spec.feature_columns = series->columns;
  for (const std::string& target : {std::string("OT"), std::string("HUFL")}) {
    spec.target_column = target;
    const auto trained = Train(*series, spec, {}, nullptr);
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_GT(trained->test.skill(), 0) << target;
  }
}

}  // namespace
}  // namespace fleetcast::forecast
