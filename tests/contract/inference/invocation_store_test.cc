#include "services/inference/domain/invocation_store.h"

#include "common/base/status.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

const InvocationFailure kBoom{FailureKind::kInternal, "BOOM", "it broke", true};

TEST_P(InferenceContract, AClaimRaisesTheEpochCountsAnAttemptAndStartsTheSweep) {
  DeployFleet();
  EXPECT_EQ(InvokeFleet("s1").state, SweepState::kQueued);
  const Invocation claimed = Claim("w1");
  EXPECT_EQ(claimed.name, (InvocationName{"s1", {"P001", "C001"}}));
  EXPECT_EQ(claimed.state, InvocationState::kRunning);
  EXPECT_EQ(claimed.lease_epoch, 1);
  EXPECT_EQ(claimed.attempts, 1);
  EXPECT_EQ(claimed.worker, "w1");
  EXPECT_EQ(claimed.pin.timeout, absl::Minutes(60));
  EXPECT_EQ(claimed.pin.max_attempts, 3);
  EXPECT_EQ(claimed.pin.sensor_id, "SENSOR_P001_C001");
  const Sweep sweep = *backend_->sweeps().Get("s1");
  EXPECT_EQ(sweep.state, SweepState::kRunning);
  EXPECT_TRUE(sweep.start_time);
  EXPECT_EQ(sweep.counts.running, 1);
  EXPECT_EQ(sweep.counts.queued, 2);
}

TEST_P(InferenceContract, EachInvocationIsClaimedOnceInOrderOfPlantAndCircuit) {
  DeployFleet();
  InvokeFleet("s1");
  EXPECT_EQ(CircuitKey(Claim().name.circuit), "P001.C001");
  EXPECT_EQ(CircuitKey(Claim().name.circuit), "P001.C002");
  EXPECT_EQ(CircuitKey(Claim().name.circuit), "P002.C001");
  EXPECT_FALSE(backend_->invocations().Claim("w", absl::Seconds(30))->has_value());
}

TEST_P(InferenceContract, ASingleCircuitGoesAheadOfAWaitingSweep) {
  DeployFleet();
  InvokeFleet("s1");
  ASSERT_TRUE(backend_->sweeps()
                  .Create(NewRequest(), {.id = "s2", .circuit = CircuitId{"P002", "C001"}})
                  .ok());
  EXPECT_EQ(Claim().name, (InvocationName{"s2", {"P002", "C001"}}));
}

TEST_P(InferenceContract, ACircuitAtItsConcurrencyLimitWaits) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  InvokeFleet("s2");
  const Invocation first = Claim();
  EXPECT_FALSE(backend_->invocations().Claim("w", absl::Seconds(30))->has_value());
  ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(first), ForecastOf(first)).ok());
  EXPECT_EQ(Claim().name.sweep_id, "s2");
}

TEST_P(InferenceContract, SuccessStoresTheForecastAndEndsTheSweep) {
  Deploy({"P001", "C001"}, 7);
  InvokeFleet("s1");
  const Invocation claimed = Claim();
  ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(claimed), ForecastOf(claimed)).ok());
  const Invocation done = Get(claimed.name);
  EXPECT_EQ(done.state, InvocationState::kSucceeded);
  EXPECT_EQ(done.issue_time, ForecastOf(claimed).issue_time);
  EXPECT_TRUE(done.end_time);
  EXPECT_EQ(done.worker, "");
  EXPECT_EQ(backend_->sweeps().Get("s1")->state, SweepState::kSucceeded);
  EXPECT_TRUE(backend_->sweeps().Get("s1")->end_time);
  EXPECT_EQ(backend_->forecasts().List({}, {})->items.size(), 1U);
  // A repeated success, after an answer that got lost, is harmless.
  EXPECT_TRUE(backend_->invocations().Succeed(HoldOf(claimed), ForecastOf(claimed)).ok());
}

TEST_P(InferenceContract, AFencedOutWriterAffectsNothing) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  const Invocation late = Claim("late");
  backend_->PassTime(absl::Seconds(31));
  // The claim that ends the dead attempt finds nothing yet: a failed attempt waits a little.
  EXPECT_FALSE(backend_->invocations().Claim("next", absl::Seconds(30))->has_value());
  backend_->PassTime(absl::Seconds(2));
  const Invocation next = Claim("next");
  EXPECT_EQ(next.name, late.name);
  EXPECT_GT(next.lease_epoch, late.lease_epoch);
  EXPECT_EQ(next.attempts, 2);
  EXPECT_EQ(next.failure->reason, "LEASE_EXPIRED");

  InvocationStore& store = backend_->invocations();
  EXPECT_TRUE(IsNotTheHolder(store.Renew(HoldOf(late), absl::Seconds(30))));
  EXPECT_TRUE(IsNotTheHolder(store.Succeed(HoldOf(late), ForecastOf(late, 99))));
  EXPECT_TRUE(IsNotTheHolder(store.End(HoldOf(late), AttemptEnding::kFailed, kBoom)));
  EXPECT_TRUE(IsNotTheHolder(store.End(HoldOf(late), AttemptEnding::kHandedBack, std::nullopt)));
  EXPECT_TRUE(backend_->forecasts().List({}, {})->items.empty());
  EXPECT_EQ(Get(late.name).state, InvocationState::kRunning);
  EXPECT_EQ(Get(late.name).worker, "next");

  ASSERT_TRUE(store.Succeed(HoldOf(next), ForecastOf(next, 1)).ok());
  EXPECT_TRUE(IsNotTheHolder(store.Succeed(HoldOf(late), ForecastOf(late, 99))));
  const auto forecasts = backend_->forecasts().List({}, {})->items;
  ASSERT_EQ(forecasts.size(), 1U);
  EXPECT_DOUBLE_EQ(forecasts[0].points[0].value, 1.1);
}

TEST_P(InferenceContract, ARenewedLeaseOutlivesItsFirstEnd) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  const Invocation claimed = Claim();
  backend_->PassTime(absl::Seconds(20));
  ASSERT_TRUE(backend_->invocations().Renew(HoldOf(claimed), absl::Seconds(30)).ok());
  backend_->PassTime(absl::Seconds(20));
  EXPECT_FALSE(backend_->invocations().Claim("other", absl::Seconds(30))->has_value());
  EXPECT_EQ(Get(claimed.name).state, InvocationState::kRunning);
  backend_->PassTime(absl::Seconds(11));
  EXPECT_TRUE(IsNotTheHolder(backend_->invocations().Renew(HoldOf(claimed), absl::Seconds(30))));
}

TEST_P(InferenceContract, AnAttemptThatTakesTooLongIsTakenFromItsHolder) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  const Invocation slow = Claim();
  for (int minutes = 0; minutes < 60; minutes += 20) {
    ASSERT_TRUE(backend_->invocations().Renew(HoldOf(slow), absl::Hours(1)).ok());
    backend_->PassTime(absl::Minutes(20));
  }
  backend_->PassTime(absl::Seconds(1));
  EXPECT_FALSE(backend_->invocations().Claim("other", absl::Seconds(30))->has_value());
  const Invocation timed_out = Get(slow.name);
  EXPECT_EQ(timed_out.state, InvocationState::kQueued);
  EXPECT_EQ(timed_out.failure->kind, FailureKind::kTimeout);
  EXPECT_TRUE(IsNotTheHolder(backend_->invocations().Succeed(HoldOf(slow), ForecastOf(slow))));
}

TEST_P(InferenceContract, CrashesSpendTheAttemptsAndEndAsFailed) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(Claim().attempts, attempt);
    backend_->PassTime(absl::Seconds(31));
    EXPECT_FALSE(backend_->invocations().Claim("w", absl::Seconds(30))->has_value());
    backend_->PassTime(absl::Minutes(1));
  }
  const Invocation failed = Get({"s1", {"P001", "C001"}});
  EXPECT_EQ(failed.state, InvocationState::kFailed);
  EXPECT_EQ(failed.failed_attempt, 3);
  EXPECT_EQ(backend_->sweeps().Get("s1")->state, SweepState::kFailed);
}

TEST_P(InferenceContract, AHandBackSpendsNoAttemptAndMayBeClaimedAtOnce) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  for (int i = 0; i < 5; ++i) {
    const Invocation claimed = Claim();
    EXPECT_EQ(claimed.attempts, 1);
    ASSERT_TRUE(backend_->invocations()
                    .End(HoldOf(claimed), AttemptEnding::kHandedBack, std::nullopt)
                    .ok());
    EXPECT_EQ(Get(claimed.name).attempts, 0);
    EXPECT_FALSE(Get(claimed.name).failure);
  }
}

TEST_P(InferenceContract, OneCircuitsFailureLeavesTheOthersAlone) {
  DeployFleet();
  InvokeFleet("s1");
  const InvocationFailure stale{FailureKind::kData, "DATA_STALE", "old \\ \"readings\"", false};
  const Invocation bad = Claim();
  ASSERT_TRUE(backend_->invocations().End(HoldOf(bad), AttemptEnding::kFailed, stale).ok());
  for (int i = 0; i < 2; ++i) {
    const Invocation good = Claim();
    ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(good), ForecastOf(good)).ok());
  }
  EXPECT_EQ(backend_->sweeps().Get("s1")->state, SweepState::kPartiallySucceeded);
  const Invocation failed = Get(bad.name);
  EXPECT_EQ(failed.state, InvocationState::kFailed);
  EXPECT_EQ(failed.failure->kind, FailureKind::kData);
  EXPECT_EQ(failed.failure->message, stale.message);
  EXPECT_EQ(failed.attempts, 1);
  EXPECT_TRUE(failed.failure_time);
}

TEST_P(InferenceContract, ARetryableFailureWaitsThenSucceedsAndForgetsIt) {
  Deploy({"P001", "C001"});
  InvokeFleet("s1");
  const Invocation first = Claim();
  ASSERT_TRUE(backend_->invocations().End(HoldOf(first), AttemptEnding::kFailed, kBoom).ok());
  EXPECT_EQ(Get(first.name).state, InvocationState::kQueued);
  EXPECT_EQ(Get(first.name).failure->reason, "BOOM");
  EXPECT_FALSE(backend_->invocations().Claim("w", absl::Seconds(30))->has_value());
  backend_->PassTime(absl::Seconds(2));
  const Invocation second = Claim();
  EXPECT_EQ(second.attempts, 2);
  ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(second), ForecastOf(second)).ok());
  EXPECT_FALSE(Get(first.name).failure);
}

}  // namespace
}  // namespace fleetcast::inference
