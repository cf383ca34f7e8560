#include "services/trainer/storage/training_rows.h"

#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {
namespace {

constexpr char kLockRun[] = R"sql(
  SELECT change_number + 1 FROM trainer.training_runs WHERE run_id = $1 FOR UPDATE)sql";

constexpr char kRefreshRun[] = R"sql(
  UPDATE trainer.training_runs r SET
    queued_count = c.queued, running_count = c.running, succeeded_count = c.succeeded,
    failed_count = c.failed, cancelled_count = c.cancelled,
    state = c.state,
    start_time = coalesce(r.start_time, c.start_time),
    end_time = CASE WHEN c.state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')
                    THEN clock_timestamp() END,
    update_time = clock_timestamp(),
    change_number = r.change_number + 1
  FROM (
    SELECT counts.*,
      CASE WHEN queued + running > 0 AND start_time IS NULL THEN 'QUEUED'
           WHEN queued + running > 0 THEN 'RUNNING'
           WHEN failed > 0 THEN 'FAILED'
           WHEN cancelled > 0 THEN 'CANCELLED'
           ELSE 'SUCCEEDED' END AS state
    FROM (
      SELECT count(*) FILTER (WHERE state = 'QUEUED') AS queued,
             count(*) FILTER (WHERE state = 'RUNNING') AS running,
             count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded,
             count(*) FILTER (WHERE state = 'FAILED') AS failed,
             count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled,
             min(start_time) AS start_time
      FROM trainer.training_jobs WHERE run_id = $1) counts) c
  WHERE r.run_id = $1 AND r.state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED'))sql";

constexpr char kRaiseChangeNumber[] = R"sql(
  UPDATE trainer.training_runs
  SET change_number = change_number + 1, update_time = clock_timestamp() WHERE run_id = $1)sql";

absl::Time TimeOf(const pqxx::field& field) {
  return absl::FromUnixMicros(field.as<std::int64_t>());
}

template <typename T>
std::optional<T> OptionalOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<T>();
}

std::optional<absl::Time> OptionalTimeOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return TimeOf(field);
}

template <typename Enum>
Enum WordIn(const pqxx::field& field) {
  // The column's CHECK admits known words only.
  return FromWord<Enum>(field.as<std::string>()).value();
}

RunSpec SpecOf(const pqxx::row& row) {
  return {
      .base_revision = row["base_revision"].as<std::string>(),
      .head_revision = row["head_revision"].as<std::string>(),
      .circuits =
          nlohmann::json::parse(row["circuits"].as<std::string>()).get<std::vector<std::string>>(),
      .revision = row["revision"].as<std::string>(),
      .pull_request_number = row["pull_request_number"].as<int>(),
      .pull_request_author = row["pull_request_author"].as<std::string>()};
}

JobProgress ProgressOf(const pqxx::row& row) {
  return {.phase = WordIn<JobPhase>(row["phase"]),
          .epoch = row["epoch"].as<int>(),
          .epochs = row["epochs"].as<int>(),
          .training_loss = OptionalOf<double>(row["training_loss"]),
          .validation_loss = OptionalOf<double>(row["validation_loss"]),
          .experiment_run = row["experiment_run"].as<std::string>(),
          .data_asset_version = row["data_asset_version"].as<std::string>()};
}

std::optional<JobFailure> FailureOf(const pqxx::row& row) {
  if (row["failure_kind"].is_null()) return std::nullopt;
  return JobFailure{.kind = WordIn<FailureKind>(row["failure_kind"]),
                    .reason = row["failure_reason"].as<std::string>(),
                    .message = row["failure_message"].as<std::string>()};
}

std::optional<JobResult> ResultOf(const pqxx::row& row) {
  if (row["model_version"].is_null()) return std::nullopt;
  return JobResult{.model_version = row["model_version"].as<std::string>(),
                   .gate = {.verdict = WordIn<GateVerdict>(row["gate_verdict"]),
                            .why = row["gate_why"].as<std::string>(),
                            .mae = row["gate_mae"].as<double>(),
                            .skill = row["gate_skill"].as<double>(),
                            .naive_mae = row["gate_naive_mae"].as<double>(),
                            .champion_mae = OptionalOf<double>(row["gate_champion_mae"]),
                            .champion = row["gate_champion"].as<std::string>()}};
}

}  // namespace

absl::StatusOr<TrainingRun> TrainingRunOf(const pqxx::row& row) {
  TrainingRun run;
  run.id = row["run_id"].as<std::string>();
  run.spec = SpecOf(row);
  run.state = WordIn<RunState>(row["state"]);
  run.commit = row["commit_sha"].as<std::string>();
  run.merge_base_commit = row["merge_base_commit"].as<std::string>();
  run.retry_of = row["retry_of"].as<std::string>();
  run.note = row["note"].as<std::string>();
  run.cancel_requested = row["cancel_requested"].as<bool>();
  run.counts = {.queued = row["queued_count"].as<int>(),
                .running = row["running_count"].as<int>(),
                .succeeded = row["succeeded_count"].as<int>(),
                .failed = row["failed_count"].as<int>(),
                .cancelled = row["cancelled_count"].as<int>()};
  run.created_at = TimeOf(row["created_at"]);
  run.updated_at = TimeOf(row["updated_at"]);
  run.started_at = OptionalTimeOf(row["started_at"]);
  run.ended_at = OptionalTimeOf(row["ended_at"]);
  return run;
}

absl::StatusOr<TrainingJob> TrainingJobOf(const pqxx::row& row) {
  TrainingJob job;
  job.name = {row["run_id"].as<std::string>(), row["job_id"].as<std::string>()};
  FLEETCAST_ASSIGN_OR_RETURN(job.circuit,
                             CircuitConfigFromJson(row["configuration"].as<std::string>()));
  job.environment = row["environment"].as<std::string>();
  job.state = WordIn<JobState>(row["state"]);
  job.state_reason = row["state_reason"].as<std::string>();
  job.failure = FailureOf(row);
  job.attempt_count = row["attempt_count"].as<int>();
  job.max_attempts = row["max_attempts"].as<int>();
  job.lease_epoch = row["lease_epoch"].as<std::int64_t>();
  job.replica = row["replica"].as<std::string>();
  job.lease_expires_at = OptionalTimeOf(row["lease_expires_at"]);
  job.progress = ProgressOf(row);
  job.cancel_requested = row["cancel_requested"].as<bool>();
  job.result = ResultOf(row);
  job.created_at = TimeOf(row["created_at"]);
  job.updated_at = TimeOf(row["updated_at"]);
  job.started_at = OptionalTimeOf(row["started_at"]);
  job.ended_at = OptionalTimeOf(row["ended_at"]);
  job.queue = {.environment_seen_at = OptionalTimeOf(row["environment_seen_at"]),
               .now = TimeOf(row["database_now"]),
               .ready_at = TimeOf(row["ready_at"]),
               .live_jobs = row["live_jobs"].as<int>()};
  return job;
}

absl::StatusOr<std::int64_t> LockRun(pqxx::work& work, const std::string& run_id) {
  const pqxx::result locked = work.exec_params(kLockRun, run_id);
  if (locked.empty()) return RunNotFound(run_id);
  return locked[0][0].as<std::int64_t>();
}

void RefreshRun(pqxx::work& work, const std::string& run_id) {
  work.exec_params(kRefreshRun, run_id);
}

void RaiseChangeNumber(pqxx::work& work, const std::string& run_id) {
  work.exec_params(kRaiseChangeNumber, run_id);
}

}  // namespace fleetcast::trainer
