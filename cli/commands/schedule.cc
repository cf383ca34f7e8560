#include "cli/commands/schedule.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/sweep_actions.h"
#include "cli/names.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace v1 = inference::v1;

struct CreateOptions {
  std::string id, cron, time_zone, display_name;
  std::vector<std::string> plants;
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

absl::Status Create(Session& session, const CreateOptions& options) {
  v1::CreateScheduleRequest request;
  request.set_request_id(session.RequestId());
  request.set_schedule_id(options.id);
  auto& schedule = *request.mutable_schedule();
  schedule.set_cron(options.cron);
  schedule.set_time_zone(options.time_zone);
  schedule.set_display_name(options.display_name);
  for (const auto& plant : PlantIds(options.plants)) schedule.add_plant_ids(plant);
  FLEETCAST_ASSIGN_OR_RETURN(const auto created,
                             session.Call(inference_rpc::kCreateSchedule, request));
  ShowSchedule(session, created);
  return absl::OkStatus();
}

absl::Status List(Session& session) {
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

absl::Status Delete(Session& session, const std::string& id) {
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

void AddCreate(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<CreateOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "create",
       .about = "sweep at the ticks of a cron expression",
       .examples =
           "fleetcast schedule create daily --cron '0 6 * * *' --time-zone Europe/Berlin\n"
           "fleetcast schedule create shifts --cron '0 6,14,22 * * MON-FRI' --plants P001,P002"},
      [&session, options] { return Create(session, *options); });
  verb.add_option("id", options->id, "the schedule's id")->required();
  verb.add_option("--cron", options->cron, "minute, hour, day of month, month, day of week")
      ->required();
  verb.add_option("--time-zone", options->time_zone, "IANA time zone (UTC)");
  verb.add_option("--plants", options->plants, "only these plants (the whole fleet)")
      ->type_name("PLANT,...");
  verb.add_option("--display-name", options->display_name, "a name for people");
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
  AddVerb(noun, session,
          {.name = "list",
           .about = "schedules with their next and last tick",
           .examples = "fleetcast schedule list"},
          [&session] { return List(session); });
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
              [&session](const std::string& id) { return Delete(session, id); });

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
