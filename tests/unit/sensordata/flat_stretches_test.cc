#include "common/sensordata/flat_stretches.h"

#include <gtest/gtest.h>

#include <functional>

namespace fleetcast::sensordata {
namespace {

std::vector<Cell> CellsOf(int rows, const std::function<double(int)>& value) {
  std::vector<Cell> cells;
  for (int row = 0; row < rows; ++row) cells.push_back({row * std::int64_t{3600}, value(row)});
  return cells;
}

double Moving(int row) { return (row * 7919) % 97; }

TEST(StuckAtEnd, IsASensorThatStandsStillForLongerThanIsUsualForIt) {
  struct Scenario {
    const char* name;
    int rows;
    std::function<double(int)> value;
    std::int64_t stuck;  // rows; 0: not
  };
  for (const Scenario& s : {
           Scenario{"it moves", 700, Moving, 0},
           Scenario{"stuck for a day", 700, [](int row) { return row < 676 ? Moving(row) : 5.5; },
                    24},
           Scenario{"a night, like the others", 700,
                    [](int row) { return row % 24 < 10 || row >= 690 ? 0 : Moving(row); }, 0},
           Scenario{"the nights' value, for two days", 700,
                    [](int row) { return row % 24 < 10 || row >= 652 ? 0 : Moving(row); }, 52},
           Scenario{"a weekend, like the one before", 700,
                    [](int row) { return row % 168 >= 120 || row >= 660 ? 0 : Moving(row); }, 0},
           Scenario{"not for long yet", 700, [](int row) { return row < 680 ? Moving(row) : 5.5; },
                    0},
           Scenario{"it was stuck and has recovered", 700,
                    [](int row) { return row > 100 && row < 300 ? 5.5 : Moving(row); }, 0},
           Scenario{"it changes every sixth hour only", 700,
                    [](int row) { return row < 640 ? Moving(row / 6) : 5.5; }, 0},
           Scenario{"it has always been constant", 700, [](int) { return 5.5; }, 0},
           Scenario{"there is nothing", 0, Moving, 0},
       }) {
    const auto stretch = StuckAtEnd(CellsOf(s.rows, s.value));
    EXPECT_EQ(stretch ? stretch->count : 0, s.stuck) << s.name;
    if (stretch) {
      EXPECT_EQ(stretch->last_unix_seconds, (s.rows - 1) * 3600) << s.name;
      EXPECT_EQ(stretch->first_unix_seconds, (s.rows - s.stuck) * 3600) << s.name;
    }
  }
}

}  // namespace
}  // namespace fleetcast::sensordata
