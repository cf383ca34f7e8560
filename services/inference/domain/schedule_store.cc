#include "services/inference/domain/schedule_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

std::vector<std::string> PageKeyOf(const Schedule& schedule) { return {schedule.id}; }

absl::Status ScheduleNotFound(const std::string& id) {
  return ResourceNotFound("Schedule", ScheduleResource(id),
                          "list the schedules with ListSchedules");
}

absl::Status ScheduleExists(const std::string& id) {
  ErrorDetails details;
  details.reason = "SCHEDULE_EXISTS";
  details.resource_type = "Schedule";
  details.resource_name = ScheduleResource(id);
  details.metadata = {{"schedule", details.resource_name}};
  return MakeError(absl::StatusCode::kAlreadyExists,
                   absl::StrCat(ScheduleResource(id),
                                " exists already; change it with UpdateSchedule or choose another "
                                "id"),
                   std::move(details));
}

ScheduleSpec Changed(const ScheduleSpec& spec, const ScheduleChange& change) {
  return {.display_name = change.display_name.value_or(spec.display_name),
          .cron = change.cron.value_or(spec.cron),
          .time_zone = change.time_zone.value_or(spec.time_zone),
          .plant_ids = change.plant_ids.value_or(spec.plant_ids),
          .overlap_policy = change.overlap_policy.value_or(spec.overlap_policy),
          .catch_up_window = change.catch_up_window.value_or(spec.catch_up_window),
          .jitter = change.jitter.value_or(spec.jitter)};
}

}  // namespace fleetcast::inference
