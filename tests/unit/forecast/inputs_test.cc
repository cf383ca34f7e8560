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
           Case{24, 3600, 6000, 168, 24, 6 * 24},   // the sequence holds the first day
           Case{12, 3600, 6000, 168, 24, 7 * 24},   // or does not
           Case{24, 3600, 400, 96, 24, 3 * 24},     // training is short
           Case{24, 3600, 90, 24, 24, 0},           // too short
           Case{24, 900, 60'000, 672, 96, 7 * 24},  // a horizon of a quarter of a day
           Case{24, 60, 60'000, 1440, 1440, 24},    // a day has many rows
           Case{24, 1, 1'000'000, 24, 24, 0},       // too many
           Case{24, 86'400, 4000, 24, 24, 0},       // a day has one
           Case{400, 3600, 6000, 400, 400, 0},      // the sequence holds the whole week
           Case{96, 3600, 6000, 168, 96, 3 * 24},   // or four days of it
       }) {
    InputLayout layout = LayoutOf(SpecOf(c.sequence_length, 24), c.step_seconds, c.train_rows);
    EXPECT_EQ(layout.lags(), 0);  // before they have earned their place
    layout.earlier_days = true;
    EXPECT_EQ(layout.input_rows(), c.input_rows) << c.train_rows << " of " << c.step_seconds;
    EXPECT_EQ(layout.finite_rows(), c.finite_rows) << c.train_rows << " of " << c.step_seconds;
    EXPECT_EQ(layout.lags(), c.lags) << c.train_rows << " of " << c.step_seconds;
  }
}

TEST(Layout, KnowsTheTimeOfTheWeekOnlyWhereTrainingSawSeveral) {
  EXPECT_FALSE(LayoutOf(SpecOf(24, 24), 3600, 24 * 14).week_cycle);
  EXPECT_TRUE(LayoutOf(SpecOf(24, 24), 3600, 24 * 60).week_cycle);
  EXPECT_FALSE(LayoutOf(SpecOf(168, 24), 3600, 24 * 60).week_cycle);  // the sequence tells it
}

TEST(Layout, CutsTheSequenceIntoSegments) {
  struct Case {
    int sequence_length, segment_length, segments;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{2, 1, 2}, Case{7, 3, 2}, Case{23, 11, 2},
                        Case{24, 12, 2}, Case{30, 12, 2}, Case{96, 12, 8}, Case{168, 12, 14},
                        Case{336, 24, 14}, Case{4096, 292, 14}}) {
    const InputLayout layout = LayoutOf(SpecOf(c.sequence_length, 24), 3600, 6000);
    EXPECT_EQ(layout.segment_length(), c.segment_length) << c.sequence_length;
    EXPECT_EQ(layout.segments(), c.segments) << c.sequence_length;
  }
}

TEST(Batch, HoldsChangesFromTheLastValueInUnitsOfTheUsualChange) {
  const TimeSeries series = SeriesOf({1, 2, 4, 8, 16, 32, 64});
  InputLayout layout;
  layout.sequence_length = 4;
  layout.horizon = 2;
  layout.step_seconds = 3600;
  const Scaling scaling{.change = 2, .levels = {{.mean = 2, .scale = 4}}};
  const InputTable table(series, {0}, layout, scaling);
  const std::vector<std::size_t> origins = {3, 4};
  const Batch batch = table.MakeBatch(origins.data(), 2, true);
  // Two segments of two rows each, and the time of the week, unused, as two zeros.
  EXPECT_EQ(batch.sequence, (std::vector<float>{-3.5F, -3, 0, 0, -7, -6, 0, 0,     // the older
                                                -2, 0, 0, 0, -4, 0, 0, 0}));       // the newer
  EXPECT_EQ(batch.extras, (std::vector<float>{-3.5F, -3, -2, 0, -7, -6, -4, 0}));  // all at once
  EXPECT_EQ(batch.targets, (std::vector<float>{4, 12, 8, 24}));
  EXPECT_DOUBLE_EQ(table.InUnit(4, 4), 24);
}

TEST(Batch, TellsTheTimeOfTheWeekOncePerSegment) {
  InputLayout layout;
  layout.sequence_length = 4;
  layout.horizon = 1;
  layout.week_cycle = true;
  const TimeSeries series = SeriesOf({0, 0, 0, 0, 0, 0});  // from a Monday's first hour on
  const InputTable table(series, {0}, layout, {.change = 1, .levels = {{}}});
  const std::size_t origin = 4;
  const Batch batch = table.MakeBatch(&origin, 1, false);
  const auto angle = [&](std::size_t row) {
    return 2 * M_PI * static_cast<double>(series.unix_seconds[row] % 604'800) / 604'800;
  };
  ASSERT_EQ(batch.sequence.size(), 8u);
  EXPECT_NEAR(batch.sequence[2], std::sin(angle(2)), 1e-6);
  EXPECT_NEAR(batch.sequence[3], std::cos(angle(2)), 1e-6);
  EXPECT_NEAR(batch.sequence[6], std::sin(angle(4)), 1e-6);
}

TEST(Batch, HoldsTheLevelsOfAllColumnsOverTheLastSegmentOnlyWhereTheyAreInputs) {
  TimeSeries series = SeriesOf({1, 2, 3, 5});
  series.columns = {"value", "other"};
  series.values = {1, 10, 2, 20, 3, 30, 5, 50};
  InputLayout layout;
  layout.sequence_length = 4;
  layout.horizon = 1;
  const Scaling scaling{.change = 1, .levels = {{3, 2}, {30, 10}}};
  const std::size_t origin = 3;
  const Batch alone = InputTable(series, {0, 1}, layout, scaling).MakeBatch(&origin, 1, false);
  EXPECT_EQ(alone.extras, (std::vector<float>{-4, -3, -2, 0}));
  layout.other_columns = true;
  const Batch all = InputTable(series, {0, 1}, layout, scaling).MakeBatch(&origin, 1, false);
  EXPECT_EQ(all.extras, (std::vector<float>{-4, -3, -2, 0, 0, 0, 1, 2}));
  EXPECT_EQ(all.sequence, alone.sequence);
}

TEST(Difficulty, GrowsWithTheSpreadOfTheTargetAndIsNeverZero) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  InputLayout layout;
  layout.sequence_length = 4;
  layout.horizon = 1;
  const Scaling scaling{.change = 2, .levels = {{.mean = 5, .scale = 3}}};
  const TimeSeries series = SeriesOf({7, 7, 7, 7, 4, 10, missing, 4, 10});
  const InputTable table(series, {0}, layout, scaling);
  EXPECT_DOUBLE_EQ(table.Difficulty(3), 0.25);                                // a stuck sensor
  EXPECT_NEAR(table.Difficulty(8), 0.25 + 0.75 * std::sqrt(8.0) / 2, 1e-12);  // of 10, 4 and 10
  EXPECT_NEAR(table.Difficulty(5), 0.25 + 0.75 * std::sqrt(4.5) / 2, 1e-12);  // of 7, 7, 4 and 10
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
    layout.earlier_days = true;
  }
  std::vector<float> Lags(std::size_t origin) {
    const InputTable table(series, {0}, layout, {.change = 1, .levels = {{}}});
    const std::vector<float> extras = table.MakeBatch(&origin, 1, false).extras;
    return {extras.begin() + layout.sequence_length, extras.end()};
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
  layout.other_columns = true;
  const InputTable table(series, {0}, layout, {.change = 1, .levels = {{}}});
  const std::size_t origin = 1;
  const Batch batch = table.MakeBatch(&origin, 1, false);
  EXPECT_EQ(batch.extras.back(), 4);
}

}  // namespace
}  // namespace fleetcast::forecast
