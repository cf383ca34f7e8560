#include "services/trainer/storage/postgres_job_store.h"

#include <cmath>
#include <pqxx/pqxx>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "services/trainer/storage/training_rows.h"

namespace fleetcast::trainer {
namespace {

// Claims take this lock in a statement of their own: a statement sees what was committed when it
// began, so that the claim itself must begin when the lock is held, or it would not count the jobs
// that the claim before it took.
constexpr char kLockClaims[] = "SELECT only_row FROM trainer.claim_gate FOR UPDATE";

// clock_timestamp(), not now(): now() stands still from before the wait for the lock.
constexpr char kFindExpired[] =
    "SELECT run_id, job_id, lease_epoch FROM trainer.training_jobs"
    " WHERE state = 'RUNNING' AND lease_expire_time <= clock_timestamp() ORDER BY run_id, job_id";

// The claim: one statement. FOR UPDATE of the run keeps the order of locks (run, then job); a job
// that was cancelled meanwhile fails the UPDATE's own WHERE, and nothing is claimed.
const std::string kClaimJob = absl::StrCat(R"sql(
  WITH live AS (
    SELECT run_id, count(*) AS jobs FROM trainer.training_jobs
    WHERE state = 'RUNNING' GROUP BY run_id),
  chosen AS (
    SELECT q.run_id, q.job_id, r.change_number, r.commit_sha, r.pull_request_number,
           r.pull_request_author
    FROM trainer.training_jobs q
    JOIN trainer.training_runs r ON r.run_id = q.run_id
    LEFT JOIN live ON live.run_id = q.run_id
    WHERE q.state = 'QUEUED' AND q.environment = $1 AND NOT q.cancel_requested
      AND q.ready_time <= clock_timestamp()
      AND (SELECT coalesce(sum(jobs), 0) FROM live) < $2::bigint
    ORDER BY coalesce(live.jobs, 0), r.create_time, r.run_id, q.plant_id, q.circuit_id
    LIMIT 1
    FOR UPDATE OF r)
  UPDATE trainer.training_jobs j SET
    state = 'RUNNING', state_reason = '',
    lease_epoch = j.lease_epoch + 1,
    lease_expire_time = clock_timestamp() + $4::bigint * interval '1 millisecond',
    attempt_count = j.attempt_count + 1,
    replica = $3,
    phase = 'NONE', epoch = 0, epochs = 0, training_loss = NULL, validation_loss = NULL,
    start_time = coalesce(j.start_time, clock_timestamp()),
    update_time = clock_timestamp(),
    change_number = chosen.change_number + 1
  FROM chosen
  WHERE j.run_id = chosen.run_id AND j.job_id = chosen.job_id
    AND j.state = 'QUEUED' AND NOT j.cancel_requested
  RETURNING chosen.commit_sha AS pinned_commit, chosen.pull_request_number,
            chosen.pull_request_author, )sql",
                                           kJobColumns);

// $1 run, $2 job, $3 lease epoch: the fence that every write of a holder carries.
#define FENCE "j.run_id = $1 AND j.job_id = $2 AND j.lease_epoch = $3 AND j.state = 'RUNNING'"

// A lease that has run out is not revived: another job may have been claimed in its place.
constexpr char kHeartbeat[] =
    "UPDATE trainer.training_jobs j"
    " SET lease_expire_time = clock_timestamp() + $4::bigint * interval '1 millisecond'"
    " WHERE " FENCE
    " AND j.lease_expire_time > clock_timestamp()"
    " RETURNING j.cancel_requested";

constexpr char kHeartbeatWithProgress[] =
    "UPDATE trainer.training_jobs j SET"
    " lease_expire_time = clock_timestamp() + $4::bigint * interval '1 millisecond',"
    " phase = $5, epoch = $6, epochs = $7,"
    " training_loss = nullif($8, '')::double precision,"
    " validation_loss = nullif($9, '')::double precision,"
    " experiment_run = $10, data_asset_version = $11,"
    " update_time = clock_timestamp(), change_number = $12"
    " WHERE " FENCE
    " AND j.lease_expire_time > clock_timestamp()"
    " RETURNING j.cancel_requested";

// Those that end a hold need the epoch alone: nobody has claimed the job since.
constexpr char kSucceed[] =
    "UPDATE trainer.training_jobs j SET"
    " state = 'SUCCEEDED', state_reason = $6, failure_kind = NULL, failure_reason = NULL,"
    " failure_message = NULL, lease_expire_time = NULL,"
    " model_version = $4, gate_verdict = $5, gate_why = $6, gate_mae = $7, gate_skill = $8,"
    " gate_naive_mae = $9, gate_champion_mae = nullif($10, '')::double precision,"
    " gate_champion = $11,"
    " end_time = clock_timestamp(), update_time = clock_timestamp(), change_number = $12"
    " WHERE " FENCE;

constexpr char kHasSucceeded[] =
    "SELECT 1 FROM trainer.training_jobs"
    " WHERE run_id = $1 AND job_id = $2 AND lease_epoch = $3 AND state = 'SUCCEEDED'"
    " AND model_version = $4";

const std::string kSelectHeld = absl::StrCat(
    "SELECT ", kJobColumns, " FROM trainer.training_jobs j WHERE ", FENCE, " FOR UPDATE OF j");

constexpr char kEnd[] =
    "UPDATE trainer.training_jobs j SET"
    " state = $4, state_reason = $5, attempt_count = $6,"
    " ready_time = clock_timestamp() + $7::bigint * interval '1 millisecond',"
    " failure_kind = coalesce(nullif($8, ''), failure_kind),"
    " failure_reason = coalesce(nullif($9, ''), failure_reason),"
    " failure_message = coalesce(nullif($10, ''), failure_message),"
    " lease_expire_time = NULL,"
    " end_time = CASE WHEN $4 IN ('FAILED', 'CANCELLED') THEN clock_timestamp() END,"
    " update_time = clock_timestamp(), change_number = $11"
    " WHERE " FENCE;

// As kSelectHeld, for an attempt whose holder went silent: only if it still is.
const std::string kSelectExpired =
    absl::StrCat("SELECT ", kJobColumns, " FROM trainer.training_jobs j WHERE ", FENCE,
                 " AND j.lease_expire_time <= clock_timestamp() FOR UPDATE OF j");

constexpr char kSeeReplica[] = R"sql(
  INSERT INTO trainer.replicas (name, environment) VALUES ($1, $2)
  ON CONFLICT (name, environment) DO UPDATE SET last_seen_time = clock_timestamp())sql";

#undef FENCE

// NULL for what is not finite: a loss may be, and the column is for people.
std::string Finite(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? pqxx::to_string(*value) : std::string();
}

void WriteEnding(pqxx::work& work, const TrainingJob& job, const NextState& next,
                 const std::optional<JobFailure>& failure, std::int64_t change_number) {
  work.exec_params(kEnd, job.name.run_id, job.name.job_id, job.lease_epoch, Word(next.state),
                   next.reason, next.attempt_count, absl::ToInt64Milliseconds(next.wait),
                   failure ? Word(failure->kind) : std::string(),
                   failure ? failure->reason : std::string(),
                   failure ? failure->message : std::string(), change_number);
  RefreshRun(work, job.name.run_id);
}

// Ends the attempts whose holders went silent.
absl::StatusOr<std::vector<DeadAttempt>> EndExpired(pqxx::work& work) {
  std::vector<DeadAttempt> dead;
  for (const pqxx::row& found : work.exec(kFindExpired)) {
    const auto run_id = found[0].as<std::string>();
    FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t change_number, LockRun(work, run_id));
    const pqxx::result rows = work.exec_params(kSelectExpired, run_id, found[1].as<std::string>(),
                                               found[2].as<std::int64_t>());
    if (rows.empty()) continue;
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingJob job, TrainingJobOf(rows[0]));
    const JobFailure failure = LeaseExpiredFailure(job.replica, job.attempt_count);
    WriteEnding(work, job, AfterEnding(job, JobEnding::kLeaseExpired, failure), failure,
                change_number);
    dead.push_back({.hold = {job.name, job.lease_epoch},
                    .plant_id = job.circuit.plant_id,
                    .circuit_id = job.circuit.circuit_id,
                    .replica = job.replica});
  }
  return dead;
}

absl::StatusOr<std::optional<ClaimedJob>> ClaimNext(pqxx::work& work, const ClaimRequest& request) {
  const pqxx::result rows =
      work.exec_params(kClaimJob, request.environment, request.max_parallel, request.replica,
                       absl::ToInt64Milliseconds(request.lease));
  if (rows.empty()) return std::optional<ClaimedJob>();
  FLEETCAST_ASSIGN_OR_RETURN(TrainingJob job, TrainingJobOf(rows[0]));
  RefreshRun(work, job.name.run_id);
  return std::optional<ClaimedJob>(
      {.job = std::move(job),
       .commit = rows[0]["pinned_commit"].as<std::string>(),
       .pull_request_number = rows[0]["pull_request_number"].as<int>(),
       .pull_request_author = rows[0]["pull_request_author"].as<std::string>()});
}

absl::StatusOr<bool> WriteHeartbeat(pqxx::work& work, const JobHold& hold, absl::Duration lease,
                                    const std::optional<JobProgress>& progress) {
  const std::int64_t lease_ms = absl::ToInt64Milliseconds(lease);
  if (!progress) {
    const pqxx::result rows = work.exec_params(kHeartbeat, hold.name.run_id, hold.name.job_id,
                                               hold.lease_epoch, lease_ms);
    if (rows.empty()) return NotTheHolder(hold);
    return rows[0][0].as<bool>();
  }
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t change_number, LockRun(work, hold.name.run_id));
  const pqxx::result rows =
      work.exec_params(kHeartbeatWithProgress, hold.name.run_id, hold.name.job_id, hold.lease_epoch,
                       lease_ms, Word(progress->phase), progress->epoch, progress->epochs,
                       Finite(progress->training_loss), Finite(progress->validation_loss),
                       progress->experiment_run, progress->data_asset_version, change_number);
  if (rows.empty()) return NotTheHolder(hold);
  RaiseChangeNumber(work, hold.name.run_id);
  return rows[0][0].as<bool>();
}

absl::Status WriteSuccess(pqxx::work& work, const JobHold& hold, const JobResult& result) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t change_number, LockRun(work, hold.name.run_id));
  const GateOutcome& gate = result.gate;
  const pqxx::result updated =
      work.exec_params(kSucceed, hold.name.run_id, hold.name.job_id, hold.lease_epoch,
                       result.model_version, Word(gate.verdict), gate.why, gate.mae, gate.skill,
                       gate.naive_mae, Finite(gate.champion_mae), gate.champion, change_number);
  if (updated.affected_rows() == 1) {
    RefreshRun(work, hold.name.run_id);
    return absl::OkStatus();
  }
  const pqxx::result done = work.exec_params(kHasSucceeded, hold.name.run_id, hold.name.job_id,
                                             hold.lease_epoch, result.model_version);
  return done.empty() ? NotTheHolder(hold) : absl::OkStatus();
}

absl::Status WriteEnd(pqxx::work& work, const JobHold& hold, JobEnding ending,
                      const std::optional<JobFailure>& failure) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t change_number, LockRun(work, hold.name.run_id));
  const pqxx::result rows =
      work.exec_params(kSelectHeld, hold.name.run_id, hold.name.job_id, hold.lease_epoch);
  if (rows.empty()) return NotTheHolder(hold);
  FLEETCAST_ASSIGN_OR_RETURN(const TrainingJob job, TrainingJobOf(rows[0]));
  WriteEnding(work, job, AfterEnding(job, ending, failure), failure, change_number);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Claim> PostgresJobStore::ClaimJob(const ClaimRequest& request) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Claim> {
    work.exec(kLockClaims);
    Claim claim;
    FLEETCAST_ASSIGN_OR_RETURN(claim.dead, EndExpired(work));
    FLEETCAST_ASSIGN_OR_RETURN(claim.job, ClaimNext(work, request));
    return claim;
  });
}

absl::StatusOr<bool> PostgresJobStore::Heartbeat(const JobHold& hold, absl::Duration lease,
                                                 const std::optional<JobProgress>& progress) {
  return db::RunInTransaction(
      pool_, [&](pqxx::work& work) { return WriteHeartbeat(work, hold, lease, progress); });
}

absl::Status PostgresJobStore::Succeed(const JobHold& hold, const JobResult& result) {
  return db::RunInTransaction(pool_,
                              [&](pqxx::work& work) { return WriteSuccess(work, hold, result); });
}

absl::Status PostgresJobStore::End(const JobHold& hold, JobEnding ending,
                                   const std::optional<JobFailure>& failure) {
  return db::RunInTransaction(
      pool_, [&](pqxx::work& work) { return WriteEnd(work, hold, ending, failure); });
}

absl::Status PostgresJobStore::SeeReplica(const std::string& replica,
                                          const std::string& environment) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    work.exec_params(kSeeReplica, replica, environment);
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::trainer
