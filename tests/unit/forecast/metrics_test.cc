#include "common/forecast/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

TEST(ForecastErrors, FollowTheirDefinitions) {
  ErrorSum sum;
  // actual, forecast, last value, seasonal value
  sum.Add({1, 2, 0, 3});
  sum.Add({3, 3, 0, 3});
  sum.Add({5, 3, 1, 1});
  sum.Add({7, 8, 1, 5});
  const ForecastErrors errors = sum.Result(/*mase_scale=*/4);
  EXPECT_DOUBLE_EQ(errors.mae, 1.0);                                  // (1 + 0 + 2 + 1) / 4
  EXPECT_DOUBLE_EQ(errors.rmse, std::sqrt(6.0 / 4));                  // 1 + 0 + 4 + 1
  EXPECT_DOUBLE_EQ(errors.r2, 1 - 6.0 / 20);                          // mean 4; 9 + 1 + 1 + 9
  EXPECT_DOUBLE_EQ(errors.mase, 0.25);                                // mae / 4
  EXPECT_DOUBLE_EQ(errors.mae_repeat_last, 3.5);                      // (1 + 3 + 4 + 6) / 4
  EXPECT_DOUBLE_EQ(errors.rmse_repeat_last, std::sqrt(62.0 / 4));     // 1 + 9 + 16 + 36
  EXPECT_DOUBLE_EQ(errors.mae_seasonal_naive, 2.0);                   // (2 + 0 + 4 + 2) / 4
  EXPECT_DOUBLE_EQ(errors.rmse_seasonal_naive, std::sqrt(24.0 / 4));  // 4 + 0 + 16 + 4
  EXPECT_DOUBLE_EQ(errors.skill_vs_repeat_last, 1 - 1 / 3.5);
  EXPECT_DOUBLE_EQ(errors.skill_vs_seasonal_naive, 0.5);
  EXPECT_DOUBLE_EQ(errors.skill(), 0.5);
}

TEST(ForecastErrors, OfConstantValuesAreFinite) {
  ErrorSum exact, off;
  exact.Add({2, 2, 2, 2});
  off.Add({2, 3, 2, 2});
  EXPECT_DOUBLE_EQ(exact.Result(1).r2, 1);
  EXPECT_DOUBLE_EQ(exact.Result(1).skill(), 0);
  EXPECT_DOUBLE_EQ(off.Result(1).r2, 0);
  EXPECT_DOUBLE_EQ(off.Result(1).skill(), -1);
}

TEST(Metrics, AreOfAllStepsAndOfEach) {
  MetricsSum sum(/*horizon=*/2, {});
  sum.Add({.last_value = 1, .forecast = {2, 4}, .actual = {1, 1}, .seasonal = {1, 1}});
  const Metrics metrics = sum.Result(1);
  EXPECT_EQ(metrics.windows, 1);
  EXPECT_DOUBLE_EQ(metrics.mae, 2);
  ASSERT_EQ(metrics.by_step.size(), 2u);
  EXPECT_DOUBLE_EQ(metrics.by_step[0].mae, 1);
  EXPECT_DOUBLE_EQ(metrics.by_step[1].mae, 3);
}

TEST(Metrics, CountWhatEachIntervalCovers) {
  MetricsSum sum(/*horizon=*/2, {50, 90});
  sum.Add({.forecast = {11, 11},  // asymmetric; on a border: within
           .actual = {10, 10},
           .seasonal = {0, 0},
           .intervals = {{50, {9, 10.5}, {11, 12}}, {90, {8, 10}, {13, 13}}}});
  sum.Add({.forecast = {15, 15},
           .actual = {10, 10},
           .seasonal = {0, 0},
           .intervals = {{50, {14, 14}, {16, 16}}, {90, {13, 10}, {17, 20}}}});
  const Metrics metrics = sum.Result(1);
  ASSERT_EQ(metrics.coverage.size(), 2u);
  EXPECT_DOUBLE_EQ(metrics.coverage[0].level, 50);
  EXPECT_DOUBLE_EQ(metrics.coverage[0].share, 25);
  EXPECT_DOUBLE_EQ(metrics.coverage[1].share, 75);
}

TEST(NaiveSeason, IsADayWhereOneLiesBeforeThePartElseTheHorizon) {
  EXPECT_EQ(NaiveSeason(3600, 6, 24), 24u);
  EXPECT_EQ(NaiveSeason(3600, 6, 23), 6u);
  EXPECT_EQ(NaiveSeason(86'400, 14, 1000), 14u);
  EXPECT_EQ(NaiveSeason(7000, 14, 1000), 14u);
}

TEST(SeasonalNaive, RepeatsTheLastSeason) {
  const std::vector<double> values = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(SeasonalNaive(values, 5, 5, 3), (std::vector<double>{3, 4, 5, 3, 4}));
  EXPECT_EQ(SeasonalNaive(values, 7, 2, 4), (std::vector<double>{4, 5}));
}

TEST(SeasonalNaive, FallsBackOnTheLastValue) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> values = {0, 1, 2, missing, 4, 5};
  EXPECT_EQ(SeasonalNaive(values, 5, 3, 3), (std::vector<double>{5, 4, 5}));
  EXPECT_EQ(SeasonalNaive(values, 1, 3, 4), (std::vector<double>{1, 1, 0}));
}

TEST(ConformalEnds, TakeTheCorrectedRankOnEitherSide) {
  std::vector<double> errors(99);
  std::iota(errors.begin(), errors.end(), -39.0);  // -39 to 59
  const auto expect = [&](double level, double lower, double upper) {
    const IntervalEnds ends = ConformalEnds(errors, level);
    EXPECT_DOUBLE_EQ(ends.lower, lower) << level;
    EXPECT_DOUBLE_EQ(ends.upper, upper) << level;
  };
  expect(80, -30, 50);    // the 10th and the 90th of 99
  expect(98, -39, 59);    // the first and the last
  expect(99.9, -39, 59);  // beyond the sample
  std::vector<double> above = {3, 1, 2};
  EXPECT_DOUBLE_EQ(ConformalEnds(above, 50).lower, 0);  // holds the forecast itself
  EXPECT_DOUBLE_EQ(ConformalEnds(above, 50).upper, 3);
}

TEST(ConformalEnds, NeverComeCloserAsTheLevelRises) {
  std::vector<double> errors = {5, -3, 9, 1, -4, 4, 8};
  IntervalEnds previous;
  for (double level = 1; level < 100; level += 1) {
    const IntervalEnds ends = ConformalEnds(errors, level);
    EXPECT_LE(ends.lower, previous.lower);
    EXPECT_GE(ends.upper, previous.upper);
    previous = ends;
  }
}

}  // namespace
}  // namespace fleetcast::forecast
