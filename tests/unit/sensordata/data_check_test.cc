#include "common/sensordata/data_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/base/status.h"
#include "tests/unit/sensordata/readings.h"

namespace fleetcast::sensordata {
namespace {

// Two months of hours with a daily cycle and some noise.
RawReadings Cycle() {
  RawReadings readings = OneColumn({});
  for (int i = 0; i < 1440; ++i) {
    readings.unix_seconds.push_back(i * 3600);
    readings.values.push_back(20 + 5 * std::sin(i * 2 * M_PI / 24) + (i * 7919 % 13) * 0.05);
  }
  return readings;
}

struct Case {
  std::string name;
  std::vector<std::pair<std::size_t, double>> cells;  // row, value
  std::int64_t outliers;
  std::vector<std::pair<double, std::int64_t>> sentinels;
};

TEST(DataCheck, TellsOutliersAndSentinelsFromReadings) {
  for (const Case& c : std::vector<Case>{
           {"none", {}, 0, {}},
           {"one -9999", {{700, -9999}}, 1, {{-9999, 1}}},
           {"the largest float, twice", {{7, 3.4e38}, {8, 3.4e38}}, 2, {{3.4e38, 2}}},
           {"the largest double", {{7, 1.7e308}}, 1, {{1.7e308, 1}}},
           {"a spike within the range of all", {{702, 16}}, 0, {}},
           {"a spike that no step comes near to", {{700, -30}}, 1, {}},
           {"one strange value twice", {{100, 555}, {900, 555}}, 2, {{555, 2}}},
           {"-9999 in every fortieth row",
            [] {
              std::vector<std::pair<std::size_t, double>> cells;
              for (std::size_t row = 0; row < 1440; row += 40) cells.emplace_back(row, -9999);
              return cells;
            }(),
            36,
            {{-9999, 36}}},
           {"the newest cell", {{1439, -9999}}, 1, {{-9999, 1}}},
       }) {
    SCOPED_TRACE(c.name);
    RawReadings readings = Cycle();
    for (const auto& [row, value] : c.cells) readings.values[row] = value;
    const auto check = CheckReadings(readings);
    ASSERT_TRUE(check.ok()) << check.status();
    const ColumnCheck& column = check->columns.front();
    EXPECT_EQ(column.outliers, c.outliers);
    ASSERT_EQ(column.sentinels.size(), c.sentinels.size());
    for (std::size_t i = 0; i < c.sentinels.size(); ++i) {
      EXPECT_EQ(column.sentinels[i].value, c.sentinels[i].first);
      EXPECT_EQ(column.sentinels[i].count, c.sentinels[i].second);
    }
    EXPECT_EQ(column.statistics.missing, 0);
  }
}

TEST(DataCheck, RareEventsAreNoOutliers) {
  RawReadings readings = Cycle();
  for (std::size_t i = 0; i < readings.rows(); ++i)
    readings.values[i] = i % 50 < 2 ? static_cast<double>(i % 7) : 0;  // rain
  EXPECT_EQ(CheckReadings(readings)->columns.front().outliers, 0);
}

TEST(DataCheck, TellsGapsStandstillsAndQualities) {
  RawReadings readings = Cycle();
  for (int i = 0; i < 30; ++i) readings.values[300 + static_cast<std::size_t>(i)] = 21;
  readings.quality.assign(readings.values.size(), Quality::kGood);
  readings.quality[5] = readings.quality[6] = Quality::kBad;
  readings.values[5] = readings.values[6] = kNaN;
  readings.quality[7] = Quality::kUncertain;
  for (const int gap : {900, 100}) {  // of ten rows each, and one more
    const auto at = gap;
    const int length = gap == 900 ? 11 : 10;
    readings.unix_seconds.erase(readings.unix_seconds.begin() + at,
                                readings.unix_seconds.begin() + at + length);
    readings.values.erase(readings.values.begin() + at, readings.values.begin() + at + length);
    readings.quality.erase(readings.quality.begin() + at, readings.quality.begin() + at + length);
  }
  const auto check = CheckReadings(readings);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->grid_rows, 1440);
  EXPECT_EQ(check->missing_rows, 21);
  ASSERT_EQ(check->gaps.size(), 2U);
  EXPECT_EQ(check->gaps[0].count, 11);
  EXPECT_EQ(check->gaps[0].first_unix_seconds, 900 * 3600);
  EXPECT_EQ(check->gaps[0].last_unix_seconds, 910 * 3600);
  const ColumnCheck& column = check->columns.front();
  EXPECT_EQ(column.bad_quality, 2);
  EXPECT_EQ(column.uncertain_quality, 1);
  EXPECT_EQ(column.stuck, 30);
  ASSERT_EQ(column.stuck_stretches.size(), 1U);
  EXPECT_EQ(column.stuck_stretches[0].first_unix_seconds, 300 * 3600);
  EXPECT_TRUE(std::any_of(
      check->profile.issues.begin(), check->profile.issues.end(),
      [](const DataIssue& issue) { return issue.kind == DataIssue::Kind::kBadQuality; }));
}

TEST(DataCheck, OfAColumnWithoutAnyReadingIsEmptyNotWrong) {
  RawReadings readings = OneColumn({{0, kNaN}, {60, kNaN}, {120, kNaN}});
  const auto check = CheckReadings(readings);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_TRUE(std::isnan(check->columns[0].median));
  EXPECT_EQ(check->columns[0].statistics.missing, 3);
  EXPECT_EQ(ReasonOf(CheckReadings(OneColumn({})).status()), "DATA_TOO_FEW_ROWS");
}

}  // namespace
}  // namespace fleetcast::sensordata
