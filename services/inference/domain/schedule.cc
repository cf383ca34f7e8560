#include "services/inference/domain/schedule.h"

#include <algorithm>

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

absl::StatusOr<absl::Time> FirstTick(const ScheduleSpec& spec, absl::Time now) {
  FLEETCAST_ASSIGN_OR_RETURN(const CronExpression cron, CronExpression::Parse(spec.cron));
  FLEETCAST_ASSIGN_OR_RETURN(const absl::TimeZone zone, FindTimeZone(spec.time_zone));
  const std::optional<absl::Time> next = NextTick(cron, zone, now);
  if (next) return *next;
  return InvalidField("schedule.cron",
                      absl::StrCat("\"", spec.cron, "\" does not tick within nine years"),
                      "CRON_INVALID");
}

absl::StatusOr<TickDecision> DecideTick(const Schedule& schedule, absl::Time now) {
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Time after_now, FirstTick(schedule.spec, now));
  const absl::Time due = schedule.next_tick.value_or(now);
  if (due > now) return TickDecision{std::nullopt, due};
  FLEETCAST_ASSIGN_OR_RETURN(const CronExpression cron, CronExpression::Parse(schedule.spec.cron));
  FLEETCAST_ASSIGN_OR_RETURN(const absl::TimeZone zone, FindTimeZone(schedule.spec.time_zone));
  return TickDecision{LatestTick(cron, zone, due, now), after_now};
}

absl::Duration UntilNextLook(absl::Time now, std::optional<absl::Time> next, absl::Duration most,
                             double spread) {
  const absl::Duration poll = most * (1 - 0.2 * spread);
  return next ? std::clamp(*next - now, absl::ZeroDuration(), poll) : poll;
}

}  // namespace fleetcast::inference
