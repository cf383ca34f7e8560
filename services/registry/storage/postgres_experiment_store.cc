#include "services/registry/storage/postgres_experiment_store.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"
#include "services/registry/storage/run_rows.h"

namespace fleetcast::registry {
namespace {

constexpr char kExperimentColumns[] =
    "position, experiment_id, display_name,"
    " (extract(epoch FROM create_time) * 1000000)::bigint AS create_time";

constexpr char kInsertExperiment[] =
    "INSERT INTO registry.experiments (experiment_id, display_name) VALUES ($1, $2)"
    " ON CONFLICT (experiment_id) DO NOTHING RETURNING ";

constexpr char kInsertRun[] =
    "INSERT INTO registry.runs (experiment_id, run_id, display_name, tags)"
    " VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT (experiment_id, run_id) DO NOTHING RETURNING ";

constexpr char kLockRun[] =
    " FROM registry.runs WHERE experiment_id = $1 AND run_id = $2 FOR UPDATE";

constexpr char kUpdateLogged[] =
    "UPDATE registry.runs SET params = $3::jsonb, tags = $4::jsonb, latest_metrics = $5::jsonb"
    " WHERE experiment_id = $1 AND run_id = $2";

// In the order of the batch, so that positions tell the order of logging.
constexpr char kInsertMetrics[] =
    "INSERT INTO registry.run_metrics (run_position, key, step, value, time)"
    " SELECT $1::bigint, key, step, value,"
    "        timestamptz 'epoch' + time * interval '1 microsecond'"
    " FROM ROWS FROM (jsonb_to_recordset($2::jsonb)"
    "        AS (key text, step bigint, value double precision, time bigint))"
    "      WITH ORDINALITY AS p (key, step, value, time, ordinality) ORDER BY ordinality";

constexpr char kFinishRun[] =
    "UPDATE registry.runs SET state = $3, state_reason = $4, end_time = clock_timestamp()"
    " WHERE experiment_id = $1 AND run_id = $2 RETURNING ";

constexpr char kMetricHistory[] =
    "SELECT key, step, value, position, (extract(epoch FROM time) * 1000000)::bigint AS time"
    " FROM registry.run_metrics WHERE run_position = $1::bigint AND ($2 = '' OR key = $2)"
    " AND (key COLLATE \"C\", step, position) > ($3, $4::bigint, $5::bigint)"
    " ORDER BY key COLLATE \"C\", step, position LIMIT $6::bigint";

constexpr char kIndexedOfRuns[] =
    "state, create_time, or of a tag or parameter by = with a text in quotes, or list one "
    "experiment";

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::max();

Experiment ExperimentOf(const pqxx::row& row) {
  return {.experiment_id = row["experiment_id"].as<std::string>(),
          .display_name = row["display_name"].as<std::string>(),
          .create_time = TimeOf(row["create_time"])};
}

absl::StatusOr<Experiment> ReadExperiment(pqxx::work& work, const std::string& experiment_id) {
  const auto rows =
      work.exec_params(absl::StrCat("SELECT ", kExperimentColumns,
                                    " FROM registry.experiments WHERE experiment_id = $1"),
                       experiment_id);
  if (rows.empty()) return ExperimentNotFound(experiment_id);
  return ExperimentOf(rows[0]);
}

struct LockedRun {
  Run run;
  std::int64_t position = 0;
  absl::Time now;
};

absl::StatusOr<Run> ReadRun(pqxx::work& work, const RunName& name) {
  const auto rows =
      work.exec_params(absl::StrCat("SELECT ", kRunColumns,
                                    " FROM registry.runs WHERE experiment_id = $1 AND run_id = $2"),
                       name.experiment_id, name.run_id);
  if (rows.empty()) return RunNotFound(name);
  return RunOf(rows[0]);
}

absl::StatusOr<LockedRun> LockRun(pqxx::work& work, const RunName& name) {
  const auto rows = work.exec_params(
      absl::StrCat("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now, ",
                   kRunColumns, kLockRun),
      name.experiment_id, name.run_id);
  if (rows.empty()) return RunNotFound(name);
  return LockedRun{RunOf(rows[0]), rows[0]["position"].as<std::int64_t>(), TimeOf(rows[0]["now"])};
}

absl::StatusOr<db::SqlField> ExperimentSqlField(const std::string& field) {
  return db::SqlField{.expression = field, .indexed = field == "experiment_id"};
}

MetricPoint PointOf(const pqxx::row& row) {
  return {.key = row["key"].as<std::string>(),
          .value = row["value"].as<double>(),
          .step = row["step"].as<std::int64_t>(),
          .time = TimeOf(row["time"])};
}

std::string RunAnswer(const Run& run) { return run.name.Text(); }

}  // namespace

absl::StatusOr<Experiment> PostgresExperimentStore::CreateExperiment(const MutatingRequest& request,
                                                                     const Experiment& experiment) {
  const auto create = [&](pqxx::work& work) -> absl::StatusOr<Experiment> {
    const auto rows = work.exec_params(absl::StrCat(kInsertExperiment, kExperimentColumns),
                                       experiment.experiment_id, experiment.display_name);
    if (!rows.empty()) return ExperimentOf(rows[0]);
    FLEETCAST_ASSIGN_OR_RETURN(auto standing, ReadExperiment(work, experiment.experiment_id));
    FLEETCAST_RETURN_IF_ERROR(CheckSameExperiment(standing, experiment));
    return standing;
  };
  return AnswerOnce<Experiment>(
      pool_, request, create, [](const Experiment& created) { return created.experiment_id; },
      ReadExperiment);
}

absl::StatusOr<Experiment> PostgresExperimentStore::GetExperiment(
    const std::string& experiment_id) {
  return db::ReadInTransaction(
      pool_, [&](pqxx::work& work) { return ReadExperiment(work, experiment_id); });
}

absl::StatusOr<PageOf<Experiment>> PostgresExperimentStore::ListExperiments(
    const ListQuery& query) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t before, AfterNumber(query.page, 0, kBeforeAll));
  FLEETCAST_ASSIGN_OR_RETURN(const auto condition,
                             db::FilterToSql(query.filter, ExperimentSqlField, 3));
  std::vector<std::string> parameters = {absl::StrCat(before), absl::StrCat(query.page.size + 1)};
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
  const auto read = [&](pqxx::work& work) -> absl::StatusOr<PageOf<Experiment>> {
    return ReadPage(work,
                    absl::StrCat("SELECT ", kExperimentColumns,
                                 " FROM registry.experiments WHERE position < $1::bigint AND ",
                                 condition.text, " ORDER BY position DESC LIMIT $2::bigint"),
                    parameters, query.page, {"position"}, ExperimentOf);
  };
  return ReadList(pool_, query, condition, "experiment_id by =", read);
}

absl::StatusOr<Run> PostgresExperimentStore::CreateRun(const MutatingRequest& request,
                                                       const Run& run) {
  const auto create = [&](pqxx::work& work) -> absl::StatusOr<Run> {
    FLEETCAST_RETURN_IF_ERROR(ReadExperiment(work, run.name.experiment_id).status());
    const auto rows =
        work.exec_params(absl::StrCat(kInsertRun, kRunColumns), run.name.experiment_id,
                         run.name.run_id, run.display_name, JsonOf(run.tags));
    if (rows.empty()) return RunExists(run.name);
    return RunOf(rows[0]);
  };
  const auto again = [&](pqxx::work& work, const std::string&) -> absl::StatusOr<Run> {
    FLEETCAST_ASSIGN_OR_RETURN(const Run standing, ReadRun(work, run.name));
    return CreatedRun(run, standing.create_time);
  };
  return AnswerOnce<Run>(pool_, request, create, RunAnswer, again);
}

absl::StatusOr<Run> PostgresExperimentStore::GetRun(const RunName& name) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return ReadRun(work, name); });
}

absl::StatusOr<PageOf<Run>> PostgresExperimentStore::ListRuns(const std::string& experiment_id,
                                                              const ListQuery& query) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t before, AfterNumber(query.page, 0, kBeforeAll));
  FLEETCAST_ASSIGN_OR_RETURN(const auto condition, db::FilterToSql(query.filter, RunSqlField, 3));
  const ListedRows rows{.table = "registry.runs",
                        .key = "position",
                        .scope = "position < $1::bigint AND ($2 = '-' OR experiment_id = $2)"};
  const std::string sql =
      absl::StrCat("SELECT ", kRunColumns, " FROM (",
                   SelectFirst(rows, condition, query.page.size + 1), ") r ORDER BY position DESC");
  std::vector<std::string> parameters = {absl::StrCat(before), experiment_id};
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
  const auto read = [&](pqxx::work& work) -> absl::StatusOr<PageOf<Run>> {
    return ReadPage(work, sql, parameters, query.page, {"position"}, RunOf);
  };
  return ReadList(pool_, query, condition, kIndexedOfRuns, read);
}

absl::Status PostgresExperimentStore::LogBatch(const MutatingRequest& request, const RunName& name,
                                               const RunBatch& batch) {
  // The answer is empty: OK.
  const auto log = [&](pqxx::work& work) -> absl::StatusOr<RunName> {
    FLEETCAST_ASSIGN_OR_RETURN(LockedRun locked, LockRun(work, name));
    const RunBatch timed = WithTimes(batch, locked.now);
    FLEETCAST_ASSIGN_OR_RETURN(Run run, ApplyBatch(std::move(locked.run), timed));
    work.exec_params(kUpdateLogged, name.experiment_id, name.run_id, JsonOf(run.params),
                     JsonOf(run.tags), LatestMetricsJson(run.latest_metrics));
    work.exec_params(kInsertMetrics, locked.position, MetricsJson(timed.metrics));
    return name;
  };
  return AnswerOnce<RunName>(
             pool_, request, log, [](const RunName& logged) { return logged.Text(); },
             [&](pqxx::work&, const std::string&) -> absl::StatusOr<RunName> { return name; })
      .status();
}

absl::StatusOr<Run> PostgresExperimentStore::FinishRun(const MutatingRequest& request,
                                                       const RunName& name, RunState state,
                                                       const std::string& reason) {
  const auto finish = [&](pqxx::work& work) -> absl::StatusOr<Run> {
    FLEETCAST_ASSIGN_OR_RETURN(LockedRun locked, LockRun(work, name));
    FLEETCAST_ASSIGN_OR_RETURN(const bool needed, NeedsFinish(locked.run, state));
    if (!needed) return locked.run;
    const auto rows = work.exec_params(absl::StrCat(kFinishRun, kRunColumns), name.experiment_id,
                                       name.run_id, RunStateText(state), reason);
    return RunOf(rows[0]);
  };
  // A run that has ended never changes: what stands is what was answered.
  return AnswerOnce<Run>(pool_, request, finish, RunAnswer,
                         [&](pqxx::work& work, const std::string&) { return ReadRun(work, name); });
}

absl::StatusOr<PageOf<MetricPoint>> PostgresExperimentStore::ListMetricHistory(
    const RunName& name, const std::string& key, const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t after_step, AfterNumber(page, 1, -1));
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t after_position, AfterNumber(page, 2, -1));
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<MetricPoint>> {
    const auto run = work.exec_params(
        "SELECT position FROM registry.runs WHERE experiment_id = $1 AND run_id = $2",
        name.experiment_id, name.run_id);
    if (run.empty()) return RunNotFound(name);
    return ReadPage(work, kMetricHistory,
                    {run[0][0].as<std::string>(), key, AfterText(page, 0), absl::StrCat(after_step),
                     absl::StrCat(after_position), absl::StrCat(page.size + 1)},
                    page, {"key", "step", "position"}, PointOf);
  });
}

}  // namespace fleetcast::registry
