#include "cli/commands/fleet.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/fleet_report.h"
#include "cli/names.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/config_methods.h"
#include "cli/transport/inference_methods.h"
#include "cli/transport/registry_methods.h"
#include "cli/transport/trainer_methods.h"
#include "cli/views/fleet_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

struct StatusOptions {
  std::string plant = "-";
  std::string revision;
  bool check = false;
};

template <typename Message>
std::string Key(const Message& message) {
  return message.plant_id() + "/" + message.circuit_id();
}

std::string PlantFilter(const StatusOptions& options) {
  return options.plant == "-" ? "" : "plant_id = \"" + LastPart(options.plant) + "\"";
}

absl::Status ReadConfiguration(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  config::v1::ListCircuitsRequest request;
  request.set_parent(NameIn("plants", options.plant));
  request.set_revision(options.revision);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto circuits,
      ListAll(session, config_rpc::kListCircuits, request, 0,
              [](config::v1::ListCircuitsResponse* page) { return page->mutable_circuits(); }));
  for (const auto& circuit : circuits) fleet.circuits[Key(circuit)].configuration = circuit;
  return absl::OkStatus();
}

// The champions, and of the model versions those that are one: newest first until all are found.
absl::Status ReadModels(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  namespace v1 = registry::v1;
  v1::ListChampionsRequest request;
  request.set_parent(kModel);
  request.set_filter(PlantFilter(options));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto champions,
      ListAll(session, registry_rpc::kListChampions, request, 0,
              [](v1::ListChampionsResponse* page) { return page->mutable_champions(); }));
  std::map<std::string, CircuitFacts*> wanted;
  for (const auto& champion : champions) {
    CircuitFacts& facts = fleet.circuits[Key(champion)];
    facts.champion = champion;
    wanted[champion.model_version()] = &facts;
  }
  v1::ListModelVersionsRequest page_request;
  page_request.set_parent(kModel);
  page_request.set_page_size(1000);
  if (options.plant != "-") page_request.set_filter("tags." + PlantFilter(options));
  while (!wanted.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto page,
                               session.Call(registry_rpc::kListModelVersions, page_request));
    for (const auto& version : page.model_versions()) {
      const auto found = wanted.find(version.name());
      if (found == wanted.end()) continue;
      found->second->champion_version = version;
      wanted.erase(found);
    }
    page_request.set_page_token(page.next_page_token());
    if (page.next_page_token().empty()) break;
  }
  return absl::OkStatus();
}

// Each circuit's latest job: the first seen, as runs come newest first. A page of them is enough
// to tell what goes wrong now.
absl::Status ReadTraining(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  trainer::v1::ListTrainingJobsRequest request;
  request.set_parent("trainingRuns/-");
  request.set_page_size(1000);
  request.set_filter(PlantFilter(options));
  FLEETCAST_ASSIGN_OR_RETURN(const auto page,
                             session.Call(trainer_rpc::kListTrainingJobs, request));
  for (const auto& job : page.training_jobs()) {
    auto& latest = fleet.circuits[Key(job)].latest_job;
    if (!latest) latest = job;
  }
  return absl::OkStatus();
}

absl::Status ReadForecasts(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  namespace v1 = inference::v1;
  v1::ListDeploymentsRequest deployments_request;
  deployments_request.set_parent("batchEndpoints/-");
  deployments_request.set_filter(PlantFilter(options));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto deployments,
      ListAll(session, inference_rpc::kListDeployments, deployments_request, 0,
              [](v1::ListDeploymentsResponse* page) { return page->mutable_deployments(); }));
  for (const auto& deployment : deployments)
    fleet.circuits[Key(deployment)].deployment = deployment;

  v1::ListForecastsRequest forecasts_request;
  forecasts_request.set_parent(NameIn("plants", options.plant) + "/circuits/-");
  forecasts_request.set_latest_only(true);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto forecasts,
      ListAll(session, inference_rpc::kListForecasts, forecasts_request, 0,
              [](v1::ListForecastsResponse* page) { return page->mutable_forecasts(); }));
  for (const auto& forecast : forecasts) {
    fleet.circuits[ShortCircuit(forecast.circuit())].forecast = forecast;
  }

  v1::ListSweepsRequest sweeps_request;
  sweeps_request.set_page_size(1);
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweeps,
                             session.Call(inference_rpc::kListSweeps, sweeps_request));
  if (sweeps.sweeps().empty()) return absl::OkStatus();
  v1::ListInvocationsRequest failed_request;
  failed_request.set_parent(sweeps.sweeps(0).name());
  failed_request.set_filter("state = FAILED");
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto failed,
      ListAll(session, inference_rpc::kListInvocations, failed_request, 0,
              [](v1::ListInvocationsResponse* page) { return page->mutable_invocations(); }));
  for (const auto& invocation : failed) {
    if (options.plant != "-" && invocation.plant_id() != LastPart(options.plant)) continue;
    fleet.circuits[Key(invocation)].failed_invocation = invocation;
  }
  return absl::OkStatus();
}

// A service that is away leaves its columns empty; the rest is shown all the same.
absl::Status Status(Session& session, const StatusOptions& options) {
  FleetFacts fleet;
  absl::Status first_error;
  const auto read = [&](absl::Status (*reader)(Session&, const StatusOptions&, FleetFacts&),
                        bool& source) {
    const absl::Status status = reader(session, options, fleet);
    source = status.ok();
    if (status.ok()) return;
    if (!first_error.ok()) session.Note("error: " + std::string(status.message()));
    first_error.Update(status);
  };
  read(ReadConfiguration, fleet.sources.config);
  read(ReadModels, fleet.sources.registry);
  read(ReadTraining, fleet.sources.trainer);
  read(ReadForecasts, fleet.sources.inference);
  if (fleet.circuits.empty() && !first_error.ok()) return first_error;
  if (fleet.circuits.empty() && session.format() == OutputFormat::kTable) {
    session.Note("no circuits: the configuration repository has none, and nothing was trained");
    return first_error;
  }
  const int troubled = TroubledCircuits(fleet);
  session.Show(FleetJson(fleet), [&](const Terminal& terminal) {
    const auto total = static_cast<std::int64_t>(fleet.circuits.size());
    return FleetTable(fleet, session.Now()).Render(terminal) +
           absl::StrCat("\n", Count(total, "circuit"), ", ",
                        troubled == 0 ? (first_error.ok() ? "no problems" : "no problems known")
                                      : absl::StrCat(troubled, " with problems"),
                        "\n");
  });
  if (options.check && troubled > 0) session.set_exit_code(ExitCode::kFailed);
  return first_error;
}

}  // namespace

void AddFleetCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "fleet", "every circuit at a glance");
  const auto options = std::make_shared<StatusOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "status",
       .about = "per circuit: champion, deployment, error and skill, latest forecast, problems",
       .examples = "fleetcast fleet status\n"
                   "fleetcast fleet status --plant P001\n"
                   "fleetcast fleet status --check > /dev/null || page-someone\n"
                   "fleetcast fleet status -o json | jq '.[] | select(.problems != [])'"},
      [&session, options] { return Status(session, *options); });
  verb.add_option("--plant", options->plant, "only this plant");
  verb.add_option("--revision", options->revision, "configuration to compare with (HEAD)");
  verb.add_flag("--check", options->check, "exit code 1 if a circuit has a problem");
  AddFleetReportVerb(noun, session);
}

}  // namespace fleetcast::cli
