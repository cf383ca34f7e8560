#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/inference/domain/list_filter.h"
#include "tests/support/inference/fake_ledger.h"

namespace fleetcast::inference {
namespace {

std::optional<std::string> SweepValue(const Sweep& sweep, const std::string& field) {
  if (field == "state") return Word(sweep.state);
  if (field == "create_time") return FilterTime(sweep.create_time);
  if (field == "schedule" && !sweep.schedule_id.empty()) return ScheduleResource(sweep.schedule_id);
  if (field == "retry_of" && !sweep.retry_of.empty()) return SweepResource(sweep.retry_of);
  return std::nullopt;
}

std::optional<std::string> InvocationValue(const Invocation& invocation, const std::string& field) {
  if (field == "state") return Word(invocation.state);
  if (field == "plant_id") return invocation.name.circuit.plant_id;
  if (field == "circuit_id") return invocation.name.circuit.circuit_id;
  if (!invocation.failure) return std::nullopt;
  return field == "failure.kind" ? Word(invocation.failure->kind) : invocation.failure->reason;
}

bool LetsThrough(const std::optional<Filter>& filter,
                 const std::function<std::optional<std::string>(const std::string&)>& value_of) {
  return !filter || Matches(*filter, value_of);
}

}  // namespace

void FakeLedger::Settle(const std::string& sweep_id) {
  Sweep& sweep = sweeps.at(sweep_id);
  if (IsTerminal(sweep.state)) return;
  sweep.state = SweepStateAfter(Read(sweep_id)->counts);
  if (IsTerminal(sweep.state)) sweep.end_time = clock.Now();
}

bool FakeLedger::Insert(const NewSweep& sweep, const std::string& schedule_id,
                        std::optional<absl::Time> tick, const std::string& retry_of) {
  for (const auto& [id, other] : sweeps) {
    if (tick && other.schedule_id == schedule_id && other.tick == tick) return false;
  }
  sweeps[sweep.id] = {.id = sweep.id,
                      .state = SweepState::kQueued,
                      .plant_ids = sweep.plant_ids,
                      .as_of = sweep.as_of,
                      .schedule_id = schedule_id,
                      .tick = tick,
                      .retry_of = retry_of,
                      .counts = {},
                      .create_time = clock.Now(),
                      .start_time = {},
                      .end_time = {}};
  for (const auto& [circuit, deployment] : deployments) {
    const bool wanted_plant =
        sweep.plant_ids.empty() ||
        std::count(sweep.plant_ids.begin(), sweep.plant_ids.end(), circuit.plant_id) > 0;
    if (!wanted_plant || (sweep.circuit && *sweep.circuit != circuit)) continue;
    const auto old = invocations.find({retry_of, circuit});
    if (!retry_of.empty() &&
        (old == invocations.end() || old->second.invocation.state != InvocationState::kFailed)) {
      continue;
    }
    Row row;
    row.invocation.name = {sweep.id, circuit};
    row.invocation.pin = {.model_version = deployment.model_version,
                          .artifact_sha256 = deployment.artifact_sha256,
                          .sensor_id = deployment.settings.sensor_id,
                          .timeout = deployment.settings.timeout,
                          .max_attempts = deployment.settings.max_retries + 1,
                          .concurrency_limit = ConcurrencyLimit(deployment.settings)};
    row.invocation.as_of = sweep.as_of;
    row.invocation.create_time = row.ready_time = clock.Now();
    row.priority = sweep.circuit ? 1 : 0;
    row.change = ++change;
    invocations[row.invocation.name] = row;
  }
  Settle(sweep.id);
  return true;
}

absl::StatusOr<Sweep> FakeLedger::Read(const std::string& sweep_id) {
  const auto found = sweeps.find(sweep_id);
  if (found == sweeps.end()) return SweepNotFound(sweep_id);
  Sweep sweep = found->second;
  for (const auto& [name, row] : invocations) {
    if (name.sweep_id != sweep_id) continue;
    switch (row.invocation.state) {
      case InvocationState::kQueued:
        ++sweep.counts.queued;
        break;
      case InvocationState::kRunning:
        ++sweep.counts.running;
        break;
      case InvocationState::kSucceeded:
        ++sweep.counts.succeeded;
        break;
      case InvocationState::kFailed:
        ++sweep.counts.failed;
        break;
      case InvocationState::kCancelled:
        ++sweep.counts.cancelled;
        break;
    }
  }
  return sweep;
}

absl::StatusOr<Sweep> FakeSweepStore::Create(const MutatingRequest& request,
                                             const NewSweep& sweep) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::string id,
      ledger_.AnswerOnce(request,
                         [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                           for (const std::string& plant : sweep.plant_ids) {
                             if (!ledger_.endpoints.contains(plant)) return EndpointNotFound(plant);
                           }
                           if (sweep.circuit && !ledger_.deployments.contains(*sweep.circuit)) {
                             return DeploymentNotFound(*sweep.circuit);
                           }
                           (void)ledger_.Insert(sweep, "", std::nullopt, "");
                           return sweep.id;
                         }));
  return ledger_.Read(id);
}

absl::StatusOr<Sweep> FakeSweepStore::Retry(const MutatingRequest& request,
                                            const std::string& sweep_id,
                                            const std::string& new_id) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::string id,
      ledger_.AnswerOnce(
          request, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
            FLEETCAST_ASSIGN_OR_RETURN(const Sweep old, ledger_.Read(sweep_id));
            if (!IsTerminal(old.state)) return SweepNotEnded(sweep_id, old.state);
            (void)ledger_.Insert(
                {.id = new_id, .circuit = {}, .plant_ids = old.plant_ids, .as_of = old.as_of}, "",
                std::nullopt, sweep_id);
            if (ledger_.Read(new_id)->counts.total() > 0) return new_id;
            ledger_.sweeps.erase(new_id);
            return NothingToRetry(sweep_id);
          }));
  return ledger_.Read(id);
}

absl::StatusOr<Sweep> FakeSweepStore::Cancel(const MutatingRequest& request,
                                             const std::string& sweep_id) {
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::string id,
      ledger_.AnswerOnce(request,
                         [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                           FLEETCAST_ASSIGN_OR_RETURN(const Sweep sweep, ledger_.Read(sweep_id));
                           if (sweep.state == SweepState::kCancelled) return sweep_id;
                           if (IsTerminal(sweep.state)) return SweepEnded(sweep_id, sweep.state);
                           for (auto& [name, row] : ledger_.invocations) {
                             if (name.sweep_id != sweep_id || IsTerminal(row.invocation.state))
                               continue;
                             row.invocation.state = InvocationState::kCancelled;
                             row.invocation.worker.clear();
                             row.invocation.end_time = ledger_.clock.Now();
                             ++row.invocation.lease_epoch;
                             row.held.reset();
                             row.change = ++ledger_.change;
                           }
                           ledger_.Settle(sweep_id);
                           return sweep_id;
                         }));
  return ledger_.Read(id);
}

absl::StatusOr<Sweep> FakeSweepStore::Get(const std::string& sweep_id) {
  absl::MutexLock lock(&ledger_.mutex);
  return ledger_.Read(sweep_id);
}

absl::StatusOr<PageOf<Sweep>> FakeSweepStore::List(const std::optional<Filter>& filter,
                                                   const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared,
                             PrepareFilter(filter, kSweepFilterFields, {"create_time"}));
  absl::MutexLock lock(&ledger_.mutex);
  std::vector<Sweep> sweeps;
  for (auto it = ledger_.sweeps.rbegin(); it != ledger_.sweeps.rend(); ++it) {
    const Sweep sweep = *ledger_.Read(it->first);
    if (LetsThrough(prepared, [&](const auto& field) { return SweepValue(sweep, field); })) {
      sweeps.push_back(sweep);
    }
  }
  return FakePage(
      sweeps, page, [](const Sweep& sweep) { return std::vector<std::string>{sweep.id}; },
      KeyGreater);
}

absl::StatusOr<Invocation> FakeSweepStore::GetInvocation(const InvocationName& name) {
  absl::MutexLock lock(&ledger_.mutex);
  const auto found = ledger_.invocations.find(name);
  if (found == ledger_.invocations.end()) return InvocationNotFound(name);
  return found->second.invocation;
}

absl::StatusOr<PageOf<Invocation>> FakeSweepStore::ListInvocations(
    const std::string& sweep_id, const std::optional<Filter>& filter, const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared,
                             PrepareFilter(filter, kInvocationFilterFields, {}));
  absl::MutexLock lock(&ledger_.mutex);
  FLEETCAST_RETURN_IF_ERROR(ledger_.Read(sweep_id).status());
  std::vector<Invocation> invocations;
  for (const auto& [name, row] : ledger_.invocations) {
    const Invocation& invocation = row.invocation;
    if (name.sweep_id == sweep_id && LetsThrough(prepared, [&](const auto& field) {
          return InvocationValue(invocation, field);
        })) {
      invocations.push_back(invocation);
    }
  }
  return FakePage(
      invocations, page,
      [](const Invocation& invocation) {
        return std::vector<std::string>{invocation.name.circuit.plant_id,
                                        invocation.name.circuit.circuit_id};
      },
      KeyLess);
}

absl::StatusOr<SweepChanges> FakeSweepStore::ChangesSince(const std::string& sweep_id,
                                                          const std::string& mark) {
  absl::MutexLock lock(&ledger_.mutex);
  SweepChanges changes;
  FLEETCAST_ASSIGN_OR_RETURN(changes.sweep, ledger_.Read(sweep_id));
  std::int64_t seen = 0;
  if (!mark.empty() && !absl::SimpleAtoi(mark, &seen)) return absl::InternalError("bad mark");
  for (const auto& [name, row] : ledger_.invocations) {
    if (name.sweep_id == sweep_id && row.change > seen)
      changes.invocations.push_back(row.invocation);
  }
  changes.mark = absl::StrCat(ledger_.change);
  return changes;
}

}  // namespace fleetcast::inference
