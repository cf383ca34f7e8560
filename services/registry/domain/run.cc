#include "services/registry/domain/run.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

absl::Status RunEnded(const Run& run, const std::string& what) {
  return Refused(
      absl::StatusCode::kFailedPrecondition, "RUN_ENDED",
      absl::StrCat(run.name.Text(), " has ended as ", RunStateText(run.state), "; ", what),
      {{"run", run.name.Text()}, {"state", RunStateText(run.state)}});
}

absl::Status CheckRunTotal(const std::string& field, std::size_t count, std::size_t limit) {
  if (count <= limit) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("would bring the run to ", count, " entries; at most ",
                                          limit, " are allowed"));
}

std::optional<std::string> Find(const StringMap& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? std::nullopt : std::optional<std::string>(found->second);
}

// Whether `point` replaces `latest` as a metric's latest value.
bool IsLater(const MetricPoint& point, const MetricPoint& latest) {
  return point.step != latest.step ? point.step > latest.step : point.time >= latest.time;
}

}  // namespace

std::string RunStateText(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "RUNNING";
    case RunState::kFinished:
      return "FINISHED";
    case RunState::kFailed:
      return "FAILED";
    case RunState::kKilled:
      return "KILLED";
  }
  return "";
}

std::optional<RunState> RunStateFromText(const std::string& text) {
  for (const RunState state :
       {RunState::kRunning, RunState::kFinished, RunState::kFailed, RunState::kKilled}) {
    if (RunStateText(state) == text) return state;
  }
  return std::nullopt;
}

absl::StatusOr<Run> NewRun(const std::string& experiment_id, const std::string& run_id,
                           const std::string& display_name, const StringMap& tags) {
  FLEETCAST_RETURN_IF_ERROR(CheckLongId("run_id", run_id));
  FLEETCAST_RETURN_IF_ERROR(CheckText("run.display_name", display_name, 200));
  FLEETCAST_RETURN_IF_ERROR(CheckStringMap("run.tags", tags, {.entries = kMaxTagsPerRun}));
  Run run;
  run.name = {experiment_id, run_id};
  run.display_name = display_name.empty() ? run_id : display_name;
  run.tags = tags;
  return run;
}

Run CreatedRun(const Run& asked, absl::Time create_time) {
  Run run;
  run.name = asked.name;
  run.display_name = asked.display_name;
  run.tags = asked.tags;
  run.create_time = create_time;
  return run;
}

absl::Status CheckBatch(const RunBatch& batch) {
  FLEETCAST_RETURN_IF_ERROR(
      CheckStringMap("params", batch.params, {.entries = kMaxParamsPerBatch, .value_bytes = 6000}));
  FLEETCAST_RETURN_IF_ERROR(CheckStringMap("tags", batch.tags, {.entries = kMaxTagsPerBatch}));
  if (batch.metrics.size() > kMaxMetricsPerBatch) {
    return InvalidField("metrics", absl::StrCat("has ", batch.metrics.size(), " points; at most ",
                                                kMaxMetricsPerBatch, " are allowed in a batch"));
  }
  for (std::size_t i = 0; i < batch.metrics.size(); ++i) {
    const MetricPoint& point = batch.metrics[i];
    const std::string field = absl::StrCat("metrics[", i, "]");
    FLEETCAST_RETURN_IF_ERROR(CheckKey(field + ".key", point.key));
    if (!std::isfinite(point.value)) {
      return InvalidField(field + ".value",
                          absl::StrCat("of '", point.key, "' must be a finite number"));
    }
    if (point.step < 0) return InvalidField(field + ".step", "must be 0 or more");
  }
  return absl::OkStatus();
}

RunBatch WithTimes(RunBatch batch, absl::Time now) {
  for (MetricPoint& point : batch.metrics) {
    if (point.time == absl::InfinitePast()) point.time = now;
  }
  return batch;
}

absl::StatusOr<Run> ApplyBatch(Run run, const RunBatch& batch) {
  if (run.state != RunState::kRunning) return RunEnded(run, "nothing can be logged to it");
  for (const auto& [key, value] : batch.params) {
    const auto [standing, inserted] = run.params.try_emplace(key, value);
    if (inserted || standing->second == value) continue;
    return Refused(absl::StatusCode::kFailedPrecondition, "PARAM_IMMUTABLE",
                   absl::StrCat("parameter '", key, "' of ", run.name.Text(), " stands as '",
                                standing->second.substr(0, 100), "' and cannot become '",
                                value.substr(0, 100), "'; log another run"),
                   {{"run", run.name.Text()},
                    {"param", key},
                    {"value", standing->second.substr(0, 100)},
                    {"new_value", value.substr(0, 100)}});
  }
  for (const auto& [key, value] : batch.tags) run.tags[key] = value;
  for (const MetricPoint& point : batch.metrics) {
    const auto [latest, inserted] = run.latest_metrics.try_emplace(point.key, point);
    if (!inserted && IsLater(point, latest->second)) latest->second = point;
  }
  FLEETCAST_RETURN_IF_ERROR(CheckRunTotal("params", run.params.size(), kMaxParamsPerRun));
  FLEETCAST_RETURN_IF_ERROR(CheckRunTotal("tags", run.tags.size(), kMaxTagsPerRun));
  FLEETCAST_RETURN_IF_ERROR(
      CheckRunTotal("metrics", run.latest_metrics.size(), kMaxMetricKeysPerRun));
  return run;
}

absl::Status CheckFinish(std::optional<RunState> state, const std::string& reason) {
  if (!state.has_value() || *state == RunState::kRunning) {
    return InvalidField("state", "must be STATE_FINISHED, STATE_FAILED or STATE_KILLED");
  }
  return CheckText("state_reason", reason, 2000);
}

absl::StatusOr<bool> NeedsFinish(const Run& run, RunState state) {
  if (run.state == RunState::kRunning) return true;
  if (run.state == state) return false;
  return RunEnded(run, absl::StrCat("it cannot become ", RunStateText(state)));
}

absl::Status RunNotFound(const RunName& name) {
  return ResourceNotFound("Run", name.Text(), "create it first");
}

absl::Status RunExists(const RunName& name) {
  return MakeError(
      absl::StatusCode::kAlreadyExists,
      absl::StrCat(name.Text(), " exists; a run is one attempt: choose another run_id"),
      {.reason = "RUN_EXISTS",
       .metadata = {{"run", name.Text()}},
       .field_violations = {},
       .resource_type = "Run",
       .resource_name = name.Text(),
       .retry_after = std::nullopt});
}

absl::StatusOr<std::optional<Filter>> ParseRunFilter(const std::string& text) {
  static const FilterFields fields = {
      {"state", FilterKind::kWord, {"RUNNING", "FINISHED", "FAILED", "KILLED"}, "STATE_"},
      {"display_name"},
      {"create_time", FilterKind::kTime},
      {"end_time", FilterKind::kTime},
      {"tags.*", FilterKind::kValue},
      {"params.*", FilterKind::kValue},
      {"metrics.*", FilterKind::kNumber}};
  return ParseFilter(text, fields);
}

std::optional<std::string> RunField(const Run& run, const std::string& field) {
  if (field == "state") return RunStateText(run.state);
  if (field == "display_name") return run.display_name;
  if (field == "create_time") return FilterText(run.create_time);
  if (field == "end_time" && run.end_time != absl::InfiniteFuture()) {
    return FilterText(run.end_time);
  }
  if (field.rfind("tags.", 0) == 0) return Find(run.tags, field.substr(5));
  if (field.rfind("params.", 0) == 0) return Find(run.params, field.substr(7));
  if (field.rfind("metrics.", 0) == 0) {
    const auto found = run.latest_metrics.find(field.substr(8));
    if (found != run.latest_metrics.end()) return FilterText(found->second.value);
  }
  return std::nullopt;
}

}  // namespace fleetcast::registry
