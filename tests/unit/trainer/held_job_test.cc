// What a holder knows of its lease, on a clock that the test moves.
#include "services/trainer/domain/held_job.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/trainer/circuits.h"
#include "tests/support/trainer/fake_job_store.h"

namespace fleetcast::trainer {
namespace {

constexpr absl::Duration kLease = absl::Seconds(30);
const ClaimRequest kClaim{
    .replica = "replica-1", .environment = "custom-lstm-env:1.5.0", .lease = kLease};

class HeldJobTest : public ::testing::Test {
 protected:
  HeldJobTest() {
    EXPECT_TRUE(store_.CreateRun(RequestFor("CreateTrainingRun", "run1"), RunOf("run1", 1)).ok());
    held_.emplace(store_, clock_, store_.ClaimJob(kClaim)->job->hold(), clock_.Monotonic(), kLease,
                  draining_);
  }
  int Epoch() { return store_.GetJob(held_->hold().name)->progress.epoch; }

  testing::FakeClock clock_;
  FakeJobStore store_{clock_};
  std::atomic<bool> draining_ = false;
  std::optional<HeldJob> held_;
};

TEST_F(HeldJobTest, RenewsTheLeaseForAsLongAsTheWorkTakes) {
  for (int i = 0; i < 100; ++i) {
    clock_.Advance(absl::Seconds(5));
    held_->RenewIfDue();
    ASSERT_FALSE(held_->MustStop().has_value()) << i;
  }
  EXPECT_TRUE(held_->CheckHeld().ok());
}

// Rule 2: the holder stops before the lease can have expired, without being told.
TEST_F(HeldJobTest, StopsBeforeTheLeaseCanHaveExpiredWhenTheStoreIsAway) {
  store_.FailWith(absl::UnavailableError("Postgres restarts"));
  clock_.Advance(absl::Seconds(26));
  held_->RenewIfDue();
  EXPECT_FALSE(held_->MustStop().has_value());
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(held_->MustStop(), StopReason::kLeaseLost);
  // Nothing brings it back, not even a store that answers again.
  store_.FailWith(absl::OkStatus());
  held_->RenewIfDue();
  EXPECT_EQ(held_->MustStop(), StopReason::kLeaseLost);
  EXPECT_EQ(ReasonOf(held_->CheckHeld()), "LEASE_LOST");
}

TEST_F(HeldJobTest, OutlivesAStoreThatComesBackInTime) {
  store_.FailWith(absl::UnavailableError("Postgres restarts"));
  for (int i = 0; i < 20; ++i) {
    clock_.Advance(absl::Seconds(1));
    held_->RenewIfDue();
  }
  store_.FailWith(absl::OkStatus());
  clock_.Advance(absl::Seconds(1));
  held_->RenewIfDue();
  clock_.Advance(absl::Seconds(20));
  EXPECT_FALSE(held_->MustStop().has_value());
}

TEST_F(HeldJobTest, StopsWhenAnotherHasClaimedTheJob) {
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(store_.ClaimJob(kClaim)->job.has_value());
  // A holder whose own clock stood still meanwhile, as on a suspended machine.
  HeldJob zombie(store_, clock_, held_->hold(), clock_.Monotonic(), kLease, draining_);
  EXPECT_FALSE(zombie.MustStop().has_value());
  EXPECT_EQ(ReasonOf(zombie.CheckHeld()), "LEASE_LOST");
  EXPECT_EQ(zombie.MustStop(), StopReason::kLeaseLost);
}

TEST_F(HeldJobTest, NoticesACancelAtItsNextHeartbeat) {
  ASSERT_TRUE(store_.CancelRun(RequestFor("CancelTrainingRun", "run1"), "run1").ok());
  EXPECT_FALSE(held_->MustStop().has_value());
  clock_.Advance(absl::Seconds(11));
  held_->RenewIfDue();
  EXPECT_EQ(held_->MustStop(), StopReason::kCancelled);
  EXPECT_EQ(ReasonOf(held_->StopStatus()), "JOB_CANCELLED");
}

TEST_F(HeldJobTest, StopsWhenItsReplicaDrains) {
  draining_ = true;
  EXPECT_EQ(ReasonOf(held_->StopStatus()), "REPLICA_DRAINING");
}

TEST_F(HeldJobTest, WritesProgressSoonAndKeepsItWhileTheStoreIsAway) {
  held_->Report({.phase = JobPhase::kTraining, .epoch = 1});
  held_->RenewIfDue();
  EXPECT_EQ(Epoch(), 1);
  held_->Report({.phase = JobPhase::kTraining, .epoch = 2});
  held_->RenewIfDue();
  EXPECT_EQ(Epoch(), 1) << "too soon to write again";
  clock_.Advance(absl::Seconds(1));
  store_.FailWith(absl::UnavailableError("away"));
  held_->RenewIfDue();
  store_.FailWith(absl::OkStatus());
  clock_.Advance(absl::Seconds(1));
  held_->RenewIfDue();
  EXPECT_EQ(Epoch(), 2);
}

}  // namespace
}  // namespace fleetcast::trainer
