#include "cli/commands/release.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/follow.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/fleet_view.h"
#include "cli/views/proto_text.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace v1 = inference::v1;
using Steps = std::vector<v1::ReleaseStep>;

constexpr char kNoReleases[] = "no releases; make one with `fleetcast release create main`";

struct CreateOptions {
  std::string revision;
  std::string actor, reason;
  std::optional<std::int32_t> most_retired;
  bool watch = false;
};

struct RollbackOptions {
  std::string id;
  std::string actor, reason;
  std::optional<std::int32_t> most_retired;
  bool watch = false;
};

struct ListOptions {
  std::string filter;
  std::int64_t limit = 20;
};

void ShowWhole(Session& session, const v1::Release& release, const Steps& steps) {
  if (session.format() == OutputFormat::kTable) {
    session.Show(release, [&](const Terminal& terminal) {
      return ReleaseText(release, steps, terminal, session.Now());
    });
    return;
  }
  auto document = ToJson(release);
  document["steps"] = nlohmann::ordered_json::array();
  for (const auto& step : steps) document["steps"].push_back(ToJson(step));
  session.Show(document, nullptr);
}

void SayHowItEnded(Session& session, const v1::Release& release, const Steps& steps) {
  const std::string took = SpanText(release.create_time(), release.end_time(), session.Now());
  session.Say(absl::StrCat("release ", LastPart(release.name()), " ", StateText(release), ": ",
                           OneLine(release.state_reason()), took.empty() ? "" : " (" + took + ")"));
  std::vector<std::pair<std::string, std::string>> failures;
  for (const auto& step : steps)
    if (step.state() == v1::ReleaseStep::STATE_FAILED)
      failures.emplace_back(ShortCircuit(step.circuit()), FailureText(step));
  ReportFailures(session, failures);
  if (!failures.empty())
    session.Note("when that is mended, try them again: fleetcast release create " +
                 ShortCommit(release.commit()));
  if (release.state() != v1::Release::STATE_APPLIED) session.set_exit_code(ExitCode::kFailed);
}

absl::Status WatchByName(Session& session, const std::string& name) {
  v1::WatchReleaseRequest request;
  request.set_name(name);
  v1::Release release;
  std::map<std::string, v1::ReleaseStep> steps;
  const FollowText text{.what = "release " + LastPart(name),
                        .come_back = "fleetcast release watch " + LastPart(name)};
  FLEETCAST_ASSIGN_OR_RETURN(
      const bool ended,
      Follow(session, text,
             [&](const ProgressSink& sink, const auto& on_message, const auto& on_idle) {
               return session.Stream(
                   inference_rpc::kWatchRelease, request,
                   [&](const v1::WatchReleaseResponse& event) {
                     on_message();
                     if (event.has_release()) release = event.release();
                     for (const auto& step : event.release_steps()) {
                       steps[step.name()] = step;
                       sink(ProgressOf(step));
                     }
                   },
                   on_idle);
             }));
  if (!ended) return absl::OkStatus();
  Steps ordered;
  for (auto& [step_name, step] : steps) ordered.push_back(std::move(step));
  if (session.format() != OutputFormat::kTable) ShowWhole(session, release, ordered);
  SayHowItEnded(session, release, ordered);
  return absl::OkStatus();
}

absl::Status Made(Session& session, const v1::Release& release, bool watch) {
  const std::string id = LastPart(release.name());
  // That of a release which has been there before is done with.
  const bool under_way = release.state() == v1::Release::STATE_APPLYING;
  const std::string what =
      absl::StrCat("release ", id, " of ", ShortCommit(release.commit()),
                   under_way ? absl::StrCat(": ", PlanText(release.plan())) : "");
  if (watch) {
    session.Say(what);
    return WatchByName(session, release.name());
  }
  session.Show(release, [&](const Terminal&) {
    return absl::StrCat(
        what, "\n",
        under_way ? absl::StrCat("follow it: fleetcast release watch ", id)
                  : absl::StrCat(StateText(release), ": ", OneLine(release.state_reason())),
        "\n");
  });
  return absl::OkStatus();
}

absl::Status Create(Session& session, const CreateOptions& options) {
  v1::CreateReleaseRequest request;
  request.set_request_id(session.RequestId());
  request.set_revision(options.revision);
  request.set_actor(ActorOf(options.actor));
  request.set_reason(options.reason);
  if (options.most_retired) request.set_max_retired_circuits(*options.most_retired);
  FLEETCAST_ASSIGN_OR_RETURN(const auto release,
                             session.Call(inference_rpc::kCreateRelease, request));
  return Made(session, release, options.watch);
}

absl::Status RollBack(Session& session, const RollbackOptions& options) {
  v1::RollbackReleaseRequest request;
  request.set_request_id(session.RequestId());
  if (!options.id.empty()) request.set_name(NameIn("releases", options.id));
  request.set_actor(ActorOf(options.actor));
  request.set_reason(options.reason);
  if (options.most_retired) request.set_max_retired_circuits(*options.most_retired);
  FLEETCAST_ASSIGN_OR_RETURN(const auto release,
                             session.Call(inference_rpc::kRollbackRelease, request));
  return Made(session, release, options.watch);
}

std::string ReleaseName(const std::string& id) { return NameIn("releases", id.empty() ? "-" : id); }

absl::Status ShowRelease(Session& session, const std::string& id) {
  v1::GetReleaseRequest request;
  request.set_name(ReleaseName(id));
  FLEETCAST_ASSIGN_OR_RETURN(const auto release, session.Call(inference_rpc::kGetRelease, request));
  v1::ListReleaseStepsRequest steps_request;
  steps_request.set_parent(release.name());
  FLEETCAST_ASSIGN_OR_RETURN(
      const Steps steps,
      ListAll(session, inference_rpc::kListReleaseSteps, steps_request, 0,
              [](v1::ListReleaseStepsResponse* page) { return page->mutable_release_steps(); }));
  ShowWhole(session, release, steps);
  return absl::OkStatus();
}

absl::Status ListReleases(Session& session, const ListOptions& options) {
  v1::ListReleasesRequest request;
  request.set_filter(options.filter);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto releases,
      ListAll(session, inference_rpc::kListReleases, request, options.limit,
              [](v1::ListReleasesResponse* page) { return page->mutable_releases(); }));
  session.ShowList(
      releases, [&] { return ReleasesTable(releases, session.Now()); },
      options.filter.empty() ? kNoReleases : "no release matches the filter");
  return absl::OkStatus();
}

struct PinOptions {
  std::string circuit, version;
  std::string actor, reason;
  std::string ttl;
};

void ShowStatus(Session& session, const v1::CircuitStatus& status) {
  session.Show(status, [&](const Terminal& terminal) {
    return CircuitText(status, terminal, session.Now());
  });
}

absl::Status ShowCircuit(Session& session, const std::string& circuit) {
  v1::GetCircuitStatusRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(const std::string name, CircuitName(circuit));
  request.set_name(name + "/status");
  FLEETCAST_ASSIGN_OR_RETURN(const auto status,
                             session.Call(inference_rpc::kGetCircuitStatus, request));
  ShowStatus(session, status);
  return absl::OkStatus();
}

absl::Status Pin(Session& session, const PinOptions& options) {
  v1::PinCircuitRequest request;
  request.set_request_id(session.RequestId());
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_circuit(), CircuitName(options.circuit));
  if (!options.version.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_model_version(), ModelVersionName(options.version));
  }
  request.set_actor(ActorOf(options.actor));
  request.set_reason(options.reason);
  if (!options.ttl.empty()) {
    absl::Duration ttl;
    if (!absl::ParseDuration(options.ttl, &ttl))
      return InvalidField("--for",
                          absl::StrCat("\"", options.ttl, "\" is no duration; write 90m or 48h"));
    request.mutable_ttl()->set_seconds(absl::ToInt64Seconds(ttl));
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto status, session.Call(inference_rpc::kPinCircuit, request));
  ShowStatus(session, status);
  return absl::OkStatus();
}

absl::Status Unpin(Session& session, const PinOptions& options) {
  v1::UnpinCircuitRequest request;
  request.set_request_id(session.RequestId());
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_circuit(), CircuitName(options.circuit));
  request.set_actor(ActorOf(options.actor));
  request.set_reason(options.reason);
  FLEETCAST_ASSIGN_OR_RETURN(const auto status,
                             session.Call(inference_rpc::kUnpinCircuit, request));
  ShowStatus(session, status);
  return absl::OkStatus();
}

constexpr char kActor[] = "who asks, for the history [your account]";
constexpr char kMostRetired[] =
    "circuits that it may take out of service (3, or a tenth of those in force)";
constexpr char kReason[] = "why, for the history";

}  // namespace

void AddReleaseCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "release", "which commit of the configuration is in force");

  const auto create = std::make_shared<CreateOptions>();
  CLI::App& create_verb = AddVerb(
      noun, session,
      {.name = "create",
       .about = "put a commit in force: promote, train, redeploy and retire what it says; safe to "
                "repeat",
       .examples = "fleetcast release create main --watch\n"
                   "fleetcast release create 4f2a91c --reason 'hotfix of line 3'"},
      [&session, create] { return Create(session, *create); });
  create_verb.add_option("revision", create->revision, "branch, tag or commit")->required();
  create_verb.add_option("--actor", create->actor, kActor);
  create_verb.add_option("--reason", create->reason, kReason);
  create_verb.add_option("--max-retired", create->most_retired, kMostRetired);
  create_verb.add_flag("--watch", create->watch, "follow it; exit code 1 if a circuit fails");

  const auto rollback = std::make_shared<RollbackOptions>();
  CLI::App& rollback_verb =
      AddVerb(noun, session,
              {.name = "rollback",
               .about = "put the commit of the release before, or of the one named, in force again",
               .examples = "fleetcast release rollback --reason 'forecasts of P001 went wrong'\n"
                           "fleetcast release rollback 01h… --reason '…' --watch"},
              [&session, rollback] { return RollBack(session, *rollback); });
  rollback_verb.add_option("release", rollback->id, "the release to return to (the one before)");
  rollback_verb.add_option("--actor", rollback->actor, kActor);
  rollback_verb.add_option("--reason", rollback->reason, kReason)->required();
  rollback_verb.add_option("--max-retired", rollback->most_retired, kMostRetired);
  rollback_verb.add_flag("--watch", rollback->watch, "follow it; exit code 1 if a circuit fails");

  const auto list = std::make_shared<ListOptions>();
  CLI::App& list_verb =
      AddVerb(noun, session,
              {.name = "list",
               .about = "releases, newest first; * is the one in force",
               .examples = "fleetcast release list\n"
                           "fleetcast release list --filter 'actor = \"anna\"' -o json"},
              [&session, list] { return ListReleases(session, *list); });
  list_verb.add_option("--filter", list->filter, "over commit, revision, actor, create_time");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();

  const auto shown = std::make_shared<std::string>();
  CLI::App& show_verb = AddVerb(noun, session,
                                {.name = "show",
                                 .about = "a release and what became of each circuit",
                                 .examples = "fleetcast release show\n"
                                             "fleetcast release show 01h… -o json"},
                                [&session, shown] { return ShowRelease(session, *shown); });
  show_verb.add_option("release", *shown, "its id (the one in force)");

  const auto watched = std::make_shared<std::string>();
  CLI::App& watch_verb =
      AddVerb(noun, session,
              {.name = "watch",
               .about = "follow a release until every circuit is done; exit code 1 if one fails",
               .examples = "fleetcast release watch"},
              [&session, watched] { return WatchByName(session, ReleaseName(*watched)); });
  watch_verb.add_option("release", *watched, "its id (the one in force)");
}

void AddCircuitCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "circuit", "one circuit: how it stands, and who holds it");

  const auto shown = std::make_shared<std::string>();
  CLI::App& status_verb = AddVerb(
      noun, session,
      {.name = "status",
       .about = "what the circuit is to be, what serves it, and what is out of the ordinary",
       .examples = "fleetcast circuit status P001/C001\n"
                   "fleetcast circuit status P001/C001 -o json | jq .conditions"},
      [&session, shown] { return ShowCircuit(session, *shown); });
  status_verb.add_option("circuit", *shown, "PLANT/CIRCUIT")->required();

  const auto pin = std::make_shared<PinOptions>();
  CLI::App& pin_verb =
      AddVerb(noun, session,
              {.name = "pin",
               .about = "make a version serve, and hold it against releases until it is unpinned",
               .examples = "fleetcast circuit pin P001/C001 --version 7 --reason 'new one drifts'\n"
                           "fleetcast circuit pin P001/C001 --reason 'inspection' --for 48h"},
              [&session, pin] { return Pin(session, *pin); });
  pin_verb.add_option("circuit", pin->circuit, "PLANT/CIRCUIT")->required();
  pin_verb.add_option("--version", pin->version, "model version (the one that serves)");
  pin_verb.add_option("--actor", pin->actor, kActor);
  pin_verb.add_option("--reason", pin->reason, kReason)->required();
  pin_verb.add_option("--for", pin->ttl, "how long, such as 48h (until it is unpinned)");

  const auto unpin = std::make_shared<PinOptions>();
  CLI::App& unpin_verb =
      AddVerb(noun, session,
              {.name = "unpin",
               .about = "let releases have the circuit again",
               .examples = "fleetcast circuit unpin P001/C001 --reason 'inspected'"},
              [&session, unpin] { return Unpin(session, *unpin); });
  unpin_verb.add_option("circuit", unpin->circuit, "PLANT/CIRCUIT")->required();
  unpin_verb.add_option("--actor", unpin->actor, kActor);
  unpin_verb.add_option("--reason", unpin->reason, kReason)->required();
}

}  // namespace fleetcast::cli
