#include <gtest/gtest.h>

#include <cmath>

#include "common/base/status.h"
#include "common/sensordata/profile.h"
#include "tests/unit/sensordata/readings.h"

namespace fleetcast::sensordata {
namespace {

// The grid's values, NaN written as -1.
std::vector<double> ValuesOf(const absl::StatusOr<TimeSeries>& grid) {
  EXPECT_TRUE(grid.ok()) << grid.status();
  std::vector<double> values = grid->values;
  for (double& value : values) {
    if (std::isnan(value)) value = -1;
  }
  return values;
}

TEST(RegularGrid, LeavesRegularRowsAsTheyAre) {
  const auto grid = RegularGrid(OneColumn({{0, 1}, {60, 2}, {120, 3}}));
  EXPECT_EQ(ValuesOf(grid), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(grid->unix_seconds, (std::vector<std::int64_t>{0, 60, 120}));
}

TEST(RegularGrid, SortsRowsAndKeepsTheLastOfEachTimestamp) {
  EXPECT_EQ(ValuesOf(RegularGrid(OneColumn({{120, 3}, {0, 1}, {60, 9}, {60, 2}, {180, 4}}))),
            (std::vector<double>{1, 2, 3, 4}));
}

TEST(RegularGrid, LeavesGapsOpen) {
  EXPECT_EQ(ValuesOf(RegularGrid(OneColumn({{0, 0}, {60, 1}, {180, 3}, {240, 4}, {480, 8}}))),
            (std::vector<double>{0, 1, -1, 3, 4, -1, -1, -1, 8}));
}

TEST(RegularGrid, TreatsEmptyAndInfiniteCellsAsGapsOfTheirColumn) {
  EXPECT_EQ(ValuesOf(RegularGrid(
                OneColumn({{0, kNaN}, {60, kInfinity}, {120, 3}, {180, -kInfinity}, {240, 5}}))),
            (std::vector<double>{-1, -1, 3, -1, 5}));
}

TEST(RegularGrid, MovesRowsToTheNearestPointWhichTakesTheNearestRow) {
  const auto grid = RegularGrid(OneColumn({{0, 1},
                                           {62, 2},
                                           {120, 3},
                                           {125, 99},
                                           {180, 4},
                                           {240, 5},
                                           {299, 6},
                                           {360, 7},
                                           {420, 8},
                                           {480, 9}}));
  EXPECT_EQ(ValuesOf(grid), (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(grid->unix_seconds.back(), 480);
}

TEST(RegularGrid, LiesWhereMostRowsLie) {
  const auto grid = RegularGrid(OneColumn({{7, 1}, {60, 2}, {120, 3}, {180, 4}}));
  EXPECT_EQ(grid->unix_seconds.front(), 0);
}

TEST(RegularGrid, HoldsAcrossALocalClocksJumps) {
  const auto grid = RegularGrid(OneColumn(
      {{0, 0}, {3600, 1}, {10'800, 3}, {14'400, 4}, {14'400, 5}, {18'000, 6}, {21'600, 7}}));
  EXPECT_EQ(ValuesOf(grid), (std::vector<double>{0, 1, -1, 3, 5, 6, 7}));
}

TEST(RegularGrid, WorksOnTwoRowsAndBefore1970) {
  EXPECT_EQ(ValuesOf(RegularGrid(OneColumn({{-90, 1}, {-30, 2}}))), (std::vector<double>{1, 2}));
  EXPECT_EQ(ReasonOf(RegularGrid(OneColumn({{5, 1}})).status()), "DATA_TOO_FEW_ROWS");
}

TEST(RegularGrid, UsesAStepThatTheCallerKnows) {
  EXPECT_EQ(ValuesOf(RegularGrid(OneColumn({{0, 0}, {120, 2}, {240, 4}}), 60)),
            (std::vector<double>{0, -1, 2, -1, 4}));
}

TEST(RegularGrid, RefusesAStrayTimestampThatWouldMakeItAlmostEmpty) {
  RawReadings readings = OneColumn({{-2'000'000'000, 1}});
  for (int i = 0; i < 1000; ++i) {
    readings.unix_seconds.push_back(1'700'000'000 + i * 60);
    readings.values.push_back(i);
  }
  const auto grid = RegularGrid(readings);
  EXPECT_EQ(ReasonOf(grid.status()), "DATA_SPAN_TOO_LONG");
  EXPECT_EQ(DetailsOf(grid.status())->metadata.at("gap_end"), "2023-11-14T22:13:20Z");
}

TEST(RegularGrid, OfAMillionRowsHasAMillionPoints) {
  RawReadings readings = OneColumn({});
  for (int i = 999'999; i >= 0; --i) {
    readings.unix_seconds.push_back(i * 10);
    readings.values.push_back(i);
  }
  const auto grid = RegularGrid(readings);
  ASSERT_TRUE(grid.ok());
  EXPECT_EQ(grid->rows(), 1'000'000U);
  EXPECT_EQ(grid->values[123'456], 123'456);
}

}  // namespace
}  // namespace fleetcast::sensordata
