// Rows of the trainer's ledger: which columns are read, how they become domain types, and the
// statements on a run's row that both stores share.
#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <string>

#include "absl/status/statusor.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

inline constexpr char kSchema[] = "trainer";

// Select lists for TrainingRunOf and TrainingJobOf: of training_runs r, of training_jobs j.
// Times are microseconds since 1970.
#define MICROS(time, name) "(extract(epoch FROM " time ") * 1000000)::bigint AS " name
inline constexpr char kRunColumns[] =
    "r.run_id, r.base_revision, r.head_revision, r.circuits, r.revision, r.pull_request_number,"
    " r.pull_request_author, r.commit_sha, r.merge_base_commit, r.retry_of, r.note, r.state,"
    " r.cancel_requested, r.queued_count, r.running_count, r.succeeded_count, r.failed_count,"
    " r.cancelled_count, r.change_number," MICROS("r.create_time", "created_at") "," MICROS(
        "r.start_time", "started_at") "," MICROS("r.end_time",
                                                 "ended_at") "," MICROS("r.update_time",
                                                                        "updated_at");
inline constexpr char kJobColumns[] =
    "j.run_id, j.job_id, j.environment, j.configuration, j.state, j.state_reason,"
    " j.cancel_requested, j.attempt_count, j.max_attempts, j.lease_epoch, j.replica,"
    " j.failure_kind, j.failure_reason, j.failure_message, j.phase, j.epoch, j.epochs,"
    " j.training_loss, j.validation_loss, j.experiment_run, j.data_asset_version, j.model_version,"
    " j.gate_verdict, j.gate_why, j.gate_mae, j.gate_skill, j.gate_naive_mae, j.gate_champion_mae,"
    " j.gate_champion,"
    MICROS("j.lease_expire_time", "lease_expires_at") ","
    MICROS("j.create_time", "created_at") "," MICROS("j.start_time", "started_at") ","
    MICROS("j.end_time", "ended_at") "," MICROS("j.update_time", "updated_at") ","
    MICROS("j.ready_time", "ready_at") "," MICROS("clock_timestamp()", "database_now") ","
    MICROS("(SELECT max(p.last_seen_time) FROM trainer.replicas p"
           " WHERE p.environment = j.environment)", "environment_seen_at") ","
    " (SELECT count(*) FROM trainer.training_jobs WHERE state = 'RUNNING') AS live_jobs";
#undef MICROS

[[nodiscard]] absl::StatusOr<TrainingRun> TrainingRunOf(const pqxx::row& row);
[[nodiscard]] absl::StatusOr<TrainingJob> TrainingJobOf(const pqxx::row& row);

// Locks the run's row until the transaction ends and returns the change number that changes of its
// jobs in this transaction carry; NOT_FOUND. Every transaction that changes a job locks its run
// first: no two wait for each other crosswise.
[[nodiscard]] absl::StatusOr<std::int64_t> LockRun(pqxx::work& work, const std::string& run_id);
// After jobs have changed state: counts them, draws the run's state from that, raises its change
// number.
void RefreshRun(pqxx::work& work, const std::string& run_id);
// After a job has changed without changing state.
void RaiseChangeNumber(pqxx::work& work, const std::string& run_id);

}  // namespace fleetcast::trainer
