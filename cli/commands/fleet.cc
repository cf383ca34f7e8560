#include "cli/commands/fleet.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
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

// The versions of these champions, as many at once as a filter can name.
absl::Status ReadChampionVersions(Session& session,
                                  const std::map<std::string, CircuitFacts*>& by_version) {
  constexpr std::size_t kOfFilter = 100;
  registry::v1::ListModelVersionsRequest request;
  request.set_parent(kModel);
  std::vector<std::string> terms;
  for (auto next = by_version.begin(); next != by_version.end();) {
    terms.push_back("version = " + LastPart(next->first));
    if (++next != by_version.end() && terms.size() < kOfFilter) continue;
    request.set_filter(absl::StrJoin(terms, " OR "));
    terms.clear();
    FLEETCAST_ASSIGN_OR_RETURN(const auto versions,
                               ListAll(session, registry_rpc::kListModelVersions, request, 0,
                                       [](registry::v1::ListModelVersionsResponse* page) {
                                         return page->mutable_model_versions();
                                       }));
    for (const auto& version : versions) {
      const auto found = by_version.find(version.name());
      if (found != by_version.end()) found->second->champion_version = version;
    }
  }
  return absl::OkStatus();
}

absl::Status ReadModels(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  namespace v1 = registry::v1;
  v1::ListChampionsRequest request;
  request.set_parent(kModel);
  request.set_filter(PlantFilter(options));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto champions,
      ListAll(session, registry_rpc::kListChampions, request, 0,
              [](v1::ListChampionsResponse* page) { return page->mutable_champions(); }));
  std::map<std::string, CircuitFacts*> by_version;
  for (const auto& champion : champions) {
    CircuitFacts& facts = fleet.circuits[Key(champion)];
    facts.champion = champion;
    by_version[champion.model_version()] = &facts;
  }
  return ReadChampionVersions(session, by_version);
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

absl::Status ReadDeployments(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  namespace v1 = inference::v1;
  v1::ListDeploymentsRequest request;
  request.set_parent("batchEndpoints/-");
  request.set_filter(PlantFilter(options));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto deployments,
      ListAll(session, inference_rpc::kListDeployments, request, 0,
              [](v1::ListDeploymentsResponse* page) { return page->mutable_deployments(); }));
  for (const auto& deployment : deployments)
    fleet.circuits[Key(deployment)].deployment = deployment;
  return absl::OkStatus();
}

absl::Status ReadForecasts(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  namespace v1 = inference::v1;
  v1::ListForecastsRequest request;
  request.set_parent(NameIn("plants", options.plant) + "/circuits/-");
  request.set_latest_only(true);
  request.set_view(v1::FORECAST_VIEW_BASIC);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto forecasts,
      ListAll(session, inference_rpc::kListForecasts, request, 0,
              [](v1::ListForecastsResponse* page) { return page->mutable_forecasts(); }));
  for (const auto& forecast : forecasts) {
    fleet.circuits[ShortCircuit(forecast.circuit())].forecast = forecast;
  }
  return absl::OkStatus();
}

// What failed in the latest sweep.
absl::Status ReadLatestSweep(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  namespace v1 = inference::v1;
  v1::ListSweepsRequest sweeps_request;
  sweeps_request.set_page_size(1);
  FLEETCAST_ASSIGN_OR_RETURN(const auto sweeps,
                             session.Call(inference_rpc::kListSweeps, sweeps_request));
  if (sweeps.sweeps().empty()) return absl::OkStatus();
  v1::ListInvocationsRequest request;
  request.set_parent(sweeps.sweeps(0).name());
  request.set_filter("state = FAILED");
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto failed,
      ListAll(session, inference_rpc::kListInvocations, request, 0,
              [](v1::ListInvocationsResponse* page) { return page->mutable_invocations(); }));
  for (const auto& invocation : failed) {
    if (options.plant != "-" && invocation.plant_id() != LastPart(options.plant)) continue;
    fleet.circuits[Key(invocation)].failed_invocation = invocation;
  }
  return absl::OkStatus();
}

struct Reading {
  bool FleetSources::*source;
  absl::Status (*read)(Session&, const StatusOptions&, FleetFacts&);
  FleetFacts facts = {};
};

// All services at once. The first error, if there is one, after a note of each: a service that is
// away leaves its columns empty, and the rest is shown all the same.
absl::Status ReadFleet(Session& session, const StatusOptions& options, FleetFacts& fleet) {
  std::vector<Reading> readings = {
      {&FleetSources::config, ReadConfiguration}, {&FleetSources::registry, ReadModels},
      {&FleetSources::trainer, ReadTraining},     {&FleetSources::inference, ReadDeployments},
      {&FleetSources::inference, ReadForecasts},  {&FleetSources::inference, ReadLatestSweep}};
  std::vector<std::function<absl::Status()>> works;
  works.reserve(readings.size());
  for (Reading& reading : readings) {
    works.push_back([&] { return reading.read(session, options, reading.facts); });
  }
  const std::vector<absl::Status> results = session.InParallel(works);
  fleet.sources = {.config = true, .registry = true, .trainer = true, .inference = true};
  absl::Status first_error;
  std::set<std::string> noted;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (results[i].ok()) {
      AddFacts(std::move(readings[i].facts), fleet);
      continue;
    }
    fleet.sources.*readings[i].source = false;
    first_error.Update(results[i]);
    const std::string note = "error: " + std::string(results[i].message());
    if (noted.insert(note).second) session.Note(note);
  }
  return first_error;
}

absl::Status Status(Session& session, const StatusOptions& options) {
  FleetFacts fleet;
  absl::Status first_error = ReadFleet(session, options, fleet);
  if (fleet.circuits.empty() && !first_error.ok()) return first_error;
  if (fleet.circuits.empty() && session.format() == OutputFormat::kTable) {
    session.Note("no circuits: the configuration repository has none, and nothing was trained");
    return absl::OkStatus();
  }
  session.Show(FleetJson(fleet), [&](const Terminal& terminal) {
    return FleetTable(fleet, session.Now()).Render(terminal) + "\n" + FleetSummary(fleet) + "\n";
  });
  if (options.check && TroubledCircuits(fleet) > 0) session.set_exit_code(ExitCode::kFailed);
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
