#include "common/base/deadline.h"

#include <gtest/gtest.h>

#include <thread>

namespace fleetcast {
namespace {

TEST(DeadlineTest, WithoutOneTheTimeIsUnbounded) { EXPECT_FALSE(RemainingTime().has_value()); }

TEST(DeadlineTest, AnInnerOneShortensTheTimeAndNeverExtendsIt) {
  const ScopedDeadline outer(absl::Hours(2));
  {
    const ScopedDeadline inner(absl::Hours(1));
    EXPECT_LE(*RemainingTime(), absl::Hours(1));
    const ScopedDeadline longer(absl::Hours(5));
    EXPECT_LE(*RemainingTime(), absl::Hours(1));
  }
  EXPECT_GT(*RemainingTime(), absl::Hours(1));
}

TEST(DeadlineTest, ItEndsWithItsScopeAndIsTheThreadsOwn) {
  {
    const ScopedDeadline deadline(absl::Hours(1));
    std::thread other([] { EXPECT_FALSE(RemainingTime().has_value()); });
    other.join();
  }
  EXPECT_FALSE(RemainingTime().has_value());
}

TEST(DeadlineTest, NoTimeIsLeftOnceNobodyWaitsAnyMore) {
  bool over = false;
  {
    const ScopedCancellation cancellation([&] { return over; });
    EXPECT_FALSE(RemainingTime().has_value());
    const ScopedDeadline deadline(absl::Hours(1));
    EXPECT_GT(*RemainingTime(), absl::Minutes(1));
    over = true;
    EXPECT_EQ(RemainingTime(), absl::ZeroDuration());
  }
  EXPECT_FALSE(RemainingTime().has_value());
}

TEST(DeadlineTest, NoTimeLeftIsZeroAndEndlessTimeDoesNotOverflow) {
  {
    const ScopedDeadline passed(-absl::InfiniteDuration());
    EXPECT_EQ(RemainingTime(), absl::ZeroDuration());
  }
  const ScopedDeadline endless(absl::InfiniteDuration());
  EXPECT_GT(*RemainingTime(), absl::Hours(1));
}

}  // namespace
}  // namespace fleetcast
