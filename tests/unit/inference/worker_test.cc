#include "services/inference/domain/worker.h"

#include <gtest/gtest.h>

#include <functional>

#include "common/base/status.h"
#include "tests/support/inference/fake_inference.h"

namespace fleetcast::inference {
namespace {

class ScriptedForecaster final : public Forecaster {
 public:
  using Script = std::function<absl::StatusOr<Forecast>(const Invocation&, const Attempt&)>;
  absl::StatusOr<Forecast> Make(const Invocation& invocation, const Attempt& attempt) override {
    ++calls;
    return script(invocation, attempt);
  }
  static Forecast ForecastOf(const Invocation& invocation) {
    return {.circuit = invocation.name.circuit,
            .issue_time = absl::FromUnixSeconds(1'765'000'000),
            .model_version = invocation.pin.model_version,
            .target_column = "temperature",
            .interval_levels = {80},
            .points = {{.time = absl::FromUnixSeconds(1'765'003'600),
                        .value = 1,
                        .lower = {0},
                        .upper = {2}}},
            .sweep_id = invocation.name.sweep_id,
            .create_time = {}};
  }
  Script script = [](const Invocation& invocation,
                     const Attempt& attempt) -> absl::StatusOr<Forecast> {
    FLEETCAST_RETURN_IF_ERROR(attempt.Check());
    return ForecastOf(invocation);
  };
  int calls = 0;
};

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    FakeDeploymentStore deployments(ledger_);
    for (const char* circuit : {"C001", "C002"}) {
      Deployment deployment;
      deployment.circuit = {"P001", circuit};
      deployment.model_version = 3;
      deployment.settings.timeout = absl::Minutes(10);
      deployment.settings.max_retries = 1;
      ASSERT_TRUE(deployments.Deploy({circuit, "Deploy", circuit}, deployment, "").ok());
    }
    ASSERT_TRUE(sweeps_.Create({"r1", "InvokeFleet", ""}, {.id = "s1"}).ok());
  }

  Invocation Get(const std::string& circuit) {
    return *sweeps_.GetInvocation({"s1", "P001-" + circuit});
  }
  void WorkAll() {
    for (int i = 0; i < 10; ++i) {
      while (*worker_.WorkOnce()) {
      }
      clock_.Advance(absl::Seconds(5));  // waits between attempts
    }
  }

  testing::FakeClock clock_;
  FakeLedger ledger_{clock_};
  FakeSweepStore sweeps_{ledger_};
  FakeInvocationStore store_{ledger_};
  ScriptedForecaster forecaster_;
  InvocationWorker worker_{store_, forecaster_, clock_, {.name = "w1"}};
};

TEST_F(WorkerTest, CarriesEveryInvocationToItsForecast) {
  WorkAll();
  EXPECT_EQ(sweeps_.Get("s1")->state, SweepState::kSucceeded);
  EXPECT_EQ(Get("C001").attempts, 1);
  FakeForecastStore forecasts(ledger_);
  EXPECT_EQ(forecasts.List({}, {})->items.size(), 2U);
}

TEST_F(WorkerTest, OneCircuitsFailureLeavesTheOtherAlone) {
  forecaster_.script = [](const Invocation& invocation,
                          const Attempt&) -> absl::StatusOr<Forecast> {
    if (invocation.name.circuit.circuit_id == "C001") {
      return Refused(absl::StatusCode::kFailedPrecondition, "DATA_STALE", "old readings");
    }
    return ScriptedForecaster::ForecastOf(invocation);
  };
  WorkAll();
  EXPECT_EQ(sweeps_.Get("s1")->state, SweepState::kPartiallySucceeded);
  const Invocation failed = Get("C001");
  EXPECT_EQ(failed.state, InvocationState::kFailed);
  EXPECT_EQ(failed.failure->kind, FailureKind::kData);
  EXPECT_EQ(failed.attempts, 1);
  EXPECT_EQ(Get("C002").state, InvocationState::kSucceeded);
}

TEST_F(WorkerTest, TriesAgainUntilTheAttemptsAreSpent) {
  forecaster_.script = [](const Invocation&, const Attempt&) -> absl::StatusOr<Forecast> {
    return absl::InternalError("boom");
  };
  WorkAll();
  EXPECT_EQ(sweeps_.Get("s1")->state, SweepState::kFailed);
  EXPECT_EQ(Get("C001").attempts, 2);
  EXPECT_EQ(forecaster_.calls, 4);
}

TEST_F(WorkerTest, HandsBackWithoutSpendingAnAttemptWhenItDrains) {
  forecaster_.script = [this](const Invocation&,
                              const Attempt& attempt) -> absl::StatusOr<Forecast> {
    worker_.Drain();
    FLEETCAST_RETURN_IF_ERROR(attempt.Check());
    return absl::InternalError("not reached");
  };
  EXPECT_TRUE(*worker_.WorkOnce());
  const Invocation handed_back = Get("C001");
  EXPECT_EQ(handed_back.state, InvocationState::kQueued);
  EXPECT_EQ(handed_back.attempts, 0);
  EXPECT_FALSE(handed_back.failure);
}

TEST_F(WorkerTest, StopsBeforeItsLeaseCanHaveExpired) {
  forecaster_.script = [this](const Invocation& invocation,
                              const Attempt& attempt) -> absl::StatusOr<Forecast> {
    clock_.Advance(absl::Seconds(27));  // of a lease of 30, with no renewal
    EXPECT_EQ(ReasonOf(attempt.Check()), "LEASE_LOST");
    return ScriptedForecaster::ForecastOf(invocation);
  };
  EXPECT_TRUE(*worker_.WorkOnce());
  EXPECT_EQ(Get("C001").state, InvocationState::kRunning);  // nothing was written
}

TEST_F(WorkerTest, RenewalKeepsALongAttemptAlive) {
  forecaster_.script = [this](const Invocation& invocation,
                              const Attempt& attempt) -> absl::StatusOr<Forecast> {
    for (int i = 0; i < 20; ++i) {
      clock_.Advance(absl::Seconds(10));
      worker_.RenewLeases();
      FLEETCAST_RETURN_IF_ERROR(attempt.Check());
    }
    return ScriptedForecaster::ForecastOf(invocation);
  };
  EXPECT_TRUE(*worker_.WorkOnce());
  EXPECT_EQ(Get("C001").state, InvocationState::kSucceeded);
}

TEST_F(WorkerTest, NamesATimeoutOfTheAttempt) {
  forecaster_.script = [this](const Invocation&,
                              const Attempt& attempt) -> absl::StatusOr<Forecast> {
    for (int i = 0; i < 59; ++i) {
      clock_.Advance(absl::Seconds(10));
      worker_.RenewLeases();
      FLEETCAST_RETURN_IF_ERROR(attempt.Check());
    }
    clock_.Advance(absl::Seconds(10));
    FLEETCAST_RETURN_IF_ERROR(attempt.Check());
    return absl::InternalError("not reached");
  };
  EXPECT_TRUE(*worker_.WorkOnce());
  EXPECT_EQ(Get("C001").failure->kind, FailureKind::kTimeout);
  EXPECT_EQ(Get("C001").state, InvocationState::kQueued);
}

TEST_F(WorkerTest, ACancelledSweepTakesTheInvocationFromItsHolder) {
  forecaster_.script = [this](const Invocation& invocation,
                              const Attempt& attempt) -> absl::StatusOr<Forecast> {
    EXPECT_TRUE(sweeps_.Cancel({"r2", "CancelSweep", ""}, "s1").ok());
    clock_.Advance(absl::Seconds(11));
    worker_.RenewLeases();
    EXPECT_EQ(ReasonOf(attempt.Check()), "LEASE_LOST");
    return ScriptedForecaster::ForecastOf(invocation);
  };
  EXPECT_TRUE(*worker_.WorkOnce());
  EXPECT_EQ(Get("C001").state, InvocationState::kCancelled);
  FakeForecastStore forecasts(ledger_);
  EXPECT_TRUE(forecasts.List({}, {})->items.empty());
}

}  // namespace
}  // namespace fleetcast::inference
