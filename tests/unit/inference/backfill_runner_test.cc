#include "services/inference/worker/backfill_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::inference {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using workqueue::Ending;

const absl::Time kStart = absl::FromUnixSeconds(1'764'547'200);

// Knows windows by their number.
class WindowForecaster final : public Forecaster {
 public:
  absl::StatusOr<Forecast> Make(const HeldInvocation& invocation, const workqueue::Hold&) override {
    const std::int64_t window = (*invocation.pin.as_of - kStart) / absl::Hours(1);
    int tries = 0;
    {
      const std::lock_guard lock(mutex_);
      tries = ++tries_[window];
    }
    absl::Status status = make ? make(window, tries) : absl::OkStatus();
    if (!status.ok()) return status;
    return Forecast{.circuit = invocation.name.circuit,
                    .issue_time = std::min(*invocation.pin.as_of, readings_end) - absl::Minutes(5),
                    .model_version = invocation.pin.model_version};
  }
  absl::StatusOr<Forecast> MakeStandIn(const HeldInvocation&, const workqueue::Hold&, StandIn,
                                       const std::string&) override {
    ADD_FAILURE() << "nothing stands in for what would have been forecast";
    return absl::InternalError("none");
  }
  int TriesOf(std::int64_t window) {
    const std::lock_guard lock(mutex_);
    return tries_[window];
  }
  std::function<absl::Status(std::int64_t window, int tries)> make;
  absl::Time readings_end = absl::InfiniteFuture();

 private:
  std::mutex mutex_;
  std::map<std::int64_t, int> tries_;
};

class FakeBackfillStore final : public BackfillStore {
 public:
  absl::StatusOr<BackfillProgress> Read(const InvocationName&) override { return progress; }
  absl::Status Store(const workqueue::HoldId&, const InvocationName&, const BackfillProgress& next,
                     const std::vector<Forecast>& forecasts) override {
    if (!refusal.ok()) return refusal;
    progress = next;
    sizes.push_back(static_cast<int>(forecasts.size()));
    stored += static_cast<int>(forecasts.size());
    return absl::OkStatus();
  }
  BackfillProgress progress;
  absl::Status refusal;
  std::vector<int> sizes;  // of what was stored at once
  int stored = 0;
};

class BackfillRunnerTest : public ::testing::Test {
 protected:
  workqueue::Outcome Run(int threads = 1) {
    const InvocationPin pin{
        .model_version = 3, .artifact_sha256 = "a", .sensor_id = "S", .backfill = pin_};
    hold_ = std::make_shared<workqueue::Hold>(
        clock_,
        workqueue::FetchedTask{.group_id = "01h",
                               .name = "P001.C001",
                               .payload = ToJson(pin),
                               .attempt_timeout = absl::Hours(1),
                               .stall_timeout = absl::InfiniteDuration()},
        clock_.Monotonic(), absl::Hours(2));
    return BackfillCircuits(forecaster_, store_, clock_, threads)({hold_}).outcomes.at(0);
  }

  testing::FakeClock clock_;
  WindowForecaster forecaster_;
  FakeBackfillStore store_;
  BackfillPin pin_{
      .range = {.start = kStart, .end = kStart + absl::Hours(9), .every_seconds = 3600},
      .mini_batch_size = 4,
      .max_retries = 2,
      .error_threshold = 0};
  std::shared_ptr<workqueue::Hold> hold_;
};

TEST_F(BackfillRunnerTest, MakesEveryWindowInMiniBatchesAndTellsHowFarItIs) {
  const auto outcome = Run();
  EXPECT_EQ(outcome.ending, Ending::kSucceeded);
  EXPECT_EQ(outcome.reason, "10 of 10 windows made");
  EXPECT_THAT(store_.sizes, ElementsAre(4, 4, 2));
  const auto result = BackfillProgressOf(outcome.result);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->last_issue_time, kStart + absl::Hours(9) - absl::Minutes(5));
  EXPECT_EQ(BackfillProgressOf(hold_->LastProgress())->done, 10);
}

TEST_F(BackfillRunnerTest, TellsInHowManyWindowsNothingNewWasRead) {
  forecaster_.readings_end = kStart + absl::Hours(3);
  const auto outcome = Run();
  EXPECT_EQ(outcome.ending, Ending::kSucceeded);
  EXPECT_EQ(outcome.reason, "10 of 10 windows made (in 6 of them nothing new was read)");
  EXPECT_EQ(BackfillProgressOf(outcome.result)->repeated, 6);
}

TEST_F(BackfillRunnerTest, MakesAsManyMiniBatchesAtOnceAsTheDeploymentAllows) {
  pin_.concurrency = 3;
  EXPECT_EQ(Run(/*threads=*/8).ending, Ending::kSucceeded);
  EXPECT_THAT(store_.sizes, ElementsAre(4, 4, 2)) << "stored in order";
}

TEST_F(BackfillRunnerTest, AnotherAttemptMakesNothingAnew) {
  store_.progress = {.windows = 10, .done = 6, .failed = 0};
  EXPECT_EQ(Run().ending, Ending::kSucceeded);
  EXPECT_EQ(store_.stored, 4);
  EXPECT_EQ(forecaster_.TriesOf(5), 0);
  EXPECT_EQ(forecaster_.TriesOf(6), 1);
}

TEST_F(BackfillRunnerTest, WhatAnotherTryMayMendIsTriedAgainAsOftenAsTheDeploymentSays) {
  forecaster_.make = [](std::int64_t window, int tries) {
    return window == 2 && tries < 3 ? absl::InternalError("odd") : absl::OkStatus();
  };
  EXPECT_EQ(Run().ending, Ending::kSucceeded);
  EXPECT_EQ(forecaster_.TriesOf(2), 3);
  EXPECT_EQ(forecaster_.TriesOf(1), 1) << "what was made is not made again";
}

TEST_F(BackfillRunnerTest, WhatNoTryMendsFailsItsWindowAndMoreThanMayFailTheInvocation) {
  forecaster_.make = [](std::int64_t window, int) {
    return window == 1 || window == 6
               ? Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS", "12 rows")
               : absl::OkStatus();
  };
  pin_.error_threshold = 2;
  EXPECT_EQ(Run().reason,
            "8 of 10 windows made, 2 failed (first as of 2025-12-01T01:00:00+00:00: "
            "DATA_TOO_FEW_ROWS: 12 rows)");
  EXPECT_EQ(forecaster_.TriesOf(1), 1) << "another try would not mend it";
  store_ = FakeBackfillStore();
  pin_.error_threshold = 1;
  const auto outcome = Run();
  EXPECT_EQ(outcome.ending, Ending::kFailed);
  EXPECT_EQ(outcome.failure->reason, "BACKFILL_ERROR_THRESHOLD");
  EXPECT_EQ(store_.stored, 6) << "what was made stays, the rest is not begun";
}

TEST_F(BackfillRunnerTest, AMiniBatchThatTakesTooLongIsTriedAgainAndThenFailed) {
  pin_.mini_batch_timeout_seconds = 30;
  forecaster_.make = [&](std::int64_t, int) {
    clock_.Advance(absl::Seconds(12));
    return absl::OkStatus();
  };
  // Three windows fit into 30 s; the fourth does when the mini batch is tried again.
  EXPECT_EQ(Run().ending, Ending::kSucceeded);
  EXPECT_EQ(forecaster_.TriesOf(3), 1);
  store_ = FakeBackfillStore();
  pin_.max_retries = 0;
  const auto outcome = Run();
  EXPECT_EQ(outcome.failure->reason, "BACKFILL_ERROR_THRESHOLD");
  EXPECT_THAT(outcome.failure->message, HasSubstr("MINI_BATCH_TIMEOUT"));
  EXPECT_THAT(outcome.failure->message, HasSubstr("as of 2025-12-01T03:00:00"));
}

TEST_F(BackfillRunnerTest, WhatIsAwayPutsItOffAndIsNobodysFailure) {
  forecaster_.make = [](std::int64_t window, int) {
    return window == 5 ? Refused(absl::StatusCode::kUnavailable, "MODEL_UNAVAILABLE", "away")
                       : absl::OkStatus();
  };
  const auto outcome = Run();
  EXPECT_EQ(outcome.ending, Ending::kSnoozed);
  EXPECT_EQ(outcome.dependency, "registry");
  EXPECT_EQ(store_.progress.done, 4) << "the mini batch before it is stored";
  EXPECT_EQ(store_.progress.failed, 0);
}

TEST_F(BackfillRunnerTest, AReplicaThatDrainsHandsItBack) {
  forecaster_.make = [&](std::int64_t window, int) {
    if (window == 5) hold_->Stop(workqueue::StopReason::kDraining);
    return absl::OkStatus();
  };
  EXPECT_EQ(Run().ending, Ending::kHandedBack);
  EXPECT_EQ(store_.progress.done, 4);
}

TEST_F(BackfillRunnerTest, WhoHoldsItNoMoreStoresNothingAndStops) {
  store_.refusal = Refused(absl::StatusCode::kCancelled, "LEASE_LOST", "gone");
  EXPECT_NE(Run().ending, Ending::kSucceeded);
  EXPECT_EQ(store_.stored, 0);
  EXPECT_EQ(forecaster_.TriesOf(4), 0);
}

TEST_F(BackfillRunnerTest, AnExceptionIsItsWindowsFailure) {
  pin_.error_threshold = -1;
  forecaster_.make = [](std::int64_t window, int) -> absl::Status {
    if (window == 0) throw std::runtime_error("boom");
    return absl::OkStatus();
  };
  const auto outcome = Run();
  EXPECT_EQ(outcome.ending, Ending::kSucceeded);
  EXPECT_THAT(outcome.reason, HasSubstr("UNEXPECTED_EXCEPTION: boom"));
}

TEST_F(BackfillRunnerTest, NothingMadeIsNoSuccess) {
  pin_.error_threshold = -1;
  forecaster_.make = [](std::int64_t, int) {
    return Refused(absl::StatusCode::kNotFound, "SENSOR_NOT_FOUND", "none");
  };
  EXPECT_EQ(Run().failure->reason, "BACKFILL_MADE_NOTHING");
}

}  // namespace
}  // namespace fleetcast::inference
