#include "common/forecast/backtest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "common/base/status.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

BacktestRequest SmallRequest() {
  return {.spec = SmallSpec(), .train_rows = 360, .validation_rows = 100, .test_rows = 90};
}

TEST(Backtest, JudgesEveryWindowOfTheTestPart) {
  const auto result = Backtest(DailyCycle(600), SmallRequest(), nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->test.windows, 90 - SmallSpec().horizon + 1);
  ASSERT_EQ(result->test.by_step.size(), static_cast<std::size_t>(SmallSpec().horizon));
}

TEST(Backtest, ScalesByTheTrainingRowsDeviation) {
  TimeSeries series = DailyCycle(600);
  const auto result = Backtest(series, SmallRequest(), nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  double sum = 0, squares = 0;
  for (std::size_t row = 0; row < 360; ++row) {
    sum += series.at(row, 0);
    squares += series.at(row, 0) * series.at(row, 0);
  }
  const double variance = squares / 360 - (sum / 360) * (sum / 360);
  EXPECT_NEAR(result->mse_scaled, result->test.rmse * result->test.rmse / variance, 1e-9);
  EXPECT_NEAR(result->mae_scaled, result->test.mae / std::sqrt(variance), 1e-9);
  const double naive = std::min(result->naive_repeat_mse_scaled, result->naive_seasonal_mse_scaled);
  EXPECT_NEAR(result->ratio_to_best_naive, result->mse_scaled / naive, 1e-12);
}

TEST(Backtest, DoesNotLookAtRowsBeyondItsParts) {
  TimeSeries series = DailyCycle(600);
  const auto result = Backtest(series, SmallRequest(), nullptr);
  for (std::size_t row = 550; row < 600; ++row) series.values[row * 3] += 1000;
  const auto same = Backtest(series, SmallRequest(), nullptr);
  ASSERT_TRUE(result.ok() && same.ok());
  EXPECT_EQ(result->mse_scaled, same->mse_scaled);
}

TEST(Backtest, IsTheMeanOfItsSeeds) {
  BacktestRequest request = SmallRequest();
  request.seeds = 2;
  std::set<int> trained;
  const auto both = Backtest(DailyCycle(600), request, [&](const BacktestProgress& progress) {
    return trained.insert(progress.seed), true;
  });
  EXPECT_EQ(trained, (std::set<int>{1, 2}));
  request.seeds = 1;
  const auto first = Backtest(DailyCycle(600), request, nullptr);
  ++request.spec.seed;
  const auto second = Backtest(DailyCycle(600), request, nullptr);
  ASSERT_TRUE(both.ok() && first.ok() && second.ok());
  EXPECT_NEAR(both->mse_scaled, (first->mse_scaled + second->mse_scaled) / 2, 1e-12);
  EXPECT_NEAR(both->test.by_step[2].mae,
              (first->test.by_step[2].mae + second->test.by_step[2].mae) / 2, 1e-12);
}

TEST(Backtest, TakesTheShareOfATrainingJobUnlessToldOtherwise) {
  const auto result = Backtest(DailyCycle(600), {.spec = SmallSpec()}, nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->test.windows, SmallModel().test.windows);
}

// From every row of the test part once, whoever forecasts.
TEST(Backtest, TrainsAnewEverySoManyRowsAndForecastsFromEachRowOnce) {
  BacktestRequest request = SmallRequest();
  request.refit_every = 40;
  int trainings = 0;
  const auto result = Backtest(DailyCycle(600), request, [&](const BacktestProgress& progress) {
    EXPECT_EQ(progress.trainings, 3);
    trainings = progress.training;
    return true;
  });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(trainings, 3);
  EXPECT_EQ(result->trainings, 3);
  const auto once = Backtest(DailyCycle(600), SmallRequest(), nullptr);
  EXPECT_EQ(result->test.windows, once->test.windows);
  EXPECT_EQ(result->test.mae_repeat_last, once->test.mae_repeat_last);
  EXPECT_NE(result->test.mae, once->test.mae);
  ASSERT_EQ(result->windows.size(), static_cast<std::size_t>(result->test.windows));
  for (std::size_t i = 1; i < result->windows.size(); ++i) {
    EXPECT_EQ(result->windows[i].issue_unix_seconds,
              result->windows[i - 1].issue_unix_seconds + 3600);
  }
  request.refit_every = 1;
  EXPECT_FALSE(Backtest(DailyCycle(600), request, nullptr).ok());
}

TEST(Backtest, ForecastsFromFewRowsWhereItIsToldTo) {
  BacktestRequest request = SmallRequest();
  request.origins = 7;
  const auto result = Backtest(DailyCycle(600), request, nullptr);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->test.windows, 7);
  ASSERT_EQ(result->windows.size(), 7U);
  double error = 0;
  for (const ScoredWindow& window : result->windows) {
    for (std::size_t step = 0; step < window.actual.size(); ++step) {
      error += std::abs(window.actual[step] - window.forecast[step]);
    }
  }
  EXPECT_NEAR(result->test.mae, error / (7 * SmallSpec().horizon), 1e-9);
}

TEST(Backtest, RefusesPartsThatDoNotFit) {
  for (const std::size_t test_rows : {0, 141}) {
    BacktestRequest request = SmallRequest();
    request.test_rows = test_rows;
    EXPECT_EQ(ReasonOf(Backtest(DailyCycle(600), request, nullptr).status()), "ROW_RANGE_INVALID")
        << test_rows;
  }
}

TEST(Backtest, StopsWhenTold) {
  const auto result = Backtest(DailyCycle(600), SmallRequest(),
                               [](const BacktestProgress& progress) { return progress.seed > 1; });
  EXPECT_EQ(ReasonOf(result.status()), "TRAINING_CANCELLED");
}

}  // namespace
}  // namespace fleetcast::forecast
