#include "services/inference/domain/condition.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/inference/domain/circuit_json.h"
#include "services/inference/domain/reconcile.h"

namespace fleetcast::inference {
namespace {

using workqueue::TaskState;

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

std::string Ago(absl::Duration age) {
  if (age >= absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(age) / 24, " days");
  if (age >= absl::Hours(2)) return absl::StrCat(absl::ToInt64Hours(age), " hours");
  return absl::StrCat(std::max<std::int64_t>(1, absl::ToInt64Minutes(age)), " min");
}

bool Covers(const Schedule& schedule, const CircuitId& circuit) {
  const auto& plants = schedule.spec.plant_ids;
  return plants.empty() ||
         std::find(plants.begin(), plants.end(), circuit.plant_id) != plants.end();
}

class Judge {
 public:
  Judge(const CircuitRecord& circuit, const FleetClock& clock) : circuit_(circuit), clock_(clock) {}

  std::vector<Condition> Conditions() {
    Sync();
    if (circuit_.serving) {
      Schedules();
      Forecasts();
      if (circuit_.serving->skill && *circuit_.serving->skill < 0)
        Add(ConditionType::kWorseThanNaive, Severity::kWarning, "NEGATIVE_SKILL",
            "the version in service is worse than a naive forecast on held-out rows: look at its "
            "data, or train it otherwise");
    }
    std::stable_sort(
        conditions_.begin(), conditions_.end(),
        [](const Condition& a, const Condition& b) { return a.severity > b.severity; });
    return std::move(conditions_);
  }

 private:
  void Add(ConditionType type, Severity severity, std::string reason, std::string message,
           std::optional<absl::Time> since = std::nullopt) {
    conditions_.push_back({type, severity, std::move(reason), std::move(message), since});
  }

  bool Serves(std::int64_t version) const {
    return (circuit_.serving ? circuit_.serving->model_version : 0) == version;
  }

  Severity UnlessNothingServes(Severity severity) const {
    return circuit_.serving ? severity : Severity::kError;
  }

  // What it is to be, against what it is.
  void Sync() {
    if (circuit_.pin)
      Add(ConditionType::kPinned, Severity::kInfo, "PINNED",
          absl::StrCat("version ", circuit_.pin->model_version, " is held by ", circuit_.pin->actor,
                       ": ", circuit_.pin->reason,
                       circuit_.pin->expire_time
                           ? absl::StrCat(", until ", TimeText(*circuit_.pin->expire_time))
                           : ", until it is unpinned"),
          circuit_.pin->create_time);
    if (circuit_.desired_state == DesiredState::kRetired && circuit_.pin)
      Add(ConditionType::kOutOfSync, Severity::kWarning, "RETIRED_BUT_PINNED",
          "the configuration does not have it any more, and the pin alone keeps it: "
          "`fleetcast circuit unpin`");
    else if (circuit_.desired_state == DesiredState::kRetired && !circuit_.serving)
      Add(ConditionType::kRetired, Severity::kInfo, "RETIRED",
          "the configuration does not have it any more");
    if (circuit_.unsound)
      Add(ConditionType::kOutOfSync, UnlessNothingServes(Severity::kWarning),
          "CONFIGURATION_UNSOUND",
          absl::StrCat("its configuration has errors at the commit in force, so it keeps what it "
                       "has: ",
                       circuit_.unsound_because.empty() ? "see `fleetcast config validate`"
                                                        : circuit_.unsound_because));
    if (!NeedsStep(circuit_)) return;
    if (!circuit_.step || circuit_.step_group_id.empty()) {
      Add(ConditionType::kOutOfSync, UnlessNothingServes(Severity::kWarning), "NO_STEP",
          "it is not what the release says, and no step is under way: release the commit again");
      return;
    }
    Step(*circuit_.step);
  }

  // The last run of a circuit that has its version says nothing of the step.
  bool Trains(const CircuitRecord::Step& step) const {
    return !circuit_.training_run.empty() &&
           (step.reason.empty() || absl::StrContains(step.reason, circuit_.training_run)) &&
           (!circuit_.serving || circuit_.serving->training_hash != circuit_.training_hash);
  }

  void UnderWay(const CircuitRecord::Step& step) {
    const absl::Duration age = clock_.now - step.create_time;
    const std::string taken = absl::StrCat("; it has taken ", Ago(age), " so far");
    if (step.state == TaskState::kQueued && !clock_.step_obstacle.empty()) {
      Add(ConditionType::kOutOfSync, UnlessNothingServes(Severity::kWarning), "STEP_CANNOT_START",
          absl::StrCat("the step that makes it what the release says cannot start: ",
                       clock_.step_obstacle, "; see `fleetcast pool list --of forecasting`"),
          step.create_time);
    } else if (Trains(step)) {
      const bool late = age > kTrainingLateAfter;
      const bool worries = late || step.blocked;
      Add(ConditionType::kTraining,
          worries ? UnlessNothingServes(Severity::kWarning) : Severity::kInfo,
          step.blocked ? "TRAINING_BLOCKED"
          : late       ? "TRAINING_SLOW"
                       : "TRAINING",
          absl::StrCat(step.reason.empty() ? circuit_.training_run : step.reason, late ? taken : "",
                       worries ? ": see `fleetcast training list` and `fleetcast pool list`" : ""),
          step.create_time);
    } else {
      const bool late = age > kStepLateAfter;
      Add(ConditionType::kOutOfSync,
          late ? UnlessNothingServes(Severity::kWarning) : Severity::kInfo,
          late ? "STEP_SLOW" : "STEP_UNDER_WAY",
          absl::StrCat(step.reason.empty() ? "it is being made what the release says" : step.reason,
                       late ? absl::StrCat(taken, ": see `fleetcast release show`") : ""),
          step.create_time);
    }
  }

  void Step(const CircuitRecord::Step& step) {
    switch (step.state) {
      case TaskState::kQueued:
      case TaskState::kRunning:
        UnderWay(step);
        return;
      case TaskState::kSucceeded:
        if (step.result.action == StepAction::kRefused && Serves(step.result.model_version))
          Add(ConditionType::kGateRefused, UnlessNothingServes(Severity::kWarning), "GATE_REFUSED",
              absl::StrCat("the new version was not promoted: ", step.result.why,
                           circuit_.serving ? "; what served before goes on"
                                            : "; nothing serves the circuit"),
              step.update_time);
        else
          Add(ConditionType::kOutOfSync, UnlessNothingServes(Severity::kWarning), "CHANGED_SINCE",
              "it was changed by hand since its last step: release the commit again, or pin it",
              step.update_time);
        return;
      case TaskState::kFailed:
        Add(ConditionType::kOutOfSync, UnlessNothingServes(Severity::kWarning),
            step.failure ? step.failure->reason : "STEP_FAILED",
            absl::StrCat(step.failure ? step.failure->message : step.reason,
                         "; when that is mended, release the commit again"),
            step.update_time);
        return;
      case TaskState::kCancelled:
        Add(ConditionType::kOutOfSync, UnlessNothingServes(Severity::kWarning), "STEP_CANCELLED",
            absl::StrCat("its step was ", step.reason, "; release the commit again"),
            step.update_time);
        return;
    }
  }

  // When the oldest forecast that `schedule` asks for and that has not come was due.
  std::optional<absl::Time> Unanswered(const Schedule& schedule) const {
    absl::Time answered = std::max(circuit_.serving->deploy_time, schedule.update_time);
    if (circuit_.forecast) answered = std::max(answered, circuit_.forecast->answered());
    // A tick that nobody has taken counts too, a dispatcher that is dead is no excuse; and so does
    // one that made no sweep.
    std::optional<absl::Time> newest = schedule.last_tick;
    if (schedule.last_skipped) newest = std::max(newest, {schedule.last_skipped->tick});
    if (schedule.next_tick && *schedule.next_tick <= clock_.now) newest = schedule.next_tick;
    if (!newest || *newest <= answered) return std::nullopt;
    const absl::StatusOr<absl::Time> first = FirstTick(schedule.spec, answered);
    return first.ok() ? std::min(*first, *newest) : *newest;
  }

  // What its schedules ask for, against what has come.
  void Schedules() {
    bool active = false;
    std::string paused, skipped;
    std::optional<absl::Time> due;
    for (const Schedule& schedule : clock_.schedules) {
      if (!Covers(schedule, circuit_.circuit)) continue;
      if (schedule.paused) {
        paused = ScheduleResource(schedule.id);
        continue;
      }
      active = true;
      const std::optional<absl::Time> tick = Unanswered(schedule);
      if (!tick || clock_.now < DueTime(schedule.id, schedule.spec, *tick) + clock_.late_after)
        continue;
      due = due ? std::min(*due, *tick) : *tick;
      if (schedule.last_skipped && schedule.last_skipped->tick >= *tick)
        skipped = absl::StrCat(" (", ScheduleResource(schedule.id),
                               " made no sweep: ", schedule.last_skipped->message, ")");
    }
    if (!active) {
      Add(ConditionType::kNotScheduled, Severity::kWarning,
          paused.empty() ? "NO_SCHEDULE" : "SCHEDULE_PAUSED",
          paused.empty() ? "no schedule asks for its forecasts: make one with `fleetcast schedule "
                           "create`"
                         : absl::StrCat(paused, " is paused, and no other asks for its forecasts"));
      return;
    }
    if (!due) return;
    const auto& failed = circuit_.failed_invocation;
    if (failed && failed->time && *failed->time >= *due) return;  // it has failed, and says so
    std::string obstacle = clock_.forecast_obstacle;
    const auto of_plant = clock_.plant_obstacles.find(circuit_.circuit.plant_id);
    if (obstacle.empty() && of_plant != clock_.plant_obstacles.end()) obstacle = of_plant->second;
    Add(ConditionType::kForecastLate, Severity::kError, "FORECAST_LATE",
        absl::StrCat("the forecast of ", TimeText(*due), " has not come for ",
                     Ago(clock_.now - *due), skipped, obstacle.empty() ? "" : ": ", obstacle,
                     ": see `fleetcast sweep list` and `fleetcast ",
                     obstacle.empty() ? "local status`" : "pool list`"),
        *due);
  }

  void Forecasts() {
    const auto& failed = circuit_.failed_invocation;
    if (failed && failed->time &&
        (!circuit_.forecast || *failed->time > circuit_.forecast->answered()))
      Add(ConditionType::kForecastFailed, Severity::kError, failed->reason, failed->message,
          *failed->time);
    if (circuit_.forecast) Fallback(*circuit_.forecast);
    if (circuit_.forecast && !circuit_.forecast->stuck.empty())
      Add(ConditionType::kSensorStuck, Severity::kWarning, "SENSOR_STUCK",
          absl::StrCat(circuit_.forecast->stuck,
                       "; its forecasts are made of that: look for what "
                       "stopped it"),
          circuit_.forecast->stuck_since);
    if (circuit_.live && !circuit_.live->drift_reason.empty())
      Add(ConditionType::kDrifted, Severity::kWarning, circuit_.live->drift_reason,
          circuit_.live->drift_message, circuit_.live->drift_since);
    if (!circuit_.forecast || !clock_.latest_issue) return;
    const absl::Duration behind = *clock_.latest_issue - circuit_.forecast->issue_time;
    if (behind > kStaleAfter)
      Add(ConditionType::kDataStale, Severity::kWarning, "DATA_STALE",
          absl::StrCat("its newest reading is of ", TimeText(circuit_.forecast->issue_time), ", ",
                       Ago(behind), " behind the fleet's: does its sensor still report?"),
          circuit_.forecast->issue_time);
  }

  // What made the last forecast, whether or not that is the circuit's newest.
  void Fallback(const CircuitRecord::LatestForecast& forecast) {
    const bool stands = forecast.answer_time && *forecast.answer_time > forecast.create_time;
    const ForecastSource source = stands ? forecast.answer_source : forecast.source;
    if (source == ForecastSource::kDeployedVersion) return;
    Add(ConditionType::kOnFallback, Severity::kWarning, Word(source),
        absl::StrCat(stands ? forecast.answer_reason : forecast.source_reason,
                     "; once that is mended, the next sweep forecasts with the deployed version "
                     "again",
                     stands ? ", whose forecast from the same readings stands" : ""),
        forecast.fallback_since);
  }

  const CircuitRecord& circuit_;
  const FleetClock& clock_;
  std::vector<Condition> conditions_;
};

}  // namespace

std::vector<Condition> ConditionsOf(const CircuitRecord& circuit, const FleetClock& clock) {
  return Judge(circuit, clock).Conditions();
}

Severity WorstOf(const std::vector<Condition>& conditions) {
  Severity worst = Severity::kOk;
  for (const Condition& condition : conditions) worst = std::max(worst, condition.severity);
  return worst;
}

std::vector<std::string> ConditionWords() {
  std::vector<std::string> words;
  for (int type = 0; type <= static_cast<int>(ConditionType::kDrifted); ++type)
    words.push_back(Word(static_cast<ConditionType>(type)));
  return words;
}

std::string Word(ConditionType type) { return nlohmann::json(type).get<std::string>(); }
std::string Word(Severity severity) { return nlohmann::json(severity).get<std::string>(); }

}  // namespace fleetcast::inference
