#include "cli/report/axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cli/report/html.h"

namespace fleetcast::cli {
namespace {

TEST(ValueAxis, HasRoundTicksWithinItsBounds) {
  const ValueAxis axis = MakeValueAxis(61.3, 74.8);
  EXPECT_EQ(axis.ticks, (std::vector<double>{65, 70, 75}));
  EXPECT_LT(axis.low, 61.3);
  EXPECT_GT(axis.high, 74.8);
  EXPECT_DOUBLE_EQ(axis.Place(axis.high), 0);
  EXPECT_DOUBLE_EQ(axis.Place(axis.low), 1);
}

TEST(ValueAxis, HasRoomAroundASingleValue) {
  for (const double value : {0.0, -5.0, 1e9, 1e-9}) {
    const ValueAxis axis = MakeValueAxis(value, value);
    EXPECT_LT(axis.low, value);
    EXPECT_GT(axis.high, value);
    EXPECT_LT(axis.ticks.size(), 13U);
  }
}

TEST(TimeAxis, TicksOnRoundHoursAndNeverTooOften) {
  constexpr std::int64_t kMidnight = 1'765'324'800;
  const TimeAxis day = MakeTimeAxis(kMidnight + 60, kMidnight + 86'400, 8);
  EXPECT_EQ(day.ticks.front(), kMidnight + 3 * 3600);
  EXPECT_EQ(day.ticks.back(), kMidnight + 86'400);
  for (const std::int64_t span : {1L, 90L, 5'000L, 1'000'000L, 4'000'000'000L}) {
    EXPECT_LE(MakeTimeAxis(0, span, 8).ticks.size(), 9U);
  }
}

TEST(Escape, LeavesNothingThatHtmlWouldRead) {
  EXPECT_EQ(Escape("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(Escape("Zürich 温度"), "Zürich 温度");
  EXPECT_EQ(Escape(std::string("a\0b\x1b", 4)), "a\\x00b\\x1B");
  EXPECT_EQ(Escape("\xFFx\xC3"), "\\xFFx\\xC3");
}

TEST(Coordinate, HasNoExponentAndNoMinusZero) {
  EXPECT_EQ(Coordinate(12.345), "12.35");
  EXPECT_EQ(Coordinate(1e9), "1000000000");
  EXPECT_EQ(Coordinate(-0.001), "0");
  EXPECT_EQ(Coordinate(std::numeric_limits<double>::quiet_NaN()), "0");
}

}  // namespace
}  // namespace fleetcast::cli
