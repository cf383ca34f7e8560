#include "common/workqueue/breaker.h"

#include <gtest/gtest.h>

namespace fleetcast::workqueue {
namespace {

constexpr absl::Duration kNow = absl::Hours(1);

TEST(Breaker, OpensWhenWorkIsPutOffAgainAndAgain) {
  Breaker breaker;
  breaker.PutOff("registry", kNow);
  breaker.PutOff("registry", kNow);
  EXPECT_EQ(breaker.Allows(50, kNow).most, 50) << "a single sensor may be away";
  breaker.PutOff("registry", kNow);
  const Allowance closed = breaker.Allows(50, kNow);
  EXPECT_EQ(closed.most, 0);
  EXPECT_EQ(closed.wait, absl::Seconds(2));
  EXPECT_EQ(closed.away, "registry");
}

TEST(Breaker, LetsOneThroughAfterAWaitThatDoubles) {
  Breaker breaker;
  for (int i = 0; i < Breaker::kOpensAfter; ++i) breaker.PutOff("registry", kNow);
  EXPECT_EQ(breaker.Allows(50, kNow + absl::Seconds(2)).most, 1);
  breaker.PutOff("registry", kNow + absl::Seconds(2));
  EXPECT_EQ(breaker.Allows(50, kNow + absl::Seconds(2)).wait, absl::Seconds(4));
}

TEST(Breaker, IsNotDrawnOutByWorkThatWasUnderWay) {
  Breaker breaker;
  for (int i = 0; i < 40; ++i) breaker.PutOff("registry", kNow);
  EXPECT_EQ(breaker.Allows(1, kNow).wait, absl::Seconds(2));
}

TEST(Breaker, ClosesWithASuccess) {
  Breaker breaker;
  for (int i = 0; i < Breaker::kOpensAfter; ++i) breaker.PutOff("registry", kNow);
  breaker.Succeeded();
  EXPECT_EQ(breaker.Allows(50, kNow).most, 50);
  EXPECT_EQ(breaker.Allows(50, kNow).away, "");
}

}  // namespace
}  // namespace fleetcast::workqueue
