#include "services/inference/domain/schedule.h"

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/inference/domain/cron.h"
#include "services/inference/domain/tick.h"

namespace fleetcast::inference {
namespace {

constexpr std::size_t kMaxPlants = 1000;
constexpr std::size_t kMaxDisplayName = 200;

void AppendViolations(const absl::Status& status, std::vector<FieldViolation>* violations) {
  if (const auto details = DetailsOf(status)) {
    violations->insert(violations->end(), details->field_violations.begin(),
                       details->field_violations.end());
  }
}

}  // namespace

absl::Status ValidateSchedule(const ScheduleSpec& spec) {
  std::vector<FieldViolation> violations;
  AppendViolations(CronExpression::Parse(spec.cron).status(), &violations);
  AppendViolations(FindTimeZone(spec.time_zone).status(), &violations);
  if (spec.display_name.size() > kMaxDisplayName) {
    violations.push_back({"schedule.display_name", "is longer than 200 bytes; shorten it"});
  }
  if (spec.plant_ids.size() > kMaxPlants) {
    violations.push_back(
        {"schedule.plant_ids", "more than 1000; leave it empty to sweep the whole fleet"});
  } else {
    for (std::size_t i = 0; i < spec.plant_ids.size(); ++i) {
      AppendViolations(ValidateId(absl::StrCat("schedule.plant_ids[", i, "]"), spec.plant_ids[i]),
                       &violations);
    }
  }
  if (violations.empty()) return absl::OkStatus();
  return InvalidFields(std::move(violations));
}

std::optional<absl::Time> FirstTick(const ScheduleSpec& spec, absl::Time now) {
  const auto cron = CronExpression::Parse(spec.cron);
  const auto zone = FindTimeZone(spec.time_zone);
  if (!cron.ok() || !zone.ok()) return std::nullopt;
  return NextTick(*cron, *zone, now);
}

TickDecision DecideTick(const Schedule& schedule, absl::Time now) {
  if (schedule.paused || !schedule.next_tick) return {std::nullopt, std::nullopt};
  if (*schedule.next_tick > now) return {std::nullopt, schedule.next_tick};
  const auto cron = CronExpression::Parse(schedule.spec.cron);
  const auto zone = FindTimeZone(schedule.spec.time_zone);
  if (!cron.ok() || !zone.ok()) return {std::nullopt, std::nullopt};
  return {LatestTick(*cron, *zone, *schedule.next_tick, now), NextTick(*cron, *zone, now)};
}

}  // namespace fleetcast::inference
