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

TEST(AddStale, RemarksARowThatIsMoreThanTwoStepsOld) {
  struct Case {
    absl::Duration age;
    std::int64_t missing;  // 0: no remark
  };
  for (const Case& c :
       {Case{absl::ZeroDuration(), 0}, Case{absl::Hours(2), 0}, Case{absl::Minutes(125), 2},
        Case{absl::Hours(30), 30}, Case{-absl::Hours(5), 0}}) {
    SCOPED_TRACE(c.age);
    Forecast forecast{.issue_time = absl::FromUnixSeconds(1'765'321'200)};
    AddStale(absl::Hours(1), forecast.issue_time + c.age, forecast);
    ASSERT_EQ(forecast.remarks.size(), c.missing > 0 ? 1U : 0U);
    if (c.missing == 0) continue;
    EXPECT_EQ(forecast.remarks[0].kind, "STALE");
    EXPECT_EQ(forecast.remarks[0].count, c.missing);
    EXPECT_NE(forecast.remarks[0].text.find("2025-12-09T23:00:00Z"), std::string::npos);
  }
}

}  // namespace
}  // namespace fleetcast::inference
