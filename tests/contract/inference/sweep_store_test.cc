#include "services/inference/domain/sweep_store.h"

#include "common/base/status.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

const InvocationFailure kStale{FailureKind::kData, "DATA_STALE", "old", false};

TEST_P(InferenceContract, ASweepPinsWhatItsDeploymentsHaveWhenItIsMade) {
  Deploy({"P001", "C001"}, 1);
  InvokeFleet("s1");
  Deploy({"P001", "C001"}, 2);
  ASSERT_TRUE(backend_->deployments().Delete(NewRequest(), {"P001", "C001"}, "").ok());
  EXPECT_EQ(Claim().pin.model_version, 1);
}

TEST_P(InferenceContract, ASweepOfSomePlantsLeavesTheOthersOut) {
  DeployFleet();
  const auto sweep = backend_->sweeps().Create(
      NewRequest(), {.id = "s1", .plant_ids = {"P002"}, .as_of = absl::FromUnixSeconds(1'000'000)});
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->counts.total(), 1);
  EXPECT_EQ(sweep->plant_ids, (std::vector<std::string>{"P002"}));
  EXPECT_EQ(sweep->as_of, absl::FromUnixSeconds(1'000'000));
  EXPECT_EQ(Claim().as_of, absl::FromUnixSeconds(1'000'000));
  const auto unknown =
      backend_->sweeps().Create(NewRequest(), {.id = "s2", .plant_ids = {"P002", "P999"}});
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(backend_->sweeps().Get("s2").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(InferenceContract, ASweepOfNothingHasSucceeded) {
  const Sweep sweep = InvokeFleet("s1");
  EXPECT_EQ(sweep.state, SweepState::kSucceeded);
  EXPECT_EQ(sweep.counts.total(), 0);
  EXPECT_TRUE(sweep.end_time);
}

TEST_P(InferenceContract, ACircuitThatIsNotDeployedCannotBeInvoked) {
  Deploy({"P001", "C001"});
  const auto sweep =
      backend_->sweeps().Create(NewRequest(), {.id = "s1", .circuit = CircuitId{"P001", "C999"}});
  EXPECT_EQ(sweep.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(backend_->sweeps().List({}, {})->items.empty());
}

TEST_P(InferenceContract, TheSameRequestAgainGivesTheFirstSweep) {
  DeployFleet();
  const MutatingRequest request = Request("twice");
  EXPECT_EQ(backend_->sweeps().Create(request, {.id = "s1"})->id, "s1");
  EXPECT_EQ(backend_->sweeps().Create(request, {.id = "s2"})->id, "s1");
  EXPECT_EQ(backend_->sweeps().List({}, {})->items.size(), 1U);
  MutatingRequest other = request;
  other.fingerprint = "something else";
  EXPECT_EQ(ReasonOf(backend_->sweeps().Create(other, {.id = "s3"}).status()), "REQUEST_ID_REUSED");
}

TEST_P(InferenceContract, CancellingTakesEverythingThatHasNotEnded) {
  DeployFleet();
  InvokeFleet("s1");
  const Invocation done = Claim();
  ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(done), ForecastOf(done)).ok());
  const Invocation held = Claim();
  const auto cancelled = backend_->sweeps().Cancel(NewRequest(), "s1");
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, SweepState::kCancelled);
  EXPECT_EQ(cancelled->counts.succeeded, 1);
  EXPECT_EQ(cancelled->counts.cancelled, 2);
  EXPECT_TRUE(IsNotTheHolder(backend_->invocations().Succeed(HoldOf(held), ForecastOf(held))));
  EXPECT_EQ(backend_->forecasts().List({}, {})->items.size(), 1U);
  EXPECT_FALSE(backend_->invocations().Claim("w", absl::Seconds(30))->has_value());
  EXPECT_EQ(backend_->sweeps().Cancel(NewRequest(), "s1")->state, SweepState::kCancelled);
}

TEST_P(InferenceContract, ASweepThatHasEndedCannotBeCancelled) {
  InvokeFleet("s1");
  EXPECT_EQ(ReasonOf(backend_->sweeps().Cancel(NewRequest(), "s1").status()), "SWEEP_ENDED");
  EXPECT_EQ(backend_->sweeps().Cancel(NewRequest(), "none").status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(InferenceContract, ARetryMakesANewSweepOfTheFailedOnlyAsOfTheSameTime) {
  DeployFleet();
  const absl::Time as_of = absl::FromUnixSeconds(1'000'000);
  ASSERT_TRUE(backend_->sweeps().Create(NewRequest(), {.id = "s1", .as_of = as_of}).ok());
  EXPECT_EQ(ReasonOf(backend_->sweeps().Retry(NewRequest(), "s1", "s2").status()),
            "SWEEP_NOT_ENDED");
  const Invocation bad = Claim();
  ASSERT_TRUE(backend_->invocations().End(HoldOf(bad), AttemptEnding::kFailed, kStale).ok());
  for (int i = 0; i < 2; ++i) {
    const Invocation good = Claim();
    ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(good), ForecastOf(good)).ok());
  }
  Deploy(bad.name.circuit, 2);
  const auto retry = backend_->sweeps().Retry(NewRequest(), "s1", "s2");
  ASSERT_TRUE(retry.ok()) << retry.status();
  EXPECT_EQ(retry->retry_of, "s1");
  EXPECT_EQ(retry->as_of, as_of);
  EXPECT_EQ(retry->counts.total(), 1);
  const Invocation again = Claim();
  EXPECT_EQ(again.name, (InvocationName{"s2", bad.name.circuit}));
  EXPECT_EQ(again.pin.model_version, 2);
  EXPECT_EQ(backend_->sweeps().Get("s1")->state, SweepState::kPartiallySucceeded);
  ASSERT_TRUE(backend_->invocations().Succeed(HoldOf(again), ForecastOf(again)).ok());
  EXPECT_EQ(ReasonOf(backend_->sweeps().Retry(NewRequest(), "s2", "s3").status()),
            "NOTHING_TO_RETRY");
  EXPECT_EQ(backend_->sweeps().Get("s3").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(InferenceContract, SweepsAreListedLatestFirstPageByPageAndByState) {
  for (const char* id : {"01a", "01b", "01c"}) InvokeFleet(id);
  Deploy({"P001", "C001"});
  InvokeFleet("01d");
  const auto first = backend_->sweeps().List({}, {.size = 3});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 3U);
  EXPECT_EQ(first->items[0].id, "01d");
  const auto second = backend_->sweeps().List({}, {.size = 3, .after = first->next_after});
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->items[0].id, "01a");
  EXPECT_TRUE(second->next_after.empty());
  const auto filter = *ParseFilter("state = QUEUED AND create_time > \"2001-01-01T00:00:00Z\"");
  EXPECT_EQ(backend_->sweeps().List(filter, {})->items.size(), 1U);
  const auto unknown = *ParseFilter("colour = red");
  EXPECT_EQ(backend_->sweeps().List(unknown, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(InferenceContract, InvocationsAreListedByCircuitAndFiltered) {
  DeployFleet();
  InvokeFleet("s1");
  const Invocation bad = Claim();
  ASSERT_TRUE(backend_->invocations().End(HoldOf(bad), AttemptEnding::kFailed, kStale).ok());
  const auto first = backend_->sweeps().ListInvocations("s1", {}, {.size = 2});
  ASSERT_TRUE(first.ok()) << first.status();
  const auto rest =
      backend_->sweeps().ListInvocations("s1", {}, {.size = 2, .after = first->next_after});
  ASSERT_EQ(rest->items.size(), 1U);
  EXPECT_EQ(CircuitKey(rest->items[0].name.circuit), "P002.C001");
  const auto failed = *ParseFilter("state = FAILED AND failure.kind = DATA");
  EXPECT_EQ(backend_->sweeps().ListInvocations("s1", failed, {})->items.size(), 1U);
  const auto not_failed = *ParseFilter("NOT failure.reason = DATA_STALE");
  EXPECT_EQ(backend_->sweeps().ListInvocations("s1", not_failed, {})->items.size(), 2U);
  EXPECT_EQ(backend_->sweeps().ListInvocations("none", {}, {}).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(backend_->sweeps().GetInvocation({"s1", {"P009", "C001"}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(InferenceContract, ChangesAreGivenFromTheLastMarkOn) {
  DeployFleet();
  InvokeFleet("s1");
  const auto everything = backend_->sweeps().ChangesSince("s1", "");
  ASSERT_TRUE(everything.ok()) << everything.status();
  EXPECT_EQ(everything->invocations.size(), 3U);
  const auto nothing = backend_->sweeps().ChangesSince("s1", everything->mark);
  EXPECT_TRUE(nothing->invocations.empty());
  const Invocation claimed = Claim();
  const auto one = backend_->sweeps().ChangesSince("s1", nothing->mark);
  ASSERT_EQ(one->invocations.size(), 1U);
  EXPECT_EQ(one->invocations[0].name, claimed.name);
  EXPECT_EQ(one->sweep.state, SweepState::kRunning);
}

}  // namespace
}  // namespace fleetcast::inference
