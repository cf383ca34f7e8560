#include "common/forecast/inputs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/base/status.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

ModelSpec SpecOf(int sequence_length, int horizon) {
  ModelSpec spec = SmallSpec();
  spec.sequence_length = sequence_length;
  spec.horizon = horizon;
  spec.feature_columns = {"value"};
  spec.target_column = "value";
  return spec;
}

TEST(Scaling, IsFittedOnTrainingRowsAlone) {
  const TimeSeries series = SeriesOf({1, 3, 1, 3, 1000, 2000});
  const Scaling scaling = *FitScaling(series, {0}, {0, 4}, 1, 1);
  ASSERT_EQ(scaling.levels.size(), 1u);
  EXPECT_DOUBLE_EQ(scaling.levels[0].mean, 2);
  EXPECT_DOUBLE_EQ(scaling.levels[0].scale, 1);
  EXPECT_DOUBLE_EQ(scaling.change, 2);
}

TEST(Scaling, LeavesMissingValuesOut) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const Scaling scaling = *FitScaling(SeriesOf({1, missing, 3, 1, 3}), {0}, {0, 5}, 1, 1);
  EXPECT_DOUBLE_EQ(scaling.levels[0].mean, 2);
  EXPECT_DOUBLE_EQ(scaling.change, 2);
}

TEST(Scaling, OfAConstantColumnIsOne) {
  TimeSeries series = DailyCycle(50);
  for (std::size_t row = 0; row < series.rows(); ++row) series.values[row * 3 + 1] = 0.1;
  const Scaling scaling = *FitScaling(series, {0, 1}, {0, 50}, 6, 24);
  EXPECT_DOUBLE_EQ(scaling.levels[1].scale, 1);
}

TEST(Scaling, OfAConstantTargetIsRefused) {
  const absl::Status status = FitScaling(SeriesOf({4, 4, 4, 5}), {0}, {0, 3}, 1, 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "DATA_CONSTANT_TARGET");
}

TEST(Layout, LooksBackSeveralDaysAsFarAsTrainingAllows) {
  struct Case {
    int sequence_length;
    std::int64_t step_seconds;
    std::size_t train_rows;
    std::size_t input_rows, finite_rows;
    int lags;
  };
  for (const Case& c : {
           Case{24, 3600, 6000, 168, 24, 6 * 24},    // the sequence holds the first day
           Case{12, 3600, 6000, 168, 24, 7 * 24},    // or does not
           Case{24, 3600, 400, 96, 24, 3 * 24},      // training is short
           Case{24, 3600, 90, 24, 24, 0},            // too short
           Case{24, 900, 60'000, 672, 96, 7 * 24},   // a horizon of a quarter of a day
           Case{24, 60, 60'000, 1440, 1440, 24},     // a day has many rows
           Case{24, 1, 1'000'000, 24, 24, 0},        // too many
           Case{24, 86'400, 4000, 24, 24, 0},        // a day has one
           Case{400, 3600, 6000, 400, 400, 6 * 24},  // the sequence holds the whole week
       }) {
    const InputLayout layout =
        LayoutOf(SpecOf(c.sequence_length, 24), c.step_seconds, c.train_rows);
    EXPECT_EQ(layout.input_rows(), c.input_rows) << c.train_rows << " of " << c.step_seconds;
    EXPECT_EQ(layout.finite_rows(), c.finite_rows) << c.train_rows << " of " << c.step_seconds;
    EXPECT_EQ(layout.lags(), c.lags) << c.train_rows << " of " << c.step_seconds;
  }
}

TEST(Layout, KnowsTheTimeOfTheWeekOnlyWhereTrainingSawSeveral) {
  EXPECT_FALSE(LayoutOf(SpecOf(24, 24), 3600, 24 * 14).week_cycle);
  EXPECT_TRUE(LayoutOf(SpecOf(24, 24), 3600, 24 * 60).week_cycle);
}

TEST(Batch, HoldsChangesFromTheLastValueInUnitsOfTheUsualChange) {
  const TimeSeries series = SeriesOf({1, 2, 4, 8, 16, 32});
  InputLayout layout;
  layout.sequence_length = 2;
  layout.horizon = 2;
  layout.step_seconds = 3600;
  const Scaling scaling{.change = 2, .levels = {{.mean = 2, .scale = 4}}};
  const InputTable table(series, {0}, layout, scaling);
  const std::vector<std::size_t> origins = {2, 3};
  const Batch batch = table.MakeBatch(origins.data(), 2, true);
  const std::size_t channels = 4;
  const auto at = [&](std::size_t step, std::size_t window, std::size_t channel) {
    return batch.sequence[(step * 2 + window) * channels + channel];
  };
  ASSERT_EQ(batch.sequence.size(), 2 * 2 * channels);
  EXPECT_FLOAT_EQ(at(0, 0, 0), -1);   // (2 - 4) / 2
  EXPECT_FLOAT_EQ(at(1, 0, 0), 0);    // the last value itself
  EXPECT_FLOAT_EQ(at(0, 1, 0), -2);   // (4 - 8) / 2
  EXPECT_FLOAT_EQ(at(0, 0, 3), 0);    // level (2 - 2) / 4
  EXPECT_FLOAT_EQ(at(1, 1, 3), 1.5);  // (8 - 2) / 4
  EXPECT_EQ(batch.targets, (std::vector<float>{2, 6, 4, 12}));
  EXPECT_DOUBLE_EQ(table.InUnit(3, 4), 16);
}

class DaysBefore : public ::testing::Test {
 protected:
  DaysBefore() {
    std::vector<double> values(60);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
    series = SeriesOf(values);
    layout.sequence_length = 2;
    layout.horizon = 3;
    layout.season = 10;
    layout.days = 2;
  }
  std::vector<float> Lags(std::size_t origin) {
    const InputTable table(series, {0}, layout, {.change = 1, .levels = {{}}});
    return table.MakeBatch(&origin, 1, false).lags;
  }

  TimeSeries series;
  InputLayout layout;
};

TEST_F(DaysBefore, AreInputsAtTheHoursOfTheTargets) {
  EXPECT_EQ(Lags(30), (std::vector<float>{-9, -8, -7, -19, -18, -17}));
  layout.sequence_length = 10;  // holds the first day itself
  EXPECT_EQ(Lags(30), (std::vector<float>{-19, -18, -17}));
}

TEST_F(DaysBefore, AreReplacedByTheDayAfterWhereTheyAreMissing) {
  series.values[12] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Lags(30), (std::vector<float>{-9, -8, -7, -19, -8, -17}));
  EXPECT_EQ(Lags(17), (std::vector<float>{-9, -8, -7, -9, -8, -17}));  // before the first row
}

TEST(Batch, CutsLevelsFarOutsideTheTrainingRange) {
  const TimeSeries series = SeriesOf({0, 1e9, 5});
  InputLayout layout;
  layout.sequence_length = 2;
  layout.horizon = 1;
  const InputTable table(series, {0}, layout, {.change = 1, .levels = {{}}});
  const std::size_t origin = 1;
  const Batch batch = table.MakeBatch(&origin, 1, false);
  EXPECT_LE(batch.sequence[4 + 3], 10);
}

}  // namespace
}  // namespace fleetcast::forecast
