#include "common/workqueue/hold.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::workqueue {
namespace {

class HoldTest : public ::testing::Test {
 protected:
  Hold Take(absl::Duration attempt_timeout = absl::InfiniteDuration()) {
    return {clock_,
            {.id = 1, .lease_epoch = 2, .name = "a", .attempt_timeout = attempt_timeout},
            clock_.Monotonic(),
            absl::Seconds(30)};
  }
  testing::FakeClock clock_;
};

TEST_F(HoldTest, StopsBeforeTheLeaseCanHaveRunOut) {
  const Hold hold = Take();
  clock_.Advance(absl::Seconds(26));
  EXPECT_TRUE(hold.StopStatus().ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(hold.MustStop(), StopReason::kExpired);
  EXPECT_EQ(ReasonOf(hold.StopStatus()), "LEASE_LOST");
  EXPECT_TRUE(hold.Lost());
}

TEST_F(HoldTest, IsDueForRenewalAThirdOfTheLeaseAfterTheLastOne) {
  Hold hold = Take();
  clock_.Advance(absl::Seconds(9));
  EXPECT_FALSE(hold.RenewalDue());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(hold.RenewalDue());
  const absl::Duration asked_at = clock_.Monotonic();
  clock_.Advance(absl::Seconds(5));
  hold.Renewed(asked_at);  // confirmed late: it counts from when it was asked
  EXPECT_FALSE(hold.RenewalDue());
  clock_.Advance(absl::Seconds(22));
  EXPECT_EQ(hold.MustStop(), StopReason::kExpired);
}

TEST_F(HoldTest, GoesOnBeingRenewedWhileItsProcessDrains) {
  Hold hold = Take();
  hold.Stop(StopReason::kDraining);
  EXPECT_EQ(ReasonOf(hold.StopStatus()), "REPLICA_DRAINING");
  EXPECT_FALSE(hold.Lost());
  clock_.Advance(absl::Seconds(10));
  EXPECT_TRUE(hold.RenewalDue());
  hold.Stop(StopReason::kGone);
  EXPECT_EQ(hold.MustStop(), StopReason::kGone) << "a drain does not hide it";
  EXPECT_FALSE(hold.RenewalDue());
  hold.Stop(StopReason::kDraining);
  EXPECT_EQ(hold.MustStop(), StopReason::kGone);
}

TEST_F(HoldTest, StopsWhenTheAttemptHasTakenLongerThanItMay) {
  const Hold hold = Take(absl::Seconds(5));
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(hold.Remaining(), absl::Seconds(2));
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(ReasonOf(hold.StopStatus()), "ATTEMPT_TIMEOUT");
  EXPECT_FALSE(hold.Lost()) << "how it ended is still ours to write";
}

TEST_F(HoldTest, CancelsCallsUnderWayAsSoonAsItIsNoticed) {
  Hold hold = Take();
  EXPECT_FALSE(hold.stop_token().stop_requested());
  clock_.Advance(absl::Seconds(29));
  hold.NoticeStop();
  EXPECT_TRUE(hold.stop_token().stop_requested());
}

TEST_F(HoldTest, GivesItsNewestProgressOnce) {
  Hold hold = Take();
  EXPECT_FALSE(hold.TakeProgress());
  hold.Report("1");
  hold.Report("2");
  EXPECT_EQ(hold.TakeProgress(), "2");
  EXPECT_FALSE(hold.TakeProgress());
}

}  // namespace
}  // namespace fleetcast::workqueue
