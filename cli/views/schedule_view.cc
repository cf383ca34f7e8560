#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

std::string OverlapOf(const Schedule& schedule) {
  return absl::AsciiStrToLower(
      WithoutPrefix(Schedule::OverlapPolicy_Name(schedule.overlap_policy()), "OVERLAP_POLICY_"));
}

std::string DurationText(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(absl::Seconds(duration.seconds()) +
                              absl::Nanoseconds(duration.nanos()));
}

bool Skipped(const Schedule& schedule) {
  return schedule.has_last_skipped_tick() &&
         (!schedule.has_last_tick_time() ||
          TimeOf(schedule.last_skipped_tick().tick_time()) > TimeOf(schedule.last_tick_time()));
}

// What the last tick came to: when its sweep was made, or that it made none.
Cell LastCell(const Schedule& schedule, absl::Time now) {
  if (!Skipped(schedule)) return AgoCell(schedule.last_tick_time(), now);
  const auto& skipped = schedule.last_skipped_tick();
  return {
      absl::StrCat("skipped ", TimeAgo(TimeOf(skipped.tick_time()), now), ": ", skipped.reason()),
      Style::kBad};
}

std::string WhenText(const google::protobuf::Timestamp& time, absl::Time now) {
  return absl::StrCat(MinuteText(TimeOf(time)), " (", TimeAgo(TimeOf(time), now), ")");
}

}  // namespace

Table SchedulesTable(const std::vector<Schedule>& schedules, absl::Time now) {
  Table table({{"ID"},
               {"STATE"},
               {"CRON"},
               {"TIME ZONE"},
               {"OVERLAP"},
               {"NEXT"},
               {"LAST"},
               {"LAST SWEEP"},
               {"PLANTS"}});
  for (const auto& schedule : schedules) {
    table.AddRow({LastPart(schedule.name()), StateCell(StateOf(schedule)), schedule.cron(),
                  TimeZoneOf(schedule), OverlapOf(schedule),
                  AgoCell(schedule.next_sweep_time(), now), LastCell(schedule, now),
                  LastPart(schedule.last_sweep()), PlantsOf(schedule)});
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
  text.Add("overlap", OverlapOf(schedule));
  text.Add("catch up", schedule.has_catch_up_window()
                           ? "ticks missed by at most " + DurationText(schedule.catch_up_window())
                           : "the latest missed tick, however late");
  if (schedule.has_jitter()) text.Add("jitter", DurationText(schedule.jitter()));
  if (schedule.has_next_tick_time()) {
    std::string next = WhenText(schedule.next_tick_time(), now);
    if (schedule.has_jitter())
      absl::StrAppend(&next, ", taken at ",
                      absl::FormatTime("%H:%M:%S UTC", TimeOf(schedule.next_sweep_time()),
                                       absl::UTCTimeZone()));
    text.Add("next tick", next);
  }
  if (schedule.has_last_tick_time())
    text.Add("last tick", WhenText(schedule.last_tick_time(), now));
  text.AddGiven("last sweep", LastPart(schedule.last_sweep()));
  if (schedule.has_last_skipped_tick()) {
    const auto& skipped = schedule.last_skipped_tick();
    text.Add("skipped", {absl::StrCat(WhenText(skipped.tick_time(), now), ", ", skipped.reason(),
                                      ": ", skipped.message()),
                         Skipped(schedule) ? Style::kBad : Style::kPlain});
  }
  text.AddGiven("etag", schedule.etag());
  return text.Render(terminal);
}

}  // namespace fleetcast::cli
