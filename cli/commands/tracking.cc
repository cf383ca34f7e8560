#include "cli/commands/tracking.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/known.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/registry_methods.h"
#include "cli/views/tracking_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

struct ListOptions {
  std::string of, filter;
  std::int64_t limit = 50;
};

struct MetricsOptions {
  std::string run, metric;
};

// `text` may be a circuit, "P001/C001", whose experiments and assets are called alike.
std::string OfCircuit(const std::string& collection, const std::string& text) {
  if (text.empty()) return collection + "/-";
  if (absl::StartsWith(text, collection + "/") || !absl::StrContains(text, '/'))
    return NameIn(collection, text);
  const std::string circuit = ShortCircuit(text);
  const std::size_t slash = circuit.find('/');
  return absl::StrCat(collection, "/plant_", circuit.substr(0, slash), "_circuit_",
                      circuit.substr(slash + 1));
}

// For a list that has found nothing: whether `text`, if it is a circuit, is known.
absl::Status CheckCircuitKnown(Session& session, const std::string& collection,
                               const std::string& text) {
  if (!absl::StrContains(text, '/') || absl::StartsWith(text, collection + "/"))
    return absl::OkStatus();
  FLEETCAST_ASSIGN_OR_RETURN(const std::string circuit, CircuitName(text));
  return CheckKnown(session, circuit);
}

// "P001/C001/RUN", "EXPERIMENT/RUN" or the name in full.
absl::StatusOr<std::string> RunName(const std::string& text) {
  if (absl::StrContains(text, "/runs/")) return NameIn("experiments", text);
  const std::size_t slash = text.rfind('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size())
    return InvalidField("run", absl::StrCat("'", text,
                                            "' is not a run: give EXPERIMENT/RUN or P001/C001/RUN, "
                                            "or its name in full; `fleetcast run list` has them"));
  return absl::StrCat(OfCircuit("experiments", text.substr(0, slash)), "/runs/",
                      text.substr(slash + 1));
}

absl::Status ListExperiments(Session& session, const ListOptions& options) {
  registry::v1::ListExperimentsRequest request;
  request.set_filter(options.filter);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto experiments,
      ListAll(
          session, registry_rpc::kListExperiments, request, options.limit,
          [](registry::v1::ListExperimentsResponse* page) { return page->mutable_experiments(); }));
  session.ShowList(
      experiments, [&] { return ExperimentsTable(experiments, session.Now()); },
      options.filter.empty() ? "no experiments; a circuit's first training makes one"
                             : "no experiment matches the filter");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<registry::v1::Run>> Runs(Session& session, const ListOptions& options) {
  registry::v1::ListRunsRequest request;
  request.set_parent(OfCircuit("experiments", options.of));
  request.set_filter(options.filter);
  return ListAll(session, registry_rpc::kListRuns, request, options.limit,
                 [](registry::v1::ListRunsResponse* page) { return page->mutable_runs(); });
}

absl::Status ShowExperiment(Session& session, const ListOptions& options) {
  registry::v1::GetExperimentRequest request;
  request.set_name(OfCircuit("experiments", options.of));
  FLEETCAST_ASSIGN_OR_RETURN(const registry::v1::Experiment experiment,
                             session.Call(registry_rpc::kGetExperiment, request));
  FLEETCAST_ASSIGN_OR_RETURN(const auto runs, Runs(session, options));
  if (session.format() != OutputFormat::kTable) {
    auto document = ToJson(experiment);
    document["runs"] = nlohmann::ordered_json::array();
    for (const registry::v1::Run& run : runs) document["runs"].push_back(ToJson(run));
    session.Show(document, nullptr);
    return absl::OkStatus();
  }
  session.Show(experiment, [&](const Terminal& terminal) {
    return absl::StrCat(ExperimentsTable({experiment}, session.Now()).Render(terminal), "\n",
                        RunsTable(runs, session.Now()).Render(terminal));
  });
  return absl::OkStatus();
}

absl::Status ListRuns(Session& session, const ListOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto runs, Runs(session, options));
  if (runs.empty())
    FLEETCAST_RETURN_IF_ERROR(CheckCircuitKnown(session, "experiments", options.of));
  session.ShowList(
      runs, [&] { return RunsTable(runs, session.Now()); },
      options.filter.empty() ? "no runs; a training makes one for each circuit"
                             : "no run matches the filter");
  return absl::OkStatus();
}

absl::StatusOr<registry::v1::Run> GetRun(Session& session, const std::string& run) {
  registry::v1::GetRunRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), RunName(run));
  return session.Call(registry_rpc::kGetRun, request);
}

absl::Status ShowRun(Session& session, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const registry::v1::Run run, GetRun(session, name));
  session.Show(run,
               [&](const Terminal& terminal) { return RunText(run, terminal, session.Now()); });
  return absl::OkStatus();
}

absl::Status ShowMetrics(Session& session, const MetricsOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const registry::v1::Run run, GetRun(session, options.run));
  std::vector<std::string> keys;
  for (const auto& [key, value] : run.latest_metrics())
    if (options.metric.empty() || key == options.metric) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  if (keys.empty() && !options.metric.empty())
    return absl::NotFoundError(absl::StrCat("--metric: ", run.name(), " has no metric ",
                                            options.metric, "; `fleetcast run show` lists them"));
  std::vector<MetricCurve> curves;
  for (const std::string& key : keys) {
    registry::v1::ListMetricHistoryRequest request;
    request.set_parent(run.name());
    request.set_metric_key(key);
    FLEETCAST_ASSIGN_OR_RETURN(auto points,
                               ListAll(session, registry_rpc::kListMetricHistory, request, 0,
                                       [](registry::v1::ListMetricHistoryResponse* page) {
                                         return page->mutable_metrics();
                                       }));
    curves.push_back({key, std::move(points)});
  }
  auto document = nlohmann::ordered_json::object();
  for (const MetricCurve& curve : curves) {
    document[curve.key] = nlohmann::ordered_json::array();
    for (const auto& point : curve.points) document[curve.key].push_back(ToJson(point));
  }
  session.Show(document, [&](const Terminal& terminal) {
    return (options.metric.empty() ? CurvesTable(curves) : PointsTable(curves[0])).Render(terminal);
  });
  return absl::OkStatus();
}

absl::Status ListDataAssets(Session& session, const ListOptions& options) {
  registry::v1::ListDataAssetVersionsRequest request;
  request.set_parent(OfCircuit("dataAssets", options.of));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto versions,
      ListAll(session, registry_rpc::kListDataAssetVersions, request, options.limit,
              [](registry::v1::ListDataAssetVersionsResponse* page) {
                return page->mutable_data_asset_versions();
              }));
  if (versions.empty())
    FLEETCAST_RETURN_IF_ERROR(CheckCircuitKnown(session, "dataAssets", options.of));
  session.ShowList(
      versions, [&] { return DataAssetsTable(versions, session.Now()); },
      "no data assets; a training registers what it has read");
  return absl::OkStatus();
}

absl::Status ShowDataAsset(Session& session, const std::string& text) {
  registry::v1::GetDataAssetVersionRequest request;
  const std::size_t slash = text.rfind('/');
  if (slash == std::string::npos)
    return InvalidField("version", absl::StrCat("'", text,
                                                "' is not a version: give P001/C001/2025-12-09, or "
                                                "its name in full; `fleetcast data-asset list`"));
  request.set_name(absl::StrContains(text, "/versions/")
                       ? NameIn("dataAssets", text)
                       : absl::StrCat(OfCircuit("dataAssets", text.substr(0, slash)), "/versions/",
                                      text.substr(slash + 1)));
  FLEETCAST_ASSIGN_OR_RETURN(const auto version,
                             session.Call(registry_rpc::kGetDataAssetVersion, request));
  session.Show(version, [&](const Terminal& terminal) { return DataAssetText(version, terminal); });
  return absl::OkStatus();
}

absl::Status ListEnvironments(Session& session, const ListOptions& options) {
  registry::v1::ListEnvironmentVersionsRequest request;
  request.set_parent(options.of.empty() ? "environments/-" : NameIn("environments", options.of));
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto versions,
      ListAll(session, registry_rpc::kListEnvironmentVersions, request, options.limit,
              [](registry::v1::ListEnvironmentVersionsResponse* page) {
                return page->mutable_environment_versions();
              }));
  session.ShowList(
      versions, [&] { return EnvironmentsTable(versions, session.Now()); },
      "no environments; a trainer registers its own when it starts");
  return absl::OkStatus();
}

void AddLimit(CLI::App& verb, ListOptions& options) {
  verb.add_option("--limit", options.limit, "at most this many; 0 = all")->capture_default_str();
}

constexpr char kOfRun[] = "P001/C001/RUN, EXPERIMENT/RUN, or its name in full";

void AddExperiments(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "experiment", "the runs of each circuit, kept together");
  const auto listed = std::make_shared<ListOptions>();
  CLI::App& list = AddVerb(noun, session,
                           {.name = "list",
                            .about = "experiments, one for each circuit that was ever trained",
                            .examples = "fleetcast experiment list"},
                           [&session, listed] { return ListExperiments(session, *listed); });
  list.add_option("--filter", listed->filter, "over experiment_id, display_name, create_time");
  AddLimit(list, *listed);
  const auto shown = std::make_shared<ListOptions>();
  CLI::App& show = AddVerb(noun, session,
                           {.name = "show",
                            .about = "one experiment with its runs, newest first",
                            .examples = "fleetcast experiment show P001/C001"},
                           [&session, shown] { return ShowExperiment(session, *shown); });
  show.add_option("experiment", shown->of, "PLANT/CIRCUIT, or its id")->required();
  AddLimit(show, *shown);
}

void AddRuns(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "run", "attempts at training: what they were given and measured");
  const auto listed = std::make_shared<ListOptions>();
  CLI::App& list =
      AddVerb(noun, session,
              {.name = "list",
               .about = "runs, newest first",
               .examples = "fleetcast run list P001/C001\n"
                           "fleetcast run list --filter 'state = FAILED'\n"
                           "fleetcast run list --filter 'metrics.mae < 0.2 AND state = FINISHED'"},
              [&session, listed] { return ListRuns(session, *listed); });
  list.add_option("experiment", listed->of, "PLANT/CIRCUIT, or an experiment's id (all)");
  list.add_option("--filter", listed->filter,
                  "over state, display_name, tags.*, params.*, metrics.*, create_time, end_time");
  AddLimit(list, *listed);
  const auto shown = std::make_shared<std::string>();
  CLI::App& show = AddVerb(noun, session,
                           {.name = "show",
                            .about = "one run: parameters, latest metrics, tags",
                            .examples = "fleetcast run show P001/C001/01h…"},
                           [&session, shown] { return ShowRun(session, *shown); });
  show.add_option("run", *shown, kOfRun)->required();
  const auto measured = std::make_shared<MetricsOptions>();
  CLI::App& metrics =
      AddVerb(noun, session,
              {.name = "metrics",
               .about = "how a run's metrics went, step by step",
               .examples = "fleetcast run metrics P001/C001/01h…\n"
                           "fleetcast run metrics P001/C001/01h… --metric validation_loss\n"
                           "fleetcast run metrics P001/C001/01h… -o json"},
              [&session, measured] { return ShowMetrics(session, *measured); });
  metrics.add_option("run", measured->run, kOfRun)->required();
  metrics.add_option("--metric", measured->metric, "the values of this one");
}

void AddAssets(CLI::App& app, Session& session) {
  CLI::App& data = AddNoun(app, "data-asset", "what trainings have read");
  const auto listed = std::make_shared<ListOptions>();
  CLI::App& list = AddVerb(data, session,
                           {.name = "list",
                            .about = "versions by asset, latest cutoff date first",
                            .examples = "fleetcast data-asset list P001/C001"},
                           [&session, listed] { return ListDataAssets(session, *listed); });
  list.add_option("asset", listed->of, "PLANT/CIRCUIT, or an asset's id (all)");
  AddLimit(list, *listed);
  const auto shown = std::make_shared<std::string>();
  CLI::App& show = AddVerb(data, session,
                           {.name = "show",
                            .about = "one version: its rows, columns and irregularities",
                            .examples = "fleetcast data-asset show P001/C001/2025-12-09"},
                           [&session, shown] { return ShowDataAsset(session, *shown); });
  show.add_option("version", *shown, "PLANT/CIRCUIT/VERSION, or its name in full")->required();

  CLI::App& environment = AddNoun(app, "environment", "what trainings run in");
  const auto environments = std::make_shared<ListOptions>();
  CLI::App& list_environments =
      AddVerb(environment, session,
              {.name = "list",
               .about = "versions of environments, and what they consist of",
               .examples = "fleetcast environment list"},
              [&session, environments] { return ListEnvironments(session, *environments); });
  list_environments.add_option("environment", environments->of, "its id (all)");
  AddLimit(list_environments, *environments);
}

}  // namespace

void AddTrackingCommands(CLI::App& app, Session& session) {
  AddExperiments(app, session);
  AddRuns(app, session);
  AddAssets(app, session);
}

}  // namespace fleetcast::cli
