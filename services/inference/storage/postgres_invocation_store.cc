#include "services/inference/storage/postgres_invocation_store.h"

#include "absl/strings/str_cat.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::inference {
namespace {

// Claims take turns, so that each counts the running ones of a circuit after the one before.
const char kTakeTurn[] = "SELECT pg_advisory_xact_lock(hashtextextended('inference claim', 0))";

const char kClaim[] =
    "UPDATE inference.invocations i SET state = 'RUNNING', state_reason = 'held by ' || $1::text,"
    " lease_epoch = i.lease_epoch + 1, attempts = i.attempts + 1, worker = $1,"
    " lease_expires = clock_timestamp() + $2::double precision * interval '1 second',"
    " attempt_expires = clock_timestamp() + i.timeout_seconds * interval '1 second',"
    " start_time = clock_timestamp(), changed_in = pg_current_xact_id()"
    " FROM (SELECT q.sweep_id, q.plant_id, q.circuit_id FROM inference.invocations q"
    "  WHERE q.state = 'QUEUED' AND q.ready_time <= clock_timestamp()"
    "  AND (SELECT count(*) FROM inference.invocations r WHERE r.state = 'RUNNING'"
    "   AND r.plant_id = q.plant_id AND r.circuit_id = q.circuit_id) < q.concurrency_limit"
    "  ORDER BY q.priority DESC, q.ready_time, q.plant_id, q.circuit_id"
    "  LIMIT 1 FOR UPDATE SKIP LOCKED) next"
    " WHERE i.sweep_id = next.sweep_id AND i.plant_id = next.plant_id"
    " AND i.circuit_id = next.circuit_id RETURNING ";

const char kStartSweep[] =
    "UPDATE inference.sweeps SET state = 'RUNNING', start_time = clock_timestamp()"
    " WHERE sweep_id = $1 AND state = 'QUEUED'";

const char kRenew[] =
    "UPDATE inference.invocations SET"
    " lease_expires = clock_timestamp() + $5::double precision * interval '1 second'"
    " WHERE sweep_id = $1 AND plant_id = $2 AND circuit_id = $3 AND lease_epoch = $4::bigint"
    " AND state = 'RUNNING' AND lease_expires > clock_timestamp()";

const char kSucceed[] =
    "UPDATE inference.invocations SET state = 'SUCCEEDED', state_reason = 'forecast stored',"
    " failure_kind = NULL, failure_reason = NULL, failure_message = NULL, failed_attempt = NULL,"
    " failure_time = NULL, lease_expires = NULL, attempt_expires = NULL, worker = '',"
    " issue_time = " FLEETCAST_TIME("$5") ", end_time = clock_timestamp(),"
    " changed_in = pg_current_xact_id()"
    " WHERE sweep_id = $1 AND plant_id = $2 AND circuit_id = $3 AND lease_epoch = $4::bigint"
    " AND state = 'RUNNING'";

const char kHasSucceeded[] =
    "SELECT 1 FROM inference.invocations WHERE sweep_id = $1 AND plant_id = $2 AND circuit_id = $3"
    " AND lease_epoch = $4::bigint AND state = 'SUCCEEDED'";

const char kLockHeld[] =
    "SELECT attempts, max_attempts FROM inference.invocations"
    " WHERE sweep_id = $1 AND plant_id = $2 AND circuit_id = $3 AND lease_epoch = $4::bigint"
    " AND state = 'RUNNING' FOR UPDATE";

// A raised epoch fences out a holder that does not know yet that its attempt has ended.
const char kEnd[] =
    "UPDATE inference.invocations SET state = $5, state_reason = $6, attempts = $7::integer,"
    " ready_time = clock_timestamp() + $8::double precision * interval '1 second',"
    " failure_kind = COALESCE(NULLIF($9, ''), failure_kind),"
    " failure_reason = COALESCE(NULLIF($10, ''), failure_reason),"
    " failure_message = CASE WHEN $9 = '' THEN failure_message ELSE $11 END,"
    " failed_attempt = CASE WHEN $9 = '' THEN failed_attempt ELSE attempts END,"
    " failure_time = CASE WHEN $9 = '' THEN failure_time ELSE clock_timestamp() END,"
    " lease_epoch = lease_epoch + 1, lease_expires = NULL, attempt_expires = NULL, worker = '',"
    " end_time = CASE WHEN $5 = 'FAILED' THEN clock_timestamp() END,"
    " changed_in = pg_current_xact_id()"
    " WHERE sweep_id = $1 AND plant_id = $2 AND circuit_id = $3 AND lease_epoch = $4::bigint"
    " AND state = 'RUNNING'";

const char kAnyDead[] =
    "SELECT 1 FROM inference.invocations WHERE state = 'RUNNING'"
    " AND (lease_expires <= clock_timestamp() OR attempt_expires <= clock_timestamp()) LIMIT 1";

const char kLockDead[] =
    ", i.attempt_expires <= clock_timestamp() AS timed_out FROM inference.invocations i"
    " WHERE i.state = 'RUNNING'"
    " AND (i.lease_expires <= clock_timestamp() OR i.attempt_expires <= clock_timestamp())"
    " ORDER BY i.sweep_id, i.plant_id, i.circuit_id LIMIT 100 FOR UPDATE SKIP LOCKED";

std::vector<std::string> HoldValues(const InvocationHold& hold) {
  return {hold.name.sweep_id, hold.name.circuit.plant_id, hold.name.circuit.circuit_id,
          absl::StrCat(hold.lease_epoch)};
}

// Writes the state after an attempt of a row that this transaction has locked.
void WriteEnd(pqxx::work& work, const InvocationHold& hold, const NextState& next,
              const std::optional<InvocationFailure>& failure) {
  std::vector<std::string> values = HoldValues(hold);
  values.push_back(Word(next.state));
  values.push_back(next.reason);
  values.push_back(absl::StrCat(next.attempts));
  values.push_back(SecondsOf(next.wait));
  values.push_back(failure ? Word(failure->kind) : "");
  values.push_back(failure ? failure->reason : "");
  values.push_back(failure ? failure->message : "");
  Run(work, kEnd, std::move(values));
}

}  // namespace

absl::Status PostgresInvocationStore::EndDeadAttempts() {
  return db::RunInTransaction(pool_, [](pqxx::work& work) -> absl::Status {
    if (work.exec(kAnyDead).empty()) return absl::OkStatus();
    std::vector<std::string> sweeps;
    for (const pqxx::row& row : work.exec(absl::StrCat("SELECT ", kInvocationColumns, kLockDead))) {
      const Invocation dead = InvocationOf(row);
      const InvocationFailure failure = row["timed_out"].as<bool>()
                                            ? TimeoutFailure(dead.pin.timeout)
                                            : LeaseExpiredFailure(dead.worker);
      const NextState next =
          AfterAttempt(dead.attempts, dead.pin.max_attempts, AttemptEnding::kFailed, failure);
      WriteEnd(work, HoldOf(dead), next, failure);
      if (IsTerminal(next.state) && (sweeps.empty() || sweeps.back() != dead.name.sweep_id)) {
        sweeps.push_back(dead.name.sweep_id);
      }
    }
    for (const std::string& sweep : sweeps) SettleSweep(work, sweep);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::optional<Invocation>> PostgresInvocationStore::Claim(const std::string& worker,
                                                                         absl::Duration lease) {
  FLEETCAST_RETURN_IF_ERROR(EndDeadAttempts());
  return db::RunInTransaction(
      pool_, [&](pqxx::work& work) -> absl::StatusOr<std::optional<Invocation>> {
        work.exec(kTakeTurn);
        const pqxx::result rows =
            Run(work, absl::StrCat(kClaim, kInvocationColumns), {worker, SecondsOf(lease)});
        if (rows.empty()) return std::optional<Invocation>();
        Invocation claimed = InvocationOf(rows[0]);
        Run(work, kStartSweep, {claimed.name.sweep_id});
        return std::optional<Invocation>(std::move(claimed));
      });
}

absl::Status PostgresInvocationStore::Renew(const InvocationHold& hold, absl::Duration lease) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    std::vector<std::string> values = HoldValues(hold);
    values.push_back(SecondsOf(lease));
    const pqxx::result renewed = Run(work, kRenew, std::move(values));
    return renewed.affected_rows() == 1 ? absl::OkStatus() : NotTheHolder(hold);
  });
}

absl::Status PostgresInvocationStore::Succeed(const InvocationHold& hold,
                                              const Forecast& forecast) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    std::vector<std::string> values = HoldValues(hold);
    values.push_back(MicrosOf(forecast.issue_time));
    if (Run(work, kSucceed, std::move(values)).affected_rows() == 0) {
      return Run(work, kHasSucceeded, HoldValues(hold)).empty() ? NotTheHolder(hold)
                                                                : absl::OkStatus();
    }
    StoreForecasts(work, {forecast});
    SettleSweep(work, hold.name.sweep_id);
    return absl::OkStatus();
  });
}

absl::Status PostgresInvocationStore::End(const InvocationHold& hold, AttemptEnding ending,
                                          const std::optional<InvocationFailure>& failure) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    const pqxx::result held = Run(work, kLockHeld, HoldValues(hold));
    if (held.empty()) return NotTheHolder(hold);
    const NextState next =
        AfterAttempt(held[0][0].as<int>(), held[0][1].as<int>(), ending, failure);
    WriteEnd(work, hold, next, failure);
    if (IsTerminal(next.state)) SettleSweep(work, hold.name.sweep_id);
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::inference
