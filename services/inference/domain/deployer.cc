#include "services/inference/domain/deployer.h"

#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/transient.h"

namespace fleetcast::inference {
namespace {

// What one command is about, before the configuration is read.
struct Target {
  ModelVersion version;
  CircuitId circuit;
  std::string revision;
};

absl::StatusOr<Target> TargetOf(const DeployCommand& command,
                                const std::map<std::int64_t, ModelVersion>& versions) {
  const std::string name = ModelVersionResource(command.model_version);
  const auto found = versions.find(command.model_version);
  if (found == versions.end()) {
    return ResourceNotFound("ModelVersion", name, "list the versions with ListModelVersions");
  }
  const ModelVersion& version = found->second;
  FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, CircuitOf(version));
  if (!command.revision.empty()) return Target{version, circuit, command.revision};
  const auto tag = version.tags.find("git_commit_sha");
  if (tag == version.tags.end() || tag->second.empty()) {
    return Refused(absl::StatusCode::kFailedPrecondition, "MODEL_VERSION_UNTAGGED",
                   absl::StrCat(name,
                                " has no tag git_commit_sha; give the revision to read the "
                                "deployment's settings at"),
                   {{"model_version", name}});
  }
  return Target{version, circuit, tag->second};
}

absl::Status CircuitRepeated(const CircuitId& circuit) {
  const std::string name = CircuitResource(circuit);
  return Refused(absl::StatusCode::kInvalidArgument, "CIRCUIT_REPEATED",
                 absl::StrCat("an earlier item deploys ", name, " too; name each circuit once"),
                 {{"circuit", name}});
}

// Circuits' settings, or what is wrong, by revision.
using Settings = std::map<CircuitId, absl::StatusOr<DeploymentSettings>>;
using SettingsByRevision = std::map<std::string, absl::StatusOr<Settings>>;

// An error only for what passes by itself: a revision that there is not is its circuits' matter.
absl::StatusOr<SettingsByRevision> ReadSettings(
    CircuitCatalog& catalog, const std::vector<absl::StatusOr<Target>>& targets) {
  std::map<std::string, std::set<CircuitId>> wanted;
  for (const auto& target : targets) {
    if (target.ok()) wanted[target->revision].insert(target->circuit);
  }
  SettingsByRevision read;
  for (const auto& [revision, circuits] : wanted) {
    auto settings = catalog.GetDeploymentSettings({circuits.begin(), circuits.end()}, revision);
    if (IsTransient(settings.status())) return settings.status();
    read.emplace(revision, std::move(settings));
  }
  return read;
}

absl::StatusOr<Deployment> DeploymentOf(const absl::StatusOr<Target>& target,
                                        const SettingsByRevision& read) {
  FLEETCAST_RETURN_IF_ERROR(target.status());
  const absl::StatusOr<Settings>& of_revision = read.at(target->revision);
  FLEETCAST_RETURN_IF_ERROR(of_revision.status());
  FLEETCAST_ASSIGN_OR_RETURN(const DeploymentSettings settings, of_revision->at(target->circuit));
  return MakeDeployment(target->version, settings);
}

}  // namespace

Deployer::Deployer(ModelRegistry& registry, CircuitCatalog& catalog, DeploymentStore& store)
    : registry_(registry), catalog_(catalog), store_(store) {}

absl::StatusOr<std::vector<DeployItem>> Deployer::Prepare(
    const std::vector<DeployCommand>& commands) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(commands.size());
  for (const DeployCommand& command : commands) numbers.push_back(command.model_version);
  FLEETCAST_ASSIGN_OR_RETURN(const auto versions, registry_.GetModelVersions(numbers));
  std::vector<absl::StatusOr<Target>> targets;
  targets.reserve(commands.size());
  std::set<CircuitId> seen;
  for (const DeployCommand& command : commands) {
    targets.push_back(TargetOf(command, versions));
    if (targets.back().ok() && !seen.insert(targets.back()->circuit).second) {
      targets.back() = CircuitRepeated(targets.back()->circuit);
    }
  }
  FLEETCAST_ASSIGN_OR_RETURN(const SettingsByRevision read, ReadSettings(catalog_, targets));
  std::vector<DeployItem> items;
  items.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    items.push_back({.model_version = commands[i].model_version,
                     .circuit = targets[i].ok() ? targets[i]->circuit : CircuitId{},
                     .deployment = DeploymentOf(targets[i], read),
                     .etag = commands[i].etag});
  }
  return items;
}

absl::StatusOr<Deployment> Deployer::Deploy(const MutatingRequest& request,
                                            const DeployCommand& command) {
  FLEETCAST_ASSIGN_OR_RETURN(std::optional<Deployment> first, store_.FirstDeployment(request));
  if (first) return *std::move(first);
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<DeployItem> items, Prepare({command}));
  FLEETCAST_RETURN_IF_ERROR(items[0].deployment.status());
  return store_.Deploy(request, *items[0].deployment, command.etag);
}

absl::StatusOr<std::vector<DeployOutcome>> Deployer::DeployAll(
    const MutatingRequest& request, const std::vector<DeployCommand>& commands) {
  FLEETCAST_ASSIGN_OR_RETURN(auto first, store_.FirstOutcomes(request));
  if (first) return *std::move(first);
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<DeployItem> items, Prepare(commands));
  return store_.DeployAll(request, items);
}

}  // namespace fleetcast::inference
