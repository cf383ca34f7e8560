#include "services/inference/storage/circuit_rows.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/workqueue/rows.h"
#include "services/inference/storage/postgres_schedule_store.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kSelectCircuit[] =
    "SELECT c.plant_id, c.circuit_id, c.display_name, coalesce(c.desired_state, '') AS desired,"
    " c.release_id, c.config_commit, c.training_hash, c.deployment_hash, c.cutoff_date, c.unsound,"
    " CASE WHEN c.unsound THEN c.settings ->> 'unsound_because' END AS unsound_because,"
    " c.step_group_id, c.training_run, c.pin_version, c.pin_actor, c.pin_reason, "
    FLEETCAST_MICROS("c.pin_time") " AS pin_us, "
    FLEETCAST_MICROS("c.pin_expire_time") " AS pin_expire_us,"
    " c.pin_version IS NOT NULL AND coalesce(c.pin_expire_time > now(), true) AS pinned,"
    " d.model_version AS d_version, d.training_hash AS d_training_hash,"
    " d.deployment_hash AS d_deployment_hash, d.cutoff_date AS d_cutoff_date, d.mae, d.skill, "
    FLEETCAST_MICROS("d.update_time") " AS deployed_us, "
    FLEETCAST_MICROS("f.issue_time") " AS issue_us, "
    FLEETCAST_MICROS("f.create_time") " AS forecast_us, "
    FLEETCAST_MICROS("f.answer_time") " AS answered_us, f.answer_source, f.answer_reason,"
    " f.model_version AS f_version, f.point_values[1] AS next_value,"
    " f.source, f.source_reason, " FLEETCAST_MICROS("f.fallback_since") " AS fallback_us,"
    " k.text AS stuck, " FLEETCAST_MICROS("k.since") " AS stuck_us, "
    FLEETCAST_MICROS("a.scored_until") " AS scored_us,"
    " a.summary, a.drift_reason, a.drift_message, " FLEETCAST_MICROS("a.drift_since") " AS drift_us,"
    " CASE WHEN h.task_id IS NULL THEN s.state ELSE 'RUNNING' END AS step_state,"
    " s.state_reason AS step_reason, s.failure AS step_failure, s.result AS step_result, "
    FLEETCAST_MICROS("s.create_time") " AS step_made_us, "
    FLEETCAST_MICROS("s.update_time") " AS step_us,"
    " s.progress @> '{\"blocked\": true}' AS step_blocked,"
    " (s.payload ->> 'champion_stood')::bigint AS champion_stood, x.failure AS failed";

// A circuit's last failure is looked up where its index gives it first. One of a question about
// days gone by, which somebody asked by hand, says nothing of how it is.
const char kFrom[] =
    " FROM inference.circuit_statuses c"
    " LEFT JOIN inference.deployments d USING (plant_id, circuit_id)"
    " LEFT JOIN inference.latest_forecasts f USING (plant_id, circuit_id)"
    " LEFT JOIN inference.live_accuracies a ON a.plant_id = c.plant_id"
    "  AND a.circuit_id = c.circuit_id AND a.model_version = d.model_version"
    " LEFT JOIN LATERAL (SELECT r ->> 'text' AS text, f.issue_time"
    "   - ((r ->> 'count')::integer - 1) * (f.target_times[1] - f.issue_time) AS since"
    "  FROM jsonb_array_elements(f.remarks) r WHERE f.remarks <> '[]' AND r ->> 'kind' = 'STUCK'"
    "  LIMIT 1) k ON true"
    " LEFT JOIN inference.tasks s"
    "  ON s.group_id = c.step_group_id AND s.name = c.plant_id || '.' || c.circuit_id"
    " LEFT JOIN inference.task_holds h ON h.task_id = s.task_id"
    " LEFT JOIN LATERAL (SELECT t.failure FROM inference.tasks t"
    "  JOIN inference.task_groups g USING (group_id)"
    "  WHERE t.queue = 'forecasting' AND t.key = c.plant_id || '/' || c.circuit_id"
    "   AND t.state = 'FAILED' AND (g.pin ->> 'schedule_id' <> '' OR g.pin ->> 'as_of' IS NULL"
    "    OR (g.pin ->> 'as_of')::numeric / 1000000 > extract(epoch FROM g.create_time) - 86400)"
    "  ORDER BY t.end_time DESC LIMIT 1) x ON true";

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
    settings = CASE WHEN EXCLUDED.settings - 'unsound_because' = '{}'
      THEN c.settings - 'unsound_because' || EXCLUDED.settings ELSE EXCLUDED.settings END)";

// A row's fields in the order of kSelectCircuit: ten thousand rows are looked at for one answer,
// and to find a column by its name takes as long as all the rest.
class Fields {
 public:
  explicit Fields(const pqxx::row& row) : row_(row) {}
  pqxx::field Next() { return row_[next_++]; }
  std::string Text() { return Next().as<std::string>(""); }
  template <typename T>
  std::optional<T> Optional() {
    const pqxx::field field = Next();
    if (field.is_null()) return std::nullopt;
    return field.as<T>();
  }
  std::optional<absl::Time> Time() { return OptionalTimeOf(Next()); }

 private:
  const pqxx::row& row_;
  pqxx::row::size_type next_ = 0;
};

std::optional<CircuitRecord::Pin> ReadPin(Fields& fields) {
  const std::int64_t version = fields.Optional<std::int64_t>().value_or(0);
  CircuitRecord::Pin pin{.model_version = version,
                         .actor = fields.Text(),
                         .reason = fields.Text(),
                         .create_time = fields.Time().value_or(absl::UnixEpoch()),
                         .expire_time = fields.Time()};
  if (!fields.Next().as<bool>()) return std::nullopt;
  return pin;
}

std::optional<CircuitRecord::Serving> ReadServing(Fields& fields) {
  const std::int64_t version = fields.Optional<std::int64_t>().value_or(0);
  CircuitRecord::Serving serving{.model_version = version,
                                 .training_hash = fields.Text(),
                                 .deployment_hash = fields.Text(),
                                 .cutoff_date = fields.Text(),
                                 .mae = fields.Optional<double>(),
                                 .skill = fields.Optional<double>(),
                                 .deploy_time = fields.Time().value_or(absl::UnixEpoch())};
  if (version == 0) return std::nullopt;
  return serving;
}

std::optional<CircuitRecord::LatestForecast> ReadForecast(Fields& fields) {
  const std::optional<absl::Time> issue_time = fields.Time();
  CircuitRecord::LatestForecast forecast{
      .issue_time = issue_time.value_or(absl::UnixEpoch()),
      .create_time = fields.Time().value_or(absl::UnixEpoch()),
      .answer_time = fields.Time(),
      .answer_source = ForecastSourceOf(fields.Text()),
      .answer_reason = fields.Text(),
      .model_version = fields.Optional<std::int64_t>().value_or(0),
      .next_value = fields.Optional<double>(),
      .source = ForecastSourceOf(fields.Text()),
      .source_reason = fields.Text(),
      .fallback_since = fields.Time(),
      .stuck = fields.Text(),
      .stuck_since = fields.Time()};
  if (!issue_time) return std::nullopt;
  return forecast;
}

std::optional<CircuitRecord::Live> ReadLive(Fields& fields) {
  const std::optional<absl::Time> scored_until = fields.Time();
  CircuitRecord::Live live{.scored_until = scored_until.value_or(absl::UnixEpoch()),
                           .summary = fields.Text(),
                           .drift_reason = fields.Text(),
                           .drift_message = fields.Text(),
                           .drift_since = fields.Time()};
  if (!scored_until) return std::nullopt;
  return live;
}

std::optional<CircuitRecord::Step> ReadStep(Fields& fields) {
  const std::string state = fields.Text();
  CircuitRecord::Step step;
  step.state = workqueue::FromWord<workqueue::TaskState>(state).value_or(step.state);
  step.reason = fields.Text();
  step.failure = workqueue::FailureOf(fields.Next());
  step.result = StepResultOf(fields.Text());
  step.create_time = fields.Time().value_or(absl::UnixEpoch());
  step.update_time = fields.Time().value_or(absl::UnixEpoch());
  step.blocked = fields.Optional<bool>().value_or(false);
  step.champion_stood = fields.Optional<std::int64_t>().value_or(0);
  if (step.result.removed_champion != 0) step.champion_stood = step.result.removed_champion;
  if (state.empty()) return std::nullopt;
  return step;
}

}  // namespace

std::string SelectCircuits(bool with_settings) {
  return absl::StrCat(kSelectCircuit, with_settings ? ", c.settings" : "", kFrom);
}

CircuitRecord RecordOf(const pqxx::row& row) {
  Fields fields(row);
  CircuitRecord record;
  record.circuit.plant_id = fields.Text();
  record.circuit.circuit_id = fields.Text();
  record.display_name = fields.Text();
  record.desired_state = DesiredStateOf(fields.Text());
  record.release_id = fields.Text();
  record.commit = fields.Text();
  record.training_hash = fields.Text();
  record.deployment_hash = fields.Text();
  record.cutoff_date = fields.Text();
  record.unsound = fields.Next().as<bool>();
  record.unsound_because = fields.Text();
  record.step_group_id = fields.Text();
  record.training_run = fields.Text();
  record.pin = ReadPin(fields);
  record.serving = ReadServing(fields);
  record.forecast = ReadForecast(fields);
  record.live = ReadLive(fields);
  record.step = ReadStep(fields);
  record.failed_invocation = workqueue::FailureOf(fields.Next());
  return record;
}

CircuitRecord RecordWithSettings(const pqxx::row& row) {
  CircuitRecord record = RecordOf(row);
  record.settings = SettingsOf(row["settings"].as<std::string>());
  return record;
}

void StoreDesired(pqxx::work& work, const std::vector<CircuitRecord>& circuits,
                  const std::string& release_id) {
  if (circuits.empty()) return;
  nlohmann::json rows = nlohmann::json::array();
  for (const CircuitRecord& circuit : circuits) {
    nlohmann::json settings = circuit.settings.commit.empty()
                                  ? nlohmann::json::object()
                                  : nlohmann::json::parse(ToJson(circuit.settings));
    if (circuit.unsound) settings["unsound_because"] = circuit.unsound_because;
    rows.push_back({{"plant_id", circuit.circuit.plant_id},
                    {"circuit_id", circuit.circuit.circuit_id},
                    {"display_name", circuit.display_name},
                    {"desired_state", Word(circuit.desired_state)},
                    {"config_commit", circuit.commit},
                    {"training_hash", circuit.training_hash},
                    {"deployment_hash", circuit.deployment_hash},
                    {"cutoff_date", circuit.cutoff_date},
                    {"settings", std::move(settings)},
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
