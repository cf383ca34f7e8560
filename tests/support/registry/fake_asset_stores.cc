#include <algorithm>

#include "tests/support/registry/fake_stores.h"

namespace fleetcast::testing {

using namespace registry;

namespace {

// The row that `matches`, or `missing`.
template <typename T, typename Matches>
absl::StatusOr<T> FindRow(const std::vector<T>& rows, Matches matches,
                          const absl::Status& missing) {
  const auto found = std::find_if(rows.begin(), rows.end(), matches);
  if (found == rows.end()) return missing;
  return *found;
}

absl::StatusOr<Artifact> FindArtifact(const FakeTables& tables, const std::string& sha256)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  return FindRow(
      tables.artifacts, [&](const Artifact& row) { return row.sha256 == sha256; },
      ArtifactNotFound(sha256));
}

absl::StatusOr<DataAssetVersion> FindAsset(const FakeTables& tables,
                                           const DataAssetVersionName& name)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  return FindRow(
      tables.data_assets, [&](const DataAssetVersion& row) { return row.name == name; },
      DataAssetVersionNotFound(name));
}

absl::StatusOr<EnvironmentVersion> FindEnvironment(const FakeTables& tables,
                                                   const EnvironmentVersionName& name)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  return FindRow(
      tables.environments, [&](const EnvironmentVersion& row) { return row.name == name; },
      EnvironmentVersionNotFound(name));
}

absl::Status AddToRun(FakeTables& tables, const Artifact& artifact, const RunName& run)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  FLEETCAST_RETURN_IF_ERROR(
      FindRow(
          tables.runs, [&](const Run& row) { return row.name == run; }, RunNotFound(run))
          .status());
  const auto [standing, inserted] =
      tables.run_files.try_emplace({run, artifact.file_name}, artifact.sha256);
  if (standing->second == artifact.sha256) return absl::OkStatus();
  return RunFileExists(run, artifact.file_name, standing->second);
}

}  // namespace

absl::StatusOr<Artifact> FakeArtifactStore::Record(const MutatingRequest& request,
                                                   const Artifact& artifact,
                                                   const std::optional<RunName>& run) {
  absl::MutexLock lock(&tables_.mutex);
  const auto record = [&]() -> absl::StatusOr<Artifact> {
    if (run.has_value()) FLEETCAST_RETURN_IF_ERROR(AddToRun(tables_, artifact, *run));
    if (!FindArtifact(tables_, artifact.sha256).ok()) {
      tables_.artifacts.push_back(artifact);
      tables_.artifacts.back().create_time = tables_.Tick();
    }
    return FindArtifact(tables_, artifact.sha256);
  };
  return AnswerOnce<Artifact>(tables_, request, record);
}

absl::StatusOr<Artifact> FakeArtifactStore::Get(const std::string& sha256) {
  absl::MutexLock lock(&tables_.mutex);
  return FindArtifact(tables_, sha256);
}

absl::StatusOr<PageOf<Artifact>> FakeArtifactStore::List(const std::optional<RunName>& run,
                                                         const PageRequest& page) {
  absl::MutexLock lock(&tables_.mutex);
  std::vector<Artifact> rows;
  for (auto row = tables_.artifacts.rbegin(); row != tables_.artifacts.rend(); ++row) {
    if (!run.has_value()) {
      rows.push_back(*row);
      continue;
    }
    for (const auto& [file, sha256] : tables_.run_files) {
      if (file.first != *run || sha256 != row->sha256) continue;
      rows.push_back(*row);
      rows.back().file_name = file.second;
    }
  }
  return PageOfRows<Artifact>(
      rows, page,
      [](const Artifact& row) {
        return std::vector<std::string>{row.sha256, row.file_name};
      },
      [](const Artifact&) { return true; });
}

absl::StatusOr<DataAssetVersion> FakeDataAssetStore::Pin(const MutatingRequest& request,
                                                         const DataAssetVersion& reading) {
  absl::MutexLock lock(&tables_.mutex);
  const auto pin = [&]() -> absl::StatusOr<DataAssetVersion> {
    std::vector<DataAssetVersion> standing;
    for (const DataAssetVersion& row : tables_.data_assets)
      if (row.name.asset_id == reading.name.asset_id && row.CutoffDate() == reading.CutoffDate())
        standing.push_back(row);
    PinnedReading pinned = PinReading(standing, reading);
    if (pinned.is) return standing[*pinned.is];
    tables_.data_assets.push_back(std::move(pinned.added));
    tables_.data_assets.back().create_time = tables_.Tick();
    return tables_.data_assets.back();
  };
  return AnswerOnce<DataAssetVersion>(tables_, request, pin);
}

absl::StatusOr<DataAssetVersion> FakeDataAssetStore::Get(const DataAssetVersionName& name) {
  absl::MutexLock lock(&tables_.mutex);
  return FindAsset(tables_, name);
}

absl::StatusOr<PageOf<DataAssetVersion>> FakeDataAssetStore::List(const std::string& asset_id,
                                                                  const PageRequest& page) {
  absl::MutexLock lock(&tables_.mutex);
  std::vector<DataAssetVersion> rows = tables_.data_assets;
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.name.asset_id != b.name.asset_id ? a.name.asset_id < b.name.asset_id
                                              : IsLater(a.name, b.name);
  });
  return PageOfRows<DataAssetVersion>(
      rows, page,
      [](const DataAssetVersion& row) { return std::vector<std::string>{row.name.Text()}; },
      [&](const DataAssetVersion& row) {
        return asset_id == "-" || row.name.asset_id == asset_id;
      });
}

absl::StatusOr<EnvironmentVersion> FakeEnvironmentStore::Create(const MutatingRequest& request,
                                                                const EnvironmentVersion& version) {
  absl::MutexLock lock(&tables_.mutex);
  const auto create = [&]() -> absl::StatusOr<EnvironmentVersion> {
    const auto standing = FindEnvironment(tables_, version.name);
    if (standing.ok()) {
      FLEETCAST_RETURN_IF_ERROR(CheckSameEnvironment(*standing, version));
      return *standing;
    }
    tables_.environments.push_back(version);
    tables_.environments.back().create_time = tables_.Tick();
    return tables_.environments.back();
  };
  return AnswerOnce<EnvironmentVersion>(tables_, request, create);
}

absl::StatusOr<EnvironmentVersion> FakeEnvironmentStore::Get(const EnvironmentVersionName& name) {
  absl::MutexLock lock(&tables_.mutex);
  return FindEnvironment(tables_, name);
}

absl::StatusOr<PageOf<EnvironmentVersion>> FakeEnvironmentStore::List(
    const std::string& environment_id, const PageRequest& page) {
  absl::MutexLock lock(&tables_.mutex);
  std::vector<EnvironmentVersion> rows = tables_.environments;
  std::reverse(rows.begin(), rows.end());
  return PageOfRows<EnvironmentVersion>(
      rows, page,
      [](const EnvironmentVersion& row) { return std::vector<std::string>{row.name.Text()}; },
      [&](const EnvironmentVersion& row) {
        return environment_id == "-" || row.name.environment_id == environment_id;
      });
}

}  // namespace fleetcast::testing
