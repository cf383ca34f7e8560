#include "services/inference/domain/sweep.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/inference/domain/backfill_json.h"
#include "services/inference/domain/deployment_json.h"

namespace fleetcast::inference {
namespace {

using nlohmann::json;
using workqueue::GroupState;

InvocationName NameOf(const std::string& sweep_id, const std::string& task_name) {
  const std::pair<std::string, std::string> ids =
      absl::StrSplit(task_name, absl::MaxSplits('.', 1));
  return {sweep_id, {ids.first, ids.second}};
}

std::string MissingText(const SweepPin& pin) {
  return absl::StrCat(
      "nothing is deployed of ", NamedPlants(pin.missing_plants),
      ": release or deploy circuits of it, or no longer ask for it",
      pin.schedule_id.empty()
          ? ""
          : absl::StrCat(" (UpdateSchedule of ", ScheduleResource(pin.schedule_id), ")"));
}

}  // namespace

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SweepPin, plant_ids, as_of, schedule_id, tick,
                                                retry_of, missing_plants, replaced, circuits,
                                                backfill)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(InvocationPin, model_version, artifact_sha256,
                                                sensor_id, timeout_seconds, as_of, ask_time,
                                                fallback, shape, earlier, backfill)

namespace {

InvocationResult ResultOf(const std::string& text) {
  const json in = json::parse(text, nullptr, /*allow_exceptions=*/false);
  InvocationResult result;
  if (!in.is_object()) return result;
  result.issue_time = in.value("issue_time", result.issue_time);
  result.source = ForecastSourceOf(in.value("source", ""));
  result.source_reason = in.value("source_reason", "");
  result.model_version = in.value("model_version", result.model_version);
  return result;
}

}  // namespace

std::string ToJson(const SweepPin& pin) { return json(pin).dump(); }
std::string ToJson(const InvocationPin& pin) { return json(pin).dump(); }
std::string ToJson(const InvocationResult& result) {
  json out = {{"issue_time", result.issue_time}};
  if (result.source != ForecastSource::kDeployedVersion)
    out.update({{"source", Word(result.source)},
                {"source_reason", result.source_reason},
                {"model_version", result.model_version}});
  return out.dump();
}

absl::StatusOr<HeldInvocation> HeldInvocationOf(const workqueue::FetchedTask& task) {
  HeldInvocation held{.name = NameOf(task.group_id, task.name), .pin = {}};
  auto pin = FromJson<InvocationPin>(task.payload, "what the invocation pinned");
  std::string problem;
  if (!pin.ok())
    problem = std::string(pin.status().message());
  else if (pin->model_version <= 0 || pin->artifact_sha256.empty() || pin->sensor_id.empty())
    problem = "what the invocation pinned lacks a model version, an artifact or a sensor";
  if (!problem.empty())
    return Refused(absl::StatusCode::kFailedPrecondition, "PAYLOAD_UNREADABLE",
                   absl::StrCat(problem, "; sweep the circuit again"),
                   {{"invocation", InvocationResource(held.name)}});
  held.pin = *std::move(pin);
  return held;
}

GroupState StateWithMissing(GroupState state, const workqueue::Counts& counts,
                            const SweepPin& pin) {
  const bool ended = IsTerminal(state) && state != GroupState::kCancelled;
  if (!ended || pin.missing_plants.empty()) return state;
  return counts.succeeded > 0 ? GroupState::kPartiallySucceeded : GroupState::kFailed;
}

Sweep SweepOf(workqueue::Group group) {
  Sweep sweep{.group = {},
              .pin = FromJson<SweepPin>(group.pin, "what the sweep pinned").value_or(SweepPin{})};
  sweep.group = std::move(group);
  sweep.group.state = StateWithMissing(sweep.group.state, sweep.group.counts, sweep.pin);
  return sweep;
}

Invocation InvocationOf(workqueue::Task task) {
  Invocation invocation{.task = {},
                        .name = NameOf(task.group_id, task.name),
                        .pin = FromJson<InvocationPin>(task.payload, "what the invocation pinned")
                                   .value_or(InvocationPin{}),
                        .result = ResultOf(task.result),
                        .wait_reason = {},
                        .backfill = {}};
  if (invocation.pin.backfill) {
    invocation.backfill = BackfillProgressOf(task.result.empty() ? task.progress : task.result);
    if (invocation.backfill && task.state == workqueue::TaskState::kSucceeded)
      invocation.result.issue_time = invocation.backfill->last_issue_time;
  }
  invocation.task = std::move(task);
  return invocation;
}

std::string SweepReason(const Sweep& sweep) {
  const workqueue::Counts& counts = sweep.group.counts;
  const int total = counts.total();
  std::string reason;
  switch (sweep.group.state) {
    case GroupState::kQueued:
      reason = total == 1
                   ? "1 invocation waits to be started, and says for what"
                   : absl::StrCat(total, " invocations wait to be started; each says for what");
      break;
    case GroupState::kRunning:
      reason = absl::StrCat(total - counts.open(), " of ", total, " invocations have ended, ",
                            counts.running, " are running");
      break;
    case GroupState::kSucceeded:
    case GroupState::kPartiallySucceeded:
    case GroupState::kFailed:
      if (total > 0)
        reason = counts.failed == 0
                     ? absl::StrCat("all ", total, " invocations succeeded")
                     : absl::StrCat(counts.failed, " of ", total, " invocations failed");
      else if (sweep.pin.missing_plants.empty())
        reason = "no deployment to invoke: deploy a model version first";
      break;
    case GroupState::kCancelled:
      reason = absl::StrCat("cancelled; ", counts.succeeded, " of ", total,
                            " invocations had succeeded");
      break;
  }
  if (sweep.on_fallback > 0)
    absl::StrAppend(&reason, "; for ", sweep.on_fallback, " of ", counts.succeeded,
                    " something stood in for the deployed version: `fleetcast sweep show ",
                    sweep.group.id, "`");
  if (sweep.group.paused && !IsTerminal(sweep.group.state)) absl::StrAppend(&reason, "; paused");
  if (!sweep.pin.missing_plants.empty())
    absl::StrAppend(&reason, reason.empty() ? "" : "; ", MissingText(sweep.pin));
  if (!sweep.pin.replaced.empty())
    absl::StrAppend(&reason, "; in place of ", SweepResource(sweep.pin.replaced.front()));
  return reason;
}

std::string InvocationReason(const Invocation& invocation) {
  const workqueue::Task& task = invocation.task;
  switch (task.state) {
    case workqueue::TaskState::kQueued:
      return invocation.wait_reason.empty() ? task.state_reason : invocation.wait_reason;
    case workqueue::TaskState::kRunning:
      return absl::StrCat(
          "held by ", task.holder,
          invocation.backfill ? absl::StrCat("; ", ProgressText(*invocation.backfill)) : "");
    case workqueue::TaskState::kSucceeded:
      if (invocation.backfill) return ProgressText(*invocation.backfill);
      return invocation.result.source == ForecastSource::kDeployedVersion
                 ? "forecast stored"
                 : absl::StrCat("forecast stored: ", invocation.result.source_reason);
    default:
      return task.state_reason;
  }
}

absl::Status ValidateAsOf(const std::optional<absl::Time>& as_of, absl::Time now) {
  if (!as_of || *as_of <= now + absl::Minutes(1)) return absl::OkStatus();
  return InvalidField(
      "as_of",
      absl::StrCat("is after now, ", absl::FormatTime(absl::RFC3339_sec, now, absl::UTCTimeZone()),
                   ": leave it out to forecast from the latest readings"));
}

}  // namespace fleetcast::inference
