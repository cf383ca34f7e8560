// Backfills in Postgres: what they are made of, what they store, who may.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "services/inference/storage/postgres_backfill_store.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

class BackfillContract : public InferenceContract {
 protected:
  BackfillContract() {
    const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
    range_ = {.start = now - absl::Hours(24), .end = now - absl::Hours(1), .every_seconds = 3600};
  }

  absl::StatusOr<Sweep> Make(SweepPin pin = {}) {
    pin.backfill = range_;
    return sweeps_.Create(NewRequest(), pin);
  }
  workqueue::FetchedTask FetchBackfill(const std::string& pool = kBackfillPool) {
    const auto fetched =
        queue_.Fetch({.holder = "replica", .pool = pool, .most = 1, .lease = absl::Seconds(30)});
    EXPECT_TRUE(fetched.ok() && !fetched->empty()) << fetched.status();
    return fetched.ok() && !fetched->empty() ? fetched->front() : workqueue::FetchedTask{};
  }
  // How many forecasts the circuit has.
  int Stored(const CircuitId& circuit) {
    int count = 0;
    const absl::Status read = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      count = work.exec_params1(
                      "SELECT count(*) FROM inference.forecasts WHERE plant_id = $1 AND"
                      " circuit_id = $2",
                      circuit.plant_id, circuit.circuit_id)[0]
                  .as<int>();
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return count;
  }
  absl::Time LatestIssueTime() {
    absl::Time latest;
    const absl::Status read = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      latest =
          absl::FromUnixSeconds(work.exec1("SELECT extract(epoch FROM max(issue_time))::bigint FROM"
                                           " inference.latest_forecasts")[0]
                                    .as<std::int64_t>());
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return latest;
  }

  BackfillRange range_;
  PostgresBackfillStore store_{pool_};
};

TEST_F(BackfillContract, AnInvocationPinsWhatItsDeploymentSays) {
  Deployment deployment = Of({"P001", "C001"});
  deployment.settings.mini_batch_size = 7;
  deployment.settings.error_threshold = 5;
  deployment.settings.max_retries = 4;
  deployment.settings.retry_timeout = absl::Seconds(45);
  deployment.settings.instance_count = 2;
  deployment.settings.max_concurrency_per_instance = 3;
  ASSERT_TRUE(deployments_.Deploy(NewRequest(), deployment, "").ok());
  EXPECT_EQ(deployments_.Get({"P001", "C001"})->settings.retry_timeout, absl::Seconds(45));
  const auto sweep = Make();
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  ASSERT_TRUE(sweep->pin.backfill);
  EXPECT_EQ(WindowsOf(*sweep->pin.backfill), 24);
  const auto invocation = sweeps_.GetInvocation({sweep->group.id, {"P001", "C001"}});
  ASSERT_TRUE(invocation.ok() && invocation->pin.backfill) << invocation.status();
  const BackfillPin& pin = *invocation->pin.backfill;
  EXPECT_EQ(pin.range.start, range_.start);
  EXPECT_EQ(pin.mini_batch_size, 7);
  EXPECT_EQ(pin.error_threshold, 5);
  EXPECT_EQ(pin.max_retries, 4);
  EXPECT_EQ(pin.mini_batch_timeout_seconds, 45);
  EXPECT_EQ(pin.concurrency, 6);
  EXPECT_EQ(invocation->task.pool, "backfilling");
  for (const char* pool : {"fleet", "plant-P001", "backfilling"})
    EXPECT_NE(std::find(invocation->task.pools.begin(), invocation->task.pools.end(), pool),
              invocation->task.pools.end())
        << pool;
}

TEST_F(BackfillContract, TheCircuitsSweepsDoNotWaitForIt) {
  Deploy({"P001", "C001"});
  ASSERT_TRUE(Make().ok());
  FetchBackfill();
  InvokeFleet();
  EXPECT_EQ(Fetch().name, "P001.C001");
}

TEST_F(BackfillContract, ThoseThatDeclareTheComputeTypeRunIt) {
  Deploy({"P001", "C001"});
  ASSERT_TRUE(queue_.SeeReplica("big", {"compute-Standard_DS3_v2"}, 1).ok());
  const auto sweep = Make();
  const auto invocation = sweeps_.GetInvocation({sweep->group.id, {"P001", "C001"}});
  EXPECT_EQ(invocation->task.pool, "compute-Standard_DS3_v2");
  EXPECT_EQ(FetchBackfill("compute-Standard_DS3_v2").name, "P001.C001");
}

TEST_F(BackfillContract, CircuitsAreNamedAndRefusedWhereTheyAreNotDeployed) {
  DeployFleet();
  const auto some = Make({.circuits = {"P001.C002", "P002.C001"}});
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->group.counts.total(), 2);
  EXPECT_EQ(Make({.circuits = {"P001.C002", "P001.C009"}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(BackfillContract, OneThatIsOutOfBoundsIsRefusedAndNothingIsMade) {
  DeployFleet();
  range_.end = absl::Now() + absl::Hours(1);
  EXPECT_EQ(Make().status().code(), absl::StatusCode::kInvalidArgument);
  range_ = {.start = absl::Now() - absl::Hours(24 * 30),
            .end = absl::Now() - absl::Hours(1),
            .every_seconds = 60};
  EXPECT_EQ(Make().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(sweeps_.List({}, {})->items.empty());
}

TEST_F(BackfillContract, AMiniBatchIsStoredWithHowFarItHasCome) {
  const CircuitId circuit{"P001", "C001"};
  Deploy(circuit);
  const auto sweep = Make();
  const InvocationName name{sweep->group.id, circuit};
  const auto task = FetchBackfill();
  EXPECT_EQ(store_.Read(name)->done, 0);
  const BackfillProgress progress{.windows = 24, .done = 1, .failed = 0};
  ASSERT_TRUE(
      store_.Store(task.hold(), name, progress, {ForecastOf(circuit, 1, sweep->group.id)}).ok());
  EXPECT_EQ(store_.Read(name)->done, 1);
  EXPECT_EQ(Stored(circuit), 1);
  // Once more, as by an attempt that lost the answer: one that is there stays.
  ASSERT_TRUE(
      store_.Store(task.hold(), name, progress, {ForecastOf(circuit, 1, "another", 7)}).ok());
  EXPECT_EQ(Stored(circuit), 1);
}

TEST_F(BackfillContract, OneThatIsCancelledTellsWhatItHasStored) {
  const CircuitId circuit{"P001", "C001"};
  Deploy(circuit);
  const auto sweep = Make();
  const InvocationName name{sweep->group.id, circuit};
  const auto task = FetchBackfill();
  ASSERT_TRUE(queue_.Progress({{task.hold(), ToJson({.windows = 24, .done = 1})}}).ok());
  ASSERT_TRUE(store_.Store(task.hold(), name, {.windows = 24, .done = 5}, {}).ok());
  ASSERT_TRUE(sweeps_.Cancel(NewRequest(), sweep->group.id).ok());
  const auto one = sweeps_.GetInvocation(name);
  ASSERT_TRUE(one.ok() && one->backfill) << one.status();
  EXPECT_EQ(one->backfill->done, 5);
  const auto listed = sweeps_.ListInvocations(sweep->group.id, {}, {});
  ASSERT_TRUE(listed.ok() && listed->items.size() == 1) << listed.status();
  EXPECT_EQ(listed->items[0].backfill->done, 5);
}

TEST_F(BackfillContract, WhoHoldsItNoMoreStoresNothing) {
  const CircuitId circuit{"P001", "C001"};
  Deploy(circuit);
  const auto sweep = Make();
  const InvocationName name{sweep->group.id, circuit};
  const auto task = FetchBackfill();
  workqueue::HoldId earlier = task.hold();
  --earlier.lease_epoch;
  const BackfillProgress progress{.windows = 24, .done = 1};
  const std::vector<Forecast> made = {ForecastOf(circuit, 1, sweep->group.id)};
  EXPECT_EQ(ReasonOf(store_.Store(earlier, name, progress, made)), "LEASE_LOST");
  ASSERT_TRUE(sweeps_.Cancel(NewRequest(), sweep->group.id).ok());
  EXPECT_EQ(ReasonOf(store_.Store(task.hold(), name, progress, made)), "LEASE_LOST");
  EXPECT_EQ(Stored(circuit), 0);
  EXPECT_EQ(store_.Read(name)->done, 0);
}

TEST_F(BackfillContract, ACircuitsLatestForecastIsNotMovedBackwards) {
  const CircuitId circuit{"P001", "C001"};
  Deploy(circuit);
  Forecast newest = ForecastOf(circuit, 1, "live");
  newest.issue_time += absl::Hours(48);
  Store(newest);
  const auto sweep = Make();
  const auto task = FetchBackfill();
  std::vector<Forecast> made;
  for (int hour = 0; hour < 3; ++hour) {
    made.push_back(ForecastOf(circuit, 1, sweep->group.id));
    made.back().issue_time += absl::Hours(hour);
  }
  ASSERT_TRUE(
      store_.Store(task.hold(), {sweep->group.id, circuit}, {.windows = 24, .done = 3}, made).ok());
  EXPECT_EQ(Stored(circuit), 4);
  EXPECT_EQ(LatestIssueTime(), newest.issue_time);
}

TEST_F(BackfillContract, ARetryIsABackfillOfTheSameRangeOfThoseThatFailed) {
  Deploy({"P001", "C001"});
  Deploy({"P001", "C002"});
  const auto sweep = Make({.circuits = {"P001.C001", "P001.C002"}});
  ASSERT_TRUE(Fail(FetchBackfill()));
  ASSERT_TRUE(Succeed(FetchBackfill()));
  const auto retry = sweeps_.Retry(NewRequest(), sweep->group.id);
  ASSERT_TRUE(retry.ok()) << retry.status();
  ASSERT_TRUE(retry->pin.backfill);
  EXPECT_EQ(retry->pin.backfill->start, range_.start);
  EXPECT_EQ(retry->pin.circuits, std::vector<std::string>{"P001.C001"});
}

}  // namespace
}  // namespace fleetcast::inference
