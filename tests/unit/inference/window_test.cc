#include "services/inference/domain/window.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

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
