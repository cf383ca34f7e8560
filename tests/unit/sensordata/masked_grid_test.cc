#include "common/sensordata/masked_grid.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/base/status.h"
#include "tests/unit/sensordata/readings.h"

namespace fleetcast::sensordata {
namespace {

constexpr CellState kObserved = CellState::kObserved, kMissing = CellState::kMissing,
                    kBadCell = CellState::kBadQuality;

TEST(MaskedGrid, SaysOfEachCellWhatItIsAndFillsNothing) {
  RawReadings readings{.columns = {"a", "b"},
                       .unix_seconds = {0, 60, 120, 240, 300},
                       .values = {1, 2, kNaN, kInfinity, 5, kNaN, 7, 8, 9, 3.4e38}};
  readings.quality.assign(10, Quality::kGood);
  readings.quality[5] = Quality::kBad;
  readings.quality[6] = Quality::kUncertain;
  const auto grid = MaskedGridOf(readings);
  ASSERT_TRUE(grid.ok()) << grid.status();
  EXPECT_EQ(grid->series.rows(), 6U);
  EXPECT_EQ(grid->cells, (std::vector<CellState>{kObserved, kObserved, kMissing, kMissing,
                                                 kObserved, kBadCell, kMissing, kMissing, kObserved,
                                                 kObserved, kObserved, kObserved}));
  EXPECT_EQ(grid->has_row, (std::vector<bool>{true, true, true, false, true, true}));
  for (std::size_t cell = 0; cell < grid->cells.size(); ++cell)
    EXPECT_EQ(std::isnan(grid->series.values[cell]), grid->cells[cell] != kObserved) << cell;
  EXPECT_EQ(grid->series.values.back(), 3.4e38);
}

TEST(MaskedGrid, TheQualityOfARowThatAnotherReplacesIsForgotten) {
  RawReadings readings = OneColumn({{0, 1}, {60, kNaN}, {60, 2}, {120, 3}});
  readings.quality = {Quality::kGood, Quality::kBad, Quality::kGood, Quality::kGood};
  EXPECT_EQ(MaskedGridOf(readings)->cells,
            (std::vector<CellState>{kObserved, kObserved, kObserved}));
}

TEST(MaskedGrid, WithAStepThatTheCallerKnowsHoldsAllRows) {
  const auto grid = MaskedGridOf(OneColumn({{0, 1}, {120, 2}, {240, 3}}), 60);
  EXPECT_EQ(grid->shape.step_seconds, 60);
  EXPECT_EQ(grid->cells,
            (std::vector<CellState>{kObserved, kMissing, kObserved, kMissing, kObserved}));
}

TEST(MaskedGrid, IsRefusedAsRegularGridIs) {
  EXPECT_EQ(ReasonOf(MaskedGridOf(OneColumn({{5, 1}})).status()), "DATA_TOO_FEW_ROWS");
}

}  // namespace
}  // namespace fleetcast::sensordata
