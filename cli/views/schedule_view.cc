#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using inference::v1::Schedule;

std::string StateOf(const Schedule& schedule) {
  return WithoutPrefix(Schedule::State_Name(schedule.state()), "STATE_");
}

std::string TimeZoneOf(const Schedule& schedule) {
  return schedule.time_zone().empty() ? "UTC" : schedule.time_zone();
}

std::string PlantsOf(const Schedule& schedule) {
  return schedule.plant_ids().empty() ? "whole fleet" : absl::StrJoin(schedule.plant_ids(), ", ");
}

}  // namespace

Table SchedulesTable(const std::vector<Schedule>& schedules, absl::Time now) {
  Table table(
      {{"ID"}, {"STATE"}, {"CRON"}, {"TIME ZONE"}, {"NEXT"}, {"LAST"}, {"LAST SWEEP"}, {"PLANTS"}});
  for (const auto& schedule : schedules) {
    table.AddRow({LastPart(schedule.name()), StateCell(StateOf(schedule)), schedule.cron(),
                  TimeZoneOf(schedule), AgoCell(schedule.next_tick_time(), now),
                  AgoCell(schedule.last_tick_time(), now), LastPart(schedule.last_sweep()),
                  PlantsOf(schedule)});
  }
  return table;
}

std::string ScheduleText(const Schedule& schedule, const Terminal& terminal, absl::Time now) {
  Properties text;
  text.Add("schedule", {LastPart(schedule.name()), Style::kBold});
  text.AddGiven("name", schedule.display_name());
  text.Add("state", StateCell(StateOf(schedule)));
  text.Add("cron", schedule.cron() + " in " + TimeZoneOf(schedule));
  text.Add("plants", PlantsOf(schedule));
  if (schedule.has_next_tick_time()) {
    const absl::Time next = TimeOf(schedule.next_tick_time());
    text.Add("next tick", MinuteText(next) + " (" + TimeAgo(next, now) + ")");
  }
  if (schedule.has_last_tick_time()) {
    const absl::Time last = TimeOf(schedule.last_tick_time());
    text.Add("last tick", MinuteText(last) + " (" + TimeAgo(last, now) + ")");
  }
  text.AddGiven("last sweep", LastPart(schedule.last_sweep()));
  return text.Render(terminal);
}

}  // namespace fleetcast::cli
