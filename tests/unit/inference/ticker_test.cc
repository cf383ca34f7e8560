#include "services/inference/domain/ticker.h"

#include <gtest/gtest.h>

#include "tests/support/inference/fake_inference.h"

namespace fleetcast::inference {
namespace {

TEST(TickOnce, MakesOneSweepPerTickHoweverManyReplicasLook) {
  testing::FakeClock clock;
  FakeLedger ledger(clock);
  FakeScheduleStore schedules(ledger);
  RandomIdSource ids;
  ASSERT_TRUE(
      schedules.Create({ids.NewUuid(), "Create", "a"}, "hourly", {.cron = "0 * * * *"}).ok());
  EXPECT_EQ(*TickOnce(schedules, ids), 0);
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(*TickOnce(schedules, ids) + *TickOnce(schedules, ids), 1);
  const Schedule schedule = *schedules.Get("hourly");
  FakeSweepStore sweeps(ledger);
  const Sweep sweep = *sweeps.Get(schedule.last_sweep_id);
  EXPECT_EQ(sweep.as_of, sweep.tick);
  EXPECT_EQ(sweep.tick, schedule.last_tick);
}

TEST(TickOnce, DoesNotMakeUpTheTicksOfAPause) {
  testing::FakeClock clock;
  FakeLedger ledger(clock);
  FakeScheduleStore schedules(ledger);
  RandomIdSource ids;
  ASSERT_TRUE(
      schedules.Create({ids.NewUuid(), "Create", "a"}, "hourly", {.cron = "0 * * * *"}).ok());
  ASSERT_TRUE(schedules.SetPaused({ids.NewUuid(), "Pause", "a"}, "hourly", true).ok());
  clock.Advance(absl::Hours(5));
  EXPECT_EQ(*TickOnce(schedules, ids), 0);
  ASSERT_TRUE(schedules.SetPaused({ids.NewUuid(), "Resume", "a"}, "hourly", false).ok());
  EXPECT_EQ(*TickOnce(schedules, ids), 0);
}

}  // namespace
}  // namespace fleetcast::inference
