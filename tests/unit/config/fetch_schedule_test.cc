#include "services/config/git/fetch_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/deadline.h"
#include "common/base/status.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::config {
namespace {

using fleetcast::testing::FakeClock;

absl::Status Down() {
  return MakeError(absl::StatusCode::kUnavailable, "the remote is down",
                   {.reason = "REMOTE_UNREACHABLE"});
}

TEST(FetchSchedule, FetchesOnlyWhenWhatIsKnownIsOlderThanAsked) {
  FakeClock clock;
  int fetches = 0;
  FetchSchedule schedule(
      [&] {
        ++fetches;
        return absl::OkStatus();
      },
      clock.Now() - absl::Minutes(10), clock);
  EXPECT_EQ(schedule.Refresh(absl::Minutes(10)).fetch_time, clock.Now() - absl::Minutes(10));
  EXPECT_EQ(fetches, 0);
  EXPECT_EQ(schedule.Refresh(absl::Minutes(9)).fetch_time, clock.Now());
  EXPECT_EQ(fetches, 1);
  clock.Advance(absl::Seconds(5));
  EXPECT_FALSE(schedule.Refresh(absl::Seconds(5)).stale);
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(schedule.Refresh(absl::ZeroDuration()).fetch_time, clock.Now());
  EXPECT_EQ(fetches, 2);
}

TEST(FetchSchedule, WhatWasNeverFetchedIsFetchedHoweverPatientTheCaller) {
  const FakeClock clock;
  int fetches = 0;
  const auto fetch = [&] {
    ++fetches;
    return absl::OkStatus();
  };
  FetchSchedule never(fetch, std::nullopt, clock);
  EXPECT_FALSE(never.Known().fetch_time.has_value());
  EXPECT_TRUE(never.Refresh(absl::InfiniteDuration()).fetch_time.has_value());
  // The clock was put back since.
  FetchSchedule future(fetch, clock.Now() + absl::Hours(1), clock);
  EXPECT_EQ(future.Refresh(absl::Minutes(1)).fetch_time, clock.Now());
  EXPECT_EQ(fetches, 2);
}

TEST(FetchSchedule, FailureIsSaidAndNotTriedAgainAtOnce) {
  FakeClock clock;
  int fetches = 0;
  absl::Status result = Down();
  FetchSchedule schedule(
      [&] {
        ++fetches;
        return result;
      },
      clock.Now() - absl::Hours(1), clock);
  for (int i = 0; i < 2; ++i) {
    const Freshness stale = schedule.Refresh(absl::ZeroDuration());
    EXPECT_TRUE(stale.stale);
    EXPECT_EQ(stale.reason, "REMOTE_UNREACHABLE");
    EXPECT_EQ(stale.message, "the remote is down");
    EXPECT_EQ(stale.retry_after, FetchSchedule::kPauseAfterFailure);
    EXPECT_EQ(stale.fetch_time, clock.Now() - absl::Hours(1));
    EXPECT_EQ(fetches, 1);
  }
  // Whoever is content with what there is is not bothered.
  EXPECT_FALSE(schedule.Refresh(absl::Hours(2)).stale);
  result = absl::OkStatus();
  clock.Advance(FetchSchedule::kPauseAfterFailure);
  EXPECT_FALSE(schedule.Refresh(absl::ZeroDuration()).stale);
  EXPECT_EQ(fetches, 2);
}

// How many fetches there are if many callers come while the first one's goes on. Never two at once.
int FetchesOfManyCallers(absl::Duration max_staleness) {
  const FakeClock clock;
  std::atomic<int> fetches = 0, running = 0;
  absl::Notification began, may_end;
  FetchSchedule schedule(
      [&] {
        EXPECT_EQ(++running, 1);
        if (++fetches == 1) {
          began.Notify();
          may_end.WaitForNotification();
        }
        --running;
        return absl::OkStatus();
      },
      std::nullopt, clock);
  const auto refresh = [&] { EXPECT_FALSE(schedule.Refresh(max_staleness).stale); };
  std::vector<std::thread> callers;
  callers.emplace_back(refresh);
  began.WaitForNotification();
  absl::BlockingCounter coming(8);
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      coming.DecrementCount();
      refresh();
    });
  coming.Wait();
  may_end.Notify();
  for (std::thread& caller : callers) caller.join();
  return fetches;
}

// A remote that hangs keeps nobody longer than they may wait, and its fetch is for those who can.
TEST(FetchSchedule, CallEndsWithItsDeadlineWhileTheFetchGoesOn) {
  const FakeClock clock;
  absl::Notification may_end;
  std::atomic<int> fetches = 0;
  FetchSchedule schedule(
      [&] {
        ++fetches;
        may_end.WaitForNotification();
        return absl::OkStatus();
      },
      std::nullopt, clock);
  {
    const ScopedDeadline deadline(absl::Milliseconds(50));
    const Freshness late = schedule.Refresh(absl::Minutes(1));
    EXPECT_TRUE(late.stale);
    EXPECT_EQ(late.reason, "REMOTE_TIMEOUT");
    EXPECT_FALSE(late.fetch_time.has_value());
    EXPECT_TRUE(schedule.Refresh(absl::Minutes(1)).stale);
  }
  {
    bool cancelled = false;
    const ScopedCancellation cancellation([&] { return std::exchange(cancelled, true); });
    EXPECT_TRUE(schedule.Refresh(absl::Minutes(1)).stale);
  }
  may_end.Notify();
  EXPECT_FALSE(schedule.Refresh(absl::Minutes(1)).stale);
  EXPECT_EQ(fetches, 1);
}

constexpr absl::Duration kInterval = absl::Seconds(5);

// Callers who miss something two seconds after a fetch; what they got, three seconds later.
std::vector<Freshness> AnswersOf(int callers, std::atomic<int>& fetches) {
  FakeClock clock;
  const absl::Time fetched = clock.Now() - absl::Seconds(2);
  FetchSchedule schedule(
      [&] {
        EXPECT_GE(clock.Now() - fetched, kInterval);
        ++fetches;
        return absl::OkStatus();
      },
      fetched, clock);
  std::vector<Freshness> answers(callers);
  std::atomic<int> searching = 0, ended = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i)
    threads.emplace_back([&, i] {
      const auto found = [&] {
        ++searching;
        return false;
      };
      answers[i] = schedule.RefreshUntil(found, kInterval);
      ++ended;
    });
  const int turned_away = std::max(0, callers - FetchSchedule::kMostWaiting);
  while (searching < callers || ended < turned_away) absl::SleepFor(absl::Milliseconds(1));
  clock.Advance(absl::Seconds(3));
  for (std::thread& thread : threads) thread.join();
  return answers;
}

TEST(FetchSchedule, WhoMissesSomethingWaitsUntilAFetchIsDueAndSharesIt) {
  std::atomic<int> fetches = 0;
  for (const Freshness& answer : AnswersOf(8, fetches)) {
    EXPECT_FALSE(answer.stale);
    EXPECT_EQ(answer.fetch_time, FakeClock().Now() + absl::Seconds(3));
    EXPECT_EQ(answer.retry_after, absl::ZeroDuration());
  }
  EXPECT_EQ(fetches, 1);
}

TEST(FetchSchedule, NoMoreThanSomeWaitUntilAFetchIsDue) {
  std::atomic<int> fetches = 0;
  const auto answers = AnswersOf(FetchSchedule::kMostWaiting + 1, fetches);
  EXPECT_EQ(std::count_if(answers.begin(), answers.end(),
                          [](const Freshness& a) { return a.retry_after == absl::Seconds(3); }),
            1);
  EXPECT_EQ(fetches, 1);
}

TEST(FetchSchedule, WhoHasNoTimeUntilAFetchIsDueIsToldWhenItIs) {
  const FakeClock clock;
  FetchSchedule schedule(
      [] {
        ADD_FAILURE() << "none was due";
        return absl::OkStatus();
      },
      clock.Now() - absl::Seconds(2), clock);
  const ScopedDeadline deadline(absl::Milliseconds(3500));
  const Freshness early = schedule.RefreshUntil([] { return false; }, kInterval);
  EXPECT_FALSE(early.stale);
  EXPECT_EQ(early.retry_after, absl::Seconds(3));
}

TEST(FetchSchedule, WhatAFetchOfOthersBringsIsWaitedForNoLonger) {
  const FakeClock clock;
  std::atomic<int> fetches = 0;
  absl::Notification began, may_end, missed;
  FetchSchedule schedule(
      [&] {
        ++fetches;
        began.Notify();
        may_end.WaitForNotification();
        return absl::OkStatus();
      },
      std::nullopt, clock);
  std::thread other([&] { EXPECT_FALSE(schedule.Refresh(absl::ZeroDuration()).stale); });
  began.WaitForNotification();
  std::thread caller([&] {
    const auto found = [&] {
      if (missed.HasBeenNotified()) return true;
      missed.Notify();
      return false;
    };
    EXPECT_FALSE(schedule.RefreshUntil(found, kInterval).stale);
  });
  missed.WaitForNotification();
  may_end.Notify();
  other.join();
  caller.join();
  EXPECT_EQ(fetches, 1);
}

TEST(FetchSchedule, EndStopsTheFetchThatGoesOn) {
  const FakeClock clock;
  absl::Notification began;
  std::atomic<bool> stopped = false;
  {
    FetchSchedule schedule(
        [&] {
          began.Notify();
          while (!CurrentStop().stop_requested()) absl::SleepFor(absl::Milliseconds(1));
          stopped = true;
          return absl::CancelledError();
        },
        std::nullopt, clock);
    const ScopedDeadline deadline(absl::ZeroDuration());
    EXPECT_TRUE(schedule.Refresh(absl::Minutes(1)).stale);
    // Nobody had time to wait, so that nothing was asked of the remote.
    EXPECT_FALSE(began.HasBeenNotified());
    std::thread caller([&] {
      const ScopedDeadline short_one(absl::Milliseconds(20));
      EXPECT_TRUE(schedule.Refresh(absl::Minutes(1)).stale);
    });
    caller.join();
    began.WaitForNotification();
  }
  EXPECT_TRUE(stopped);
}

TEST(FetchSchedule, CallersAtOnceShareAFetch) {
  EXPECT_EQ(FetchesOfManyCallers(absl::Seconds(1)), 1);
}

TEST(FetchSchedule, CallersForWhomAFetchBeganTooEarlyDoNotEachMakeOne) {
  // A caller who comes during the first waits for the next; one who is late makes one more.
  const int fetches = FetchesOfManyCallers(absl::ZeroDuration());
  EXPECT_GE(fetches, 2);
  EXPECT_LE(fetches, 9);
}

}  // namespace
}  // namespace fleetcast::config
