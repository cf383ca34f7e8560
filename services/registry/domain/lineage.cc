#include "services/registry/domain/lineage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {
namespace {

constexpr std::size_t kMostEdges = 1000;

std::string TagOf(const ModelVersion& version, const std::string& key) {
  const auto found = version.made_of.tags.find(key);
  return found == version.made_of.tags.end() ? "" : found->second;
}

LineageEdge ChampionEdge(const ChampionEvent& event) {
  const ModelVersionName version{event.circuit.model_id, event.version};
  return {version.Text(),
          LineageRelation::kChampionOf,
          event.circuit.ChampionText(),
          {{"kind", ChampionEventKindText(event.kind)},
           {"actor", event.cause.actor},
           {"reason", event.cause.reason},
           {"time", FilterText(event.create_time)}}};
}

}  // namespace

std::vector<LineageEdge> OriginsOf(const ModelVersion& version, const DataAssetVersion& data,
                                   const EnvironmentVersion& environment) {
  const std::string name = version.name.Text();
  const NewModelVersion& made_of = version.made_of;
  // Replicas of one environment may run on CPUs of several kinds.
  std::map<std::string, std::string> trained_in = environment.properties;
  if (const std::string engine = TagOf(version, "engine"); !engine.empty()) {
    trained_in["engine"] = engine;
  }
  std::map<std::string, std::string> configured_by;
  for (const char* key : {"pr_number", "pr_author", "hyperparameters_hash"})
    if (made_of.tags.contains(key)) configured_by[key] = TagOf(version, key);
  std::vector<LineageEdge> edges = {
      {name, LineageRelation::kConfiguredBy,
       absl::StrCat("commits/", TagOf(version, "git_commit_sha")), std::move(configured_by)},
      {name,
       LineageRelation::kTrainedOn,
       data.name.Text(),
       {{"fingerprint", data.fingerprint},
        {"sensor_id", data.sensor_id},
        {"row_count", absl::StrCat(data.row_count)}}},
      {name, LineageRelation::kTrainedIn, environment.name.Text(), std::move(trained_in)},
      {name, LineageRelation::kProducedBy, made_of.run.Text(), {}}};
  if (const std::string base = TagOf(version, "base_version"); !base.empty()) {
    edges.push_back({name,
                     LineageRelation::kStartedFrom,
                     absl::StrCat("models/", kPlantBase, "/versions/", base),
                     {}});
  }
  if (!made_of.training_job.empty()) {
    edges.push_back({name, LineageRelation::kProducedBy, made_of.training_job, {}});
  }
  edges.push_back({name,
                   LineageRelation::kStoredAs,
                   ArtifactNameText(made_of.artifact_sha256),
                   {{"size_bytes", absl::StrCat(version.artifact_size_bytes)}}});
  return edges;
}

absl::StatusOr<Lineage> LineageReader::Read(const std::string& name) {
  if (const auto version = ParseModelVersionName("name", name); version.ok()) {
    return ReadVersion(*version);
  }
  if (const auto run = ParseRunName("name", name); run.ok()) return ReadRun(*run);
  Lineage lineage{.name = name};
  if (const auto data = ParseDataAssetVersionName("name", name); data.ok()) {
    FLEETCAST_RETURN_IF_ERROR(data_assets_.Get(*data).status());
    FLEETCAST_RETURN_IF_ERROR(
        AddVersions(lineage, "data_asset_version", name, LineageRelation::kTrainedOn));
    return lineage;
  }
  if (const auto environment = ParseEnvironmentVersionName("name", name); environment.ok()) {
    FLEETCAST_RETURN_IF_ERROR(environments_.Get(*environment).status());
    FLEETCAST_RETURN_IF_ERROR(
        AddVersions(lineage, "environment_version", name, LineageRelation::kTrainedIn));
    return lineage;
  }
  if (const auto sha256 = ParseArtifactName("name", name); sha256.ok()) {
    FLEETCAST_RETURN_IF_ERROR(artifacts_.Get(*sha256).status());
    FLEETCAST_RETURN_IF_ERROR(
        AddVersions(lineage, "artifact_sha256", *sha256, LineageRelation::kStoredAs));
    return lineage;
  }
  return InvalidField("name", absl::StrCat("'", name.substr(0, 200),
                                           "' is not the name of a model version, run, artifact, "
                                           "data asset version or environment version"));
}

absl::StatusOr<Lineage> LineageReader::ReadVersion(const ModelVersionName& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto version, versions_.Get(name));
  FLEETCAST_ASSIGN_OR_RETURN(const auto data, data_assets_.Get(version.made_of.data_asset_version));
  FLEETCAST_ASSIGN_OR_RETURN(const auto environment,
                             environments_.Get(version.made_of.environment_version));
  Lineage lineage{.name = name.Text(), .edges = OriginsOf(version, data, environment)};
  if (name.model_id == kPlantBase) {
    FLEETCAST_RETURN_IF_ERROR(AddLineageOfBase(version, lineage));
    return lineage;
  }
  const CircuitName circuit{name.model_id, TagOf(version, "plant_id"),
                            TagOf(version, "circuit_id")};
  PageRequest page{.size = kMaxPageSize, .after = {}};
  do {
    FLEETCAST_ASSIGN_OR_RETURN(const auto events, champions_.ListEvents(circuit, page));
    for (const ChampionEvent& event : events.items) {
      if (event.version == name.version) lineage.edges.push_back(ChampionEdge(event));
    }
    page.after = events.next_after;
  } while (!page.after.empty());
  return lineage;
}

absl::Status LineageReader::AddLineageOfBase(const ModelVersion& base, Lineage& lineage) {
  FLEETCAST_ASSIGN_OR_RETURN(const Run run, experiments_.GetRun(base.made_of.run));
  for (int part = 1;; ++part) {
    const auto found =
        run.params.find(part == 1 ? kTrainedOn : absl::StrCat(kTrainedOn, ".", part));
    if (found == run.params.end()) break;
    for (const auto name : absl::StrSplit(found->second, ',')) {
      lineage.truncated |= lineage.edges.size() >= kMostEdges;
      if (lineage.truncated) break;
      lineage.edges.push_back({lineage.name, LineageRelation::kTrainedOn, std::string(name), {}});
    }
  }
  return AddVersionsOf(kSensorModel, lineage, "tags.base_version", absl::StrCat(base.name.version),
                       LineageRelation::kStartedFrom);
}

absl::StatusOr<Lineage> LineageReader::ReadRun(const RunName& name) {
  FLEETCAST_RETURN_IF_ERROR(experiments_.GetRun(name).status());
  Lineage lineage{.name = name.Text()};
  FLEETCAST_ASSIGN_OR_RETURN(const auto artifacts,
                             artifacts_.List(name, {.size = kMaxPageSize, .after = {}}));
  lineage.truncated = !artifacts.next_after.empty();
  for (const Artifact& artifact : artifacts.items) {
    lineage.edges.push_back({name.Text(),
                             LineageRelation::kLogged,
                             ArtifactNameText(artifact.sha256),
                             {{"file_name", artifact.file_name}}});
  }
  FLEETCAST_RETURN_IF_ERROR(AddVersions(lineage, "run", name.Text(), LineageRelation::kProducedBy));
  return lineage;
}

absl::Status LineageReader::AddVersions(Lineage& lineage, const std::string& field,
                                        const std::string& value, LineageRelation relation) {
  for (const char* model : {kSensorModel, kPlantBase})
    FLEETCAST_RETURN_IF_ERROR(AddVersionsOf(model, lineage, field, value, relation));
  return absl::OkStatus();
}

absl::Status LineageReader::AddVersionsOf(const std::string& model, Lineage& lineage,
                                          const std::string& field, const std::string& value,
                                          LineageRelation relation) {
  const Filter filter{
      .op = FilterOperator::kEqual, .field = field, .value = value, .kind = FilterKind::kText};
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto versions,
      versions_.List(model, {.page = {.size = kMaxPageSize, .after = {}}, .filter = filter},
                     VersionOrder::kNewestFirst));
  for (const ModelVersion& version : versions.items) {
    lineage.edges.push_back({version.name.Text(), relation, lineage.name, {}});
  }
  lineage.truncated |= !versions.next_after.empty();
  return absl::OkStatus();
}

}  // namespace fleetcast::registry
