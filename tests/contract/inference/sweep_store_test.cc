#include "services/inference/domain/sweep_store.h"

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

using workqueue::FetchedTask;
using workqueue::GroupState;

TEST_F(InferenceContract, ASweepPinsWhatItsDeploymentsHaveWhenItIsMade) {
  Deploy({"P001", "C001"}, 1);
  InvokeFleet();
  Deploy({"P001", "C001"}, 2);
  ASSERT_TRUE(deployments_.Delete(NewRequest(), {"P001", "C001"}, "").ok());
  const FetchedTask task = Fetch();
  EXPECT_EQ(HeldInvocationOf(task)->pin.model_version, 1);
  EXPECT_EQ(task.max_attempts, 3);
  EXPECT_EQ(task.attempt_timeout, absl::Minutes(60));
}

TEST_F(InferenceContract, ASweepOfSomePlantsLeavesTheOthersOut) {
  DeployFleet();
  const absl::Time as_of = absl::FromUnixSeconds(1'000'000);
  const auto sweep = sweeps_.Create(NewRequest(), {.plant_ids = {"P002"}, .as_of = as_of});
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->group.counts.total(), 1);
  EXPECT_EQ(sweep->pin.plant_ids, (std::vector<std::string>{"P002"}));
  EXPECT_EQ(sweep->pin.as_of, as_of);
  EXPECT_EQ(HeldInvocationOf(Fetch())->pin.as_of, as_of);
  const auto unknown = sweeps_.Create(NewRequest(), {.plant_ids = {"P002", "P999"}});
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(sweeps_.List({}, {})->items.size(), 1U);
}

TEST_F(InferenceContract, ASweepOfNothingHasSucceeded) {
  const Sweep sweep = InvokeFleet();
  EXPECT_EQ(sweep.group.state, GroupState::kSucceeded);
  EXPECT_EQ(sweep.group.counts.total(), 0);
  EXPECT_TRUE(sweep.group.ended_at);
}

TEST_F(InferenceContract, ACircuitThatIsNotDeployedCannotBeInvoked) {
  Deploy({"P001", "C001"});
  const auto made = sweeps_.CreateOne(NewRequest(), {"P001", "C999"}, {});
  EXPECT_EQ(made.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(sweeps_.List({}, {})->items.empty());
}

TEST_F(InferenceContract, TheSameRequestAgainGivesTheInvocationAsItWasFirstAnswered) {
  Deploy({"P001", "C001"});
  const MutatingRequest request = NewRequest();
  const auto first = sweeps_.CreateOne(request, {"P001", "C001"}, {});
  EXPECT_TRUE(Succeed(Fetch()));
  const auto again = sweeps_.CreateOne(request, {"P001", "C001"}, {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_NE(again->wait_reason, "");
  EXPECT_EQ(again->wait_reason, first->wait_reason);
}

TEST_F(InferenceContract, TheSameRequestAgainGivesTheSweepAsItWasFirstAnswered) {
  DeployFleet();
  const MutatingRequest request = Request("twice");
  const auto first = sweeps_.Create(request, {});
  Succeed(Fetch());
  const auto second = sweeps_.Create(request, {});
  EXPECT_EQ(second->group.id, first->group.id);
  EXPECT_EQ(second->group.counts.queued, 3);
  EXPECT_EQ(sweeps_.List({}, {})->items.size(), 1U);
  MutatingRequest other = request;
  other.fingerprint = "something else";
  EXPECT_EQ(ReasonOf(sweeps_.Create(other, {}).status()), "REQUEST_ID_REUSED");
}

TEST_F(InferenceContract, CancellingTakesEverythingThatHasNotEnded) {
  DeployFleet();
  const std::string id = InvokeFleet().group.id;
  EXPECT_TRUE(Succeed(Fetch()));
  const FetchedTask held = Fetch();
  const auto cancelled = sweeps_.Cancel(NewRequest(), id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->group.state, GroupState::kCancelled);
  EXPECT_EQ(cancelled->group.counts.succeeded, 1);
  EXPECT_EQ(cancelled->group.counts.cancelled, 2);
  EXPECT_FALSE(Succeed(held));
  EXPECT_EQ(sweeps_.Cancel(NewRequest(), id)->group.state, GroupState::kCancelled);
}

TEST_F(InferenceContract, ASweepThatHasEndedCannotBeCancelled) {
  const std::string id = InvokeFleet().group.id;
  EXPECT_EQ(ReasonOf(sweeps_.Cancel(NewRequest(), id).status()), "SWEEP_ENDED");
  EXPECT_EQ(sweeps_.Cancel(NewRequest(), "none").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(InferenceContract, ARetryMakesANewSweepOfTheFailedOnlyAsOfTheSameTime) {
  DeployFleet();
  const absl::Time as_of = absl::FromUnixSeconds(1'000'000);
  const std::string id = sweeps_.Create(NewRequest(), {.as_of = as_of})->group.id;
  EXPECT_EQ(ReasonOf(sweeps_.Retry(NewRequest(), id).status()), "SWEEP_NOT_ENDED");
  const FetchedTask bad = Fetch();
  EXPECT_TRUE(Fail(bad));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Succeed(Fetch()));
  EXPECT_EQ(sweeps_.Get(id)->group.state, GroupState::kPartiallySucceeded);
  Deploy(HeldInvocationOf(bad)->name.circuit, 2);
  const auto retry = sweeps_.Retry(NewRequest(), id);
  ASSERT_TRUE(retry.ok()) << retry.status();
  EXPECT_EQ(retry->pin.retry_of, id);
  EXPECT_EQ(retry->pin.as_of, as_of);
  EXPECT_EQ(retry->group.counts.total(), 1);
  const FetchedTask again = Fetch();
  EXPECT_EQ(again.name, bad.name);
  EXPECT_EQ(HeldInvocationOf(again)->pin.model_version, 2);
  EXPECT_TRUE(Succeed(again));
  EXPECT_EQ(ReasonOf(sweeps_.Retry(NewRequest(), retry->group.id).status()), "NOTHING_TO_RETRY");
  EXPECT_EQ(sweeps_.List({}, {})->items.size(), 2U);
}

TEST_F(InferenceContract, TwoSweepsRunEachCircuitOneAtATime) {
  DeployFleet();
  InvokeFleet();
  InvokeFleet();
  std::vector<FetchedTask> held;
  for (int i = 0; i < 3; ++i) held.push_back(Fetch());
  EXPECT_TRUE(queue_
                  .Fetch({.holder = "other",
                          .pool = kForecastingQueue,
                          .most = 10,
                          .lease = absl::Seconds(30)})
                  ->empty());
  for (const FetchedTask& task : held) EXPECT_TRUE(Succeed(task));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Succeed(Fetch()));
}

TEST_F(InferenceContract, SweepsAreListedLatestFirstPageByPageAndByState) {
  std::vector<std::string> made;
  for (int i = 0; i < 3; ++i) made.push_back(InvokeFleet().group.id);
  Deploy({"P001", "C001"});
  const std::string last = InvokeFleet().group.id;
  const auto first = sweeps_.List({}, {.size = 3});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 3U);
  EXPECT_EQ(first->items[0].group.id, last);
  const auto second = sweeps_.List({}, {.size = 3, .after = first->next_after});
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->items[0].group.id, made[0]);
  EXPECT_TRUE(second->next_after.empty());
  const auto filter = *ParseFilter("state = QUEUED AND create_time > \"2001-01-01T00:00:00Z\"",
                                   SweepFilterFields());
  EXPECT_EQ(sweeps_.List(filter, {})->items.size(), 1U);
}

TEST_F(InferenceContract, InvocationsAreListedByCircuitAndFiltered) {
  DeployFleet();
  const std::string id = InvokeFleet().group.id;
  EXPECT_TRUE(Fail(Fetch()));
  const auto first = sweeps_.ListInvocations(id, {}, {.size = 2});
  ASSERT_TRUE(first.ok()) << first.status();
  const auto rest = sweeps_.ListInvocations(id, {}, {.size = 2, .after = first->next_after});
  ASSERT_EQ(rest->items.size(), 1U);
  EXPECT_EQ(CircuitKey(rest->items[0].name.circuit), "P002.C001");
  const auto filtered = [&](const char* text) {
    const auto filter = ParseFilter(text, InvocationFilterFields());
    EXPECT_TRUE(filter.ok()) << filter.status();
    return sweeps_.ListInvocations(id, *filter, {})->items.size();
  };
  EXPECT_EQ(filtered("state = FAILED AND failure.kind = DATA"), 1U);
  EXPECT_EQ(filtered("NOT failure.reason = DATA_STALE"), 2U);
  EXPECT_EQ(filtered("plant_id = P001 AND circuit_id = C002"), 1U);
  EXPECT_EQ(sweeps_.ListInvocations("none", {}, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(sweeps_.GetInvocation({id, {"P009", "C001"}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(InferenceContract, ChangesAreGivenFromTheLastMarkOn) {
  DeployFleet();
  const std::string id = InvokeFleet().group.id;
  const auto everything = sweeps_.ChangesSince(id, {});
  ASSERT_TRUE(everything.ok()) << everything.status();
  EXPECT_EQ(everything->changed.size(), 3U);
  EXPECT_TRUE(sweeps_.ChangesSince(id, everything->mark)->changed.empty());
  const FetchedTask task = Fetch();
  const auto running = sweeps_.ChangesSince(id, everything->mark);
  ASSERT_EQ(running->running.size(), 1U);
  EXPECT_EQ(running->running[0].task.name, task.name);
  EXPECT_EQ(running->sweep.group.state, GroupState::kRunning);
  EXPECT_TRUE(Succeed(task));
  EXPECT_EQ(sweeps_.ChangesSince(id, running->mark)->changed.size(), 1U);
}

TEST_F(InferenceContract, AQueuedInvocationSaysWhatItWaitsFor) {
  Deploy({"P001", "C001"});
  const std::string id = InvokeFleet().group.id;
  const InvocationName name{id, {"P001", "C001"}};
  EXPECT_NE(sweeps_.GetInvocation(name)->wait_reason.find("no replica of pool forecasting"),
            std::string::npos)
      << sweeps_.GetInvocation(name)->wait_reason;
}

TEST_F(InferenceContract, CircuitsWhoseIdsHoldDashesHaveInvocationsOfTheirOwn) {
  Deploy({"A", "1-C"});
  Deploy({"A-1", "C"});
  const std::string id = InvokeFleet().group.id;
  EXPECT_EQ(sweeps_.GetInvocation({id, {"A", "1-C"}})->name.circuit, (CircuitId{"A", "1-C"}));
  EXPECT_EQ(sweeps_.GetInvocation({id, {"A-1", "C"}})->name.circuit, (CircuitId{"A-1", "C"}));
}

TEST_F(InferenceContract, OldSweepsGoButNotThoseThatALatestForecastIsOf) {
  Deploy({"P001", "C001"});
  const std::string old = InvokeFleet().group.id;
  Succeed(Fetch());
  const std::string kept = InvokeFleet().group.id;
  const FetchedTask task = Fetch();
  Store(ForecastOf({"P001", "C001"}, 1, kept));
  Succeed(task);
  ASSERT_TRUE(queue_.Prune(pool_, absl::ZeroDuration()).ok());
  EXPECT_EQ(sweeps_.Get(old).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(sweeps_.Get(kept)->group.counts.succeeded, 1);
  EXPECT_TRUE(sweeps_.GetInvocation({kept, {"P001", "C001"}}).ok());
}

TEST_F(InferenceContract, ASweepCountsForHowManySomethingStoodIn) {
  DeployFleet();
  const Sweep sweep = InvokeFleet();
  for (const char* result : {R"({"issue_time": 1000000})",
                             R"({"issue_time": 1000000, "source": "LAST_VALUE",
                                 "source_reason": "version 1 could not", "model_version": 0})",
                             R"({"issue_time": 1000000, "source": "EARLIER_VERSION",
                                 "source_reason": "version 2 could not", "model_version": 1})"}) {
    ASSERT_TRUE(queue_.SucceedAll({{Fetch().hold(), result, ""}}).ok());
  }
  EXPECT_EQ(sweeps_.Get(sweep.group.id)->on_fallback, 2);
  EXPECT_EQ(sweeps_.List({}, {})->items.at(0).on_fallback, 2);
  EXPECT_EQ(sweeps_.ChangesSince(sweep.group.id, {})->sweep.on_fallback, 2);
  int told = 0;
  const auto invocations = sweeps_.ListInvocations(sweep.group.id, {}, {});
  ASSERT_TRUE(invocations.ok()) << invocations.status();
  for (const Invocation& invocation : invocations->items)
    told += invocation.result.source != ForecastSource::kDeployedVersion ? 1 : 0;
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace fleetcast::inference
