#include "common/workqueue/policy.h"

#include <gmock/gmock.h>

#include <set>

namespace fleetcast::workqueue {
namespace {

using ::testing::HasSubstr;

const Failure kData{.kind = FailureKind::kData, .reason = "DATA_X", .message = "too few"};
const Failure kCrash{
    .kind = FailureKind::kInternal, .reason = "OOPS", .message = "boom", .retryable = true};

struct Case {
  std::string name;
  Ending ending;
  std::optional<Failure> failure;
  int attempt_count, max_attempts;
  TaskState state;
  int next_attempt_count;
  std::string recorded;  // reason of the failure that is recorded, "" for none
  std::string said;      // in the task's reason
};

class AfterTest : public ::testing::TestWithParam<Case> {};

TEST_P(AfterTest, GivesTheNextState) {
  const Case& given = GetParam();
  const Task task{.state = TaskState::kRunning,
                  .attempt_count = given.attempt_count,
                  .max_attempts = given.max_attempts,
                  .holder = "replica-1"};
  const NextState next = After(task, given.ending, given.failure, "why");
  EXPECT_EQ(next.state, given.state);
  EXPECT_EQ(next.attempt_count, given.next_attempt_count);
  EXPECT_EQ(next.failure ? next.failure->reason : "", given.recorded);
  EXPECT_THAT(next.reason, HasSubstr(given.said));
  if (next.failure) {
    EXPECT_EQ(next.failure->attempt, given.attempt_count);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, AfterTest,
    ::testing::ValuesIn(std::vector<Case>{
        {"Success", Ending::kSucceeded, {}, 1, 3, TaskState::kSucceeded, 1, "", "why"},
        {"FailureThatAnotherAttemptMayMend", Ending::kFailed, kCrash, 1, 3, TaskState::kQueued, 1,
         "OOPS", "attempt 1 of 3 failed"},
        {"LastFailure", Ending::kFailed, kCrash, 3, 3, TaskState::kFailed, 3, "OOPS", "boom"},
        {"FailureThatNothingMends", Ending::kFailed, kData, 1, 3, TaskState::kFailed, 1, "DATA_X",
         "too few"},
        {"Waiting", Ending::kWaiting, std::nullopt, 3, 3, TaskState::kQueued, 2, "", "waits for"},
        {"PutOff", Ending::kSnoozed, kCrash, 1, 3, TaskState::kQueued, 0, "", "put off 1 time"},
        {"PutOffInTheLastAttempt", Ending::kSnoozed, kCrash, 3, 3, TaskState::kQueued, 2, "",
         "boom"},
        {"HandedBack",
         Ending::kHandedBack,
         {},
         3,
         3,
         TaskState::kQueued,
         2,
         "",
         "handed back by replica replica-1"},
        {"HolderDied",
         Ending::kLeaseExpired,
         {},
         1,
         3,
         TaskState::kQueued,
         1,
         "LEASE_EXPIRED",
         "replica-1 went silent"},
        {"HolderDiedInTheLastAttempt",
         Ending::kLeaseExpired,
         {},
         3,
         3,
         TaskState::kFailed,
         3,
         "LEASE_EXPIRED",
         "see its log"},
        {"TookTooLong", Ending::kDeadline, {}, 1, 3, TaskState::kQueued, 1, "ATTEMPT_TIMEOUT", ""},
        {"MadeNoProgress",
         Ending::kStalled,
         {},
         1,
         3,
         TaskState::kQueued,
         1,
         "ATTEMPT_STALLED",
         ""},
        {"Cancelled", Ending::kCancelled, {}, 1, 3, TaskState::kCancelled, 1, "", "cancelled: why"},
        {"Superseded",
         Ending::kSuperseded,
         {},
         0,
         3,
         TaskState::kCancelled,
         0,
         "",
         "superseded: why"},
    }),
    [](const auto& info) { return info.param.name; });

TEST(Waits, DoubleUpToTheirLongestAndSpread) {
  EXPECT_EQ(RetryWait(1), absl::Seconds(2));
  EXPECT_EQ(RetryWait(2), absl::Seconds(4));
  EXPECT_EQ(RetryWait(99), absl::Minutes(2));
  EXPECT_EQ(SnoozeWait(1), absl::Seconds(2));
  EXPECT_EQ(SnoozeWait(99), absl::Minutes(1));
  EXPECT_EQ(WithJitter(absl::Seconds(8), 0), absl::Seconds(8));
  EXPECT_EQ(WithJitter(absl::Seconds(8), 0.5), absl::Seconds(9));
}

struct GroupCase {
  Counts counts;
  bool started, tell_partial;
  GroupState state;
};

TEST(GroupStateOf, FollowsFromTheTasks) {
  for (const GroupCase& given : std::vector<GroupCase>{
           {{}, false, false, GroupState::kSucceeded},
           {{.queued = 1}, false, false, GroupState::kQueued},
           {{.queued = 1}, true, false, GroupState::kRunning},
           {{.running = 1, .failed = 3}, true, true, GroupState::kRunning},
           {{.succeeded = 2}, true, true, GroupState::kSucceeded},
           {{.succeeded = 2, .failed = 1}, true, false, GroupState::kFailed},
           {{.succeeded = 2, .failed = 1}, true, true, GroupState::kPartiallySucceeded},
           {{.failed = 1, .cancelled = 1}, true, true, GroupState::kFailed},
           {{.succeeded = 2, .cancelled = 1}, true, true, GroupState::kCancelled},
       })
    EXPECT_EQ(GroupStateOf(given.counts, given.started, given.tell_partial), given.state)
        << Word(given.state);
}

TEST(Words, AreReadBackAsTheyAreWritten) {
  for (const auto state : {TaskState::kQueued, TaskState::kRunning, TaskState::kSucceeded,
                           TaskState::kFailed, TaskState::kCancelled})
    EXPECT_EQ(FromWord<TaskState>(Word(state)), state);
  for (const auto kind : {FailureKind::kData, FailureKind::kConfiguration, FailureKind::kModel,
                          FailureKind::kEnvironment, FailureKind::kTimeout, FailureKind::kInternal})
    EXPECT_EQ(FromWord<FailureKind>(Word(kind)), kind);
  EXPECT_FALSE(FromWord<GroupState>("OF_TOMORROW"));
}

TEST(Snapshots, AreReadBackAsTheyWereAnswered) {
  const Group group{.id = "g",
                    .pin = "{}",
                    .state = GroupState::kRunning,
                    .counts = {.queued = 2},
                    .created_at = absl::FromUnixSeconds(1),
                    .started_at = absl::FromUnixSeconds(2)};
  const auto read = GroupFromJson(ToJson(group));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(group));
  EXPECT_EQ(read->started_at, absl::FromUnixSeconds(2));
  EXPECT_FALSE(read->ended_at);
  const Task task{.id = 7, .name = "a", .failure = kCrash, .ready_at = absl::InfiniteFuture()};
  EXPECT_EQ(ToJson(*TaskFromJson(ToJson(task))), ToJson(task));
}

}  // namespace
}  // namespace fleetcast::workqueue
