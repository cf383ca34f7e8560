#include <algorithm>

#include "services/inference/domain/list_filter.h"
#include "tests/support/inference/fake_ledger.h"

namespace fleetcast::inference {

void FakeLedger::End(Row& row, AttemptEnding ending,
                     const std::optional<InvocationFailure>& failure) {
  Invocation& invocation = row.invocation;
  const NextState next =
      AfterAttempt(invocation.attempts, invocation.pin.max_attempts, ending, failure);
  if (failure) {
    invocation.failure = failure;
    invocation.failed_attempt = invocation.attempts;
    invocation.failure_time = clock.Now();
  }
  invocation.state = next.state;
  invocation.state_reason = next.reason;
  invocation.attempts = next.attempts;
  invocation.worker.clear();
  ++invocation.lease_epoch;
  row.held.reset();
  row.ready_time = clock.Now() + next.wait;
  row.change = ++change;
  if (!IsTerminal(next.state)) return;
  invocation.end_time = clock.Now();
  Settle(invocation.name.sweep_id);
}

FakeLedger::Row* FakeLedger::Find(const InvocationHold& hold) {
  const auto found = invocations.find(hold.name);
  if (found == invocations.end() || !found->second.held ||
      found->second.invocation.lease_epoch != hold.lease_epoch) {
    return nullptr;
  }
  return &found->second;
}

void FakeInvocationStore::EndDeadAttempts() {
  const absl::Time now = ledger_.clock.Now();
  for (auto& [name, row] : ledger_.invocations) {
    if (!row.held) continue;
    if (row.held->attempt_expires <= now) {
      ledger_.End(row, AttemptEnding::kFailed, TimeoutFailure(row.invocation.pin.timeout));
    } else if (row.held->lease_expires <= now) {
      ledger_.End(row, AttemptEnding::kFailed, LeaseExpiredFailure(row.invocation.worker));
    }
  }
}

absl::StatusOr<std::optional<Invocation>> FakeInvocationStore::Claim(const std::string& worker,
                                                                     absl::Duration lease) {
  absl::MutexLock lock(&ledger_.mutex);
  EndDeadAttempts();
  const absl::Time now = ledger_.clock.Now();
  FakeLedger::Row* next = nullptr;
  for (auto& [name, row] : ledger_.invocations) {
    if (row.invocation.state != InvocationState::kQueued || row.ready_time > now) continue;
    int running = 0;
    for (const auto& [other, other_row] : ledger_.invocations) {
      if (other.circuit == name.circuit && other_row.held) ++running;
    }
    if (running >= row.invocation.pin.concurrency_limit) continue;
    const auto key = [](const FakeLedger::Row& r) {
      return std::make_tuple(-r.priority, r.ready_time, r.invocation.name.circuit);
    };
    if (next == nullptr || key(row) < key(*next)) next = &row;
  }
  if (next == nullptr) return std::optional<Invocation>();
  Invocation& invocation = next->invocation;
  invocation.state = InvocationState::kRunning;
  invocation.worker = worker;
  invocation.start_time = now;
  ++invocation.lease_epoch;
  ++invocation.attempts;
  next->held = {now + lease, now + invocation.pin.timeout};
  next->change = ++ledger_.change;
  Sweep& sweep = ledger_.sweeps.at(invocation.name.sweep_id);
  if (sweep.state == SweepState::kQueued) {
    sweep.state = SweepState::kRunning;
    sweep.start_time = now;
  }
  return std::optional<Invocation>(invocation);
}

absl::Status FakeInvocationStore::Renew(const InvocationHold& hold, absl::Duration lease) {
  absl::MutexLock lock(&ledger_.mutex);
  FakeLedger::Row* row = ledger_.Find(hold);
  if (row == nullptr || row->held->lease_expires <= ledger_.clock.Now()) return NotTheHolder(hold);
  row->held->lease_expires = ledger_.clock.Now() + lease;
  return absl::OkStatus();
}

absl::Status FakeInvocationStore::Succeed(const InvocationHold& hold, const Forecast& forecast) {
  absl::MutexLock lock(&ledger_.mutex);
  FakeLedger::Row* row = ledger_.Find(hold);
  if (row == nullptr) {
    const auto found = ledger_.invocations.find(hold.name);
    const bool repeated = found != ledger_.invocations.end() &&
                          found->second.invocation.state == InvocationState::kSucceeded &&
                          found->second.invocation.lease_epoch == hold.lease_epoch;
    return repeated ? absl::OkStatus() : NotTheHolder(hold);
  }
  Invocation& invocation = row->invocation;
  invocation.state = InvocationState::kSucceeded;
  invocation.failure.reset();
  invocation.worker.clear();
  invocation.issue_time = forecast.issue_time;
  invocation.end_time = ledger_.clock.Now();
  row->held.reset();
  row->change = ++ledger_.change;
  Forecast stored = forecast;
  stored.create_time = ledger_.clock.Now();
  stored.horizon = static_cast<int>(forecast.points.size());
  ledger_.forecasts[{forecast.circuit, forecast.issue_time, forecast.model_version}] = stored;
  ledger_.Settle(hold.name.sweep_id);
  return absl::OkStatus();
}

absl::Status FakeInvocationStore::End(const InvocationHold& hold, AttemptEnding ending,
                                      const std::optional<InvocationFailure>& failure) {
  absl::MutexLock lock(&ledger_.mutex);
  FakeLedger::Row* row = ledger_.Find(hold);
  if (row == nullptr) return NotTheHolder(hold);
  ledger_.End(*row, ending, failure);
  return absl::OkStatus();
}

}  // namespace fleetcast::inference
