#include "common/forecast/windows.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/status.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

TEST(Split, IsChronologicalAndCoversEveryRow) {
  struct Case {
    std::size_t rows;
    SplitShares shares;
    std::size_t train_end, validation_end;
  };
  for (const Case& c :
       {Case{100, {0.7, 0.15}, 70, 85}, Case{17420, {0.7, 0.15}, 12194, 14807},
        Case{10, {0.5, 0.25}, 5, 7}, Case{0, {0.7, 0.15}, 0, 0}, Case{1, {0.7, 0.15}, 0, 0}}) {
    const SplitRows split = SplitOf(c.rows, c.shares);
    EXPECT_EQ(split.train.begin, 0u);
    EXPECT_EQ(split.train.end, c.train_end) << c.rows;
    EXPECT_EQ(split.validation.begin, c.train_end) << c.rows;
    EXPECT_EQ(split.validation.end, c.validation_end) << c.rows;
    EXPECT_EQ(split.test.begin, c.validation_end) << c.rows;
    EXPECT_EQ(split.test.end, c.rows);
  }
}

TEST(Windows, BelongToThePartThatHoldsAllTheirTargets) {
  const TimeSeries series = SeriesOf({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const WindowRule rule{
      .input_rows = 3, .finite_rows = 3, .horizon = 2, .input_columns = {0}, .target_column = 0};
  struct Case {
    RowRange part;
    std::vector<std::size_t> origins;
  };
  for (const Case& c : {Case{{0, 6}, {2, 3}}, Case{{6, 9}, {5, 6}}, Case{{9, 10}, {}},
                        Case{{8, 10}, {7}}, Case{{0, 4}, {}}, Case{{0, 5}, {2}}}) {
    EXPECT_EQ(CompleteOrigins(series, rule, c.part), c.origins)
        << c.part.begin << " to " << c.part.end;
  }
}

TEST(Windows, WithAMissingInputOrTargetAreLeftOut) {
  TimeSeries series = SeriesOf({0, 1, 2, 3, kMissing, 5, 6, 7, 8, 9});
  const WindowRule rule{
      .input_rows = 2, .finite_rows = 2, .horizon = 1, .input_columns = {0}, .target_column = 0};
  // Row 4 spoils its window as a target and the two that have it as an input.
  EXPECT_EQ(CompleteOrigins(series, rule, {0, 10}), (std::vector<std::size_t>{1, 2, 6, 7, 8}));
  series.values[4] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(CompleteOrigins(series, rule, {0, 10}).size(), 5u);
}

TEST(Windows, AFeatureMustBeThereForInputsOnly) {
  TimeSeries series = DailyCycle(10);
  series.values[5 * 3 + 1] = kMissing;  // "weather" in row 5
  const WindowRule rule{
      .input_rows = 2, .finite_rows = 2, .horizon = 2, .input_columns = {0, 1}, .target_column = 0};
  EXPECT_EQ(CompleteOrigins(series, rule, {0, 10}), (std::vector<std::size_t>{1, 2, 3, 4, 7}));
}

TEST(Windows, MayLackValuesBeforeTheRowsThatMustBeFinite) {
  const TimeSeries series = SeriesOf({kMissing, 1, 2, 3, 4});
  const WindowRule rule{
      .input_rows = 3, .finite_rows = 2, .horizon = 1, .input_columns = {0}, .target_column = 0};
  EXPECT_EQ(CompleteOrigins(series, rule, {0, 5}), (std::vector<std::size_t>{2, 3}));
}

TEST(Step, IsTheSpacingOfARegularGrid) { EXPECT_EQ(*RegularStep(SeriesOf({1, 2, 3})), 3600); }

TEST(Step, OfOneRowIsUnknown) {
  EXPECT_EQ(ReasonOf(RegularStep(SeriesOf({1})).status()), "DATA_TOO_FEW_ROWS");
}

TEST(Step, ThatChangesIsRefusedNamingTheRow) {
  TimeSeries series = SeriesOf({1, 2, 3, 4});
  series.unix_seconds[3] += 60;
  const absl::Status status = RegularStep(series).status();
  EXPECT_EQ(ReasonOf(status), "DATA_IRREGULAR_STEP");
  EXPECT_EQ(DetailsOf(status)->metadata.at("row"), "3");
}

TEST(Step, DividesADayOrNot) {
  EXPECT_EQ(RowsPerDay(3600), 24u);
  EXPECT_EQ(RowsPerDay(900), 96u);
  EXPECT_EQ(RowsPerDay(86'400), 0u);
  EXPECT_EQ(RowsPerDay(7000), 0u);
}

TEST(Columns, ThatAreAbsentAreNamedWithThoseThatAreThere) {
  const absl::Status status = ColumnIndices(DailyCycle(2), {"load", "wether"}).status();
  EXPECT_EQ(ReasonOf(status), "DATA_COLUMN_MISSING");
  EXPECT_EQ(DetailsOf(status)->metadata.at("column"), "wether");
  EXPECT_EQ(DetailsOf(status)->metadata.at("columns"), "load, weather, other");
}

}  // namespace
}  // namespace fleetcast::forecast
