#include "services/inference/storage/circuit_rows.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/workqueue/rows.h"
#include "services/inference/storage/postgres_schedule_store.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kSelect[] =
    "SELECT c.plant_id, c.circuit_id, c.display_name, coalesce(c.desired_state, '') AS desired,"
    " c.release_id, c.config_commit, c.training_hash, c.deployment_hash, c.cutoff_date, c.unsound,"
    " c.step_group_id, c.training_run, c.pin_version, c.pin_actor, c.pin_reason, "
    FLEETCAST_MICROS("c.pin_time") " AS pin_us, "
    FLEETCAST_MICROS("c.pin_expire_time") " AS pin_expire_us,"
    " c.pin_version IS NOT NULL AND coalesce(c.pin_expire_time > now(), true) AS pinned,"
    " d.model_version AS d_version, d.training_hash AS d_training_hash,"
    " d.deployment_hash AS d_deployment_hash, d.cutoff_date AS d_cutoff_date, d.mae, d.skill, "
    FLEETCAST_MICROS("d.update_time") " AS deployed_us, "
    FLEETCAST_MICROS("f.issue_time") " AS issue_us, "
    FLEETCAST_MICROS("f.create_time") " AS forecast_us,"
    " f.model_version AS f_version, f.point_values[1] AS next_value,"
    " CASE WHEN h.task_id IS NULL THEN s.state ELSE 'RUNNING' END AS step_state,"
    " s.state_reason AS step_reason, s.failure AS step_failure, s.result AS step_result, "
    FLEETCAST_MICROS("s.update_time") " AS step_us, x.failure AS failed";

// A circuit's last failure is looked up where its index gives it first.
const char kFrom[] =
    " FROM inference.circuit_statuses c"
    " LEFT JOIN inference.deployments d USING (plant_id, circuit_id)"
    " LEFT JOIN inference.latest_forecasts f USING (plant_id, circuit_id)"
    " LEFT JOIN inference.tasks s"
    "  ON s.group_id = c.step_group_id AND s.name = c.plant_id || '.' || c.circuit_id"
    " LEFT JOIN inference.task_holds h ON h.task_id = s.task_id"
    " LEFT JOIN LATERAL (SELECT t.failure FROM inference.tasks t"
    "  WHERE t.queue = 'forecasting' AND t.key = c.plant_id || '/' || c.circuit_id"
    "   AND t.state = 'FAILED' ORDER BY t.end_time DESC LIMIT 1) x ON true";

const char kStoreDesired[] = R"(
  INSERT INTO inference.circuit_statuses AS c
    (plant_id, circuit_id, display_name, desired_state, release_id, config_commit, training_hash,
     deployment_hash, cutoff_date, settings, unsound, training_run)
  SELECT plant_id, circuit_id, display_name, desired_state, $2, config_commit, training_hash,
     deployment_hash, cutoff_date, settings, unsound, training_run
  FROM jsonb_populate_recordset(NULL::inference.circuit_statuses, $1::jsonb)
  ORDER BY plant_id, circuit_id
  ON CONFLICT (plant_id, circuit_id) DO UPDATE SET
    display_name = EXCLUDED.display_name, desired_state = EXCLUDED.desired_state,
    release_id = EXCLUDED.release_id, config_commit = EXCLUDED.config_commit,
    training_hash = EXCLUDED.training_hash, deployment_hash = EXCLUDED.deployment_hash,
    cutoff_date = EXCLUDED.cutoff_date, unsound = EXCLUDED.unsound,
    training_run = EXCLUDED.training_run,
    settings = CASE WHEN EXCLUDED.settings = '{}' THEN c.settings ELSE EXCLUDED.settings END)";

template <typename T>
std::optional<T> Optional(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<T>();
}

CircuitRecord::Step StepOf(const pqxx::row& row) {
  CircuitRecord::Step step;
  step.state = workqueue::FromWord<workqueue::TaskState>(row["step_state"].as<std::string>())
                   .value_or(workqueue::TaskState::kQueued);
  step.reason = row["step_reason"].as<std::string>();
  step.failure = workqueue::FailureOf(row["step_failure"]);
  step.result = StepResultOf(row["step_result"].as<std::string>(""));
  step.update_time = TimeOf(row["step_us"]);
  return step;
}

}  // namespace

std::string SelectCircuits(bool with_settings) {
  return absl::StrCat(kSelect, with_settings ? ", c.settings" : "", kFrom);
}

CircuitRecord RecordOf(const pqxx::row& row) {
  const auto text = [&](const char* column) { return row[column].as<std::string>(""); };
  CircuitRecord record;
  record.circuit = {text("plant_id"), text("circuit_id")};
  record.display_name = text("display_name");
  record.desired_state = DesiredStateOf(text("desired"));
  record.release_id = text("release_id");
  record.commit = text("config_commit");
  record.training_hash = text("training_hash");
  record.deployment_hash = text("deployment_hash");
  record.cutoff_date = text("cutoff_date");
  record.unsound = row["unsound"].as<bool>();
  record.step_group_id = text("step_group_id");
  record.training_run = text("training_run");
  if (row["pinned"].as<bool>())
    record.pin = CircuitRecord::Pin{.model_version = row["pin_version"].as<std::int64_t>(),
                                    .actor = text("pin_actor"),
                                    .reason = text("pin_reason"),
                                    .create_time = TimeOf(row["pin_us"]),
                                    .expire_time = OptionalTimeOf(row["pin_expire_us"])};
  if (!row["d_version"].is_null())
    record.serving = CircuitRecord::Serving{.model_version = row["d_version"].as<std::int64_t>(),
                                            .training_hash = text("d_training_hash"),
                                            .deployment_hash = text("d_deployment_hash"),
                                            .cutoff_date = text("d_cutoff_date"),
                                            .mae = Optional<double>(row["mae"]),
                                            .skill = Optional<double>(row["skill"]),
                                            .deploy_time = TimeOf(row["deployed_us"])};
  if (!row["f_version"].is_null())
    record.forecast =
        CircuitRecord::LatestForecast{.issue_time = TimeOf(row["issue_us"]),
                                      .create_time = TimeOf(row["forecast_us"]),
                                      .model_version = row["f_version"].as<std::int64_t>(),
                                      .next_value = Optional<double>(row["next_value"])};
  if (!row["step_state"].is_null()) record.step = StepOf(row);
  record.failed_invocation = workqueue::FailureOf(row["failed"]);
  return record;
}

void StoreDesired(pqxx::work& work, const std::vector<CircuitRecord>& circuits,
                  const std::string& release_id) {
  if (circuits.empty()) return;
  nlohmann::json rows = nlohmann::json::array();
  for (const CircuitRecord& circuit : circuits) {
    const bool has_settings = !circuit.settings.commit.empty();
    rows.push_back({{"plant_id", circuit.circuit.plant_id},
                    {"circuit_id", circuit.circuit.circuit_id},
                    {"display_name", circuit.display_name},
                    {"desired_state", Word(circuit.desired_state)},
                    {"config_commit", circuit.commit},
                    {"training_hash", circuit.training_hash},
                    {"deployment_hash", circuit.deployment_hash},
                    {"cutoff_date", circuit.cutoff_date},
                    {"settings", has_settings ? nlohmann::json::parse(ToJson(circuit.settings))
                                              : nlohmann::json::object()},
                    {"unsound", circuit.unsound},
                    {"training_run", circuit.training_run}});
    if (circuit.desired_state == DesiredState::kNone) rows.back()["desired_state"] = nullptr;
  }
  Run(work, kStoreDesired, {rows.dump(), release_id});
}

FleetClock ReadFleetClock(pqxx::work& work, absl::Duration late_after) {
  const pqxx::row row =
      work.exec1("SELECT " FLEETCAST_MICROS("clock_timestamp()") ", " FLEETCAST_MICROS(
          "max(issue_time)") " FROM inference.latest_forecasts");
  return {.now = TimeOf(row[0]),
          .schedules = AllSchedules(work),
          .latest_issue = OptionalTimeOf(row[1]),
          .late_after = late_after};
}

}  // namespace fleetcast::inference
