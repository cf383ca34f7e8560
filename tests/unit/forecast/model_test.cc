#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

TEST(Forecast, FollowsTheLastRowStepByStep) {
  const TimeSeries history = DailyCycle(600);
  const auto forecast = SmallModel().model.Forecast(history);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  EXPECT_EQ(forecast->issue_unix_seconds, history.unix_seconds.back());
  ASSERT_EQ(forecast->values.size(), 6u);
  for (std::size_t step = 0; step < 6; ++step) {
    EXPECT_EQ(forecast->unix_seconds[step],
              history.unix_seconds.back() + 3600 * static_cast<std::int64_t>(step + 1));
    EXPECT_TRUE(std::isfinite(forecast->values[step]));
  }
}

TEST(Forecast, HasNestedIntervalsAroundItsValues) {
  const auto forecast = SmallModel().model.Forecast(DailyCycle(600));
  ASSERT_EQ(forecast->intervals.size(), 2u);
  const Interval& narrow = forecast->intervals[0];
  const Interval& wide = forecast->intervals[1];
  EXPECT_EQ(narrow.level, 80);
  EXPECT_EQ(wide.level, 95);
  for (std::size_t step = 0; step < 6; ++step) {
    EXPECT_LE(wide.lower[step], narrow.lower[step]);
    EXPECT_LT(narrow.lower[step], forecast->values[step]);
    EXPECT_LT(forecast->values[step], narrow.upper[step]);
    EXPECT_LE(narrow.upper[step], wide.upper[step]);
  }
}

TEST(Forecast, NeedsOnlyTheLastInputRows) {
  const TimeSeries history = DailyCycle(600);
  TimeSeries tail = history;
  const std::size_t rows = SmallModel().model.input_rows();
  tail.unix_seconds.erase(tail.unix_seconds.begin(), tail.unix_seconds.end() - rows);
  tail.values.erase(tail.values.begin(), tail.values.end() - rows * 3);
  EXPECT_EQ(SmallModel().model.Forecast(tail)->values,
            SmallModel().model.Forecast(history)->values);
}

TEST(Forecast, FindsColumnsByNameInAnyOrder) {
  const TimeSeries history = DailyCycle(600);
  TimeSeries turned = history;
  turned.columns = {"other", "load", "weather"};
  for (std::size_t row = 0; row < history.rows(); ++row) {
    turned.values[row * 3] = history.at(row, 2);
    turned.values[row * 3 + 1] = history.at(row, 0);
    turned.values[row * 3 + 2] = history.at(row, 1);
  }
  EXPECT_EQ(SmallModel().model.Forecast(turned)->values,
            SmallModel().model.Forecast(history)->values);
}

TEST(Forecast, OfDataThatWillNotDoSaysWhy) {
  const Model& model = SmallModel().model;
  const auto reason = [&](const TimeSeries& history) {
    const auto forecast = model.Forecast(history);
    EXPECT_EQ(forecast.status().code(), absl::StatusCode::kFailedPrecondition);
    return ReasonOf(forecast.status());
  };
  EXPECT_EQ(reason(DailyCycle(model.input_rows() - 1)), "DATA_TOO_FEW_ROWS");
  EXPECT_EQ(reason(TimeSeries{.columns = {"load", "weather"}, .unix_seconds = {}, .values = {}}),
            "DATA_TOO_FEW_ROWS");
  TimeSeries history = DailyCycle(200);
  for (std::size_t row = 196; row < 200; ++row) {
    history.values[row * 3] = std::numeric_limits<double>::quiet_NaN();
  }
  EXPECT_EQ(reason(history), "DATA_NOT_FINITE");  // the newest rows are gone
  history = DailyCycle(200);
  for (std::size_t row = 0; row < 190; ++row) {
    history.values[row * 3] = std::numeric_limits<double>::quiet_NaN();
  }
  EXPECT_EQ(reason(history), "DATA_NOT_FINITE");  // most of the window is
  history = DailyCycle(200);
  history.columns[0] = "renamed";
  EXPECT_EQ(reason(history), "DATA_COLUMN_MISSING");
  history = DailyCycle(200);
  history.unix_seconds.back() += 1800;
  EXPECT_EQ(reason(history), "DATA_IRREGULAR_STEP");
  history = DailyCycle(200);
  for (std::size_t row = 0; row < 200; ++row) {
    history.unix_seconds[row] = kStart + 900 * static_cast<std::int64_t>(row);
  }
  EXPECT_EQ(reason(history), "DATA_IRREGULAR_STEP");
}

TEST(Forecast, ComesDespiteGapsAndSaysWhatWasFilled) {
  const TimeSeries history = DailyCycle(600);
  const auto whole = SmallModel().model.Forecast(history);
  EXPECT_TRUE(whole->remarks.empty());
  struct Case {
    std::size_t begin, end;
  };
  for (const Case& gap : {Case{560, 570}, Case{594, 598}, Case{597, 600}, Case{599, 600}}) {
    TimeSeries with_gap = history;
    for (std::size_t row = gap.begin; row < gap.end; ++row) {
      with_gap.values[row * 3] = std::numeric_limits<double>::quiet_NaN();
    }
    const auto forecast = SmallModel().model.Forecast(with_gap);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    EXPECT_EQ(forecast->issue_unix_seconds, history.unix_seconds.back());
    ASSERT_EQ(forecast->remarks.size(), 1U);
    EXPECT_EQ(forecast->remarks[0].kind, "FILLED");
    EXPECT_EQ(forecast->remarks[0].count, static_cast<std::int64_t>(gap.end - gap.begin));
    for (std::size_t step = 0; step < 6; ++step) {
      EXPECT_NEAR(forecast->values[step], whole->values[step], 6) << gap.begin;
    }
  }
}

TEST(Forecast, DoubtsANewestReadingThatCannotBeOneAndSaysSo) {
  const TimeSeries history = DailyCycle(600);
  TimeSeries without = history;
  without.values[599 * 3] = std::numeric_limits<double>::quiet_NaN();
  const auto expected = SmallModel().model.Forecast(without);
  for (const double odd : {-9999.0, 0.0, 3.4e38, 1e200}) {
    TimeSeries spoilt = history;
    spoilt.values[599 * 3] = odd;
    const auto forecast = SmallModel().model.Forecast(spoilt);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    EXPECT_EQ(forecast->values, expected->values) << odd;
    ASSERT_EQ(forecast->remarks.size(), 1U);
    EXPECT_EQ(forecast->remarks[0].kind, "DOUBTED");
  }
}

// What else of its inputs is not as it should be: one row of the table, one remark.
TEST(Forecast, SaysWhatItsOtherColumnsAndBoundsDidToIt) {
  ModelSpec spec = SmallSpec();
  spec.maximum = 1000;
  const TimeSeries history = DailyCycle(600);
  const auto trained = Train(history, spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_EQ(trained->model.input_columns().size(), 2U) << "the weather has to count here";
  struct Case {
    const char* name;
    std::size_t column, begin;  // spoilt from there on
    double add;
    const char* kind;
    std::int64_t count;
  };
  const auto rows = static_cast<std::int64_t>(std::min<std::size_t>(12, spec.sequence_length));
  for (const Case& c : {Case{"a dead column", 1, 500, NAN, "COLUMN_DEAD", rows},
                        Case{"a column with a gap", 1, 598, NAN, "FILLED", 2},
                        Case{"a column beyond what was trained on", 1, 590, 30, "CLIPPED", 10}}) {
    SCOPED_TRACE(c.name);
    TimeSeries spoilt = history;
    for (std::size_t row = c.begin; row < 600; ++row) spoilt.values[row * 3 + c.column] += c.add;
    const auto forecast = trained->model.Forecast(spoilt);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    ASSERT_EQ(forecast->remarks.size(), 1U);
    EXPECT_EQ(forecast->remarks[0].kind, c.kind);
    EXPECT_EQ(forecast->remarks[0].column, "weather");
    EXPECT_EQ(forecast->remarks[0].count, c.count);
  }
}

TEST(Forecast, SaysWhenTheDeclaredMaximumHoldsItDown) {
  ModelSpec spec = SmallSpec();
  spec.maximum = 52;
  TimeSeries history = DailyCycle(600);
  for (std::size_t row = 0; row < 600; ++row) {
    history.values[row * 3] = std::min(history.at(row, 0), 52.0);
  }
  const auto trained = Train(history, spec, {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  std::int64_t at_bound = 0, said = 0;
  for (std::size_t end = 560; end <= 600; ++end) {
    TimeSeries until = history;
    until.unix_seconds.resize(end);
    until.values.resize(end * 3);
    const auto forecast = trained->model.Forecast(until);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    at_bound += std::count(forecast->values.begin(), forecast->values.end(), 52.0);
    for (const Remark& remark : forecast->remarks) {
      EXPECT_EQ(remark.kind, "AT_BOUND");
      said += remark.count;
    }
  }
  EXPECT_GT(at_bound, 0);
  EXPECT_EQ(said, at_bound);
}

TEST(Forecast, IsNotDisturbedByMissingValuesBeforeItsInputs) {
  TimeSeries history = DailyCycle(600);
  history.values[0] = std::numeric_limits<double>::quiet_NaN();
  history.unix_seconds[0] -= 999;
  EXPECT_TRUE(SmallModel().model.Forecast(history).ok());
}

TEST(Evaluate, OnTheTestRowsGivesWhatTrainingReported) {
  const TrainedModel& trained = SmallModel();
  const auto metrics = trained.model.Evaluate(DailyCycle(600), trained.test_rows);
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  EXPECT_EQ(metrics->mae, trained.test.mae);
  EXPECT_EQ(metrics->windows, trained.test.windows);
  EXPECT_EQ(trained.test.windows, 90 - 6 + 1);
}

TEST(Evaluate, ComparesModelsOfDifferentInputsOnTheSameWindows) {
  TimeSeries series = DailyCycle(600);
  ModelSpec longer_spec = SmallSpec();
  longer_spec.sequence_length = 48;
  longer_spec.epochs = 1;
  const auto longer = Train(series, longer_spec, {}, nullptr);
  ASSERT_TRUE(longer.ok()) << longer.status();
  series.values[540 * 3] = std::numeric_limits<double>::quiet_NaN();

  const Model& champion = SmallModel().model;
  const Model& candidate = longer->model;
  const RowRange part{510, 600};
  const auto of_champion = champion.Evaluate(series, part, candidate.needs());
  const auto of_candidate = candidate.Evaluate(series, part, champion.needs());
  ASSERT_TRUE(of_champion.ok() && of_candidate.ok());
  EXPECT_EQ(of_champion->windows, of_candidate->windows);
  EXPECT_EQ(of_champion->mae_repeat_last, of_candidate->mae_repeat_last);
  EXPECT_EQ(of_champion->mae_seasonal_naive, of_candidate->mae_seasonal_naive);
}

TEST(Evaluate, ScoresNoValueThatEitherModelTakesForAnOutlier) {
  TimeSeries series = DailyCycle(600);
  series.values[560 * 3] = 66;
  const Model& model = SmallModel().model;
  const RowRange part{510, 600};
  EvaluationWindows narrow = model.needs();
  const auto alone = model.Evaluate(series, part);
  narrow.highest = 65;
  const auto together = model.Evaluate(series, part, narrow);
  ASSERT_TRUE(alone.ok() && together.ok());
  EXPECT_LE(together->mae_repeat_last, alone->mae_repeat_last);
  EXPECT_LE(together->windows, alone->windows);
}

TEST(Evaluate, RefusesRowsOutsideTheSeriesAndPartsWithoutAWindow) {
  const Model& model = SmallModel().model;
  EXPECT_EQ(ReasonOf(model.Evaluate(DailyCycle(200), {0, 201}).status()), "ROW_RANGE_INVALID");
  EXPECT_EQ(ReasonOf(model.Evaluate(DailyCycle(200), {150, 140}).status()), "ROW_RANGE_INVALID");
  EXPECT_EQ(ReasonOf(model.Evaluate(DailyCycle(200), {150, 154}).status()), "DATA_TOO_FEW_ROWS");
}

}  // namespace
}  // namespace fleetcast::forecast
