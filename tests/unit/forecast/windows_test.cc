#include "common/forecast/windows.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/status.h"
#include "common/forecast/preparation.h"
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

// A table of `values` with windows of 3 inputs.
InputTable TableOf(const std::vector<double>& values, int fewest_readings = 1) {
  InputLayout layout;
  layout.sequence_length = layout.reach = 3;
  layout.horizon = 2;
  layout.fewest_readings = fewest_readings;
  return {SeriesOf(values), {0}, {kEverythingPlausible}, layout, {.levels = {{}}}};
}

TEST(Windows, BelongToThePartThatHoldsAllTheirTargets) {
  const InputTable table = TableOf({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  struct Case {
    RowRange part;
    std::vector<std::size_t> origins;
  };
  for (const Case& c : {Case{{0, 6}, {2, 3}}, Case{{6, 9}, {5, 6}}, Case{{9, 10}, {}},
                        Case{{8, 10}, {7}}, Case{{0, 4}, {}}, Case{{0, 5}, {2}}}) {
    EXPECT_EQ(UsableOrigins(table, c.part, 3, 2, 1), c.origins)
        << c.part.begin << " to " << c.part.end;
  }
}

TEST(Windows, NeedAReadingForTheirLastValueAndSomeAmongTheirTargets) {
  const std::vector<double> values = {0, 1, 2, 3, kMissing, kMissing, 6, 7, 8, 9};
  const auto origins = [&](std::size_t readings) {
    return UsableOrigins(TableOf(values), {0, 10}, 3, 2, readings);
  };
  EXPECT_EQ(origins(1), (std::vector<std::size_t>{2, 6, 7}));
  EXPECT_EQ(origins(2), (std::vector<std::size_t>{6, 7}));
}

TEST(Windows, NeedSomeReadingsAmongTheirInputs) {
  const std::vector<double> values = {0, 1, 2, 3, kMissing, kMissing, 6, 7, 8, 9};
  EXPECT_EQ(UsableOrigins(TableOf(values, 2), {0, 10}, 3, 2, 1), (std::vector<std::size_t>{2, 7}));
}

TEST(Windows, MayBeForecastFromUpToThreeRowsAfterTheLastReading) {
  const InputTable table = TableOf({0, 1, 2, 3, kMissing, kMissing, kMissing, kMissing});
  EXPECT_TRUE(table.CanForecastFrom(5));
  EXPECT_FALSE(table.CanForecastFrom(7));
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
