#include "services/inference/domain/window.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

TEST(ColumnsToRead, AddsTheTargetOnlyWhereItIsNoFeature) {
  EXPECT_EQ(ColumnsToRead({"a", "b"}, "b"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ColumnsToRead({"a", "b"}, "c"), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(WithoutIncompleteEnd, DropsAtMostAFewLastRows) {
  const TimeSeries grid{{"a", "b"}, {0, 60, 120, 180}, {1, 2, 3, 4, 5, kMissing, kMissing, 8}};
  EXPECT_EQ(WithoutIncompleteEnd(grid).unix_seconds, (std::vector<std::int64_t>{0, 60}));
  EXPECT_EQ(WithoutIncompleteEnd(grid).values, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(WithoutIncompleteEnd(grid, 1).rows(), 3U);
  const TimeSeries complete{{"a"}, {0, 60}, {kMissing, 1}};
  EXPECT_EQ(WithoutIncompleteEnd(complete).rows(), 2U);
  EXPECT_EQ(WithoutIncompleteEnd({{"a"}, {}, {}}).rows(), 0U);
}

TEST(CheckFresh, ComparesWithTheTimeOfTheForecastAndNamesTheSensor) {
  const absl::Time due = absl::FromUnixSeconds(10'000);
  EXPECT_TRUE(CheckFresh("S1", 10'000 - 3600, due, absl::Hours(1)).ok());
  const absl::Status stale = CheckFresh("S1", 10'000 - 3601, due, absl::Hours(1));
  EXPECT_EQ(ReasonOf(stale), "DATA_STALE");
  EXPECT_NE(stale.message().find("S1"), absl::string_view::npos);
  EXPECT_TRUE(CheckFresh("S1", 0, due, absl::ZeroDuration()).ok());
}

}  // namespace
}  // namespace fleetcast::inference
