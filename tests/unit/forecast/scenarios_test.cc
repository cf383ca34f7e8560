// What happens to sensors, and what a user needs then: each row is trained twice, as it was and as
// it is, and both are judged on the same untouched test part.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kRows = 2400;
const double kNoReading = std::numeric_limits<double>::quiet_NaN();

ModelSpec ScenarioSpec() {
  ModelSpec spec = SmallSpec();
  spec.sequence_length = 24;
  spec.horizon = 12;
  spec.lstm_units = 16;
  spec.epochs = 8;
  return spec;
}

void Put(double value, std::initializer_list<std::size_t> rows, TimeSeries& series) {
  for (const std::size_t row : rows) series.values[row * 3] = value;
}

void Stand(std::size_t begin, std::size_t end, TimeSeries& series) {
  for (std::size_t row = begin; row < end; ++row) series.values[row * 3] = 50;
}

struct Scenario {
  std::string name;
  std::function<void(TimeSeries&)> happen;
  double lost_mae;          // at most, as a share of the untouched model's
  std::string remark = "";  // a kind that must be remarked; "" for none
};

bool Has(const std::vector<Remark>& remarks, const std::string& kind) {
  for (const Remark& remark : remarks) {
    if (remark.kind == kind) return true;
  }
  return false;
}

std::vector<Scenario> OfTheTarget() {
  std::vector<Scenario> scenarios = {
      {"nothing", [](TimeSeries&) {}, 0},
      {"a gap of four rows",
       [](TimeSeries& s) {
         Put(kNoReading, {900, 901, 902, 903}, s);
       },
       0.02, "FILLED"},
      {"a gap of a day",
       [](TimeSeries& s) {
         for (std::size_t row = 900; row < 924; ++row) Put(kNoReading, {row}, s);
       },
       0.02, "FILLED"},
      {"a quarter of the training rows missing at random",
       [](TimeSeries& s) {
         for (std::size_t row = 0; row < kRows * 7 / 10; ++row) {
           if (row * 2654435761U % 100 < 25) Put(kNoReading, {row}, s);
         }
       },
       0.1, "FILLED"},
      {"two weeks' standstill in the test part",
       [](TimeSeries& s) { Stand(kRows * 17 / 20, kRows * 17 / 20 + 336, s); }, 0.01},
      {"constant for 70 % of each day of training",
       [](TimeSeries& s) {
         for (std::size_t row = 0; row < kRows * 7 / 10; row += 24) Stand(row, row + 17, s);
       },
       1.5},
      {"constant for the first 60 %", [](TimeSeries& s) { Stand(0, kRows * 6 / 10, s); }, 0.5},
      {"constant for the first fifth", [](TimeSeries& s) { Stand(0, kRows / 5, s); }, 0.1},
      {"every 40th training row -9999",
       [](TimeSeries& s) {
         for (std::size_t row = 0; row < kRows * 7 / 10; row += 40) Put(-9999, {row}, s);
       },
       0.05, "OUTLIER"},
  };
  for (const double sentinel : {-9999.0, 0.0, 3.4e38, 1e200}) {
    const std::string name = std::to_string(sentinel).substr(0, 6);
    scenarios.push_back(
        {"one " + name, [sentinel](TimeSeries& s) { Put(sentinel, {1000}, s); }, 0.01, "OUTLIER"});
    scenarios.push_back({"nine " + name,
                         [sentinel](TimeSeries& s) {
                           Put(sentinel, {100, 300, 301, 302, 700, 900, 1100, 1300, 1500}, s);
                         },
                         0.02, "OUTLIER"});
  }
  // The validation part has 360 rows: each of its quarters stands still for four days.
  for (std::size_t quarter = 0; quarter < 4; ++quarter) {
    const std::size_t begin = kRows * 7 / 10 + quarter * 90;
    scenarios.push_back({"a standstill in validation quarter " + std::to_string(quarter + 1),
                         [begin](TimeSeries& s) { Stand(begin, begin + 90, s); }, 0.15});
  }
  return scenarios;
}

TEST(Scenarios, OfTheTargetCostNoSkillAndAreSaid) {
  const TimeSeries untouched = DailyCycle(kRows);
  const auto before = Train(untouched, ScenarioSpec(), {}, nullptr);
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_GT(before->test.skill(), 0.1);
  for (const Scenario& scenario : OfTheTarget()) {
    SCOPED_TRACE(scenario.name);
    TimeSeries series = untouched;
    scenario.happen(series);
    const auto after = Train(series, ScenarioSpec(), {}, nullptr);
    ASSERT_TRUE(after.ok()) << after.status();
    const auto judged = after->model.Evaluate(untouched, before->test_rows);
    ASSERT_TRUE(judged.ok()) << judged.status();
    EXPECT_LE(judged->mae, before->test.mae * (1 + scenario.lost_mae));
    EXPECT_TRUE(scenario.remark.empty() || Has(after->remarks, scenario.remark));
    for (const Remark& remark : after->remarks) EXPECT_FALSE(remark.text.empty());
  }
}

TEST(Scenarios, OfTheTestPartLeaveForecastsComing) {
  const TimeSeries untouched = DailyCycle(kRows);
  const auto trained = Train(untouched, ScenarioSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  TimeSeries series = untouched;
  Put(kNoReading, {2100, 2101, 2102, 2103, 2200}, series);
  Put(-9999, {2250, 2300}, series);
  std::size_t refused = 0, ticks = 0;
  for (std::size_t end = 2050; end <= 2390; ++end) {
    if (!std::isfinite(series.at(end - 1, 0))) continue;  // no row, no tick
    TimeSeries history = series;
    history.unix_seconds.resize(end);
    history.values.resize(end * 3);
    const auto forecast = trained->model.Forecast(history);
    refused += forecast.ok() ? 0 : 1;
    ++ticks;
    if (!forecast.ok()) continue;
    for (const double value : forecast->values) EXPECT_NEAR(value, 50, 15) << end;
  }
  EXPECT_EQ(refused, 0U) << ticks;
}

TEST(Scenarios, ADeadNeighbourIsLeftOutByNameInTrainingAndFilledInService) {
  const TimeSeries untouched = DailyCycle(kRows);
  TimeSeries dead = untouched;
  for (std::size_t row = 1500; row < kRows; ++row) dead.values[row * 3 + 1] = kNoReading;
  const auto trained = Train(dead, ScenarioSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_TRUE(Has(trained->remarks, "COLUMN_DEAD"));
  EXPECT_EQ(trained->model.input_columns(), std::vector<std::string>{"load"});
  EXPECT_GT(trained->test.skill(), 0.1);

  const auto with_neighbour = Train(untouched, ScenarioSpec(), {}, nullptr);
  ASSERT_TRUE(with_neighbour.ok()) << with_neighbour.status();
  const auto forecast = with_neighbour->model.Forecast(dead);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  EXPECT_EQ(forecast->issue_unix_seconds, dead.unix_seconds.back());
}

TEST(Scenarios, RegularBreaksAreForecastAcross) {
  struct Case {
    const char* name;
    std::function<bool(std::size_t row)> records;
  };
  for (const Case& c :
       {Case{"working hours", [](std::size_t row) { return row % 24 >= 8 && row % 24 < 17; }},
        Case{"weekdays", [](std::size_t row) { return row / 24 % 7 < 5; }}}) {
    SCOPED_TRACE(c.name);
    TimeSeries series = DailyCycle(kRows);
    for (std::size_t row = 0; row < kRows; ++row) {
      if (!c.records(row)) Put(kNoReading, {row}, series);
    }
    const auto trained = Train(series, ScenarioSpec(), {}, nullptr);
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_GT(trained->test.skill(), 0);
    for (std::size_t end = kRows - 169; end < kRows; ++end) {
      if (!c.records(end - 1)) continue;
      TimeSeries history = series;
      history.unix_seconds.resize(end);
      history.values.resize(end * 3);
      EXPECT_TRUE(trained->model.Forecast(history).ok()) << end;
    }
  }
}

TEST(Scenarios, ASensorThatIsNeverNegativeStaysSo) {
  TimeSeries series = DailyCycle(kRows);
  for (std::size_t row = 0; row < kRows; ++row) {
    series.values[row * 3] = std::max(0.0, series.at(row, 0) - 50);
  }
  ModelSpec spec = ScenarioSpec();
  spec.minimum = 0;
  const auto trained = Train(series, spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto copy = Model::Parse(trained->model.Serialize());
  ASSERT_TRUE(copy.ok()) << copy.status();
  for (std::size_t end = kRows - 48; end < kRows; ++end) {
    TimeSeries history = series;
    history.unix_seconds.resize(end);
    history.values.resize(end * 3);
    const auto forecast = copy->Forecast(history);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    for (std::size_t step = 0; step < forecast->values.size(); ++step) {
      EXPECT_GE(forecast->values[step], 0);
      EXPECT_GE(forecast->intervals[1].lower[step], 0);
    }
  }
}

// The standstill is what is judged: its origins see the sensor move and stop, and move again.
TEST(Scenarios, AStandstillInTheTestPartIsForecastAsOneAndLeftAgain) {
  TimeSeries series = DailyCycle(kRows);
  Stand(2050, 2050 + 336, series);
  const auto trained = Train(series, ScenarioSpec(), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto moving = trained->model.Evaluate(series, {1900, 2050});
  const auto standing = trained->model.Evaluate(series, {2050 + 24, 2050 + 336});
  ASSERT_TRUE(moving.ok() && standing.ok());
  EXPECT_GT(moving->skill(), 0.1);
  // It does not know how long the standstill lasts: at worst it forecasts the usual day.
  EXPECT_LT(standing->mae, 1.5 * moving->mae_repeat_last);
  EXPECT_TRUE(std::isfinite(trained->test.skill()));
}

TEST(Scenarios, OfAConstantTargetARefusalSaysSo) {
  TimeSeries series = DailyCycle(kRows);
  Stand(0, kRows * 7 / 10, series);  // all that there is to learn from
  const auto trained = Train(series, ScenarioSpec(), {}, nullptr);
  EXPECT_EQ(ReasonOf(trained.status()), "DATA_CONSTANT_TARGET") << trained.status();
}

TEST(Scenarios, OfTwoThreeAndTenValidationWindowsNoneIsTheLastValueAgain) {
  const ModelSpec spec = SmallSpec();
  constexpr double kAll = 240;
  for (const int windows : {2, 3, 10}) {
    SCOPED_TRACE(windows);
    const double part = spec.horizon + windows - 1;
    const auto trained =
        Train(DailyCycle(static_cast<std::size_t>(kAll)), spec,
              {.train = (kAll - part - 48) / kAll, .validation = part / kAll}, nullptr);
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_EQ(trained->validation.windows, windows);
    EXPECT_GT(trained->test.skill_vs_repeat_last, 0);
    EXPECT_LT(trained->members.back().weight, 0.9);
  }
}

TEST(Scenarios, OfFewValidationWindowsGiveASmallModelOrARefusal) {
  for (const std::size_t rows : {60U, 80U, 100U, 140U, 200U}) {
    SCOPED_TRACE(rows);
    const auto trained = Train(DailyCycle(rows), SmallSpec(), {}, nullptr);
    if (!trained.ok()) {
      EXPECT_EQ(ReasonOf(trained.status()), "DATA_TOO_FEW_ROWS") << trained.status();
      continue;
    }
    EXPECT_LT(trained->test.mae, 1.2 * trained->test.mae_repeat_last);
    EXPECT_LT(trained->members.back().weight, 0.8);  // it is not the last value again
  }
}

// A day of 5-minute rows ahead: the model sees days, not two hours.
TEST(Scenarios, FiveMinuteRowsADayAheadSeeTheDaysBefore) {
  TimeSeries series;
  series.columns = {"load", "weather", "other"};
  const TimeSeries hourly = DailyCycle(24 * 40);
  for (std::size_t row = 0; row < 288 * 36; ++row) {
    series.unix_seconds.push_back(kStart + 300 * static_cast<std::int64_t>(row));
    const double share = static_cast<double>(row % 12) / 12;
    for (std::size_t column = 0; column < 3; ++column) {
      series.values.push_back((1 - share) * hourly.at(row / 12, column) +
                              share * hourly.at(row / 12 + 1, column));
    }
  }
  ModelSpec spec = ScenarioSpec();
  spec.horizon = 288;
  spec.epochs = 1;
  const auto trained = Train(series, spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_GE(trained->model.input_rows(), 6U * 288U);
  EXPECT_GT(trained->test.skill(), 0);
}

TEST(Scenarios, TwoHundredColumnsAreNoReasonToForgetTheTarget) {
  const TimeSeries small = DailyCycle(1200);
  TimeSeries series;
  series.unix_seconds = small.unix_seconds;
  series.columns = {"load"};
  for (int i = 0; i < 200; ++i) series.columns.push_back("sensor " + std::to_string(i));
  for (std::size_t row = 0; row < small.rows(); ++row) {
    series.values.push_back(small.at(row, 0));
    for (std::size_t i = 0; i < 200; ++i) {
      series.values.push_back(std::sin(static_cast<double>(row * (i + 3)) * 0.37));
    }
  }
  ModelSpec spec = ScenarioSpec();
  spec.feature_columns = series.columns;
  spec.epochs = 2;
  const auto trained = Train(series, spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_GT(trained->test.skill(), 0);
}

}  // namespace
}  // namespace fleetcast::forecast
