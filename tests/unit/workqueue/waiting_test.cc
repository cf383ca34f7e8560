#include "common/workqueue/waiting.h"

#include <gtest/gtest.h>

namespace fleetcast::workqueue {
namespace {

class WaitReasonTest : public ::testing::Test {
 protected:
  const absl::Time now_ = absl::FromUnixSeconds(1'765'238'400);
  Situation situation_{.now = now_, .bounded = {}, .served_at = {{"here", now_}}};
  Task task_{.pool = "here", .pools = {"here", "fleet", "plant-P001"}, .ready_at = now_};
};

TEST_F(WaitReasonTest, SaysThatNobodyRunsThePool) {
  task_.pool = "elsewhere";
  EXPECT_EQ(WaitReason(task_, situation_),
            "no replica of pool elsewhere has been seen in the last day; start one");
  situation_.served_at["elsewhere"] = now_ - absl::Hours(1);
  EXPECT_EQ(WaitReason(task_, situation_),
            "no replica of pool elsewhere has been seen since 2025-12-08T23:00:00Z; start one");
}

TEST_F(WaitReasonTest, SaysWhichPoolIsFullOrPausedAndWhy) {
  situation_.bounded["fleet"] = {.limit = 2, .running = 2};
  EXPECT_EQ(WaitReason(task_, situation_), "pool fleet is at its limit: 2 of 2 run");
  situation_.bounded = {{"plant-P001", {.paused = true, .reason = "maintenance"}}};
  EXPECT_EQ(WaitReason(task_, situation_), "pool plant-P001 is paused (maintenance)");
  situation_.bounded = {{"fleet", {.limit = 2, .running = 1}}};
  EXPECT_EQ(WaitReason(task_, situation_), "waits for a free slot");
}

TEST_F(WaitReasonTest, SaysWhenItIsTriedAgainAndWhatHappenedBefore) {
  task_.ready_at = now_ + absl::Seconds(10);
  task_.state_reason = "attempt 1 of 3 failed";
  EXPECT_EQ(WaitReason(task_, situation_),
            "tried again at 2025-12-09T00:00:10Z; before: attempt 1 of 3 failed");
}

TEST_F(WaitReasonTest, SaysThatItOrItsGroupIsPaused) {
  task_.group_paused = true;
  EXPECT_EQ(WaitReason(task_, situation_), "paused with all of its group");
  task_ = {.state_reason = "paused: by anna", .ready_at = absl::InfiniteFuture()};
  EXPECT_EQ(WaitReason(task_, situation_), "paused: by anna");
}

}  // namespace
}  // namespace fleetcast::workqueue
