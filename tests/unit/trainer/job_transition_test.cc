#include "services/trainer/domain/job_transition.h"

#include <gtest/gtest.h>

namespace fleetcast::trainer {
namespace {

TrainingJob RunningJob(int attempt_count, int max_attempts, bool cancel_requested = false) {
  TrainingJob job;
  job.state = JobState::kRunning;
  job.environment = "custom-lstm-env:2.0.0";
  job.replica = "replica-1";
  job.attempt_count = attempt_count;
  job.max_attempts = max_attempts;
  job.cancel_requested = cancel_requested;
  return job;
}

struct EndingCase {
  std::string name;
  JobEnding ending;
  std::optional<FailureKind> kind;
  int attempt_count;
  bool cancel_requested;
  JobState state;
  int attempts_after;
};

class AfterEndingTest : public ::testing::TestWithParam<EndingCase> {};

TEST_P(AfterEndingTest, GivesTheNextState) {
  const EndingCase& given = GetParam();
  std::optional<JobFailure> failure;
  if (given.kind) failure = JobFailure{.kind = *given.kind, .reason = "R", .message = "it broke"};
  const NextState next = AfterEnding(RunningJob(given.attempt_count, 3, given.cancel_requested),
                                     given.ending, failure);
  EXPECT_EQ(next.state, given.state);
  EXPECT_EQ(next.attempt_count, given.attempts_after);
}

using Ending = JobEnding;
using State = JobState;
using Kind = FailureKind;

INSTANTIATE_TEST_SUITE_P(
    Endings, AfterEndingTest,
    ::testing::ValuesIn(std::vector<EndingCase>{
        {"Success", Ending::kSucceeded, {}, 1, false, JobState::kSucceeded, 1},
        {"Cancel", Ending::kCancelled, {}, 1, true, JobState::kCancelled, 1},
        {"HandBackIsNoAttempt", Ending::kHandedBack, {}, 3, false, State::kQueued, 2},
        {"HandBackOfACancelled", Ending::kHandedBack, {}, 1, true, JobState::kCancelled, 0},
        {"CrashIsAnAttempt", Ending::kLeaseExpired, Kind::kEnvironment, 1, false, State::kQueued,
         1},
        {"LastCrash", Ending::kLeaseExpired, Kind::kEnvironment, 3, false, JobState::kFailed, 3},
        {"CrashOfACancelled", Ending::kLeaseExpired, Kind::kEnvironment, 1, true,
         JobState::kCancelled, 1},
        {"Data", JobEnding::kFailed, Kind::kData, 1, false, JobState::kFailed, 1},
        {"Configuration", JobEnding::kFailed, Kind::kConfiguration, 1, false, JobState::kFailed, 1},
        {"Divergence", JobEnding::kFailed, Kind::kDivergence, 1, false, JobState::kFailed, 1},
        {"Environment", JobEnding::kFailed, Kind::kEnvironment, 2, false, State::kQueued, 2},
        {"LastEnvironment", JobEnding::kFailed, Kind::kEnvironment, 3, false, JobState::kFailed, 3},
        {"Internal", JobEnding::kFailed, Kind::kInternal, 1, false, State::kQueued, 1},
        {"FailureOfACancelled", JobEnding::kFailed, Kind::kEnvironment, 1, true,
         JobState::kCancelled, 1},
    }),
    [](const auto& info) { return info.param.name; });

TEST(RetryWait, DoublesUpToTwoMinutes) {
  EXPECT_EQ(RetryWait(1), absl::Seconds(5));
  EXPECT_EQ(RetryWait(2), absl::Seconds(10));
  EXPECT_EQ(RetryWait(60), absl::Minutes(2));
}

TEST(AfterEnding, SaysWhyTheLastAttemptFailed) {
  const NextState next =
      AfterEnding(RunningJob(3, 3), JobEnding::kFailed,
                  JobFailure{.kind = Kind::kEnvironment, .reason = "R", .message = "boom"});
  EXPECT_EQ(next.reason, "all 3 attempts failed; the last: boom");
}

struct RunCase {
  JobCounts counts;
  bool started;
  RunState state;
};

TEST(RunStateOf, FollowsFromTheJobs) {
  for (const RunCase& given : std::vector<RunCase>{
           {{}, false, RunState::kSucceeded},
           {{.queued = 2}, false, RunState::kQueued},
           {{.queued = 2}, true, RunState::kRunning},
           {{.queued = 1, .cancelled = 1}, false, RunState::kQueued},
           {{.running = 1, .failed = 1}, true, RunState::kRunning},
           {{.succeeded = 2}, true, RunState::kSucceeded},
           {{.succeeded = 1, .failed = 1}, true, RunState::kFailed},
           {{.failed = 1, .cancelled = 1}, true, RunState::kFailed},
           {{.succeeded = 1, .cancelled = 1}, true, RunState::kCancelled},
       })
    EXPECT_EQ(RunStateOf(given.counts, given.started), given.state)
        << given.counts.queued << given.counts.running << given.counts.succeeded
        << given.counts.failed << given.counts.cancelled;
}

// Rule 9.
TEST(QueueReason, SaysThatNobodyRunsTheEnvironment) {
  TrainingJob job = RunningJob(0, 3);
  job.queue.now = absl::FromUnixSeconds(1'765'238'400);
  job.queue.ready_at = job.queue.now;
  EXPECT_EQ(QueueReason(job),
            "no replica of environment custom-lstm-env:2.0.0 has ever been seen; start one with "
            "--environment custom-lstm-env:2.0.0");
  job.queue.environment_seen_at = job.queue.now - absl::Hours(1);
  EXPECT_EQ(QueueReason(job),
            "no replica of environment custom-lstm-env:2.0.0 has been seen since "
            "2025-12-08T23:00:00Z; start one with --environment custom-lstm-env:2.0.0");
}

TEST(QueueReason, SaysWhatAPresentReplicaIsWaitingFor) {
  TrainingJob job = RunningJob(1, 3);
  job.queue.now = absl::FromUnixSeconds(1'765'238'400);
  job.queue.environment_seen_at = job.queue.now - absl::Seconds(5);
  job.queue.ready_at = job.queue.now + absl::Seconds(5);
  job.state_reason = "attempt 1 of 3 failed: boom";
  EXPECT_EQ(QueueReason(job), "tried again at 2025-12-09T00:00:05Z; attempt 1 of 3 failed: boom");
  job.queue.ready_at = job.queue.now;
  job.state_reason.clear();
  job.queue.live_jobs = 5;
  EXPECT_EQ(QueueReason(job), "waits for a free slot; 5 jobs are running");
  job.queue.live_jobs = 0;
  EXPECT_EQ(QueueReason(job), "waits for a replica to claim it");
}

TEST(RunReason, SaysThatThereWasNothingToTrainAndWhatWasLeftOut) {
  TrainingRun run;
  run.state = RunState::kSucceeded;
  EXPECT_EQ(RunReason(run), "nothing to train: no circuit's training configuration changed");
  run.note = "2 circuits are left out";
  EXPECT_NE(RunReason(run).find("2 circuits are left out"), std::string::npos);
}

TEST(Words, AreReadBackAsTheyAreWritten) {
  for (const JobState state : {State::kQueued, State::kRunning, JobState::kSucceeded,
                               JobState::kFailed, JobState::kCancelled})
    EXPECT_EQ(FromWord<JobState>(Word(state)), state);
  EXPECT_EQ(FromWord<FailureKind>("DIVERGENCE"), Kind::kDivergence);
  EXPECT_FALSE(FromWord<JobState>("NONSENSE").has_value());
}

}  // namespace
}  // namespace fleetcast::trainer
