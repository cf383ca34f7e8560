#include "services/trainer/storage/postgres_run_store.h"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/filter_sql.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/storage/training_rows.h"

namespace fleetcast::trainer {
namespace {

constexpr char kIsRequestKnown[] = "SELECT 1 FROM trainer.requests WHERE request_id = $1::uuid";

constexpr char kInsertRun[] = R"sql(
  INSERT INTO trainer.training_runs (
    run_id, base_revision, head_revision, circuits, revision, pull_request_number,
    pull_request_author, commit_sha, merge_base_commit, retry_of, note, state)
  VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9, '', $10, 'QUEUED'))sql";

// $2: a JSON array of {job_id, environment, configuration}.
constexpr char kInsertJobs[] = R"sql(
  INSERT INTO trainer.training_jobs (
    run_id, job_id, plant_id, circuit_id, environment, configuration, max_attempts)
  SELECT $1, job->>'job_id', job->'configuration'->>'plant_id',
         job->'configuration'->>'circuit_id', job->>'environment', job->'configuration', $3::integer
  FROM jsonb_array_elements($2::jsonb) job)sql";

constexpr char kInsertRetryRun[] = R"sql(
  INSERT INTO trainer.training_runs (
    run_id, base_revision, head_revision, circuits, revision, pull_request_number,
    pull_request_author, commit_sha, merge_base_commit, retry_of, note, state)
  SELECT $2, base_revision, head_revision, circuits, revision, pull_request_number,
         pull_request_author, commit_sha, merge_base_commit, run_id,
         'trains the failed jobs of trainingRuns/' || run_id || ' again', 'QUEUED'
  FROM trainer.training_runs WHERE run_id = $1)sql";

constexpr char kInsertRetryJobs[] = R"sql(
  INSERT INTO trainer.training_jobs (
    run_id, job_id, plant_id, circuit_id, environment, configuration, max_attempts)
  SELECT $2, job_id, plant_id, circuit_id, environment, configuration, max_attempts
  FROM trainer.training_jobs WHERE run_id = $1 AND state = 'FAILED')sql";

constexpr char kRequestCancelOfRun[] =
    "UPDATE trainer.training_runs SET cancel_requested = true WHERE run_id = $1";

// $3: the job, or '' for every job of the run. QUEUED jobs end, RUNNING ones are asked to.
constexpr char kCancelJobs[] = R"sql(
  UPDATE trainer.training_jobs SET
    cancel_requested = true,
    state = CASE WHEN state = 'QUEUED' THEN 'CANCELLED' ELSE state END,
    state_reason = CASE WHEN state = 'QUEUED' THEN 'cancelled before it was claimed'
                        ELSE 'cancelling: the replica stops at its next heartbeat' END,
    end_time = CASE WHEN state = 'QUEUED' THEN clock_timestamp() END,
    update_time = clock_timestamp(), change_number = $2
  WHERE run_id = $1 AND ($3 = '' OR job_id = $3) AND state IN ('QUEUED', 'RUNNING'))sql";

const std::string kSelectRun =
    absl::StrCat("SELECT ", kRunColumns, " FROM trainer.training_runs r WHERE r.run_id = $1");

const std::string kSelectJob = absl::StrCat(
    "SELECT ", kJobColumns, " FROM trainer.training_jobs j WHERE j.run_id = $1 AND j.job_id = $2");

const std::string kSelectChangedJobs =
    absl::StrCat("SELECT ", kJobColumns,
                 " FROM trainer.training_jobs j WHERE j.run_id = $1 AND j.change_number > $2"
                 " ORDER BY j.plant_id, j.circuit_id");

// $1: the run id after which to go on, or ''. $2: rows. The filter's condition takes the rest.
const std::string kListRuns = absl::StrCat(
    "SELECT ", kRunColumns, " FROM trainer.training_runs r WHERE ($1 = '' OR r.run_id < $1) AND ");
constexpr char kListRunsOrder[] = " ORDER BY r.run_id DESC LIMIT $2::bigint";

// $1: the run, or '' for all. $2 to $4: run, plant, circuit after which to go on, or ''. $5: rows.
const std::string kListJobs = absl::StrCat(
    "SELECT ", kJobColumns,
    " FROM trainer.training_jobs j WHERE ($1 = '' OR j.run_id = $1) AND ($2 = '' OR j.run_id < $2"
    " OR (j.run_id = $2 AND (j.plant_id, j.circuit_id) > ($3, $4))) AND ");
constexpr char kListJobsOrder[] =
    " ORDER BY j.run_id DESC, j.plant_id, j.circuit_id LIMIT $5::bigint";

absl::StatusOr<TrainingRun> SelectRun(pqxx::work& work, const std::string& run_id) {
  const pqxx::result rows = work.exec_params(kSelectRun, run_id);
  if (rows.empty()) return RunNotFound(run_id);
  return TrainingRunOf(rows[0]);
}

absl::StatusOr<TrainingJob> SelectJob(pqxx::work& work, const JobName& name) {
  const pqxx::result rows = work.exec_params(kSelectJob, name.run_id, name.job_id);
  if (rows.empty()) return JobNotFound(name);
  return TrainingJobOf(rows[0]);
}

// One mutating call: the first answer of a repeated request, or `effect` and its answer, which is
// a run's id.
absl::StatusOr<TrainingRun> AnswerWithRun(
    db::ConnectionPool& pool, const MutatingRequest& request,
    absl::FunctionRef<absl::StatusOr<std::string>(pqxx::work&)> effect) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<TrainingRun> {
    FLEETCAST_ASSIGN_OR_RETURN(auto answer, db::ClaimRequest(work, kSchema, request));
    if (!answer) {
      FLEETCAST_ASSIGN_OR_RETURN(answer, effect(work));
      FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, kSchema, request, *answer));
    }
    return SelectRun(work, *answer);
  });
}

std::string JobsJson(const NewRun& run) {
  nlohmann::json jobs = nlohmann::json::array();
  for (const CircuitConfig& circuit : run.circuits)
    jobs.push_back({{"job_id", JobId(circuit.plant_id, circuit.circuit_id)},
                    {"environment", EnvironmentOf(circuit.environment_version)},
                    {"configuration", nlohmann::json::parse(ToJson(circuit))}});
  return jobs.dump();
}

void InsertRun(pqxx::work& work, const NewRun& run) {
  const RunSpec& spec = run.spec;
  work.exec_params(kInsertRun, run.id, spec.base_revision, spec.head_revision,
                   nlohmann::json(spec.circuits).dump(), spec.revision, spec.pull_request_number,
                   spec.pull_request_author, run.commit, run.merge_base_commit, run.note);
  work.exec_params(kInsertJobs, run.id, JobsJson(run), run.max_attempts);
  RefreshRun(work, run.id);
}

absl::StatusOr<db::SqlField> RunField(const std::string& field) {
  if (field == "state") return db::SqlField{.expression = "r.state"};
  if (field == "commit") return db::SqlField{.expression = "r.commit_sha"};
  if (field == "pull_request.number")
    return db::SqlField{.expression = "r.pull_request_number::text"};
  if (field == "pull_request.author") return db::SqlField{.expression = "r.pull_request_author"};
  if (field == "retry_of")
    return db::SqlField{.expression =
                            "CASE WHEN r.retry_of <> '' THEN 'trainingRuns/' || r.retry_of END"};
  if (field == "create_time")
    return db::SqlField{.expression =
                            "to_char(r.create_time AT TIME ZONE 'UTC',"
                            " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"};
  return UnknownFilterField(field, kRunFilterFields);
}

absl::StatusOr<db::SqlField> JobField(const std::string& field) {
  if (field == "state" || field == "plant_id" || field == "circuit_id" || field == "environment" ||
      field == "replica")
    return db::SqlField{.expression = "j." + field};
  if (field == "cutoff_date") return db::SqlField{.expression = "j.configuration->>'cutoff_date'"};
  if (field == "failure.kind") return db::SqlField{.expression = "j.failure_kind"};
  if (field == "failure.reason") return db::SqlField{.expression = "j.failure_reason"};
  return UnknownFilterField(field, kJobFilterFields);
}

pqxx::result ExecList(pqxx::work& work, const std::string& select, const std::string& order,
                      const db::SqlCondition& condition, std::vector<std::string> parameters) {
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
  return work.exec_params(select + condition.text + order,
                          pqxx::prepare::make_dynamic_params(parameters));
}

// The first `size` of the rows; one more row than that says that there are more.
template <typename T>
absl::StatusOr<PageOf<T>> PageOfRows(const pqxx::result& rows, int size,
                                     absl::StatusOr<T> (*convert)(const pqxx::row&),
                                     std::vector<std::string> (*key)(const T&)) {
  PageOf<T> page;
  for (const pqxx::row& row : rows) {
    if (static_cast<int>(page.items.size()) == size) {
      page.next_after = key(page.items.back());
      break;
    }
    FLEETCAST_ASSIGN_OR_RETURN(T item, convert(row));
    page.items.push_back(std::move(item));
  }
  return page;
}

std::string KeyPart(const PageRequest& page, std::size_t index) {
  return index < page.after.size() ? page.after[index] : std::string();
}

}  // namespace

absl::StatusOr<std::optional<TrainingRun>> PostgresRunStore::FindCreatedRun(
    const MutatingRequest& request) {
  using Found = std::optional<TrainingRun>;
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Found> {
    if (work.exec_params(kIsRequestKnown, request.request_id).empty()) return Found();
    FLEETCAST_ASSIGN_OR_RETURN(const auto answer, db::ClaimRequest(work, kSchema, request));
    if (!answer) return Found();
    FLEETCAST_ASSIGN_OR_RETURN(TrainingRun run, SelectRun(work, *answer));
    return Found(std::move(run));
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::CreateRun(const MutatingRequest& request,
                                                        const NewRun& run) {
  return AnswerWithRun(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    InsertRun(work, run);
    return run.id;
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::RetryRun(const MutatingRequest& request,
                                                       const std::string& run_id,
                                                       const std::string& new_id) {
  return AnswerWithRun(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingRun run, SelectRun(work, run_id));
    if (!IsTerminal(run.state)) return RunNotEnded(run_id, run.state);
    if (run.counts.failed == 0) return NothingToRetry(run_id);
    work.exec_params(kInsertRetryRun, run_id, new_id);
    work.exec_params(kInsertRetryJobs, run_id, new_id);
    RefreshRun(work, new_id);
    return new_id;
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::CancelRun(const MutatingRequest& request,
                                                        const std::string& run_id) {
  return AnswerWithRun(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t change_number, LockRun(work, run_id));
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingRun run, SelectRun(work, run_id));
    if (IsTerminal(run.state)) return RunEnded(run_id, run.state);
    work.exec_params(kRequestCancelOfRun, run_id);
    work.exec_params(kCancelJobs, run_id, change_number, "");
    RefreshRun(work, run_id);
    return run_id;
  });
}

absl::StatusOr<TrainingJob> PostgresRunStore::CancelJob(const MutatingRequest& request,
                                                        const JobName& name) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<TrainingJob> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto answer, db::ClaimRequest(work, kSchema, request));
    if (answer) return SelectJob(work, name);
    FLEETCAST_RETURN_IF_ERROR(SelectJob(work, name).status());
    FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t change_number, LockRun(work, name.run_id));
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingJob job, SelectJob(work, name));
    if (IsTerminal(job.state)) return JobEnded(name, job.state);
    work.exec_params(kCancelJobs, name.run_id, change_number, name.job_id);
    RefreshRun(work, name.run_id);
    FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, kSchema, request, JobResource(name)));
    return SelectJob(work, name);
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::GetRun(const std::string& run_id) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) { return SelectRun(work, run_id); });
}

absl::StatusOr<TrainingJob> PostgresRunStore::GetJob(const JobName& name) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) { return SelectJob(work, name); });
}

absl::StatusOr<PageOf<TrainingRun>> PostgresRunStore::ListRuns(const std::optional<Filter>& filter,
                                                               const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, RunField, 3));
  return db::RunInTransaction(pool_, [&](pqxx::work& work) {
    const pqxx::result rows = ExecList(work, kListRuns, kListRunsOrder, condition,
                                       {KeyPart(page, 0), absl::StrCat(page.size + 1)});
    return PageOfRows<TrainingRun>(rows, page.size, TrainingRunOf, [](const TrainingRun& run) {
      return std::vector<std::string>{run.id};
    });
  });
}

absl::StatusOr<PageOf<TrainingJob>> PostgresRunStore::ListJobs(const std::string& run_id,
                                                               const std::optional<Filter>& filter,
                                                               const PageRequest& page) {
  using Jobs = PageOf<TrainingJob>;
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, JobField, 6));
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Jobs> {
    if (!run_id.empty()) FLEETCAST_RETURN_IF_ERROR(SelectRun(work, run_id).status());
    const pqxx::result rows = ExecList(work, kListJobs, kListJobsOrder, condition,
                                       {run_id, KeyPart(page, 0), KeyPart(page, 1),
                                        KeyPart(page, 2), absl::StrCat(page.size + 1)});
    return PageOfRows<TrainingJob>(rows, page.size, TrainingJobOf, [](const TrainingJob& job) {
      return std::vector<std::string>{job.name.run_id, job.circuit.plant_id,
                                      job.circuit.circuit_id};
    });
  });
}

absl::StatusOr<RunChanges> PostgresRunStore::ChangesSince(const std::string& run_id,
                                                          std::int64_t change_number) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<RunChanges> {
    // The run first: jobs that change in between are newer than the number that is returned, and
    // come again next time.
    const pqxx::result run = work.exec_params(kSelectRun, run_id);
    if (run.empty()) return RunNotFound(run_id);
    RunChanges changes;
    FLEETCAST_ASSIGN_OR_RETURN(changes.run, TrainingRunOf(run[0]));
    changes.change_number = run[0]["change_number"].as<std::int64_t>();
    for (const pqxx::row& row : work.exec_params(kSelectChangedJobs, run_id, change_number)) {
      FLEETCAST_ASSIGN_OR_RETURN(TrainingJob job, TrainingJobOf(row));
      changes.jobs.push_back(std::move(job));
    }
    return changes;
  });
}

}  // namespace fleetcast::trainer
