#include "services/inference/domain/invocation_transition.h"

#include <gtest/gtest.h>

namespace fleetcast::inference {
namespace {

const InvocationFailure kData{FailureKind::kData, "DATA_STALE", "old", false};
const InvocationFailure kInternal{FailureKind::kInternal, "OOPS", "boom", true};

struct EndingCase {
  const char* name;
  int attempts, max_attempts;
  AttemptEnding ending;
  std::optional<InvocationFailure> failure;
  InvocationState state;
  int attempts_after;
};

TEST(AfterAttempt, FollowsTheTable) {
  const EndingCase cases[] = {
      {"data is not tried again", 1, 3, AttemptEnding::kFailed, kData, InvocationState::kFailed, 1},
      {"a crash is an attempt", 1, 3, AttemptEnding::kFailed, LeaseExpiredFailure("w"),
       InvocationState::kQueued, 1},
      {"a timeout is an attempt", 2, 3, AttemptEnding::kFailed, TimeoutFailure(absl::Minutes(1)),
       InvocationState::kQueued, 2},
      {"the last attempt ends it", 3, 3, AttemptEnding::kFailed, kInternal,
       InvocationState::kFailed, 3},
      {"one attempt only", 1, 1, AttemptEnding::kFailed, kInternal, InvocationState::kFailed, 1},
      {"a shutdown is no attempt", 1, 1, AttemptEnding::kHandedBack, std::nullopt,
       InvocationState::kQueued, 0},
  };
  for (const EndingCase& test : cases) {
    const NextState next =
        AfterAttempt(test.attempts, test.max_attempts, test.ending, test.failure);
    EXPECT_EQ(next.state, test.state) << test.name;
    EXPECT_EQ(next.attempts, test.attempts_after) << test.name;
    EXPECT_FALSE(next.reason.empty()) << test.name;
  }
}

TEST(AfterAttempt, WaitsLongerAfterEachFailureAndNotAtAllAfterAHandBack) {
  EXPECT_EQ(AfterAttempt(1, 9, AttemptEnding::kFailed, kInternal).wait, absl::Seconds(1));
  EXPECT_EQ(AfterAttempt(2, 9, AttemptEnding::kFailed, kInternal).wait, absl::Seconds(2));
  EXPECT_EQ(AfterAttempt(8, 9, AttemptEnding::kFailed, kInternal).wait, absl::Minutes(1));
  EXPECT_EQ(AfterAttempt(1, 9, AttemptEnding::kHandedBack, std::nullopt).wait,
            absl::ZeroDuration());
}

struct SweepCase {
  InvocationCounts counts;
  SweepState state;
};

TEST(SweepStateAfter, FollowsTheTable) {
  const SweepCase cases[] = {
      {{}, SweepState::kSucceeded},
      {{.queued = 2}, SweepState::kQueued},
      {{.queued = 1, .running = 1}, SweepState::kRunning},
      {{.queued = 1, .succeeded = 1}, SweepState::kRunning},
      {{.running = 1, .failed = 5}, SweepState::kRunning},
      {{.succeeded = 3}, SweepState::kSucceeded},
      {{.succeeded = 3, .failed = 1}, SweepState::kPartiallySucceeded},
      {{.failed = 1}, SweepState::kFailed},
      {{.succeeded = 1, .failed = 1, .cancelled = 1}, SweepState::kCancelled},
  };
  for (const SweepCase& test : cases) {
    EXPECT_EQ(SweepStateAfter(test.counts), test.state) << Word(test.state);
  }
}

TEST(SweepReason, SaysWhyASweepOfNothingSucceeded) {
  Sweep sweep;
  sweep.state = SweepState::kSucceeded;
  EXPECT_EQ(SweepReason(sweep), "no deployment to invoke: deploy a model version first");
  sweep.state = SweepState::kPartiallySucceeded;
  sweep.counts = {.succeeded = 38, .failed = 2};
  EXPECT_EQ(SweepReason(sweep), "2 of 40 invocations failed");
}

TEST(Words, ReadBackAsTheyWereWritten) {
  for (const auto state :
       {InvocationState::kQueued, InvocationState::kRunning, InvocationState::kSucceeded,
        InvocationState::kFailed, InvocationState::kCancelled}) {
    EXPECT_EQ(InvocationStateOf(Word(state)), state);
  }
  for (const auto state :
       {SweepState::kQueued, SweepState::kRunning, SweepState::kSucceeded,
        SweepState::kPartiallySucceeded, SweepState::kFailed, SweepState::kCancelled}) {
    EXPECT_EQ(SweepStateOf(Word(state)), state);
  }
  for (const auto kind :
       {FailureKind::kData, FailureKind::kModel, FailureKind::kTimeout, FailureKind::kInternal}) {
    EXPECT_EQ(FailureKindOf(Word(kind)), kind);
  }
}

}  // namespace
}  // namespace fleetcast::inference
