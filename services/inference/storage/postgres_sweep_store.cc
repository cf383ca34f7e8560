#include "services/inference/storage/postgres_sweep_store.h"

#include "absl/strings/str_cat.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/list_filter.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::inference {
namespace {

// A raised epoch fences out whoever holds it.
const char kCancelInvocations[] =
    "UPDATE inference.invocations SET state = 'CANCELLED', state_reason = 'cancelled with its"
    " sweep', lease_epoch = lease_epoch + 1, lease_expires = NULL, attempt_expires = NULL,"
    " worker = '', end_time = clock_timestamp(), changed_in = pg_current_xact_id()"
    " WHERE sweep_id = $1 AND state IN ('QUEUED', 'RUNNING')";

const char kSettleCancelled[] =
    "UPDATE inference.sweeps SET state = 'CANCELLED', end_time = clock_timestamp()"
    " WHERE sweep_id = $1 AND state IN ('QUEUED', 'RUNNING')";

const char kSnapshotMark[] = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text";

std::string SelectInvocations(const std::string& condition) {
  return absl::StrCat("SELECT ", kInvocationColumns, " FROM inference.invocations i WHERE ",
                      condition);
}

absl::StatusOr<db::SqlField> SweepField(const std::string& field) {
  if (field == "create_time") {
    return db::SqlField{"extract(epoch FROM s.create_time)::text"};
  }
  if (field == "schedule") return db::SqlField{"'schedules/' || s.schedule_id"};
  if (field == "retry_of") return db::SqlField{"'sweeps/' || s.retry_of"};
  return db::SqlField{"s." + field};  // checked by PrepareFilter
}

absl::StatusOr<db::SqlField> InvocationField(const std::string& field) {
  if (field == "failure.kind") return db::SqlField{"i.failure_kind"};
  if (field == "failure.reason") return db::SqlField{"i.failure_reason"};
  return db::SqlField{"i." + field};  // checked by PrepareFilter
}

// The sweep that a mutating request answered with, as it stands now.
absl::StatusOr<Sweep> ReadAnswer(pqxx::work& work, const std::string& sweep_id) {
  return ReadSweep(work, sweep_id);
}

}  // namespace

absl::StatusOr<Sweep> PostgresSweepStore::Create(const MutatingRequest& request,
                                                 const NewSweep& sweep) {
  return AnswerOnce(
      pool_, request,
      [&](pqxx::work& work) -> absl::StatusOr<std::string> {
        FLEETCAST_RETURN_IF_ERROR(CheckPlants(work, sweep.plant_ids));
        (void)InsertSweep(work, sweep, {});  // without a tick there is nothing to collide with
        if (!sweep.circuit) return sweep.id;
        FLEETCAST_ASSIGN_OR_RETURN(const Sweep made, ReadSweep(work, sweep.id));
        if (made.counts.total() == 0) return DeploymentNotFound(*sweep.circuit);
        return sweep.id;
      },
      ReadAnswer);
}

absl::StatusOr<Sweep> PostgresSweepStore::Retry(const MutatingRequest& request,
                                                const std::string& sweep_id,
                                                const std::string& new_id) {
  return AnswerOnce(
      pool_, request,
      [&](pqxx::work& work) -> absl::StatusOr<std::string> {
        FLEETCAST_ASSIGN_OR_RETURN(const Sweep old, ReadSweep(work, sweep_id));
        if (!IsTerminal(old.state)) return SweepNotEnded(sweep_id, old.state);
        const NewSweep retry{
            .id = new_id, .circuit = {}, .plant_ids = old.plant_ids, .as_of = old.as_of};
        (void)InsertSweep(work, retry,
                          {.schedule_id = "", .tick = std::nullopt, .retry_of = sweep_id});
        FLEETCAST_ASSIGN_OR_RETURN(const Sweep made, ReadSweep(work, new_id));
        if (made.counts.total() == 0) return NothingToRetry(sweep_id);
        return new_id;
      },
      ReadAnswer);
}

absl::StatusOr<Sweep> PostgresSweepStore::Cancel(const MutatingRequest& request,
                                                 const std::string& sweep_id) {
  return AnswerOnce(
      pool_, request,
      [&](pqxx::work& work) -> absl::StatusOr<std::string> {
        FLEETCAST_ASSIGN_OR_RETURN(const Sweep sweep, ReadSweep(work, sweep_id));
        if (sweep.state == SweepState::kCancelled) return sweep_id;
        if (IsTerminal(sweep.state)) return SweepEnded(sweep_id, sweep.state);
        const pqxx::result cancelled = Run(work, kCancelInvocations, {sweep_id});
        // None left: the last one ended between our look and our lock. Let that stand.
        if (cancelled.affected_rows() > 0) Run(work, kSettleCancelled, {sweep_id});
        return sweep_id;
      },
      ReadAnswer);
}

absl::StatusOr<Sweep> PostgresSweepStore::Get(const std::string& sweep_id) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) { return ReadSweep(work, sweep_id); });
}

absl::StatusOr<PageOf<Sweep>> PostgresSweepStore::List(const std::optional<Filter>& filter,
                                                       const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared,
                             PrepareFilter(filter, kSweepFilterFields, {"create_time"}));
  const std::string after = page.after.empty() ? "" : page.after[0];
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Sweep>> {
    Parameters parameters({after, absl::StrCat(page.size + 1)});
    FLEETCAST_ASSIGN_OR_RETURN(const std::string condition, parameters.Bind(prepared, SweepField));
    std::vector<Sweep> sweeps;
    for (const pqxx::row& row : parameters.Run(
             work, absl::StrCat(kSelectSweep, "($1 = '' OR s.sweep_id < $1) AND ", condition,
                                " ORDER BY s.sweep_id DESC LIMIT $2::integer"))) {
      sweeps.push_back(SweepOf(row));
    }
    return CutPage(std::move(sweeps), page,
                   [](const Sweep& last) { return std::vector<std::string>{last.id}; });
  });
}

absl::StatusOr<Invocation> PostgresSweepStore::GetInvocation(const InvocationName& name) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Invocation> {
    const pqxx::result rows =
        Run(work, SelectInvocations("i.sweep_id = $1 AND i.plant_id = $2 AND i.circuit_id = $3"),
            {name.sweep_id, name.circuit.plant_id, name.circuit.circuit_id});
    if (rows.empty()) return InvocationNotFound(name);
    return InvocationOf(rows[0]);
  });
}

absl::StatusOr<PageOf<Invocation>> PostgresSweepStore::ListInvocations(
    const std::string& sweep_id, const std::optional<Filter>& filter, const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared,
                             PrepareFilter(filter, kInvocationFilterFields, {}));
  const std::vector<std::string> after =
      page.after.size() == 2 ? page.after : std::vector<std::string>{"", ""};
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Invocation>> {
    FLEETCAST_RETURN_IF_ERROR(ReadSweep(work, sweep_id).status());
    Parameters parameters({sweep_id, after[0], after[1], absl::StrCat(page.size + 1)});
    FLEETCAST_ASSIGN_OR_RETURN(const std::string condition,
                               parameters.Bind(prepared, InvocationField));
    std::vector<Invocation> invocations;
    for (const pqxx::row& row : parameters.Run(
             work, SelectInvocations(absl::StrCat(
                       "i.sweep_id = $1 AND (i.plant_id, i.circuit_id) > ($2, $3) AND ", condition,
                       " ORDER BY i.plant_id, i.circuit_id LIMIT $4::integer")))) {
      invocations.push_back(InvocationOf(row));
    }
    return CutPage(std::move(invocations), page, [](const Invocation& last) {
      return std::vector<std::string>{last.name.circuit.plant_id, last.name.circuit.circuit_id};
    });
  });
}

absl::StatusOr<SweepChanges> PostgresSweepStore::ChangesSince(const std::string& sweep_id,
                                                              const std::string& mark) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<SweepChanges> {
    SweepChanges changes;
    // The sweep first: if it has ended, all its invocations' ends are visible to what follows.
    FLEETCAST_ASSIGN_OR_RETURN(changes.sweep, ReadSweep(work, sweep_id));
    changes.mark = work.exec1(kSnapshotMark)[0].as<std::string>();
    for (const pqxx::row& row :
         Run(work,
             SelectInvocations("i.sweep_id = $1 AND ($2 = '' OR i.changed_in >= $2::xid8)"
                               " ORDER BY i.plant_id, i.circuit_id"),
             {sweep_id, mark})) {
      changes.invocations.push_back(InvocationOf(row));
    }
    return changes;
  });
}

}  // namespace fleetcast::inference
