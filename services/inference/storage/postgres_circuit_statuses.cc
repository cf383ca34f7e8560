// The half of PostgresReleaseStore that is about one circuit: how each stands, and who holds it.
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/workqueue/pools.h"
#include "common/workqueue/waiting.h"
#include "services/inference/storage/circuit_rows.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/postgres_followed_branch_store.h"
#include "services/inference/storage/postgres_release_store.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::inference {
namespace {

// How many circuits are read at once where most may be filtered away.
constexpr int kSlice = 1000;

const char kEndedPins[] =
    "SELECT plant_id, circuit_id FROM inference.circuit_statuses"
    " WHERE pin_expire_time <= now() ORDER BY plant_id, circuit_id LIMIT 100"
    " FOR UPDATE SKIP LOCKED";
const char kLockCircuit[] =
    "SELECT FROM inference.circuit_statuses WHERE plant_id = $1 AND circuit_id = $2 FOR UPDATE";
const char kPin[] =
    "UPDATE inference.circuit_statuses SET pin_version = $3::bigint, pin_actor = $4,"
    " pin_reason = $5, pin_time = clock_timestamp(), pin_expire_time ="
    " clock_timestamp() + NULLIF($6, '')::double precision * interval '1 s'"
    " WHERE plant_id = $1 AND circuit_id = $2";
const char kUnpin[] =
    "UPDATE inference.circuit_statuses SET pin_version = NULL, pin_actor = '', pin_reason = '',"
    " pin_time = NULL, pin_expire_time = NULL WHERE plant_id = $1 AND circuit_id = $2";

CircuitStatus StatusOf(CircuitRecord record, const FleetClock& clock) {
  CircuitStatus status{.record = std::move(record), .conditions = {}};
  status.conditions = ConditionsOf(status.record, clock);
  return status;
}

void ReadForecastObstacles(pqxx::work& work, FleetClock& clock) {
  const workqueue::Situation situation = workqueue::ReadSituation(work, ForecastingQueueOptions());
  const auto obstacle = [&](const std::vector<std::string>& pools) {
    workqueue::Task invocation;
    invocation.pool = kForecastingQueue;
    invocation.pools = pools;
    return workqueue::Obstacle(invocation, situation).reason;
  };
  clock.forecast_obstacle = obstacle({kForecastingQueue, workqueue::kFleetPool});
  const std::string of_plant = workqueue::PlantPool("");
  for (const auto& [pool, state] : situation.bounded)
    if (absl::StartsWith(pool, of_plant))
      if (std::string why = obstacle({pool}); !why.empty())
        clock.plant_obstacles[pool.substr(of_plant.size())] = std::move(why);
}

bool IsAskedFor(const CircuitStatus& status, const std::optional<Filter>& filter) {
  return !filter ||
         Matches(*filter, [&](const std::string& field) { return StatusField(status, field); });
}

}  // namespace

std::string PostgresReleaseStore::StepObstacle(pqxx::work& work) {
  workqueue::Task step;
  step.pool = kReleasingQueue;
  step.pools = {kReleasingQueue};
  return workqueue::Obstacle(step, workqueue::ReadSituation(work, queue_.options())).reason;
}

absl::StatusOr<std::optional<CircuitStatus>> PostgresReleaseStore::FirstStatus(
    const MutatingRequest& request) {
  return FindFirstAnswer<CircuitStatus>(queue_.pool(), request);
}

FleetClock PostgresReleaseStore::Clock(pqxx::work& work) {
  FleetClock clock = ReadFleetClock(work, late_after_);
  clock.step_obstacle = StepObstacle(work);
  ReadForecastObstacles(work, clock);
  return clock;
}

absl::StatusOr<CircuitStatus> PostgresReleaseStore::SelectStatus(pqxx::work& work,
                                                                 const CircuitId& circuit) {
  const pqxx::result rows =
      Run(work, absl::StrCat(SelectCircuits(true), " WHERE c.plant_id = $1 AND c.circuit_id = $2"),
          {circuit.plant_id, circuit.circuit_id});
  if (rows.empty()) return CircuitNotFound(circuit);
  return StatusOf(RecordWithSettings(rows[0]), Clock(work));
}

absl::StatusOr<CircuitStatus> PostgresReleaseStore::GetStatus(const CircuitId& circuit) {
  return db::ReadInTransaction(queue_.pool(),
                               [&](pqxx::work& work) { return SelectStatus(work, circuit); });
}

absl::StatusOr<PageOf<CircuitStatus>> PostgresReleaseStore::ListStatuses(
    const std::string& plant_id, const std::optional<Filter>& filter, const PageRequest& page) {
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<PageOf<CircuitStatus>> {
        const FleetClock clock = Clock(work);
        std::vector<std::string> after =
            page.after.size() == 2 ? page.after : std::vector<std::string>{"", ""};
        const auto slice = static_cast<std::size_t>(filter ? kSlice : page.size + 1);
        std::vector<CircuitStatus> found;
        for (bool more = true; more && found.size() <= static_cast<std::size_t>(page.size);) {
          const pqxx::result rows =
              Run(work,
                  absl::StrCat(SelectCircuits(true),
                               " WHERE ($1 = '' OR c.plant_id = $1)"
                               " AND (c.plant_id, c.circuit_id) > ($2, $3)"
                               " ORDER BY c.plant_id, c.circuit_id LIMIT $4::integer"),
                  {plant_id, after[0], after[1], absl::StrCat(slice)});
          for (const pqxx::row& row : rows) {
            CircuitStatus status = StatusOf(RecordOf(row), clock);
            after = PageKeyOf(status);
            if (!IsAskedFor(status, filter)) continue;
            status.record.settings = SettingsOf(row["settings"].as<std::string>());
            found.push_back(std::move(status));
          }
          more = rows.size() == static_cast<pqxx::result::size_type>(slice);
        }
        return CutPage(std::move(found), page);
      });
}

absl::StatusOr<FleetSummary> PostgresReleaseStore::Summarize(const std::string& plant_id,
                                                             const std::optional<Filter>& filter) {
  return db::ReadInTransaction(
      queue_.pool(), [&](pqxx::work& work) -> absl::StatusOr<FleetSummary> {
        const FleetClock clock = Clock(work);
        FleetSummary summary;
        std::set<std::string> deployed;
        for (const pqxx::row& row :
             Run(work, absl::StrCat(SelectCircuits(false), " WHERE $1 = '' OR c.plant_id = $1"),
                 {plant_id})) {
          const CircuitStatus status = StatusOf(RecordOf(row), clock);
          if (status.record.serving) deployed.insert(status.record.circuit.plant_id);
          if (!IsAskedFor(status, filter)) continue;
          ++summary.circuits;
          ++summary.by_severity[Word(WorstOf(status.conditions))];
          std::map<std::string, int> once;
          for (const Condition& condition : status.conditions) once[Word(condition.type)] = 1;
          for (const auto& [type, one] : once) summary.by_condition[type] += one;
        }
        summary.problems = ProblemsOf(clock.schedules, deployed, plant_id);
        auto stale = ProblemOf(clock.latest_issue, clock.now);
        if (stale) summary.problems.push_back(*std::move(stale));
        if (plant_id.empty()) {
          const auto followed = ReadFollowedBranch(work);
          auto problem = followed ? ProblemOf(*followed, clock.now) : std::nullopt;
          if (problem) summary.problems.push_back(*std::move(problem));
        }
        return summary;
      });
}

absl::StatusOr<CircuitStatus> PostgresReleaseStore::StepByHand(pqxx::work& work,
                                                               const CircuitRecord& circuit,
                                                               const std::string& actor,
                                                               const std::string& reason) {
  // The step that is under way has nothing left to do: its release is not held up, nor failed.
  const std::string why = absl::StrCat("left to what ", actor, " asked by hand: ", reason);
  if (!circuit.step_group_id.empty())
    FLEETCAST_RETURN_IF_ERROR(
        queue_
            .Settle(work, {.group_id = circuit.step_group_id, .name = CircuitKey(circuit.circuit)},
                    ToJson(StepResult{
                        .model_version = circuit.serving ? circuit.serving->model_version : 0,
                        .why = why}),
                    why)
            .status());
  const ReleasePin pin{.circuit = CircuitKey(circuit.circuit),
                       .commit = circuit.commit,
                       .actor = actor,
                       .reason = reason};
  FLEETCAST_RETURN_IF_ERROR(
      MakeSteps(work, NewGroupId(work), pin,
                {{.circuit = circuit.circuit,
                  .pin = {.champion_stood = circuit.step ? circuit.step->champion_stood : 0}}}));
  return SelectStatus(work, circuit.circuit);
}

absl::StatusOr<CircuitStatus> PostgresReleaseStore::Pin(const MutatingRequest& request,
                                                        const NewPin& pin) {
  const CircuitId& id = pin.circuit;
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<CircuitStatus> {
    Run(work, kLockCircuit, {id.plant_id, id.circuit_id});
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitStatus status, SelectStatus(work, id));
    const CircuitRecord& circuit = status.record;
    if (circuit.desired_state == DesiredState::kNone)
      return Refused(absl::StatusCode::kFailedPrecondition, "CIRCUIT_NOT_CONFIGURED",
                     absl::StrCat(CircuitResource(id),
                                  " is in no release, so there are no settings to deploy it "
                                  "with: release a commit that has it"));
    std::int64_t version = pin.model_version;
    if (version == 0 && circuit.serving) version = circuit.serving->model_version;
    if (version == 0)
      return Refused(
          absl::StatusCode::kFailedPrecondition, "CIRCUIT_NOT_DEPLOYED",
          absl::StrCat("nothing serves ", CircuitResource(id), "; name the version to pin"));
    const std::string ttl = pin.ttl == absl::InfiniteDuration() ? "" : SecondsOf(pin.ttl);
    Run(work, kPin,
        {id.plant_id, id.circuit_id, absl::StrCat(version), pin.actor, pin.reason, ttl});
    return StepByHand(work, circuit, pin.actor, pin.reason);
  });
}

absl::StatusOr<CircuitStatus> PostgresReleaseStore::Unpin(const MutatingRequest& request,
                                                          const CircuitId& id,
                                                          const std::string& actor,
                                                          const std::string& reason) {
  return AnswerOnce(queue_.pool(), request, [&](pqxx::work& work) -> absl::StatusOr<CircuitStatus> {
    Run(work, kLockCircuit, {id.plant_id, id.circuit_id});
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitStatus status, SelectStatus(work, id));
    if (!status.record.pin)
      return Refused(absl::StatusCode::kFailedPrecondition, "CIRCUIT_NOT_PINNED",
                     absl::StrCat(CircuitResource(id), " is not pinned"));
    Run(work, kUnpin, {id.plant_id, id.circuit_id});
    return StepByHand(work, status.record, actor, reason);
  });
}

absl::Status PostgresReleaseStore::StepAgain(const CircuitId& circuit, const std::string& actor,
                                             const std::string& reason) {
  return db::RunInTransaction(queue_.pool(), [&](pqxx::work& work) -> absl::Status {
    Run(work, kLockCircuit, {circuit.plant_id, circuit.circuit_id});
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitStatus status, SelectStatus(work, circuit));
    return StepByHand(work, status.record, actor, reason).status();
  });
}

absl::Status PostgresReleaseStore::EndPins(db::ConnectionPool& pool) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
    for (const pqxx::row& row : work.exec(kEndedPins)) {
      const CircuitId id{row[0].as<std::string>(), row[1].as<std::string>()};
      Run(work, kUnpin, {id.plant_id, id.circuit_id});
      FLEETCAST_ASSIGN_OR_RETURN(const CircuitStatus status, SelectStatus(work, id));
      FLEETCAST_RETURN_IF_ERROR(
          StepByHand(work, status.record, "the pin's end", "its time is over").status());
    }
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::inference
