// Several replicas on one Postgres at once.
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/inference/domain/ticker.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

constexpr int kReplicas = 16;

void OnAllReplicas(const std::function<void(int)>& work) {
  std::vector<std::thread> replicas;
  for (int i = 0; i < kReplicas; ++i) replicas.emplace_back(work, i);
  for (std::thread& replica : replicas) replica.join();
}

TEST_P(InferenceContract, SixteenClaimersTakeEachInvocationOnceAndEndTheSweep) {
  constexpr int kCircuits = 40;
  for (int i = 0; i < kCircuits; ++i) Deploy({"P001", absl::StrCat("C", 100 + i)});
  InvokeFleet("s1");
  absl::Mutex mutex;
  std::multiset<std::string> claimed_by_all;
  OnAllReplicas([&](int replica) {
    while (true) {
      const auto claimed =
          backend_->invocations().Claim(absl::StrCat("w", replica), absl::Seconds(30));
      ASSERT_TRUE(claimed.ok()) << claimed.status();
      if (!claimed->has_value()) return;
      {
        absl::MutexLock lock(&mutex);
        claimed_by_all.insert(CircuitKey((*claimed)->name.circuit));
      }
      const auto done = backend_->invocations().Succeed(HoldOf(**claimed), ForecastOf(**claimed));
      EXPECT_TRUE(done.ok()) << done;
    }
  });
  EXPECT_EQ(claimed_by_all.size(), static_cast<std::size_t>(kCircuits));
  EXPECT_EQ(std::set<std::string>(claimed_by_all.begin(), claimed_by_all.end()).size(),
            static_cast<std::size_t>(kCircuits));
  EXPECT_EQ(backend_->sweeps().Get("s1")->state, SweepState::kSucceeded);
  EXPECT_EQ(backend_->forecasts().List({}, {})->items.size(), static_cast<std::size_t>(kCircuits));
}

TEST_P(InferenceContract, SixteenClaimersNeverPassACircuitsConcurrencyLimit) {
  Deploy({"P001", "C001"});
  for (int i = 0; i < kReplicas; ++i) InvokeFleet(absl::StrCat("s", 10 + i));
  std::atomic<int> claims = 0;
  OnAllReplicas([&](int replica) {
    const auto claimed =
        backend_->invocations().Claim(absl::StrCat("w", replica), absl::Seconds(30));
    ASSERT_TRUE(claimed.ok()) << claimed.status();
    if (claimed->has_value()) ++claims;
  });
  EXPECT_EQ(claims, 1);
}

TEST_P(InferenceContract, SixteenReplicasMakeOneSweepOfATick) {
  ASSERT_TRUE(backend_->schedules().Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  backend_->PassTime(absl::Minutes(5));
  std::atomic<int> sweeps = 0;
  OnAllReplicas([&](int) {
    RandomIdSource ids;
    const auto made = TickOnce(backend_->schedules(), ids);
    ASSERT_TRUE(made.ok()) << made.status();
    sweeps += *made;
  });
  EXPECT_EQ(sweeps, 1);
  EXPECT_EQ(backend_->sweeps().List({}, {})->items.size(), 1U);
}

TEST_P(InferenceContract, FinishingAndCancellingAtOnceLeaveOneConsistentEnd) {
  for (int round = 0; round < 5; ++round) {
    const std::string id = absl::StrCat("s", round);
    for (int i = 0; i < 8; ++i) Deploy({"P001", absl::StrCat("C", 100 + i)});
    InvokeFleet(id);
    std::vector<Invocation> held;
    for (int i = 0; i < 8; ++i) held.push_back(Claim());
    const MutatingRequest cancel = NewRequest();
    std::atomic<int> stored = 0;
    std::vector<std::thread> threads;
    for (const Invocation& invocation : held) {
      threads.emplace_back([&] {
        const auto done =
            backend_->invocations().Succeed(HoldOf(invocation), ForecastOf(invocation));
        EXPECT_TRUE(done.ok() || IsNotTheHolder(done)) << done;
        if (done.ok()) ++stored;
      });
    }
    threads.emplace_back([&] { (void)backend_->sweeps().Cancel(cancel, id); });
    for (std::thread& thread : threads) thread.join();
    const Sweep sweep = *backend_->sweeps().Get(id);
    EXPECT_EQ(sweep.counts.succeeded, stored);
    EXPECT_EQ(sweep.counts.succeeded + sweep.counts.cancelled, 8);
    EXPECT_EQ(sweep.state,
              sweep.counts.cancelled > 0 ? SweepState::kCancelled : SweepState::kSucceeded);
  }
}

}  // namespace
}  // namespace fleetcast::inference
