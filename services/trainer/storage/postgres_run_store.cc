#include "services/trainer/storage/postgres_run_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/json.h"
#include "common/base/status.h"
#include "common/db/filter_sql.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "common/workqueue/waiting.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/storage/training_queue.h"

namespace fleetcast::trainer {
namespace {

using workqueue::Group;
using workqueue::Queue;
using workqueue::Task;

constexpr char kIsRequestKnown[] = "SELECT 1 FROM trainer.requests WHERE request_id = $1::uuid";
constexpr char kNow[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

// What one message of a watch carries at most.
constexpr int kMostChanges = 500;

absl::StatusOr<db::SqlField> RunField(const std::string& field) {
  if (field == "state") return db::SqlField{.expression = "g.state"};
  if (field == "commit") return db::SqlField{.expression = "g.pin->>'commit'"};
  if (field == "pull_request.number")
    return db::SqlField{.expression = "(g.pin#>>'{spec,pull_request_number}')::bigint"};
  if (field == "pull_request.author")
    return db::SqlField{.expression = "g.pin#>>'{spec,pull_request_author}'"};
  if (field == "retry_of")
    return db::SqlField{.expression = "'trainingRuns/' || nullif(g.pin->>'retry_of', '')"};
  return db::SqlField{.expression = "g.create_time"};
}

absl::StatusOr<db::SqlField> JobField(const std::string& field) {
  if (field == "state") return db::SqlField{.expression = workqueue::Queue::kStateOfTask};
  if (field == "plant_id") return db::SqlField{.expression = "split_part(t.name, '.', 1)"};
  if (field == "circuit_id") return db::SqlField{.expression = "split_part(t.name, '.', 2)"};
  if (field == "cutoff_date") return db::SqlField{.expression = "t.payload->>'cutoff_date'"};
  if (field == "environment")
    return db::SqlField{.expression = "'custom-lstm-env:' || (t.payload->>'environment_version')"};
  if (field == "replica") return db::SqlField{.expression = "t.holder"};
  if (field == "failure.kind") return db::SqlField{.expression = "t.failure->>'kind'"};
  return db::SqlField{.expression = "t.failure->>'reason'"};
}

// With what each that waits is waiting for.
std::vector<TrainingJob> JobsOf(pqxx::transaction_base& work, const Queue& queue,
                                std::vector<Task> tasks) {
  std::vector<workqueue::Wait> waits = WaitsOf(work, queue.options(), tasks);
  std::vector<TrainingJob> jobs;
  jobs.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    jobs.push_back(JobOf(std::move(tasks[i])));
    jobs.back().wait = std::move(waits[i]);
  }
  return jobs;
}

}  // namespace

absl::StatusOr<TrainingRun> PostgresRunStore::Select(pqxx::transaction_base& work,
                                                     const std::string& run_id) {
  std::optional<Group> group = queue_.GetGroup(work, run_id);
  if (!group) return RunNotFound(run_id);
  return RunOf(*std::move(group));
}

absl::StatusOr<TrainingJob> PostgresRunStore::Select(pqxx::transaction_base& work,
                                                     const JobName& name) {
  std::optional<Task> task = queue_.GetTask(work, name.run_id, name.job_id);
  if (!task) return JobNotFound(name);
  return JobsOf(work, queue_, {*std::move(task)}).front();
}

std::string PostgresRunStore::NewRunId(pqxx::work& work) {
  return ids_.NewId(absl::FromUnixMicros(work.exec1(kNow)[0].as<std::int64_t>()));
}

absl::StatusOr<TrainingRun> PostgresRunStore::AnswerOnce(const MutatingRequest& request,
                                                         const Effect& effect) {
  return db::RunInTransaction(queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<TrainingRun> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto first, db::ClaimRequest(work, kSchema, request));
    if (first) {
      FLEETCAST_ASSIGN_OR_RETURN(Group group, workqueue::GroupFromJson(*first));
      return RunOf(std::move(group));
    }
    FLEETCAST_ASSIGN_OR_RETURN(const std::string run_id, effect(work));
    FLEETCAST_ASSIGN_OR_RETURN(TrainingRun run, Select(work, run_id));
    FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, kSchema, request, ToJson(run.group)));
    return run;
  });
}

absl::StatusOr<std::optional<TrainingRun>> PostgresRunStore::FindCreatedRun(
    const MutatingRequest& request) {
  using Found = std::optional<TrainingRun>;
  return db::RunInTransaction(queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<Found> {
    if (work.exec_params(kIsRequestKnown, request.request_id).empty()) return Found();
    FLEETCAST_ASSIGN_OR_RETURN(const auto first, db::ClaimRequest(work, kSchema, request));
    if (!first) return Found();
    FLEETCAST_ASSIGN_OR_RETURN(Group group, workqueue::GroupFromJson(*first));
    return Found(RunOf(std::move(group)));
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::CreateRun(const MutatingRequest& request,
                                                        const NewRun& run) {
  return AnswerOnce(request, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    const std::string run_id = NewRunId(work);
    std::vector<workqueue::NewTask> tasks;
    tasks.reserve(run.subjects.size());
    for (const Subject& subject : run.subjects)
      tasks.push_back(TaskOf(subject, run.pin, run.max_attempts));
    const bool supersede = run.pin.spec.pull_request_number > 0;
    FLEETCAST_RETURN_IF_ERROR(queue_.Enqueue(work, run_id, ToJson(run.pin), tasks, supersede));
    return run_id;
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::RetryRun(const MutatingRequest& request,
                                                       const std::string& run_id) {
  return AnswerOnce(request, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingRun run, Select(work, run_id));
    if (!IsTerminal(run.group.state)) return RunNotEnded(run_id, run.group.state);
    const std::string new_id = NewRunId(work);
    const nlohmann::json changes = {
        {"retry_of", run_id},
        {"note", absl::StrCat("trains the failed jobs of trainingRuns/", run_id, " again")}};
    FLEETCAST_ASSIGN_OR_RETURN(const int jobs, queue_.Retry(work, run_id, new_id, changes.dump()));
    if (jobs == 0) return NothingToRetry(run_id);
    return new_id;
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::CancelRun(const MutatingRequest& request,
                                                        const std::string& run_id) {
  return AnswerOnce(request, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingRun run, Select(work, run_id));
    if (IsTerminal(run.group.state)) return RunEnded(run_id, run.group.state);
    FLEETCAST_RETURN_IF_ERROR(queue_.Cancel(work, {.group_id = run_id}, "").status());
    return run_id;
  });
}

absl::StatusOr<TrainingJob> PostgresRunStore::CancelJob(const MutatingRequest& request,
                                                        const JobName& name) {
  return db::RunInTransaction(queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<TrainingJob> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto first, db::ClaimRequest(work, kSchema, request));
    if (first) {
      FLEETCAST_ASSIGN_OR_RETURN(Task task, workqueue::TaskFromJson(*first));
      return JobOf(std::move(task));
    }
    FLEETCAST_ASSIGN_OR_RETURN(const TrainingJob job, Select(work, name));
    if (IsTerminal(job.task.state)) return JobEnded(name, job.task.state);
    FLEETCAST_RETURN_IF_ERROR(
        queue_.Cancel(work, {.group_id = name.run_id, .name = name.job_id}, "").status());
    FLEETCAST_ASSIGN_OR_RETURN(TrainingJob cancelled, Select(work, name));
    FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, kSchema, request, ToJson(cancelled.task)));
    return cancelled;
  });
}

absl::StatusOr<TrainingRun> PostgresRunStore::GetRun(const std::string& run_id) {
  return db::ReadInTransaction(queue_.pool(),
                               [&](pqxx::work& work) { return Select(work, run_id); });
}

absl::StatusOr<TrainingJob> PostgresRunStore::GetJob(const JobName& name) {
  return db::ReadInTransaction(queue_.pool(), [&](pqxx::work& work) { return Select(work, name); });
}

absl::StatusOr<PageOf<TrainingRun>> PostgresRunStore::ListRuns(const std::optional<Filter>& filter,
                                                               const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, RunField, Queue::kFirstGroupParameter));
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<TrainingRun>> {
        PageOf<Group> groups = queue_.ListGroups(work, condition, page);
        PageOf<TrainingRun> runs{.next_after = std::move(groups.next_after)};
        for (Group& group : groups.items) runs.items.push_back(RunOf(std::move(group)));
        return runs;
      });
}

absl::StatusOr<PageOf<TrainingJob>> PostgresRunStore::ListJobs(const std::string& run_id,
                                                               const std::optional<Filter>& filter,
                                                               const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, JobField, Queue::kFirstTaskParameter));
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<TrainingJob>> {
        if (!run_id.empty()) FLEETCAST_RETURN_IF_ERROR(Select(work, run_id).status());
        PageOf<Task> tasks = queue_.ListTasks(work, run_id, condition, page);
        return PageOf<TrainingJob>{.items = JobsOf(work, queue_, std::move(tasks.items)),
                                   .next_after = std::move(tasks.next_after)};
      });
}

absl::StatusOr<RunChanges> PostgresRunStore::ChangesSince(const std::string& run_id,
                                                          const workqueue::Mark& mark) {
  return db::ReadInTransaction(queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<RunChanges> {
    auto changes = queue_.ChangesSince(work, run_id, mark, kMostChanges);
    if (!changes) return RunNotFound(run_id);
    return RunChanges{.run = RunOf(std::move(changes->group)),
                      .changed = JobsOf(work, queue_, std::move(changes->changed)),
                      .running = JobsOf(work, queue_, std::move(changes->running)),
                      .mark = changes->mark,
                      .more = changes->more};
  });
}

}  // namespace fleetcast::trainer
