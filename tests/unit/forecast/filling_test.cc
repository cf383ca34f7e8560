#include "common/forecast/filling.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace fleetcast::forecast {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(FillGaps, LooksBackOnly) {
  struct Case {
    const char* name;
    std::size_t season;
    std::vector<double> values, filled;
  };
  for (const Case& c : {
           Case{"nothing", 0, {}, {}},
           Case{"no gap", 2, {1, 2, 3}, {1, 2, 3}},
           Case{"a short gap keeps the last value", 2, {1, 2, kNone, kNone, 3}, {1, 2, 2, 2, 3}},
           Case{"a long one without days, too",
                0,
                {1, kNone, kNone, kNone, kNone, 9},
                {1, 1, 1, 1, 1, 9}},
           Case{"a long one takes the day before after three rows",
                5,
                {1, 2, 3, 4, 5, kNone, kNone, kNone, kNone, kNone, 9},
                {1, 2, 3, 4, 5, 5, 5, 5, 4, 5, 9}},
           Case{"for days on end",
                2,
                {1, 2, kNone, kNone, kNone, kNone, kNone, kNone, kNone},
                {1, 2, 2, 2, 2, 2, 2, 2, 2}},
           Case{"before the first value stands the first", 2, {kNone, kNone, 7, 8}, {7, 7, 7, 8}},
       }) {
    std::vector<double> values = c.values;
    FillGaps(values.data(), values.size(), c.season);
    EXPECT_EQ(values, c.filled) << c.name;
  }
}

TEST(FillGaps, LeavesWhatHasNoValueAtAll) {
  std::vector<double> values(4, kNone);
  FillGaps(values.data(), values.size(), 2);
  for (const double value : values) EXPECT_NE(value, value);
}

}  // namespace
}  // namespace fleetcast::forecast
