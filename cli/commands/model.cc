#include "cli/commands/model.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/command.h"
#include "cli/commands/known.h"
#include "cli/commands/model_download.h"
#include "cli/names.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/inference_methods.h"
#include "cli/transport/registry_methods.h"
#include "cli/views/model_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

struct ListOptions {
  std::string filter;
  std::string circuit;
  std::string plant;
  bool plant_base = false;
  std::int64_t limit = 50;
};

// The flags as one filter expression.
absl::StatusOr<std::string> FilterOf(const ListOptions& options, const std::string& prefix) {
  std::vector<std::string> terms;
  if (!options.filter.empty()) terms.push_back("(" + options.filter + ")");
  if (!options.plant.empty()) {
    terms.push_back(prefix + "plant_id = " + FilterLiteral(LastPart(options.plant)));
  }
  if (!options.circuit.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string name, CircuitName(options.circuit));
    const std::string ids = ShortCircuit(name);
    const std::size_t slash = ids.find('/');
    terms.push_back(prefix + "plant_id = " + FilterLiteral(ids.substr(0, slash)));
    terms.push_back(prefix + "circuit_id = " + FilterLiteral(ids.substr(slash + 1)));
  }
  return absl::StrJoin(terms, " AND ");
}

// For a list that has found nothing.
absl::Status CheckKnown(Session& session, const ListOptions& options) {
  if (!options.circuit.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string circuit, CircuitName(options.circuit));
    FLEETCAST_RETURN_IF_ERROR(cli::CheckKnown(session, circuit));
  }
  return CheckPlantKnown(session, options.plant);
}

absl::StatusOr<std::vector<registry::v1::Champion>> Champions(Session& session,
                                                              const std::string& filter,
                                                              std::int64_t limit) {
  registry::v1::ListChampionsRequest request;
  request.set_parent(kModel);
  request.set_filter(filter);
  return ListAll(
      session, registry_rpc::kListChampions, request, limit,
      [](registry::v1::ListChampionsResponse* page) { return page->mutable_champions(); });
}

absl::Status ListVersions(Session& session, const ListOptions& options) {
  registry::v1::ListModelVersionsRequest request;
  request.set_parent(options.plant_base ? kPlantBase : kModel);
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_filter(), FilterOf(options, "tags."));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto versions,
      ListAll(session, registry_rpc::kListModelVersions, request, options.limit,
              [](registry::v1::ListModelVersionsResponse* page) {
                return page->mutable_model_versions();
              }));
  std::set<std::string> champions;
  if (session.format() == OutputFormat::kTable && !versions.empty() && !options.plant_base) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto found, Champions(session, "", 0));
    for (const auto& champion : found) champions.insert(champion.model_version());
  }
  if (versions.empty()) FLEETCAST_RETURN_IF_ERROR(CheckKnown(session, options));
  session.ShowList(
      versions, [&] { return ModelVersionsTable(versions, champions, session.Now()); },
      !request.filter().empty() ? "no model version matches"
      : options.plant_base ? "no bases yet; `fleetcast training start --plant-base P001` makes one"
                           : "no model versions yet; `fleetcast training start` makes them");
  return absl::OkStatus();
}

absl::Status ShowVersion(Session& session, const std::string& version) {
  registry::v1::GetModelVersionRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), ModelVersionName(version));
  FLEETCAST_ASSIGN_OR_RETURN(const auto response,
                             session.Call(registry_rpc::kGetModelVersion, request));
  std::optional<registry::v1::ModelVersion> base;
  if (const std::string number = TagOf(response, "base_version");
      session.format() == OutputFormat::kTable && !number.empty()) {
    request.set_name(absl::StrCat(kPlantBase, "/versions/", number));
    FLEETCAST_ASSIGN_OR_RETURN(base, session.Call(registry_rpc::kGetModelVersion, request));
  }
  session.Show(response, [&](const Terminal& terminal) {
    return ModelVersionText(response, base, terminal);
  });
  return absl::OkStatus();
}

// Of a version, or of any resource by its full name.
absl::Status ShowLineage(Session& session, const std::string& what) {
  registry::v1::GetLineageRequest request;
  request.set_name(what);
  if (!absl::StrContains(what, '/') || absl::StartsWith(what, "plant-base/")) {
    FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), ModelVersionName(what));
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto lineage, session.Call(registry_rpc::kGetLineage, request));
  session.Show(lineage,
               [&](const Terminal& terminal) { return LineageTable(lineage).Render(terminal); });
  if (lineage.truncated()) {
    session.Note("older versions are left out: `fleetcast model list --filter` finds them");
  }
  return absl::OkStatus();
}

absl::Status ListChampions(Session& session, const ListOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string filter, FilterOf(options, ""));
  FLEETCAST_ASSIGN_OR_RETURN(const auto champions, Champions(session, filter, options.limit));
  if (champions.empty()) FLEETCAST_RETURN_IF_ERROR(CheckKnown(session, options));
  session.ShowList(
      champions, [&] { return ChampionsTable(champions, session.Now()); },
      "no champions: a version becomes one when it beats the naive forecasts and the "
      "champion before it");
  return absl::OkStatus();
}

absl::Status ShowHistory(Session& session, const ListOptions& options) {
  registry::v1::ListChampionEventsRequest request;
  request.set_parent(std::string(kModel) + "/plants/-/circuits/-");
  if (!options.circuit.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_parent(), ChampionParent(options.circuit));
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto events, ListAll(session, registry_rpc::kListChampionEvents, request, options.limit,
                                 [](registry::v1::ListChampionEventsResponse* page) {
                                   return page->mutable_champion_events();
                                 }));
  if (events.empty()) FLEETCAST_RETURN_IF_ERROR(CheckKnown(session, options));
  session.ShowList(
      events, [&] { return ChampionEventsTable(events, session.Now()); },
      "no champion was ever set");
  return absl::OkStatus();
}

struct PromoteOptions {
  std::string version;  // promote
  std::string circuit;  // rollback
  std::string reason;
  std::string actor;
};

// Makes a version champion, deploys it and holds it against releases, until it is unpinned.
absl::Status Pin(Session& session, const PromoteOptions& options,
                 inference::v1::PinCircuitRequest request) {
  request.set_request_id(session.RequestId());
  request.set_reason(options.reason);
  request.set_actor(ActorOf(options.actor));
  FLEETCAST_ASSIGN_OR_RETURN(const auto status, session.Call(inference_rpc::kPinCircuit, request));
  session.Show(status, [&](const Terminal&) {
    const std::string name = status.plant_id() + "/" + status.circuit_id();
    return absl::StrCat(ShortVersion(status.pin().model_version()), " is to serve ", name,
                        ", and is held against releases\nsee how it stands: fleetcast circuit "
                        "status ",
                        name, "\nlet releases have it again: fleetcast circuit unpin ", name,
                        " --reason …\n");
  });
  return absl::OkStatus();
}

absl::Status Promote(Session& session, const PromoteOptions& options) {
  registry::v1::GetModelVersionRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), ModelVersionName(options.version));
  FLEETCAST_ASSIGN_OR_RETURN(const auto version,
                             session.Call(registry_rpc::kGetModelVersion, request));
  if (version.name().starts_with(kPlantBase))
    return InvalidField("version", absl::StrCat(version.name(),
                                                " is a plant's base and serves no circuit: name it "
                                                "in the configuration, `training.base_version`"));
  inference::v1::PinCircuitRequest pin;
  pin.set_circuit(absl::StrCat("plants/", TagOf(version, "plant_id"), "/circuits/",
                               TagOf(version, "circuit_id")));
  pin.set_model_version(version.name());
  return Pin(session, options, std::move(pin));
}

absl::Status Rollback(Session& session, const PromoteOptions& options) {
  inference::v1::PinCircuitRequest pin;
  FLEETCAST_ASSIGN_OR_RETURN(*pin.mutable_circuit(), CircuitName(options.circuit));
  pin.set_roll_back(true);
  return Pin(session, options, std::move(pin));
}

void AddVersions(CLI::App& noun, Session& session) {
  const auto list = std::make_shared<ListOptions>();
  CLI::App& list_verb = AddVerb(
      noun, session,
      {.name = "list",
       .about = "model versions, newest first",
       .examples = "fleetcast model list --circuit P001/C001\n"
                   "fleetcast model list --filter 'metrics.mae < 0.2 AND tags.pr_number = \"12\"'\n"
                   "fleetcast model list --limit 0 -o json"},
      [&session, list] { return ListVersions(session, *list); });
  list_verb.add_option("--filter", list->filter, "over tags.*, metrics.*, version, create_time");
  list_verb.add_option("--circuit", list->circuit, "only this circuit, PLANT/CIRCUIT (all)");
  list_verb.add_option("--plant", list->plant, "only this plant (all)");
  list_verb.add_flag("--plant-base", list->plant_base, "plants' bases, not circuits' versions");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();

  const auto version = std::make_shared<std::string>();
  CLI::App& show_verb = AddVerb(noun, session,
                                {.name = "show",
                                 .about = "one version: where it came from, its tags and metrics",
                                 .examples = "fleetcast model show 12\n"
                                             "fleetcast model show plant-base/3\n"
                                             "fleetcast model show 12 -o yaml"},
                                [&session, version] { return ShowVersion(session, *version); });
  show_verb.add_option("version", *version, "its number; of a plant's base plant-base/3")
      ->required();

  const auto traced = std::make_shared<std::string>();
  CLI::App& lineage_verb = AddVerb(
      noun, session,
      {.name = "lineage",
       .about = "what a version came from: commit, run, data, environment, artifact",
       .examples =
           "fleetcast model lineage 12\n"
           "fleetcast model lineage dataAssets/plant_P001_circuit_C001/versions/2025-12-09"},
      [&session, traced] { return ShowLineage(session, *traced); });
  lineage_verb
      .add_option("version", *traced,
                  "its number; or a run, artifact, data asset or environment version by full name")
      ->required();

  const auto download = std::make_shared<DownloadOptions>();
  CLI::App& download_verb =
      AddVerb(noun, session,
              {.name = "download",
               .about = "a version as a folder: model.onnx, model.json and MLflow's MLmodel",
               .examples = "fleetcast model download 12\n"
                           "fleetcast model download 12 --out models/P001-C001"},
              [&session, download] { return DownloadModel(session, *download); });
  download_verb.add_option("version", download->version, "its number")->required();
  download_verb.add_option("--out", download->folder, "a folder that is not there yet [model-v12]");
}

void AddChampions(CLI::App& noun, Session& session) {
  const auto champions = std::make_shared<ListOptions>();
  CLI::App& champions_verb =
      AddVerb(noun, session,
              {.name = "champions",
               .about = "the version that each circuit is to be forecast with",
               .examples = "fleetcast model champions\nfleetcast model champions --plant P001"},
              [&session, champions] { return ListChampions(session, *champions); });
  champions_verb.add_option("--plant", champions->plant, "only this plant (all)");
  champions->limit = 0;
  champions_verb.add_option("--limit", champions->limit, "at most this many; 0 = all")
      ->capture_default_str();

  const auto history = std::make_shared<ListOptions>();
  CLI::App& history_verb = AddVerb(noun, session,
                                   {.name = "history",
                                    .about = "how champions changed, newest first",
                                    .examples = "fleetcast model history --circuit P001/C001"},
                                   [&session, history] { return ShowHistory(session, *history); });
  history_verb.add_option("--circuit", history->circuit, "only this circuit, PLANT/CIRCUIT (all)");
  history_verb.add_option("--limit", history->limit, "at most this many; 0 = all")
      ->capture_default_str();
}

void AddChanging(CLI::App& noun, Session& session) {
  const auto promote = std::make_shared<PromoteOptions>();
  CLI::App& promote_verb =
      AddVerb(noun, session,
              {.name = "promote",
               .about = "make a version serve its circuit, and hold it against releases",
               .examples = "fleetcast model promote 12 --reason 'holds up better in frost'"},
              [&session, promote] { return Promote(session, *promote); });
  promote_verb.add_option("version", promote->version, "its number")->required();

  const auto rollback = std::make_shared<PromoteOptions>();
  CLI::App& rollback_verb = AddVerb(
      noun, session,
      {.name = "rollback",
       .about = "return a circuit to the champion before the present one, and hold it there",
       .examples = "fleetcast model rollback P001/C001 --reason 'drifts since Monday'"},
      [&session, rollback] { return Rollback(session, *rollback); });
  rollback_verb.add_option("circuit", rollback->circuit, "PLANT/CIRCUIT")->required();

  for (auto [verb, options] : {std::pair{&promote_verb, promote}, {&rollback_verb, rollback}}) {
    verb->add_option("--reason", options->reason, "why, for whoever reads the history")->required();
    verb->add_option("--actor", options->actor, "who decides [your account]");
  }
}

}  // namespace

void AddModelCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "model", "model versions and champions");
  AddVersions(noun, session);
  AddChampions(noun, session);
  AddChanging(noun, session);
}

}  // namespace fleetcast::cli
