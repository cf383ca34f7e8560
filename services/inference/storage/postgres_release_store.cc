#include "services/inference/storage/postgres_release_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/array.h"
#include "common/db/filter_sql.h"
#include "services/inference/storage/circuit_rows.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

using workqueue::Group;
using workqueue::Queue;
using workqueue::Task;

constexpr int kStepAttempts = 5;

const char kInForce[] = "SELECT release_id, config_commit FROM inference.release_in_force";
const char kPutInForce[] =
    "UPDATE inference.release_in_force SET release_id = $1, config_commit = $2";
const char kTrainingRun[] =
    "SELECT training_run FROM inference.circuit_statuses"
    " WHERE step_group_id = $1 AND training_run <> '' LIMIT 1";
const char kNoteSteps[] = R"(
  UPDATE inference.circuit_statuses c SET step_group_id = $3,
    training_run = CASE WHEN g.train THEN '' ELSE c.training_run END
  FROM unnest($1::text[], $2::text[], $4::boolean[]) AS g (plant_id, circuit_id, train)
  WHERE c.plant_id = g.plant_id AND c.circuit_id = g.circuit_id)";
const char kNoteTraining[] =
    "UPDATE inference.circuit_statuses SET training_run = $3"
    " WHERE (plant_id, circuit_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))"
    " AND step_group_id = $4";
const char kToTrain[] =
    "SELECT name FROM inference.tasks WHERE group_id = $1 AND payload -> 'train' = 'true'"
    " ORDER BY name";
absl::StatusOr<db::SqlField> ReleaseField(const std::string& field) {
  if (field == "create_time") return db::SqlField{.expression = "g.create_time"};
  return db::SqlField{.expression = absl::StrCat("g.pin ->> '", field, "'")};
}

absl::StatusOr<db::SqlField> StepField(const std::string& field) {
  if (field == "state") return db::SqlField{.expression = Queue::kStateOfTask};
  if (field == "plant_id") return db::SqlField{.expression = "split_part(t.name, '.', 1)"};
  if (field == "circuit_id") return db::SqlField{.expression = "split_part(t.name, '.', 2)"};
  if (field == "action") return db::SqlField{.expression = "t.result ->> 'action'"};
  return db::SqlField{.expression = "t.failure ->> 'reason'"};
}

std::vector<ReleaseStep> StepsOf(std::vector<Task> tasks) {
  std::vector<ReleaseStep> steps;
  steps.reserve(tasks.size());
  for (Task& task : tasks) steps.push_back(StepOf(std::move(task)));
  return steps;
}

InForce ReadInForce(pqxx::work& work, const char* suffix = "") {
  const pqxx::row row = work.exec1(absl::StrCat(kInForce, suffix));
  return {.release_id = row[0].as<std::string>(), .commit = row[1].as<std::string>()};
}

// Plants and ids of circuits, as two arrays.
std::vector<std::string> Arrays(const std::vector<CircuitId>& circuits) {
  std::vector<std::string> plants, ids;
  for (const CircuitId& circuit : circuits) {
    plants.push_back(circuit.plant_id);
    ids.push_back(circuit.circuit_id);
  }
  return {db::ArrayOf(plants), db::ArrayOf(ids)};
}

absl::Status Changed() {
  return Refused(absl::StatusCode::kAborted, "RELEASE_CHANGED",
                 "another release has been put in force meanwhile; send the request again");
}

}  // namespace

workqueue::QueueOptions ReleasingQueueOptions() {
  return {.schema = kSchema,
          .queue = kReleasingQueue,
          .kept =
              "EXISTS (SELECT FROM inference.circuit_statuses c"
              " WHERE g.group_id IN (c.release_id, c.step_group_id))"
              " OR g.group_id IN (SELECT release_id FROM inference.release_in_force)"};
}

std::string PostgresReleaseStore::NewGroupId(pqxx::work& work) {
  return ids_.NewId(ReadClock(work));
}

Release PostgresReleaseStore::WithTraining(pqxx::work& work, Group group) {
  const InForce in_force = ReadInForce(work);
  Release release = ReleaseOf(std::move(group), false);
  release.in_force = release.group.id == in_force.release_id;
  if (!IsTerminal(release.group.state) && release.group.counts.queued > 0)
    release.obstacle = StepObstacle(work);
  const pqxx::result run = Run(work, kTrainingRun, {release.group.id});
  if (!run.empty()) release.training_run = run[0][0].as<std::string>();
  return release;
}

absl::StatusOr<Release> PostgresReleaseStore::Select(pqxx::work& work,
                                                     const std::string& release_id) {
  const std::string id = release_id.empty() ? ReadInForce(work).release_id : release_id;
  if (id.empty()) return ReleaseNotFound(id);
  std::optional<Group> group = queue_.GetGroup(work, id);
  if (!group || !ReleasePinOf(group->pin).circuit.empty()) return ReleaseNotFound(release_id);
  return WithTraining(work, *std::move(group));
}

absl::StatusOr<std::optional<Release>> PostgresReleaseStore::FirstRelease(
    const MutatingRequest& request) {
  return FindFirstAnswer<Release>(queue_.pool(), request);
}

absl::StatusOr<InForce> PostgresReleaseStore::GetInForce() {
  return db::ReadInTransaction(
      queue_.pool(), [](pqxx::work& work) -> absl::StatusOr<InForce> { return ReadInForce(work); });
}

absl::StatusOr<std::vector<CircuitRecord>> PostgresReleaseStore::AllCircuits() {
  return db::ReadInTransaction(
      queue_.pool(), [](pqxx::work& work) -> absl::StatusOr<std::vector<CircuitRecord>> {
        std::vector<CircuitRecord> circuits;
        for (const pqxx::row& row :
             work.exec(absl::StrCat(SelectCircuits(false), " ORDER BY c.plant_id, c.circuit_id")))
          circuits.push_back(RecordOf(row));
        return circuits;
      });
}

absl::Status PostgresReleaseStore::MakeSteps(pqxx::work& work, const std::string& group_id,
                                             const ReleasePin& pin,
                                             const std::vector<NewStep>& steps) {
  std::vector<workqueue::NewTask> tasks;
  std::vector<CircuitId> circuits;
  std::vector<std::string> train;
  tasks.reserve(steps.size());
  for (const NewStep& step : steps) {
    tasks.push_back({.name = CircuitKey(step.circuit),
                     .key = absl::StrCat(step.circuit.plant_id, "/", step.circuit.circuit_id),
                     .pool = kReleasingQueue,
                     .payload = ToJson(step.pin),
                     .max_attempts = kStepAttempts,
                     .attempt_timeout = absl::Minutes(10)});
    circuits.push_back(step.circuit);
    train.emplace_back(step.pin.train ? "t" : "f");
  }
  FLEETCAST_RETURN_IF_ERROR(queue_.Enqueue(work, group_id, ToJson(pin), tasks, /*supersede=*/true));
  std::vector<std::string> parameters = Arrays(circuits);
  parameters.push_back(group_id);
  parameters.push_back(db::ArrayOf(train));
  Run(work, kNoteSteps, parameters);
  return absl::OkStatus();
}

absl::StatusOr<Release> PostgresReleaseStore::Create(const MutatingRequest& request,
                                                     const NewRelease& release,
                                                     const InForce& expected) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<Release> {
    if (ReadInForce(work, " FOR UPDATE").release_id != expected.release_id) return Changed();
    const std::string id = NewGroupId(work);
    StoreDesired(work, release.changed, id);
    if (!expected.release_id.empty())
      FLEETCAST_RETURN_IF_ERROR(queue_
                                    .Cancel(work, {.group_id = expected.release_id},
                                            absl::StrCat("by ", ReleaseResource(id)))
                                    .status());
    FLEETCAST_RETURN_IF_ERROR(MakeSteps(work, id, release.pin, release.steps));
    Run(work, kPutInForce, {id, release.pin.commit});
    return Select(work, id);
  });
}

absl::StatusOr<Release> PostgresReleaseStore::AnswerWithInForce(const MutatingRequest& request,
                                                                const InForce& expected) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<Release> {
    if (ReadInForce(work, " FOR SHARE").release_id != expected.release_id) return Changed();
    return Select(work, expected.release_id);
  });
}

absl::StatusOr<Release> PostgresReleaseStore::Get(const std::string& release_id) {
  return db::ReadInTransaction(queue_.pool(),
                               [&](pqxx::work& work) { return Select(work, release_id); });
}

absl::StatusOr<PageOf<Release>> PostgresReleaseStore::List(const std::optional<Filter>& filter,
                                                           const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(db::SqlCondition condition,
                             db::FilterToSql(filter, ReleaseField, Queue::kFirstGroupParameter));
  condition.text = absl::StrCat("coalesce(g.pin ->> 'circuit', '') = '' AND ", condition.text);
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<Release>> {
        PageOf<Group> groups = queue_.ListGroups(work, condition, page);
        PageOf<Release> releases{.items = {}, .next_after = std::move(groups.next_after)};
        for (Group& group : groups.items)
          releases.items.push_back(WithTraining(work, std::move(group)));
        return releases;
      });
}

absl::StatusOr<PageOf<ReleaseStep>> PostgresReleaseStore::ListSteps(
    const std::string& release_id, const std::optional<Filter>& filter, const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, StepField, Queue::kFirstTaskParameter));
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<ReleaseStep>> {
        FLEETCAST_ASSIGN_OR_RETURN(const Release release, Select(work, release_id));
        PageOf<Task> tasks = queue_.ListTasks(work, release.group.id, condition, page);
        return PageOf<ReleaseStep>{.items = StepsOf(std::move(tasks.items)),
                                   .next_after = std::move(tasks.next_after)};
      });
}

absl::StatusOr<ReleaseChanges> PostgresReleaseStore::ChangesSince(const std::string& release_id,
                                                                  const workqueue::Mark& mark) {
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<ReleaseChanges> {
        auto changes = queue_.ChangesSince(work, release_id, mark, kMostChanges);
        if (!changes) return ReleaseNotFound(release_id);
        return ReleaseChanges{.release = WithTraining(work, std::move(changes->group)),
                              .changed = StepsOf(std::move(changes->changed)),
                              .running = StepsOf(std::move(changes->running)),
                              .mark = changes->mark,
                              .more = changes->more};
      });
}

absl::StatusOr<std::vector<CircuitRecord>> PostgresReleaseStore::ReadCircuits(
    const std::vector<CircuitId>& circuits) {
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<std::vector<CircuitRecord>> {
        std::vector<CircuitRecord> records;
        for (const pqxx::row& row :
             Run(work,
                 absl::StrCat(SelectCircuits(true),
                              " WHERE (c.plant_id, c.circuit_id) IN"
                              " (SELECT * FROM unnest($1::text[], $2::text[]))"),
                 Arrays(circuits))) {
          records.push_back(RecordWithSettings(row));
        }
        return records;
      });
}

absl::StatusOr<std::vector<CircuitId>> PostgresReleaseStore::ToTrain(const std::string& group_id) {
  return db::ReadInTransaction(queue_.pool(),
                               [&](pqxx::work& work) -> absl::StatusOr<std::vector<CircuitId>> {
                                 std::vector<CircuitId> circuits;
                                 for (const pqxx::row& row : Run(work, kToTrain, {group_id}))
                                   circuits.push_back(CircuitOfKey(row[0].as<std::string>()));
                                 return circuits;
                               });
}

absl::Status PostgresReleaseStore::NoteTraining(const std::string& group_id,
                                                const std::vector<CircuitId>& circuits,
                                                const std::string& training_run) {
  return db::RunInTransaction(queue_.pool(), [&](pqxx::work& work) {
    std::vector<std::string> parameters = Arrays(circuits);
    parameters.push_back(training_run);
    parameters.push_back(group_id);
    Run(work, kNoteTraining, parameters);
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::inference
