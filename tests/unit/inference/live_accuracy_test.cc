#include "services/inference/domain/live_accuracy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::inference {
namespace {

using ::testing::HasSubstr;

const absl::Time kFirst = absl::FromUnixSeconds(1'765'238'400);  // 2025-12-09T00:00:00Z

// A day of hourly readings, each beside forecasts of several steps, off by `error` and in the 80 %
// interval where `inside`.
std::vector<ScoredValue> DayOf(int day, double error, bool inside = true) {
  std::vector<ScoredValue> values;
  for (int hour = 0; hour < 24; ++hour)
    for (const int step : {1, 9, 17, 24})
      values.push_back({.time = kFirst + absl::Hours(24 * day + hour),
                        .step = step,
                        .horizon = 24,
                        .actual = 10,
                        .forecast = 10 + (step < 13 ? error / 2 : error * 3 / 2),
                        .lower = {inside ? 9.0 : 11.0, inside ? 8.0 : 11.0},
                        .upper = {12, 13}});
  return values;
}

AccuracyWindow WindowOf(const std::vector<double>& errors, bool inside = true) {
  AccuracyWindow window;
  for (std::size_t day = 0; day < errors.size(); ++day)
    Add(DayOf(static_cast<int>(day), errors[day], inside), {80, 95}, window);
  return window;
}

TEST(LiveAccuracy, IsTheMeanOverAllValuesAndOverPartsOfTheHorizon) {
  const LiveAccuracy live = AccuracyOf(WindowOf({1, 3}));
  EXPECT_EQ(live.count, 2 * 24 * 4);
  EXPECT_EQ(live.days, 2);
  EXPECT_EQ(live.first_day, kFirst);
  EXPECT_EQ(live.last_day, kFirst + absl::Hours(24));
  EXPECT_DOUBLE_EQ(live.mae, 2);
  ASSERT_EQ(live.bands.size(), 4U);
  EXPECT_EQ(live.bands[0].first_step, 1);
  EXPECT_EQ(live.bands[0].last_step, 6);
  EXPECT_EQ(live.bands[3].first_step, 19);
  EXPECT_EQ(live.bands[3].last_step, 24);
  EXPECT_DOUBLE_EQ(live.bands[0].mae, 1);
  EXPECT_DOUBLE_EQ(live.bands[3].mae, 3);
  EXPECT_EQ(live.covered, (std::vector<double>{100, 100}));
}

TEST(LiveAccuracy, ReadsBackAsItWasWritten) {
  const AccuracyWindow window = WindowOf({1, 3, 1.0 / 3});
  const LiveAccuracy live = AccuracyOf(AccuracyWindowOf(ToJson(window)));
  EXPECT_EQ(live.mae, AccuracyOf(window).mae);
  const auto read = LiveAccuracyOf(ToJson(live));
  ASSERT_TRUE(read);
  EXPECT_EQ(ToJson(*read), ToJson(live));
  EXPECT_EQ(AccuracyWindowOf("{").days.size(), 0U);
  EXPECT_FALSE(LiveAccuracyOf(""));
}

TEST(LiveAccuracy, ForgetsWhatIsOlderThanItsDays) {
  std::vector<double> errors(kAccuracyDays, 1.0);
  errors.insert(errors.begin(), 100);
  const LiveAccuracy live = AccuracyOf(WindowOf(errors));
  EXPECT_EQ(live.days, kAccuracyDays);
  EXPECT_DOUBLE_EQ(live.mae, 1);
  // A sensor that was silent for a month.
  AccuracyWindow window = WindowOf({5, 5});
  Add(DayOf(40, 1), {80, 95}, window);
  EXPECT_EQ(AccuracyOf(window).days, 1);
}

TEST(LiveAccuracy, OfAnotherHorizonBeginsAnew) {
  AccuracyWindow window = WindowOf({5, 5});
  std::vector<ScoredValue> values = DayOf(2, 1);
  for (ScoredValue& value : values) value.horizon = 48;
  Add(values, {80, 95}, window);
  EXPECT_EQ(AccuracyOf(window).days, 1);
}

TEST(LiveAccuracy, HorizonsOfFewStepsHaveFewParts) {
  EXPECT_EQ(BandOf(1, 1), 0U);
  EXPECT_EQ(BandOf(2, 2), 2U);
  EXPECT_EQ(BandOf(3, 4), 2U);
  EXPECT_EQ(BandOf(1024, 1024), 3U);
  EXPECT_EQ(BandOf(2000, 1024), 3U);
}

TEST(DriftOf, TellsASensorThatChangedFromABadDay) {
  struct Scenario {
    const char* name;
    std::vector<double> errors;  // a day each
    bool inside;
    std::optional<double> backtest_mae;
    const char* reason;  // "": none
  };
  for (const Scenario& s : {
           Scenario{"as good as the backtest", {1, 1, 1, 1, 1, 1, 1}, true, 1.0, ""},
           Scenario{"a little worse", {1.3, 1.4, 1.2, 1.4, 1.3, 1.4}, true, 1.0, ""},
           Scenario{"one terrible day", {1, 1, 1, 1, 1, 1, 80}, true, 1.0, ""},
           Scenario{"two bad days of five", {1, 1, 1, 9, 9}, true, 1.0, ""},
           Scenario{"half of the days are bad", {1, 1, 1, 9, 9, 9}, true, 1.0, ""},
           Scenario{"most days are bad", {1, 1, 9, 9, 9}, true, 1.0, "ERROR_ABOVE_BACKTEST"},
           Scenario{"every day, but too few of them", {9, 9, 9, 9}, true, 1.0, ""},
           Scenario{"twice the error since a week",
                    {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2},
                    true,
                    1.0,
                    "ERROR_ABOVE_BACKTEST"},
           Scenario{"the version does not say how good it was", {9, 9, 9, 9, 9}, true, {}, ""},
           Scenario{"intervals that hold nothing", {1, 1, 1, 1, 1}, false, 1.0, "COVERAGE_LOW"},
           Scenario{
               "a machine that stands was forecast without error", {0, 0, 0, 0, 0}, true, 0.0, ""},
       }) {
    const auto drift = DriftOf(AccuracyOf(WindowOf(s.errors, s.inside)), s.backtest_mae);
    EXPECT_EQ(drift ? drift->reason : "", s.reason) << s.name;
  }
  const auto drift = DriftOf(AccuracyOf(WindowOf({2, 2, 2, 2, 2})), 1.0);
  EXPECT_THAT(drift->message, HasSubstr("off by 2, for 1 on held-out rows"));
  EXPECT_THAT(drift->message, HasSubstr("raise its `cutoff_date`"));
}

TEST(DriftOf, IntervalsMayMissMoreThanTheySayBeforeItIsTold) {
  const auto with_misses = [](int misses_of_20) {
    AccuracyWindow window;
    for (int day = 0; day < 6; ++day) {
      std::vector<ScoredValue> values;
      for (int i = 0; i < 20; ++i)
        values.push_back({.time = kFirst + absl::Hours(24 * day + i),
                          .step = 1,
                          .horizon = 1,
                          .actual = i < misses_of_20 ? 5.0 : 0.0,
                          .forecast = 0,
                          .lower = {-1},
                          .upper = {1}});
      Add(values, {95}, window);
    }
    return DriftOf(AccuracyOf(window), std::nullopt).has_value();
  };
  EXPECT_FALSE(with_misses(1)) << "5 % are what the level says";
  EXPECT_FALSE(with_misses(3)) << "15 %";
  EXPECT_TRUE(with_misses(4)) << "20 %";
}

}  // namespace
}  // namespace fleetcast::inference
