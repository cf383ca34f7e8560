#include "common/forecast/naive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

using ::testing::ElementsAre;

constexpr std::int64_t kFirst = 1'764'547'200;  // a midnight

TimeSeries SeriesOf(std::size_t rows, std::int64_t step, const std::function<double(int)>& value) {
  TimeSeries series{{"other", "load"}, {}, {}};
  for (std::size_t row = 0; row < rows; ++row) {
    series.unix_seconds.push_back(kFirst + static_cast<std::int64_t>(row) * step);
    series.values.push_back(-1);
    series.values.push_back(value(static_cast<int>(row)));
  }
  return series;
}

// A day that repeats, a little more each day, so that each error of the seasonal forecast is 1.
double Daily(int row) { return 10 * (row % 24) + row / 24; }

NaiveSpec Spec() { return {.target_column = "load", .horizon = 30, .interval_levels = {80, 95}}; }

std::vector<std::string> KindsOf(const NaiveForecast& naive) {
  std::vector<std::string> kinds;
  for (const Remark& remark : naive.result.remarks) kinds.push_back(remark.kind);
  return kinds;
}

TEST(Naive, TheDayBeforeIsRepeatedWithTheIntervalsOfItsOwnErrors) {
  const auto naive = MakeNaiveForecast(SeriesOf(24 * 14, 3600, Daily), Spec());
  ASSERT_TRUE(naive.ok()) << naive.status();
  EXPECT_TRUE(naive->seasonal);
  const ForecastResult& result = naive->result;
  EXPECT_EQ(result.issue_unix_seconds, kFirst + (24 * 14 - 1) * 3600);
  ASSERT_EQ(result.values.size(), 30U);
  EXPECT_EQ(result.unix_seconds[0], result.issue_unix_seconds + 3600);
  for (int step = 0; step < 30; ++step)
    EXPECT_EQ(result.values[step], 10 * (step % 24) + 13) << step;
  ASSERT_EQ(result.intervals.size(), 2U);
  // It was always 1 too low a day ahead, 2 beyond; never too high.
  for (const Interval& interval : result.intervals) {
    EXPECT_EQ(interval.lower[0], result.values[0]);
    EXPECT_EQ(interval.upper[0], result.values[0] + 1);
    EXPECT_EQ(interval.upper[29], result.values[29] + 2);
  }
  EXPECT_THAT(KindsOf(*naive), ElementsAre());
}

TEST(Naive, WithoutADayOfReadingsTheLastValueIsRepeated) {
  struct Case {
    const char* name;
    TimeSeries series;
    double rise;  // what six steps may add
  };
  const auto with_gap = [](int row) {
    return row >= 100 && row < 120 ? std::nan("") : static_cast<double>(row % 5);
  };
  for (const Case& c :
       {Case{"fewer rows than a day", SeriesOf(20, 3600, [](int row) { return row * 1.0; }), 5},
        Case{"a step that divides no day",
             SeriesOf(90, 7 * 3600, [](int row) { return row * 1.0; }), 5},
        Case{"most of the last day is missing", SeriesOf(121, 3600, with_gap), 1}}) {
    const auto naive = MakeNaiveForecast(c.series, Spec());
    ASSERT_TRUE(naive.ok()) << c.name << naive.status();
    EXPECT_FALSE(naive->seasonal) << c.name;
    const double last = c.series.values.back();
    for (const double value : naive->result.values) EXPECT_EQ(value, last) << c.name;
    EXPECT_LE(naive->result.intervals[1].lower[5], last) << c.name;
    EXPECT_GE(naive->result.intervals[1].upper[5], last + c.rise) << c.name;
    // Farther ahead than there are readings: as wide as the farthest that is known.
    if (c.series.rows() < 30) {
      EXPECT_EQ(naive->result.intervals[1].upper[29], naive->result.intervals[1].upper[20])
          << c.name;
    }
  }
}

TEST(Naive, ASentinelIsNeitherRepeatedNorCountedAsAnError) {
  TimeSeries series = SeriesOf(24 * 14, 3600, Daily);
  series.values.back() = -9999;
  series.values[2 * 200 + 1] = -9999;
  const auto naive = MakeNaiveForecast(series, Spec());
  ASSERT_TRUE(naive.ok()) << naive.status();
  for (const double value : naive->result.values) EXPECT_GE(value, 0);
  for (const double bound : naive->result.intervals[1].lower) EXPECT_GE(bound, -1000);
  EXPECT_THAT(KindsOf(*naive), ElementsAre("DOUBTED"));
}

TEST(Naive, ValuesAndIntervalsStayWithinTheDeclaredBounds) {
  NaiveSpec spec = Spec();
  spec.minimum = 20;
  spec.maximum = 200;
  const auto naive = MakeNaiveForecast(SeriesOf(24 * 14, 3600, Daily), spec);
  ASSERT_TRUE(naive.ok()) << naive.status();
  for (const Interval& interval : naive->result.intervals)
    for (std::size_t step = 0; step < interval.lower.size(); ++step) {
      EXPECT_GE(interval.lower[step], 20);
      EXPECT_LE(interval.lower[step], naive->result.values[step]);
      EXPECT_GE(interval.upper[step], naive->result.values[step]);
      EXPECT_LE(interval.upper[step], 200);
    }
}

TEST(Naive, WhatCannotBeForecastSaysWhy) {
  const auto reason = [](const TimeSeries& series, const NaiveSpec& spec = Spec()) {
    return ReasonOf(MakeNaiveForecast(series, spec).status());
  };
  NaiveSpec other = Spec();
  other.target_column = "pressure";
  EXPECT_EQ(reason(SeriesOf(50, 3600, Daily), other), "DATA_COLUMN_MISSING");
  EXPECT_EQ(reason(SeriesOf(50, 3600, [](int) { return std::nan(""); })), "DATA_NOT_FINITE");
  EXPECT_EQ(reason(SeriesOf(1, 3600, Daily)), "DATA_TOO_FEW_ROWS");
  EXPECT_EQ(reason(SeriesOf(30, 3600, [](int row) { return row == 3 ? 1 : std::nan(""); })),
            "DATA_TOO_FEW_ROWS")
      << "one reading tells no error";
}

TEST(Naive, AsksForTwoWeeksOfRowsWithinBounds) {
  EXPECT_EQ(NaiveRows(3600), 500U);
  EXPECT_EQ(NaiveRows(300), 4032U);
  EXPECT_EQ(NaiveRows(60), 6000U);
  EXPECT_EQ(NaiveRows(7 * 3600), 500U);
}

}  // namespace
}  // namespace fleetcast::forecast
