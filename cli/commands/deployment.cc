#include "cli/commands/deployment.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/commands/follow.h"
#include "cli/commands/known.h"
#include "cli/names.h"
#include "cli/output/progress_line.h"
#include "cli/paging.h"
#include "cli/session.h"
#include "cli/transport/inference_methods.h"
#include "cli/views/inference_view.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

namespace v1 = inference::v1;

struct DeployOptions {
  std::vector<std::string> versions;
  std::string revision;
};

struct ListOptions {
  std::string plant = "-";
  std::string filter;
  std::int64_t limit = 0;
};

std::string EndpointName(const std::string& plant) {
  return "batchEndpoints/" + (plant == "-" ? plant : "batch-endpoint-plant-" + LastPart(plant));
}

absl::StatusOr<std::vector<v1::Deployment>> Deployments(Session& session,
                                                        const ListOptions& options) {
  v1::ListDeploymentsRequest request;
  request.set_parent(EndpointName(options.plant));
  request.set_filter(options.filter);
  return ListAll(session, inference_rpc::kListDeployments, request, options.limit,
                 [](v1::ListDeploymentsResponse* page) { return page->mutable_deployments(); });
}

absl::StatusOr<std::map<std::string, std::string>> VersionsToDeploy(const DeployOptions& options) {
  std::map<std::string, std::string> wanted;
  for (const auto& version : SplitList(options.versions)) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string name, ModelVersionName(version));
    wanted[ShortVersion(name)] = name;
  }
  return wanted;
}

absl::Status DeployOne(Session& session, const DeployOptions& options, const std::string& version) {
  v1::DeployModelVersionRequest request;
  request.set_request_id(session.RequestId());
  request.set_model_version(version);
  request.set_revision(options.revision);
  FLEETCAST_ASSIGN_OR_RETURN(const v1::Deployment deployment,
                             session.Call(inference_rpc::kDeployModelVersion, request));
  session.Say(absl::StrCat(deployment.plant_id(), "/", deployment.circuit_id(), ": ",
                           ShortVersion(deployment.model()), " deployed"));
  if (session.format() != OutputFormat::kTable) {
    session.ShowList(std::vector<v1::Deployment>{deployment}, nullptr, "");
  }
  return absl::OkStatus();
}

struct Batch {
  v1::BatchDeployModelVersionsRequest request;
  std::vector<std::string> what;  // the items, as people call them
};

// The same command again makes the same batches, under the same request ids. Another one under its
// --request-id sends the first batch under that id, and is refused.
std::vector<Batch> BatchesOf(Session& session, const DeployOptions& options,
                             const std::map<std::string, std::string>& wanted) {
  constexpr int kOfBatch = 500;
  std::vector<Batch> batches;
  for (const auto& [what, version] : wanted) {
    if (batches.empty() || batches.back().request.items_size() == kOfBatch) batches.emplace_back();
    v1::DeployItem& item = *batches.back().request.add_items();
    item.set_model_version(version);
    item.set_revision(options.revision);
    batches.back().what.push_back(what);
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    batches[i].request.set_request_id(session.RequestId(i == 0 ? "" : absl::StrCat("batch ", i)));
  }
  return batches;
}

// The deployments of these names, for programs: the whole of them, as one call of theirs gives it.
absl::Status ShowDeployed(Session& session, const std::set<std::string>& names) {
  FLEETCAST_ASSIGN_OR_RETURN(auto deployments, Deployments(session, {}));
  std::erase_if(deployments, [&](const auto& each) { return !names.contains(each.name()); });
  session.ShowList(deployments, nullptr, "");
  return absl::OkStatus();
}

// One circuit's failure is its own: the others are deployed all the same.
absl::Status DeployMany(Session& session, const DeployOptions& options,
                        const std::map<std::string, std::string>& wanted) {
  ProgressLine progress(session);
  std::set<std::string> deployed;
  std::vector<std::pair<std::string, std::string>> failures;
  for (const Batch& batch : BatchesOf(session, options, wanted)) {
    const auto answer = session.Call(inference_rpc::kBatchDeployModelVersions, batch.request);
    progress.Clear();
    FLEETCAST_RETURN_IF_ERROR(answer.status());
    for (int i = 0; i < answer->outcomes_size(); ++i) {
      const v1::DeployOutcome& outcome = answer->outcomes(i);
      const std::string& what = batch.what[static_cast<std::size_t>(i)];
      if (outcome.has_failure()) {
        failures.emplace_back(what, outcome.failure().message());
        continue;
      }
      session.Say(absl::StrCat(ShortDeployment(outcome.deployment()), ": ",
                               ShortVersion(outcome.model_version()), " deployed"));
      deployed.insert(outcome.deployment());
    }
    progress.Show("deployed", static_cast<int>(deployed.size() + failures.size()),
                  static_cast<int>(wanted.size()));
  }
  progress.Clear();
  if (session.format() != OutputFormat::kTable) {
    FLEETCAST_RETURN_IF_ERROR(ShowDeployed(session, deployed));
  }
  ReportFailures(session, failures);
  return absl::OkStatus();
}

absl::Status Deploy(Session& session, const DeployOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto wanted, VersionsToDeploy(options));
  if (wanted.size() == 1) return DeployOne(session, options, wanted.begin()->second);
  return DeployMany(session, options, wanted);
}

absl::Status ListDeployments(Session& session, const ListOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto deployments, Deployments(session, options));
  if (deployments.empty()) FLEETCAST_RETURN_IF_ERROR(CheckPlantKnown(session, options.plant));
  session.ShowList(
      deployments, [&] { return DeploymentsTable(deployments, session.Now()); },
      "no deployments; `fleetcast release create main` makes them");
  return absl::OkStatus();
}

absl::Status ShowDeployment(Session& session, const std::string& circuit) {
  v1::GetDeploymentRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), DeploymentName(circuit));
  FLEETCAST_ASSIGN_OR_RETURN(const auto deployment,
                             session.Call(inference_rpc::kGetDeployment, request));
  session.Show(deployment,
               [&](const Terminal& terminal) { return DeploymentText(deployment, terminal); });
  return absl::OkStatus();
}

absl::Status DeleteDeployment(Session& session, const std::string& circuit) {
  v1::DeleteDeploymentRequest request;
  request.set_request_id(session.RequestId());
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), DeploymentName(circuit));
  FLEETCAST_RETURN_IF_ERROR(session.Call(inference_rpc::kDeleteDeployment, request).status());
  session.ShowDone("deleted", request.name(), circuit + " is out of service; its forecasts stay");
  return absl::OkStatus();
}

}  // namespace

void AddDeploymentCommands(CLI::App& app, Session& session) {
  CLI::App& noun =
      AddNoun(app, "deployment", "which model version forecasts which circuit, and on what");

  const auto deploy = std::make_shared<DeployOptions>();
  CLI::App& deploy_verb = AddVerb(
      noun, session,
      {.name = "deploy",
       .about =
           "put model versions into service by hand, whatever the release says; exit code 1 if "
           "one fails",
       .examples = "fleetcast deployment deploy 12\n"
                   "fleetcast deployment deploy 12,13 --revision main"},
      [&session, deploy] { return Deploy(session, *deploy); });
  deploy_verb.add_option("version", deploy->versions, "version numbers")
      ->required()
      ->type_name("VERSION,...");
  deploy_verb.add_option("--revision", deploy->revision,
                         "configuration to take the settings from (the version's commit)");

  const auto list = std::make_shared<ListOptions>();
  CLI::App& list_verb =
      AddVerb(noun, session,
              {.name = "list",
               .about = "deployments by plant and circuit",
               .examples = "fleetcast deployment list --plant P001\n"
                           "fleetcast deployment list --filter 'tags.model_version = \"12\"'"},
              [&session, list] { return ListDeployments(session, *list); });
  list_verb.add_option("--plant", list->plant, "only this plant (all)");
  list_verb.add_option("--filter", list->filter, "over plant_id, circuit_id, model, tags.* ...");
  list_verb.add_option("--limit", list->limit, "at most this many; 0 = all")->capture_default_str();

  const auto shown = std::make_shared<std::string>();
  CLI::App& show_verb = AddVerb(noun, session,
                                {.name = "show",
                                 .about = "one circuit's deployment with all its settings",
                                 .examples = "fleetcast deployment show P001/C001"},
                                [&session, shown] { return ShowDeployment(session, *shown); });
  show_verb.add_option("circuit", *shown, "PLANT/CIRCUIT")->required();

  const auto deleted = std::make_shared<std::string>();
  CLI::App& delete_verb =
      AddVerb(noun, session,
              {.name = "delete",
               .about = "take a circuit out of service; its forecasts stay",
               .examples = "fleetcast deployment delete P001/C001"},
              [&session, deleted] { return DeleteDeployment(session, *deleted); });
  delete_verb.add_option("circuit", *deleted, "PLANT/CIRCUIT")->required();
}

}  // namespace fleetcast::cli
