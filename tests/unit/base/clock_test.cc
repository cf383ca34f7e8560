#include "common/base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

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

// Run by the next one, under a wall clock that is an hour ahead of the kernel's: what a wait that
// began during a step looks like once the clock is right again.
TEST(SystemClockTest, DISABLED_SleepsAMillisecond) {
  SystemClock clock;
  Notification stop;
  EXPECT_FALSE(clock.SleepUnlessStopped(absl::Milliseconds(1), stop));
}

TEST(SystemClockTest, AStepOfTheWallClockDelaysNoSleeper) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command =
      "timeout 120 faketime --exclude-monotonic -m -f +1h " + self +
      " --gtest_also_run_disabled_tests --gtest_filter=*DISABLED_SleepsAMillisecond"
      " --gtest_output= >&2";
  EXPECT_EQ(std::system(command.c_str()), 0);
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
