#include "common/base/clock.h"

#include <gtest/gtest.h>

#include "tests/support/clock_step.h"
#include "tests/support/fake_clock.h"

namespace fleetcast {
namespace {

TEST(SystemClockTest, MonotonicTimeNeverGoesBack) {
  const SystemClock clock;
  absl::Duration last = clock.Monotonic();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = clock.Monotonic();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(SystemClockTest, AStoppedSleeperWakesAtOnce) {
  SystemClock clock;
  Notification stop;
  stop.Notify();
  EXPECT_TRUE(clock.SleepUnlessStopped(absl::Hours(1), stop));
}

TEST(SystemClockTest, ASleeperThatIsNotStoppedSaysSo) {
  SystemClock clock;
  Notification stop;
  EXPECT_FALSE(clock.SleepUnlessStopped(absl::Milliseconds(1), stop));
}

// Run by the next one.
TEST(SystemClockTest, DISABLED_SleepsAMillisecond) {
  SystemClock clock;
  Notification stop;
  EXPECT_FALSE(clock.SleepUnlessStopped(absl::Milliseconds(1), stop));
}

TEST(SystemClockTest, AStepOfTheWallClockDelaysNoSleeper) {
  EXPECT_TRUE(testing::PassesAfterAClockStep("SleepsAMillisecond"));
}

TEST(FakeClockTest, SleepingAdvancesBothTimes) {
  testing::FakeClock clock;
  Notification stop;
  const absl::Time wall = clock.Now();
  const absl::Duration monotonic = clock.Monotonic();
  EXPECT_FALSE(clock.SleepUnlessStopped(absl::Minutes(2), stop));
  EXPECT_EQ(clock.Now() - wall, absl::Minutes(2));
  EXPECT_EQ(clock.Monotonic() - monotonic, absl::Minutes(2));
}

}  // namespace
}  // namespace fleetcast
