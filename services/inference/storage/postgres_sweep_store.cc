#include "services/inference/storage/postgres_sweep_store.h"

#include <map>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/db/array.h"
#include "common/db/filter_sql.h"
#include "common/workqueue/waiting.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/postgres_backfill_store.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::inference {
namespace {

using workqueue::Group;
using workqueue::Queue;
using workqueue::Task;

// By the index of those that there are.
const char kCountFallbacks[] =
    "SELECT group_id, count(*) FROM inference.tasks"
    " WHERE group_id = ANY ($1::text[]) AND (result ->> 'source') IS NOT NULL GROUP BY group_id";
// As StateWithMissing has it.
const char kStateOfSweep[] =
    "CASE WHEN g.end_time IS NOT NULL AND g.state <> 'CANCELLED'"
    " AND coalesce(jsonb_array_length(g.pin -> 'missing_plants'), 0) > 0"
    " THEN CASE WHEN g.succeeded_count > 0 THEN 'PARTIALLY_SUCCEEDED' ELSE 'FAILED' END"
    " ELSE g.state END";

absl::StatusOr<db::SqlField> SweepField(const std::string& field) {
  if (field == "state") return db::SqlField{.expression = kStateOfSweep};
  if (field == "schedule")
    return db::SqlField{.expression = "'schedules/' || nullif(g.pin ->> 'schedule_id', '')"};
  if (field == "retry_of")
    return db::SqlField{.expression = "'sweeps/' || nullif(g.pin ->> 'retry_of', '')"};
  return db::SqlField{.expression = "g.create_time"};
}

absl::StatusOr<db::SqlField> InvocationField(const std::string& field) {
  if (field == "state") return db::SqlField{.expression = workqueue::Queue::kStateOfTask};
  if (field == "plant_id") return db::SqlField{.expression = "split_part(t.name, '.', 1)"};
  if (field == "circuit_id") return db::SqlField{.expression = "split_part(t.name, '.', 2)"};
  if (field == "failure.kind") return db::SqlField{.expression = "t.failure ->> 'kind'"};
  return db::SqlField{.expression = "t.failure ->> 'reason'"};
}

// Tells each sweep how many of its invocations something stood in for.
void CountFallbacks(pqxx::work& work, std::vector<Sweep>& sweeps) {
  std::map<std::string, Sweep*> by_id;
  std::vector<std::string> ids;
  for (Sweep& sweep : sweeps) {
    by_id[sweep.group.id] = &sweep;
    ids.push_back(sweep.group.id);
  }
  for (const pqxx::row& row : Run(work, kCountFallbacks, {db::ArrayOf(ids)}))
    by_id.at(row[0].as<std::string>())->on_fallback = row[1].as<int>();
}

Sweep CountedSweep(pqxx::work& work, Group group) {
  std::vector<Sweep> sweeps;
  sweeps.push_back(SweepOf(std::move(group)));
  CountFallbacks(work, sweeps);
  return std::move(sweeps.front());
}

// With what each that waits is waiting for, and how far backfills have come.
std::vector<Invocation> InvocationsOf(pqxx::work& work, const Queue& queue,
                                      std::vector<Task> tasks) {
  std::vector<workqueue::Wait> waits = WaitsOf(work, queue.options(), tasks);
  std::vector<Invocation> invocations;
  invocations.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    invocations.push_back(InvocationOf(std::move(tasks[i])));
    invocations.back().wait_reason = std::move(waits[i].reason);
  }
  AddBackfillProgress(work, invocations);
  return invocations;
}

}  // namespace

absl::StatusOr<Sweep> PostgresSweepStore::Select(pqxx::work& work, const std::string& sweep_id) {
  std::optional<Group> group = queue_.GetGroup(work, sweep_id);
  if (!group) return SweepNotFound(sweep_id);
  return CountedSweep(work, *std::move(group));
}

absl::StatusOr<Invocation> PostgresSweepStore::Select(pqxx::work& work,
                                                      const InvocationName& name) {
  std::optional<Task> task = queue_.GetTask(work, name.sweep_id, CircuitKey(name.circuit));
  if (!task) return InvocationNotFound(name);
  return InvocationsOf(work, queue_, {*std::move(task)}).front();
}

absl::StatusOr<Sweep> PostgresSweepStore::Create(const MutatingRequest& request,
                                                 const SweepPin& pin) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<Sweep> {
    FLEETCAST_RETURN_IF_ERROR(CheckPlants(work, pin.plant_ids));
    if (pin.backfill) {
      FLEETCAST_RETURN_IF_ERROR(ValidateBackfill(*pin.backfill, ReadClock(work), keep_forecasts_));
    }
    FLEETCAST_RETURN_IF_ERROR(ValidateAsOf(pin.as_of, ReadClock(work)));
    return CreateSweep(work, queue_, ids_, {.pin = pin, .circuit = {}});
  });
}

absl::StatusOr<Invocation> PostgresSweepStore::CreateOne(const MutatingRequest& request,
                                                         const CircuitId& circuit,
                                                         std::optional<absl::Time> as_of) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<Invocation> {
    FLEETCAST_RETURN_IF_ERROR(ValidateAsOf(as_of, ReadClock(work)));
    const SweepPin pin{.plant_ids = {circuit.plant_id}, .as_of = as_of};
    FLEETCAST_ASSIGN_OR_RETURN(const Sweep sweep,
                               CreateSweep(work, queue_, ids_, {.pin = pin, .circuit = circuit}));
    if (sweep.group.counts.total() == 0) return DeploymentNotFound(circuit);
    return Select(work, InvocationName{sweep.group.id, circuit});
  });
}

absl::StatusOr<Sweep> PostgresSweepStore::Retry(const MutatingRequest& request,
                                                const std::string& sweep_id) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<Sweep> {
    FLEETCAST_ASSIGN_OR_RETURN(const Sweep old, Select(work, sweep_id));
    if (!IsTerminal(old.group.state)) return SweepNotEnded(sweep_id, old.group.state);
    const SweepPin pin{.plant_ids = old.pin.plant_ids,
                       .as_of = old.pin.as_of,
                       .retry_of = sweep_id,
                       .circuits = old.pin.circuits,
                       .backfill = old.pin.backfill};
    FLEETCAST_ASSIGN_OR_RETURN(Sweep made,
                               CreateSweep(work, queue_, ids_, {.pin = pin, .circuit = {}}));
    if (made.group.counts.total() == 0) return NothingToRetry(sweep_id);
    return made;
  });
}

absl::StatusOr<Sweep> PostgresSweepStore::Cancel(const MutatingRequest& request,
                                                 const std::string& sweep_id) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<Sweep> {
    FLEETCAST_ASSIGN_OR_RETURN(Sweep sweep, Select(work, sweep_id));
    if (sweep.group.state == workqueue::GroupState::kCancelled) return sweep;
    if (IsTerminal(sweep.group.state)) return SweepEnded(sweep_id, sweep.group.state);
    FLEETCAST_RETURN_IF_ERROR(
        queue_.Cancel(work, {.group_id = sweep_id}, "with its sweep").status());
    return Select(work, sweep_id);
  });
}

absl::StatusOr<Sweep> PostgresSweepStore::Get(const std::string& sweep_id) {
  return db::ReadInTransaction(queue_.pool(),
                               [&](pqxx::work& work) { return Select(work, sweep_id); });
}

absl::StatusOr<PageOf<Sweep>> PostgresSweepStore::List(const std::optional<Filter>& filter,
                                                       const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, SweepField, Queue::kFirstGroupParameter));
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<Sweep>> {
        PageOf<Group> groups = queue_.ListGroups(work, condition, page);
        PageOf<Sweep> sweeps{.items = {}, .next_after = std::move(groups.next_after)};
        for (Group& group : groups.items) sweeps.items.push_back(SweepOf(std::move(group)));
        CountFallbacks(work, sweeps.items);
        return sweeps;
      });
}

absl::StatusOr<Invocation> PostgresSweepStore::GetInvocation(const InvocationName& name) {
  return db::ReadInTransaction(queue_.pool(), [&](pqxx::work& work) { return Select(work, name); });
}

absl::StatusOr<PageOf<Invocation>> PostgresSweepStore::ListInvocations(
    const std::string& sweep_id, const std::optional<Filter>& filter, const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const db::SqlCondition condition,
                             db::FilterToSql(filter, InvocationField, Queue::kFirstTaskParameter));
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<Invocation>> {
        FLEETCAST_RETURN_IF_ERROR(Select(work, sweep_id).status());
        PageOf<Task> tasks = queue_.ListTasks(work, sweep_id, condition, page);
        return PageOf<Invocation>{.items = InvocationsOf(work, queue_, std::move(tasks.items)),
                                  .next_after = std::move(tasks.next_after)};
      });
}

absl::StatusOr<SweepChanges> PostgresSweepStore::ChangesSince(const std::string& sweep_id,
                                                              const workqueue::Mark& mark) {
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<SweepChanges> {
        auto changes = queue_.ChangesSince(work, sweep_id, mark, kMostChanges);
        if (!changes) return SweepNotFound(sweep_id);
        return SweepChanges{.sweep = CountedSweep(work, std::move(changes->group)),
                            .changed = InvocationsOf(work, queue_, std::move(changes->changed)),
                            .running = InvocationsOf(work, queue_, std::move(changes->running)),
                            .mark = changes->mark,
                            .more = changes->more};
      });
}

}  // namespace fleetcast::inference
