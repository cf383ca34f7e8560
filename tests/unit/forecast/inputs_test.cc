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

TEST(ColumnScale, LeavesMissingValuesOutAndIsOneForAConstantColumn) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  EXPECT_DOUBLE_EQ(FitColumnScale({1, missing, 3, 1, 3}).mean, 2);
  EXPECT_DOUBLE_EQ(FitColumnScale({1, missing, 3, 1, 3}).scale, 1);
  EXPECT_DOUBLE_EQ(FitColumnScale(std::vector<double>(50, 0.1)).scale, 1);
}

TEST(RobustSize, IsNotMovedByAFewWildChanges) {
  std::vector<double> changes(1000, 2.0);
  const double usual = RobustSize(changes);
  for (std::size_t i = 0; i < 5; ++i) changes[i] = -1e6;
  EXPECT_NEAR(RobustSize(changes), usual, 0.01 * usual);
  std::vector<double> mostly_still(1000, 0.0);
  for (std::size_t i = 0; i < 100; ++i) mostly_still[i] = 5;
  EXPECT_GT(RobustSize(mostly_still), 0.4);
  std::vector<double> nothing;
  EXPECT_EQ(RobustSize(nothing), 0);
}

TEST(Layout, LooksBackAsFarAsTrainingAllows) {
  struct Case {
    int sequence_length;
    std::int64_t step_seconds;
    std::size_t train_rows;
    int days, reach;
  };
  for (const Case& c : {
           Case{24, 3600, 6000, 7, 720}, Case{24, 3600, 400, 4, 100},  // training is short
           Case{24, 3600, 90, 0, 24},                                  // too short
           Case{24, 900, 60'000, 7, 720},                              // a week has 672 rows
           Case{24, 300, 60'000, 7, 2016},                             // 2,016
           Case{24, 60, 60'000, 1, 1440},                              // a day has many rows
           Case{24, 1, 1'000'000, 0, 720},                             // too many
           Case{24, 86'400, 4000, 0, 720},                             // a day has one
           Case{1000, 3600, 6000, 7, 1000},  // the sequence is the longest
       }) {
    const InputLayout layout =
        LayoutOf(SpecOf(c.sequence_length, 24), c.step_seconds, c.train_rows);
    EXPECT_EQ(layout.days, c.days) << c.train_rows << " of " << c.step_seconds;
    EXPECT_EQ(layout.reach, c.reach) << c.train_rows << " of " << c.step_seconds;
    EXPECT_LE(layout.spread_rows(), layout.reach);
    EXPECT_LE(layout.segment * layout.segments, layout.reach);
  }
}

TEST(Layout, KnowsTheTimeOfTheWeekOnlyWhereTrainingSawSeveral) {
  EXPECT_FALSE(LayoutOf(SpecOf(24, 24), 3600, 24 * 14).week_cycle);
  EXPECT_TRUE(LayoutOf(SpecOf(24, 24), 3600, 24 * 60).week_cycle);
  EXPECT_FALSE(LayoutOf(SpecOf(168, 24), 3600, 24 * 60).week_cycle);  // the sequence tells it
}

TEST(Layout, GivesTheLstmTheSequenceOrFourDaysInSegments) {
  struct Case {
    int sequence_length, segment, segments;
    std::int64_t step_seconds = 3600;
  };
  for (const Case& c : {Case{1, 1, 1, 7000}, Case{2, 1, 2, 7000}, Case{7, 3, 2, 7000},
                        Case{24, 12, 2, 7000}, Case{24, 24, 4}, Case{96, 24, 4}, Case{168, 24, 7},
                        Case{336, 24, 14}, Case{1000, 71, 14}, Case{24, 27, 14, 900}}) {
    const InputLayout layout = LayoutOf(SpecOf(c.sequence_length, 24), c.step_seconds, 60'000);
    EXPECT_EQ(layout.segment, c.segment) << c.sequence_length;
    EXPECT_EQ(layout.segments, c.segments) << c.sequence_length;
  }
}

InputLayout FourRows() {
  InputLayout layout;
  layout.sequence_length = layout.reach = 4;
  layout.segment = layout.segments = 2;
  layout.horizon = 2;
  layout.step_seconds = 3600;
  return layout;
}

InputTable TableOf(const TimeSeries& series, const InputLayout& layout, const Scaling& scaling) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < scaling.levels.size(); ++i) columns.push_back(i);
  return {series, columns, std::vector(columns.size(), kEverythingPlausible), layout, scaling};
}

TEST(Batch, HoldsChangesFromTheLastValueInUnitsOfTheUsualChange) {
  const InputTable table = TableOf(SeriesOf({1, 2, 4, 8, 16, 32, 64}), FourRows(),
                                   {.change = 2, .levels = {{.mean = 2, .scale = 4}}});
  const std::vector<std::size_t> origins = {3, 4};
  const Batch batch = table.MakeBatch(origins.data(), 2);
  // Two segments of two rows each, and the time of the week, unused, as two zeros.
  EXPECT_EQ(batch.sequence, (std::vector<float>{-3.5F, -3, 0, 0, -7, -6, 0, 0,     // the older
                                                -2, 0, 0, 0, -4, 0, 0, 0}));       // the newer
  EXPECT_EQ(batch.extras, (std::vector<float>{-3.5F, -3, -2, 0, -7, -6, -4, 0}));  // all at once
  EXPECT_DOUBLE_EQ(table.ChangeAt(3, 4), 4);
  EXPECT_DOUBLE_EQ(table.InUnit(4, 1, 4), 24);
}

TEST(Batch, FillsGapsFromWhatWasBeforeThem) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const InputTable table =
      TableOf(SeriesOf({1, 2, missing, 8, 16, missing}), FourRows(), {.change = 1, .levels = {{}}});
  const std::vector<std::size_t> origins = {3, 5};
  const Batch batch = table.MakeBatch(origins.data(), 2);
  EXPECT_EQ(batch.extras, (std::vector<float>{-7, -6, -6, 0, -8, -8, 0, 0}));
  EXPECT_DOUBLE_EQ(table.LastValue(5), 16);
  EXPECT_TRUE(std::isnan(table.ChangeAt(4, 5)));
  EXPECT_DOUBLE_EQ(table.FilledChangeAt(4, 5), 0);
}

TEST(Batch, TellsTheTimeOfTheWeekOncePerSegment) {
  InputLayout layout = FourRows();
  layout.week_cycle = true;
  const TimeSeries series = SeriesOf({0, 0, 0, 0, 0, 0});  // from a Monday's first hour on
  const InputTable table = TableOf(series, layout, {.change = 1, .levels = {{}}});
  const std::size_t origin = 4;
  const Batch batch = table.MakeBatch(&origin, 1);
  const auto angle = [&](std::size_t row) {
    return 2 * M_PI * static_cast<double>(series.unix_seconds[row] % 604'800) / 604'800;
  };
  ASSERT_EQ(batch.sequence.size(), 8u);
  EXPECT_NEAR(batch.sequence[2], std::sin(angle(2)), 1e-6);
  EXPECT_NEAR(batch.sequence[3], std::cos(angle(2)), 1e-6);
  EXPECT_NEAR(batch.sequence[6], std::sin(angle(4)), 1e-6);
}

TEST(Batch, HoldsTheNewestLevelsOfAllColumnsOnlyWhereTheyAreInputs) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  TimeSeries series = SeriesOf({1, 2, 3, 5});
  series.columns = {"value", "other"};
  series.values = {1, 10, 2, 20, 3, missing, 5, 50};
  InputLayout layout = FourRows();
  const Scaling scaling{.change = 1, .levels = {{3, 2}, {30, 10}}};
  const std::size_t origin = 3;
  const Batch alone = TableOf(series, layout, scaling).MakeBatch(&origin, 1);
  EXPECT_EQ(alone.extras, (std::vector<float>{-4, -3, -2, 0}));
  layout.level_rows = 2;
  const Batch all = TableOf(series, layout, scaling).MakeBatch(&origin, 1);
  EXPECT_EQ(all.extras, (std::vector<float>{-4, -3, -2, 0, 0, -1, 1, 2}));
  EXPECT_EQ(all.sequence, alone.sequence);
}

TEST(Batch, CutsLevelsFarOutsideTheTrainingRange) {
  InputLayout layout = FourRows();
  layout.level_rows = 1;
  const InputTable table =
      TableOf(SeriesOf({0, 0, 0, 1e9, 5}), layout, {.change = 1, .levels = {{}}});
  const std::size_t origin = 3;
  EXPECT_EQ(table.MakeBatch(&origin, 1).extras.back(), 4);
}

TEST(Difficulty, GrowsWithTheSpreadOfTheTargetAndIsNeverZero) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  const InputTable table = TableOf(SeriesOf({7, 7, 7, 7, 4, 10, missing, 4, 10}), FourRows(),
                                   {.change = 2, .levels = {{.mean = 5, .scale = 3}}});
  EXPECT_DOUBLE_EQ(table.Difficulty(3), 0.25);                                // a stuck sensor
  EXPECT_NEAR(table.Difficulty(8), 0.25 + 0.75 * std::sqrt(8.0) / 2, 1e-12);  // of 10, 4 and 10
  EXPECT_NEAR(table.Difficulty(5), 0.25 + 0.75 * std::sqrt(4.5) / 2, 1e-12);  // of 7, 7, 4 and 10
}

}  // namespace
}  // namespace fleetcast::forecast
