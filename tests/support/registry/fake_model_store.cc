#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/support/registry/fake_stores.h"

namespace fleetcast::testing {

using namespace registry;

namespace {

ModelVersion* FindVersion(FakeTables& tables, const ModelVersionName& name)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  for (ModelVersion& version : tables.versions) {
    if (version.name == name) return &version;
  }
  return nullptr;
}

absl::Status CheckReferences(const FakeTables& tables, const NewModelVersion& version)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  const auto any = [](const auto& rows, auto matches) {
    return std::any_of(rows.begin(), rows.end(), matches);
  };
  if (!any(tables.artifacts, [&](const auto& a) { return a.sha256 == version.artifact_sha256; })) {
    return ReferenceMissing("model_version.artifact_sha256",
                            ArtifactNameText(version.artifact_sha256));
  }
  if (!any(tables.runs, [&](const auto& run) { return run.name == version.run; })) {
    return ReferenceMissing("model_version.run", version.run.Text());
  }
  if (!any(tables.data_assets,
           [&](const auto& asset) { return asset.name == version.data_asset_version; })) {
    return ReferenceMissing("model_version.data_asset_version", version.data_asset_version.Text());
  }
  if (!any(tables.environments,
           [&](const auto& e) { return e.name == version.environment_version; })) {
    return ReferenceMissing("model_version.environment_version",
                            version.environment_version.Text());
  }
  return absl::OkStatus();
}

Champion ChampionOf(const FakeTables& tables, std::int64_t event)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  const ChampionEvent& made = tables.events[static_cast<std::size_t>(event - 1)];
  const std::int64_t previous =
      made.beneath == 0 ? 0 : tables.events[static_cast<std::size_t>(made.beneath - 1)].version;
  return {made, previous};
}

Champion Append(FakeTables& tables, ChampionEvent event)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  event.event = static_cast<std::int64_t>(tables.events.size()) + 1;
  event.create_time = tables.Tick();
  tables.events.push_back(event);
  tables.champions[event.circuit] = event.event;
  return ChampionOf(tables, event.event);
}

}  // namespace

absl::StatusOr<ModelVersion> FakeModelVersionStore::Create(const MutatingRequest& request,
                                                           const NewModelVersion& version) {
  absl::MutexLock lock(&tables_.mutex);
  const auto create = [&]() -> absl::StatusOr<ModelVersion> {
    if (!IsModel(version.model_id)) return ModelNotFound(version.model_id);
    for (const ModelVersion& standing : tables_.versions) {
      if (!version.training_job.empty() && standing.made_of.training_job == version.training_job) {
        return standing;
      }
    }
    FLEETCAST_RETURN_IF_ERROR(CheckReferences(tables_, version));
    ModelVersion created;
    created.name = {version.model_id,
                    1 + std::count_if(tables_.versions.begin(), tables_.versions.end(),
                                      [&](const ModelVersion& standing) {
                                        return standing.name.model_id == version.model_id;
                                      })};
    created.made_of = version;
    for (const Artifact& artifact : tables_.artifacts) {
      if (artifact.sha256 == version.artifact_sha256) {
        created.artifact_size_bytes = artifact.size_bytes;
      }
    }
    created.create_time = created.update_time = tables_.Tick();
    tables_.versions.push_back(created);
    return created;
  };
  return AnswerOnce<ModelVersion>(tables_, request, create);
}

absl::StatusOr<ModelVersion> FakeModelVersionStore::Get(const ModelVersionName& name) {
  absl::MutexLock lock(&tables_.mutex);
  const ModelVersion* version = FindVersion(tables_, name);
  if (version == nullptr) return ModelVersionNotFound(name);
  return *version;
}

absl::StatusOr<PageOf<ModelVersion>> FakeModelVersionStore::List(const std::string& model_id,
                                                                 const ListQuery& query,
                                                                 VersionOrder order) {
  absl::MutexLock lock(&tables_.mutex);
  if (!IsModel(model_id)) return ModelNotFound(model_id);
  std::vector<ModelVersion> rows;
  std::copy_if(tables_.versions.begin(), tables_.versions.end(), std::back_inserter(rows),
               [&](const ModelVersion& row) { return row.name.model_id == model_id; });
  if (order == VersionOrder::kNewestFirst) std::reverse(rows.begin(), rows.end());
  return PageOfRows<ModelVersion>(
      rows, query.page,
      [](const ModelVersion& row) { return std::vector<std::string>{row.name.Text()}; },
      [&](const ModelVersion& row) {
        return !query.filter.has_value() || Matches(*query.filter, [&](const std::string& field) {
          return ModelVersionField(row, field);
        });
      });
}

absl::StatusOr<ModelVersion> FakeModelVersionStore::UpdateTags(const MutatingRequest& request,
                                                               const ModelVersionName& name,
                                                               const TagChange& change) {
  absl::MutexLock lock(&tables_.mutex);
  const auto update = [&]() -> absl::StatusOr<ModelVersion> {
    ModelVersion* version = FindVersion(tables_, name);
    if (version == nullptr) return ModelVersionNotFound(name);
    FLEETCAST_ASSIGN_OR_RETURN(version->made_of.tags, ApplyTagChange(*version, change));
    ++version->revision;
    version->update_time = tables_.Tick();
    return *version;
  };
  return AnswerOnce<ModelVersion>(tables_, request, update);
}

absl::StatusOr<Champion> FakeChampionStore::Get(const CircuitName& circuit) {
  absl::MutexLock lock(&tables_.mutex);
  const auto found = tables_.champions.find(circuit);
  if (found == tables_.champions.end()) return ChampionNotFound(circuit);
  return ChampionOf(tables_, found->second);
}

absl::StatusOr<PageOf<Champion>> FakeChampionStore::List(const std::string& model_id,
                                                         const ListQuery& query) {
  absl::MutexLock lock(&tables_.mutex);
  std::vector<Champion> rows;
  for (const auto& [circuit, event] : tables_.champions) {
    if (circuit.model_id == model_id) rows.push_back(ChampionOf(tables_, event));
  }
  return PageOfRows<Champion>(
      rows, query.page,
      [](const Champion& row) { return std::vector<std::string>{row.event.circuit.Text()}; },
      [&](const Champion& row) {
        return !query.filter.has_value() || Matches(*query.filter, [&](const std::string& field) {
          return ChampionField(row, field);
        });
      });
}

absl::StatusOr<Champion> FakeChampionStore::Promote(const MutatingRequest& request,
                                                    const CircuitName& circuit,
                                                    std::int64_t version,
                                                    std::int64_t expected_version,
                                                    const ChampionCause& cause) {
  absl::MutexLock lock(&tables_.mutex);
  const auto promote = [&]() -> absl::StatusOr<Champion> {
    const ModelVersionName name{circuit.model_id, version};
    const ModelVersion* candidate = FindVersion(tables_, name);
    if (candidate == nullptr) return ModelVersionNotFound(name);
    FLEETCAST_RETURN_IF_ERROR(CheckVersionOfCircuit(name, candidate->made_of.tags, circuit));
    std::optional<ChampionEvent> present;
    const auto found = tables_.champions.find(circuit);
    if (found != tables_.champions.end()) present = ChampionOf(tables_, found->second).event;
    FLEETCAST_ASSIGN_OR_RETURN(const auto event,
                               DecidePromotion(circuit, present, version, expected_version, cause));
    if (!event.has_value()) return ChampionOf(tables_, present->event);
    return Append(tables_, *event);
  };
  return AnswerOnce<Champion>(tables_, request, promote);
}

absl::StatusOr<Champion> FakeChampionStore::RollBack(const MutatingRequest& request,
                                                     const CircuitName& circuit,
                                                     std::int64_t expected_version,
                                                     const ChampionCause& cause) {
  absl::MutexLock lock(&tables_.mutex);
  const auto roll_back = [&]() -> absl::StatusOr<Champion> {
    const auto found = tables_.champions.find(circuit);
    if (found == tables_.champions.end()) return ChampionNotFound(circuit);
    const ChampionEvent present = ChampionOf(tables_, found->second).event;
    std::optional<ChampionEvent> beneath;
    if (present.beneath != 0) beneath = ChampionOf(tables_, present.beneath).event;
    FLEETCAST_ASSIGN_OR_RETURN(const auto event,
                               DecideRollback(present, beneath, expected_version, cause));
    return Append(tables_, event);
  };
  return AnswerOnce<Champion>(tables_, request, roll_back);
}

absl::StatusOr<Champion> FakeChampionStore::Remove(const MutatingRequest& request,
                                                   const CircuitName& circuit,
                                                   std::int64_t expected_version,
                                                   const ChampionCause& cause) {
  absl::MutexLock lock(&tables_.mutex);
  const auto remove = [&]() -> absl::StatusOr<Champion> {
    const auto found = tables_.champions.find(circuit);
    if (found == tables_.champions.end()) return ChampionNotFound(circuit);
    FLEETCAST_ASSIGN_OR_RETURN(
        const auto event,
        DecideRemoval(ChampionOf(tables_, found->second).event, expected_version, cause));
    Champion removed = Append(tables_, event);
    tables_.champions.erase(circuit);
    return removed;
  };
  return AnswerOnce<Champion>(tables_, request, remove);
}

absl::StatusOr<PageOf<ChampionEvent>> FakeChampionStore::ListEvents(const CircuitName& circuit,
                                                                    const PageRequest& page) {
  absl::MutexLock lock(&tables_.mutex);
  std::vector<ChampionEvent> rows = tables_.events;
  std::reverse(rows.begin(), rows.end());
  const auto is = [](const std::string& wanted, const std::string& id) {
    return wanted == "-" || wanted == id;
  };
  return PageOfRows<ChampionEvent>(
      rows, page,
      [](const ChampionEvent& row) { return std::vector<std::string>{absl::StrCat(row.event)}; },
      [&](const ChampionEvent& row) {
        return row.circuit.model_id == circuit.model_id &&
               is(circuit.plant_id, row.circuit.plant_id) &&
               is(circuit.circuit_id, row.circuit.circuit_id);
      });
}

}  // namespace fleetcast::testing
