#include "cli/commands/schedule.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "cli/commands/sweep_actions.h"
#include "cli/names.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::cli {
namespace {

constexpr char kHoweverLate[] = "however-late";

namespace v1 = inference::v1;

// What `create` and `update` set; each as it was typed, and whether it was.
struct Fields {
  std::string id, etag;
  std::optional<std::string> cron, time_zone, display_name, overlap, catch_up, jitter;
  std::optional<std::vector<std::string>> plants;
  bool whole_fleet = false;
};

struct TriggerOptions {
  std::string id;
  bool watch = false;
};

void ShowSchedule(Session& session, const v1::Schedule& schedule) {
  session.Show(schedule, [&](const Terminal& terminal) {
    return ScheduleText(schedule, terminal, session.Now());
  });
}

absl::Status SetDuration(const std::string& flag, const std::string& text,
                         google::protobuf::Duration* message) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration() ||
      duration == absl::InfiniteDuration())
    return InvalidField(flag,
                        absl::StrCat(QuotedUtf8(text, 80), " is no duration; write 90s, 5m or 2h"));
  absl::Duration rest;
  message->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest)));
  return absl::OkStatus();
}

// Sets what was typed in `schedule`, and returns the paths of it.
absl::StatusOr<std::vector<std::string>> SetFields(const Fields& fields, v1::Schedule* schedule) {
  std::vector<std::string> paths;
  const auto typed = [&](const auto& field, const char* path) {
    if (field) paths.emplace_back(path);
    return field.has_value();
  };
  if (typed(fields.display_name, "display_name")) schedule->set_display_name(*fields.display_name);
  if (typed(fields.cron, "cron")) schedule->set_cron(*fields.cron);
  if (typed(fields.time_zone, "time_zone")) schedule->set_time_zone(*fields.time_zone);
  if (typed(fields.plants, "plant_ids")) {
    for (const auto& plant : PlantIds(*fields.plants)) schedule->add_plant_ids(plant);
  } else if (fields.whole_fleet) {
    paths.emplace_back("plant_ids");
  }
  if (typed(fields.overlap, "overlap_policy")) {
    v1::Schedule::OverlapPolicy policy{};
    v1::Schedule::OverlapPolicy_Parse("OVERLAP_POLICY_" + absl::AsciiStrToUpper(*fields.overlap),
                                      &policy);
    schedule->set_overlap_policy(policy);
  }
  if (typed(fields.catch_up, "catch_up_window") && *fields.catch_up != kHoweverLate) {
    FLEETCAST_RETURN_IF_ERROR(
        SetDuration("--catch-up", *fields.catch_up, schedule->mutable_catch_up_window()));
  }
  if (typed(fields.jitter, "jitter")) {
    FLEETCAST_RETURN_IF_ERROR(SetDuration("--jitter", *fields.jitter, schedule->mutable_jitter()));
  }
  return paths;
}

absl::Status CreateSchedule(Session& session, const Fields& fields) {
  v1::CreateScheduleRequest request;
  request.set_request_id(session.RequestId());
  request.set_schedule_id(fields.id);
  FLEETCAST_RETURN_IF_ERROR(SetFields(fields, request.mutable_schedule()).status());
  FLEETCAST_ASSIGN_OR_RETURN(const auto created,
                             session.Call(inference_rpc::kCreateSchedule, request));
  ShowSchedule(session, created);
  return absl::OkStatus();
}

absl::Status UpdateSchedule(Session& session, const Fields& fields) {
  v1::UpdateScheduleRequest request;
  request.set_request_id(session.RequestId());
  auto& schedule = *request.mutable_schedule();
  schedule.set_name(NameIn("schedules", fields.id));
  schedule.set_etag(fields.etag);
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<std::string> paths, SetFields(fields, &schedule));
  if (paths.empty())
    return absl::InvalidArgumentError(
        "nothing to change: give --cron, --time-zone, --plants, --whole-fleet, --display-name, "
        "--overlap, --catch-up or --jitter");
  for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
  FLEETCAST_ASSIGN_OR_RETURN(const auto updated,
                             session.Call(inference_rpc::kUpdateSchedule, request));
  ShowSchedule(session, updated);
  return absl::OkStatus();
}

absl::Status ListSchedules(Session& session) {
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto schedules,
      ListAll(session, inference_rpc::kListSchedules, v1::ListSchedulesRequest(), 0,
              [](v1::ListSchedulesResponse* page) { return page->mutable_schedules(); }));
  session.ShowList(
      schedules, [&] { return SchedulesTable(schedules, session.Now()); },
      "no schedules; make one with `fleetcast schedule create daily --cron '0 6 * * "
      "*'`");
  return absl::OkStatus();
}

// Get, pause and resume differ in nothing but the method.
template <typename Request>
absl::Status ShowAfter(Session& session, const Method<Request, v1::Schedule>& method,
                       const std::string& id) {
  Request request;
  request.set_name(NameIn("schedules", id));
  if constexpr (requires { request.set_request_id(""); }) {
    request.set_request_id(session.RequestId());
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto schedule, session.Call(method, request));
  ShowSchedule(session, schedule);
  return absl::OkStatus();
}

absl::Status DeleteSchedule(Session& session, const std::string& id) {
  v1::DeleteScheduleRequest request;
  request.set_request_id(session.RequestId());
  request.set_name(NameIn("schedules", id));
  FLEETCAST_RETURN_IF_ERROR(session.Call(inference_rpc::kDeleteSchedule, request).status());
  session.ShowDone("deleted", request.name(),
                   "schedule " + LastPart(id) + " deleted; its sweeps stay");
  return absl::OkStatus();
}

absl::Status Trigger(Session& session, const TriggerOptions& options) {
  v1::TriggerScheduleRequest request;
  request.set_request_id(session.RequestId());
  request.set_name(NameIn("schedules", options.id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweep,
                             session.Call(inference_rpc::kTriggerSchedule, request));
  return SweepStarted(session, sweep, options.watch);
}

void AddFields(CLI::App& verb, Fields* fields, bool update) {
  // What is left out of an update stays as it is.
  const auto unless_given = [update](const std::string& otherwise) {
    return update ? "" : " (" + otherwise + ")";
  };
  verb.add_option("id", fields->id, "the schedule's id")->required();
  CLI::Option* cron =
      verb.add_option("--cron", fields->cron, "minute, hour, day of month, month, day of week");
  if (!update) cron->required();
  verb.add_option("--time-zone", fields->time_zone, "IANA time zone" + unless_given("UTC"));
  CLI::Option* plants = verb.add_option("--plants", fields->plants,
                                        update ? "only these plants; every plant with --whole-fleet"
                                               : "only these plants (the whole fleet)")
                            ->type_name("PLANT,...");
  if (update) verb.add_flag("--whole-fleet", fields->whole_fleet, "every plant")->excludes(plants);
  verb.add_option("--display-name", fields->display_name, "a name for people");
  verb.add_option(
          "--overlap", fields->overlap,
          "what a tick does while an earlier tick's sweep has not ended: skip it, queue: sweep "
          "beside that, replace: cancel that" +
              unless_given("skip"))
      ->check(CLI::IsMember({"skip", "queue", "replace"}, CLI::ignore_case));
  verb.add_option("--catch-up", fields->catch_up,
                  absl::StrCat("how late a missed tick may be made up: 90m, 2h ..., or ",
                               kHoweverLate, unless_given(kHoweverLate)))
      ->type_name("DURATION");
  verb.add_option("--jitter", fields->jitter,
                  "take ticks up to this much later, to spread load: 5m ..." + unless_given("0"))
      ->type_name("DURATION");
}

void AddCreate(CLI::App& noun, Session& session) {
  const auto fields = std::make_shared<Fields>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "create",
       .about = "sweep at the ticks of a cron expression",
       .examples =
           "fleetcast schedule create daily --cron '0 6 * * *' --time-zone Europe/Berlin\n"
           "fleetcast schedule create shifts --cron '0 6,14,22 * * MON-FRI' --plants P001,P002\n"
           "fleetcast schedule create hourly --cron '0 * * * *' --overlap replace --jitter 5m"},
      [&session, fields] { return CreateSchedule(session, *fields); });
  AddFields(verb, fields.get(), /*update=*/false);
}

void AddUpdate(CLI::App& noun, Session& session) {
  const auto fields = std::make_shared<Fields>();
  CLI::App& verb =
      AddVerb(noun, session,
              {.name = "update",
               .about = "change what is given, and nothing else",
               .examples = "fleetcast schedule update daily --cron '30 6 * * *'\n"
                           "fleetcast schedule update daily --overlap queue --catch-up 2h\n"
                           "fleetcast schedule update daily --whole-fleet --jitter 0"},
              [&session, fields] { return UpdateSchedule(session, *fields); });
  AddFields(verb, fields.get(), /*update=*/true);
  verb.add_option("--etag", fields->etag, "change it only if this is still its etag");
}

void AddVerbOnId(CLI::App& noun, Session& session, const std::string& name,
                 const std::string& about,
                 const std::function<absl::Status(const std::string& id)>& run) {
  const auto id = std::make_shared<std::string>();
  CLI::App& verb =
      AddVerb(noun, session,
              {.name = name, .about = about, .examples = "fleetcast schedule " + name + " daily"},
              [id, run] { return run(*id); });
  verb.add_option("id", *id, "the schedule's id")->required();
}

}  // namespace

void AddScheduleCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "schedule", "sweeps by the clock");
  AddCreate(noun, session);
  AddUpdate(noun, session);
  AddVerb(noun, session,
          {.name = "list",
           .about = "schedules with their next and last tick",
           .examples = "fleetcast schedule list"},
          [&session] { return ListSchedules(session); });
  AddVerbOnId(noun, session, "show", "one schedule", [&session](const std::string& id) {
    return ShowAfter(session, inference_rpc::kGetSchedule, id);
  });
  AddVerbOnId(noun, session, "pause", "let its ticks pass unused",
              [&session](const std::string& id) {
                return ShowAfter(session, inference_rpc::kPauseSchedule, id);
              });
  AddVerbOnId(noun, session, "resume", "tick again, from the next tick on",
              [&session](const std::string& id) {
                return ShowAfter(session, inference_rpc::kResumeSchedule, id);
              });
  AddVerbOnId(noun, session, "delete", "delete it; its sweeps stay",
              [&session](const std::string& id) { return DeleteSchedule(session, id); });

  const auto trigger = std::make_shared<TriggerOptions>();
  CLI::App& trigger_verb = AddVerb(noun, session,
                                   {.name = "trigger",
                                    .about = "sweep now, as a tick would; also while it is paused",
                                    .examples = "fleetcast schedule trigger daily --watch"},
                                   [&session, trigger] { return Trigger(session, *trigger); });
  trigger_verb.add_option("id", trigger->id, "the schedule's id")->required();
  trigger_verb.add_flag("--watch,-w", trigger->watch, "follow the sweep to its end");
}

}  // namespace fleetcast::cli
