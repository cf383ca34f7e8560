// The inference service's stores in memory, on a fake clock: one ledger behind five ports, as in
// Postgres. For unit tests, and held against Postgres by the contract suite.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/forecast_store.h"
#include "services/inference/domain/invocation_store.h"
#include "services/inference/domain/schedule_store.h"
#include "services/inference/domain/sweep_store.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::inference {

// What the stores share. Every store locks `mutex` for a whole call: a call is a transaction.
struct FakeLedger {
  struct Held {
    absl::Time lease_expires, attempt_expires;
  };
  struct Row {
    Invocation invocation;
    std::optional<Held> held;
    absl::Time ready_time;
    int priority = 0;
    std::int64_t change = 0;
  };
  struct Request {
    std::string method, fingerprint, answer;
  };
  using ForecastKey = std::tuple<CircuitId, absl::Time, std::int64_t>;

  explicit FakeLedger(testing::FakeClock& fake_clock) : clock(fake_clock) {}

  // The first answer of a repeated request, or what `act` answers.
  template <typename Act>
  absl::StatusOr<std::string> AnswerOnce(const MutatingRequest& request, Act act)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void Settle(const std::string& sweep_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // False if the schedule's tick has its sweep already.
  bool Insert(const NewSweep& sweep, const std::string& schedule_id, std::optional<absl::Time> tick,
              const std::string& retry_of) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::StatusOr<Sweep> Read(const std::string& sweep_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  void End(Row& row, AttemptEnding ending, const std::optional<InvocationFailure>& failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  Row* Find(const InvocationHold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  testing::FakeClock& clock;
  absl::Mutex mutex;
  std::map<std::string, Request> requests ABSL_GUARDED_BY(mutex);
  std::map<std::string, BatchEndpoint> endpoints ABSL_GUARDED_BY(mutex);
  std::map<CircuitId, Deployment> deployments ABSL_GUARDED_BY(mutex);
  std::map<std::string, Schedule> schedules ABSL_GUARDED_BY(mutex);
  std::map<std::string, Sweep> sweeps ABSL_GUARDED_BY(mutex);
  std::map<InvocationName, Row> invocations ABSL_GUARDED_BY(mutex);
  std::map<ForecastKey, Forecast> forecasts ABSL_GUARDED_BY(mutex);
  std::int64_t revision ABSL_GUARDED_BY(mutex) = 0;
  std::int64_t change ABSL_GUARDED_BY(mutex) = 0;
};

class FakeDeploymentStore final : public DeploymentStore {
 public:
  explicit FakeDeploymentStore(FakeLedger& ledger) : ledger_(ledger) {}
  absl::StatusOr<Deployment> Deploy(const MutatingRequest& request, const Deployment& deployment,
                                    const std::string& etag) override;
  absl::Status Delete(const MutatingRequest& request, const CircuitId& circuit,
                      const std::string& etag) override;
  absl::StatusOr<Deployment> Get(const CircuitId& circuit) override;
  absl::StatusOr<PageOf<Deployment>> List(const std::string& plant_id,
                                          const std::optional<Filter>& filter,
                                          const PageRequest& page) override;
  absl::StatusOr<BatchEndpoint> GetEndpoint(const std::string& plant_id) override;
  absl::StatusOr<PageOf<BatchEndpoint>> ListEndpoints(const PageRequest& page) override;

 private:
  FakeLedger& ledger_;
};

class FakeSweepStore final : public SweepStore {
 public:
  explicit FakeSweepStore(FakeLedger& ledger) : ledger_(ledger) {}
  absl::StatusOr<Sweep> Create(const MutatingRequest& request, const NewSweep& sweep) override;
  absl::StatusOr<Sweep> Retry(const MutatingRequest& request, const std::string& sweep_id,
                              const std::string& new_id) override;
  absl::StatusOr<Sweep> Cancel(const MutatingRequest& request,
                               const std::string& sweep_id) override;
  absl::StatusOr<Sweep> Get(const std::string& sweep_id) override;
  absl::StatusOr<PageOf<Sweep>> List(const std::optional<Filter>& filter,
                                     const PageRequest& page) override;
  absl::StatusOr<Invocation> GetInvocation(const InvocationName& name) override;
  absl::StatusOr<PageOf<Invocation>> ListInvocations(const std::string& sweep_id,
                                                     const std::optional<Filter>& filter,
                                                     const PageRequest& page) override;
  absl::StatusOr<SweepChanges> ChangesSince(const std::string& sweep_id,
                                            const std::string& mark) override;

 private:
  FakeLedger& ledger_;
};

class FakeInvocationStore final : public InvocationStore {
 public:
  explicit FakeInvocationStore(FakeLedger& ledger) : ledger_(ledger) {}
  absl::StatusOr<std::optional<Invocation>> Claim(const std::string& worker,
                                                  absl::Duration lease) override;
  absl::Status Renew(const InvocationHold& hold, absl::Duration lease) override;
  absl::Status Succeed(const InvocationHold& hold, const Forecast& forecast) override;
  absl::Status End(const InvocationHold& hold, AttemptEnding ending,
                   const std::optional<InvocationFailure>& failure) override;

 private:
  void EndDeadAttempts() ABSL_EXCLUSIVE_LOCKS_REQUIRED(ledger_.mutex);
  FakeLedger& ledger_;
};

class FakeScheduleStore final : public ScheduleStore {
 public:
  explicit FakeScheduleStore(FakeLedger& ledger) : ledger_(ledger) {}
  absl::StatusOr<Schedule> Create(const MutatingRequest& request, const std::string& id,
                                  const ScheduleSpec& spec) override;
  absl::StatusOr<Schedule> Update(const MutatingRequest& request, const std::string& id,
                                  const ScheduleChange& change) override;
  absl::StatusOr<Schedule> SetPaused(const MutatingRequest& request, const std::string& id,
                                     bool paused) override;
  absl::Status Delete(const MutatingRequest& request, const std::string& id,
                      const std::string& etag) override;
  absl::StatusOr<Schedule> Get(const std::string& id) override;
  absl::StatusOr<PageOf<Schedule>> List(const PageRequest& page) override;
  absl::StatusOr<Sweep> Trigger(const MutatingRequest& request, const std::string& id,
                                const std::string& sweep_id) override;
  absl::StatusOr<DueSchedules> Due() override;
  absl::StatusOr<bool> Tick(const Schedule& seen, const TickDecision& decision,
                            const std::string& sweep_id) override;

 private:
  absl::StatusOr<Schedule*> Find(const std::string& id, const std::string& etag)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ledger_.mutex);
  void Write(Schedule& schedule, const ScheduleSpec& spec, bool paused)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ledger_.mutex);
  FakeLedger& ledger_;
};

class FakeForecastStore final : public ForecastStore {
 public:
  explicit FakeForecastStore(FakeLedger& ledger) : ledger_(ledger) {}
  absl::StatusOr<PageOf<Forecast>> List(const ForecastQuery& query,
                                        const PageRequest& page) override;

 private:
  FakeLedger& ledger_;
};

}  // namespace fleetcast::inference
