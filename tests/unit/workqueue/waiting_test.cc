#include "common/workqueue/waiting.h"

#include <gtest/gtest.h>

namespace fleetcast::workqueue {
namespace {

class WaitTest : public ::testing::Test {
 protected:
  const absl::Time now_ = absl::FromUnixSeconds(1'765'238'400);
  Situation situation_{.now = now_, .bounded = {}, .served_at = {{"here", now_}}};
  Task task_{.pool = "here", .pools = {"here", "fleet", "plant-P001"}, .ready_at = now_};
};

TEST_F(WaitTest, SaysThatNobodyRunsThePool) {
  task_.pool = "elsewhere";
  EXPECT_EQ(WaitOf(task_, situation_).reason,
            "no replica of pool elsewhere has been seen in the last day; start one");
  EXPECT_TRUE(WaitOf(task_, situation_).blocked);
  situation_.served_at["elsewhere"] = now_ - absl::Hours(1);
  EXPECT_EQ(WaitOf(task_, situation_).reason,
            "no replica of pool elsewhere has been seen since 2025-12-08T23:00:00Z; start one");
}

TEST_F(WaitTest, SaysWhichPoolIsFullOrPausedAndWhy) {
  situation_.bounded["fleet"] = {.limit = 2, .running = 2};
  EXPECT_EQ(WaitOf(task_, situation_).reason, "pool fleet is at its limit: 2 of 2 run");
  EXPECT_FALSE(WaitOf(task_, situation_).blocked) << "it ends by itself";
  situation_.bounded["fleet"] = {.limit = 0, .running = 0};
  EXPECT_TRUE(WaitOf(task_, situation_).blocked);
  situation_.bounded = {{"plant-P001", {.paused = true, .reason = "maintenance"}}};
  EXPECT_EQ(WaitOf(task_, situation_).reason, "pool plant-P001 is paused (maintenance)");
  EXPECT_TRUE(WaitOf(task_, situation_).blocked);
  situation_.bounded = {{"fleet", {.limit = 2, .running = 1}}};
  EXPECT_EQ(WaitOf(task_, situation_).reason, "waits for a free slot");
}

TEST_F(WaitTest, SaysWhenItIsTriedAgainAndWhatHappenedBefore) {
  task_.ready_at = now_ + absl::Seconds(10);
  task_.state_reason = "attempt 1 of 3 failed";
  EXPECT_EQ(WaitOf(task_, situation_).reason,
            "tried again at 2025-12-09T00:00:10Z; before: attempt 1 of 3 failed");
}

TEST_F(WaitTest, SaysWhichOfItsKeyRuns) {
  task_.key = "P001/C001";
  situation_.running["P001/C002"] = {2, "P001.C002 of s1"};
  EXPECT_EQ(WaitOf(task_, situation_).reason, "waits for a free slot");
  situation_.running["P001/C001"] = {task_.id, "itself"};
  EXPECT_EQ(WaitOf(task_, situation_).reason, "waits for a free slot");
  situation_.running["P001/C001"] = {1, "P001.C001 of s1"};
  EXPECT_EQ(WaitOf(task_, situation_).reason,
            "waits until P001.C001 of s1 has ended: one at a time");
  EXPECT_FALSE(WaitOf(task_, situation_).blocked);
}

TEST_F(WaitTest, SaysThatItOrItsGroupIsPaused) {
  task_.group_paused = true;
  EXPECT_EQ(WaitOf(task_, situation_).reason, "paused with all of its group");
  EXPECT_TRUE(WaitOf(task_, situation_).blocked);
  task_ = {.state_reason = "paused: by anna", .ready_at = absl::InfiniteFuture()};
  EXPECT_EQ(WaitOf(task_, situation_).reason, "paused: by anna");
}

}  // namespace
}  // namespace fleetcast::workqueue
