#include "tests/support/trainer/fake_model_registry.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/base/status.h"

namespace fleetcast::trainer {

void FakeModelRegistry::FailNext(const std::string& method, absl::Status status, int times) {
  absl::MutexLock lock(&mutex_);
  failures_[method].assign(times, status);
}

void FakeModelRegistry::Before(const std::string& method, std::function<void()> action) {
  absl::MutexLock lock(&mutex_);
  actions_[method] = std::move(action);
}

absl::Status FakeModelRegistry::Enter(const std::string& method) {
  std::function<void()> action;
  {
    absl::MutexLock lock(&mutex_);
    ++calls_[method];
    if (const auto found = actions_.find(method); found != actions_.end()) action = found->second;
  }
  if (action) action();
  absl::MutexLock lock(&mutex_);
  std::vector<absl::Status>& failures = failures_[method];
  if (failures.empty()) return absl::OkStatus();
  absl::Status failure = failures.back();
  failures.pop_back();
  return failure;
}

std::map<std::string, FakeModelRegistry::Run> FakeModelRegistry::runs() const {
  absl::MutexLock lock(&mutex_);
  return runs_;
}
std::vector<FakeModelRegistry::Version> FakeModelRegistry::versions() const {
  absl::MutexLock lock(&mutex_);
  return versions_;
}
std::map<std::string, std::string> FakeModelRegistry::champions() const {
  absl::MutexLock lock(&mutex_);
  return champions_;
}
std::map<std::string, std::string> FakeModelRegistry::artifacts() const {
  absl::MutexLock lock(&mutex_);
  return artifacts_;
}
std::map<std::string, DataAsset> FakeModelRegistry::data_assets() const {
  absl::MutexLock lock(&mutex_);
  return data_assets_;
}
int FakeModelRegistry::calls(const std::string& method) const {
  absl::MutexLock lock(&mutex_);
  const auto found = calls_.find(method);
  return found == calls_.end() ? 0 : found->second;
}

absl::StatusOr<std::string> FakeModelRegistry::StartRun(const std::string& /*request_id*/,
                                                        const ExperimentRunStart& start) {
  FLEETCAST_RETURN_IF_ERROR(Enter("StartRun"));
  absl::MutexLock lock(&mutex_);
  const std::string name =
      absl::StrCat("experiments/", start.experiment_id, "/runs/", start.run_id);
  runs_[name].start = start;
  return name;
}

absl::Status FakeModelRegistry::LogMetrics(const std::string& /*request_id*/,
                                           const std::string& run,
                                           const std::vector<MetricValue>& metrics) {
  FLEETCAST_RETURN_IF_ERROR(Enter("LogMetrics"));
  absl::MutexLock lock(&mutex_);
  std::vector<MetricValue>& logged = runs_[run].metrics;
  logged.insert(logged.end(), metrics.begin(), metrics.end());
  return absl::OkStatus();
}

absl::Status FakeModelRegistry::LogParams(const std::string& /*request_id*/, const std::string& run,
                                          const std::map<std::string, std::string>& params) {
  FLEETCAST_RETURN_IF_ERROR(Enter("LogParams"));
  absl::MutexLock lock(&mutex_);
  runs_[run].params.insert(params.begin(), params.end());
  return absl::OkStatus();
}

absl::Status FakeModelRegistry::SetRunTags(const std::string& /*request_id*/,
                                           const std::string& run,
                                           const std::map<std::string, std::string>& tags) {
  FLEETCAST_RETURN_IF_ERROR(Enter("SetRunTags"));
  absl::MutexLock lock(&mutex_);
  runs_[run].tags = tags;
  return absl::OkStatus();
}

absl::Status FakeModelRegistry::FinishRun(const std::string& /*request_id*/, const std::string& run,
                                          ExperimentRunEnd end, const std::string& /*reason*/) {
  FLEETCAST_RETURN_IF_ERROR(Enter("FinishRun"));
  absl::MutexLock lock(&mutex_);
  const auto found = runs_.find(run);
  if (found != runs_.end() && !found->second.end) found->second.end = end;
  return absl::OkStatus();
}

absl::StatusOr<PinnedData> FakeModelRegistry::PinDataAsset(const std::string& /*request_id*/,
                                                           const DataAsset& asset) {
  FLEETCAST_RETURN_IF_ERROR(Enter("PinDataAsset"));
  absl::MutexLock lock(&mutex_);
  const std::string date =
      absl::StrCat("dataAssets/", asset.asset_id, "/versions/", asset.cutoff_date);
  const DataAsset* earlier = nullptr;  // of the same sensor and columns
  const auto columns_of = [](const DataAsset& of) {
    std::set<std::string> columns;
    for (const DataColumn& column : of.columns) columns.insert(column.name);
    return columns;
  };
  for (int number = 1;; ++number) {
    const std::string name = number == 1 ? date : absl::StrCat(date, ".", number);
    const auto known = data_assets_.find(name);
    if (known != data_assets_.end()) {
      const DataAsset& standing = known->second;
      if (standing.sensor_id != asset.sensor_id || columns_of(standing) != columns_of(asset))
        continue;
      if (standing.fingerprint == asset.fingerprint) return PinnedData{.version = name};
      earlier = &standing;
      continue;
    }
    PinnedData pinned{.version = name};
    if (earlier != nullptr) {
      const std::int64_t more = asset.row_count - earlier->row_count;
      pinned.changes.push_back({.kind = more > 0 ? "LATE_READINGS" : "CORRECTED_READINGS",
                                .count = std::max<std::int64_t>(more, 0),
                                .message = "it was read otherwise before"});
    }
    data_assets_.emplace(name, asset);
    return pinned;
  }
}

absl::Status FakeModelRegistry::UploadArtifact(const std::string& /*request_id*/,
                                               const std::string& /*run*/,
                                               const std::string& /*file_name*/,
                                               const std::string& bytes) {
  FLEETCAST_RETURN_IF_ERROR(Enter("UploadArtifact"));
  absl::MutexLock lock(&mutex_);
  artifacts_[Sha256Hex(bytes)] = bytes;
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeModelRegistry::DownloadArtifact(const std::string& sha256) {
  FLEETCAST_RETURN_IF_ERROR(Enter("DownloadArtifact"));
  absl::MutexLock lock(&mutex_);
  const auto found = artifacts_.find(sha256);
  if (found == artifacts_.end())
    return Refused(absl::StatusCode::kDataLoss, "ARTIFACT_DAMAGED", "the bytes are gone");
  return found->second;
}

absl::StatusOr<std::optional<RegisteredVersion>> FakeModelRegistry::FindJobLocked(
    const std::string& training_job) {
  for (const Version& version : versions_)
    if (version.given.training_job == training_job)
      return std::optional<RegisteredVersion>(version.registered);
  return std::optional<RegisteredVersion>();
}

absl::StatusOr<RegisteredVersion> FakeModelRegistry::CreateVersion(
    const std::string& /*request_id*/, const NewModelVersion& version) {
  FLEETCAST_RETURN_IF_ERROR(Enter("CreateVersion"));
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const auto known, FindJobLocked(version.training_job));
  if (known) return *known;
  if (!artifacts_.contains(version.artifact_sha256))
    return Refused(absl::StatusCode::kFailedPrecondition, "REFERENCE_MISSING", "no such artifact");
  const std::int64_t number =
      1 + std::count_if(versions_.begin(), versions_.end(), [&](const Version& standing) {
        return standing.given.model == version.model;
      });
  versions_.push_back({.registered = {.name = absl::StrCat(version.model, "/versions/", number),
                                      .number = number,
                                      .artifact_sha256 = version.artifact_sha256,
                                      .run = version.run,
                                      .tags = version.tags,
                                      .metrics = version.metrics},
                       .given = version});
  return versions_.back().registered;
}

absl::StatusOr<std::optional<RegisteredVersion>> FakeModelRegistry::FindVersionOfJob(
    const std::string& /*model*/, const std::string& training_job) {
  FLEETCAST_RETURN_IF_ERROR(Enter("FindVersionOfJob"));
  absl::MutexLock lock(&mutex_);
  return FindJobLocked(training_job);
}

absl::StatusOr<std::optional<RegisteredVersion>> FakeModelRegistry::GetVersion(
    const std::string& name) {
  FLEETCAST_RETURN_IF_ERROR(Enter("GetVersion"));
  absl::MutexLock lock(&mutex_);
  for (const Version& version : versions_)
    if (version.registered.name == name)
      return std::optional<RegisteredVersion>(version.registered);
  return std::optional<RegisteredVersion>();
}

absl::StatusOr<std::optional<RegisteredVersion>> FakeModelRegistry::GetChampion(
    const std::string& plant_id, const std::string& circuit_id) {
  FLEETCAST_RETURN_IF_ERROR(Enter("GetChampion"));
  absl::MutexLock lock(&mutex_);
  const auto champion = champions_.find(absl::StrCat(plant_id, "/", circuit_id));
  if (champion == champions_.end()) return std::optional<RegisteredVersion>();
  for (const Version& version : versions_)
    if (version.registered.name == champion->second)
      return std::optional<RegisteredVersion>(version.registered);
  return absl::InternalError("a champion without version");
}

absl::StatusOr<std::optional<RegisteredVersion>> FakeModelRegistry::FindVersionOfHash(
    const std::string& training_hash) {
  FLEETCAST_RETURN_IF_ERROR(Enter("FindVersionOfHash"));
  absl::MutexLock lock(&mutex_);
  std::optional<RegisteredVersion> newest;
  for (const Version& version : versions_) {
    const auto tag = version.given.tags.find("training_hash");
    if (tag != version.given.tags.end() && tag->second == training_hash)
      newest = version.registered;
  }
  return newest;
}

absl::StatusOr<std::set<std::string>> FakeModelRegistry::TriedOn(const std::string& plant_id,
                                                                 const std::string& circuit_id,
                                                                 const std::string& cutoff_date) {
  FLEETCAST_RETURN_IF_ERROR(Enter("TriedOn"));
  absl::MutexLock lock(&mutex_);
  std::set<std::string> hashes;
  for (const Version& version : versions_) {
    auto tags = version.given.tags;
    if (tags["plant_id"] == plant_id && tags["circuit_id"] == circuit_id &&
        tags["cutoff_date"] == cutoff_date)
      hashes.insert(tags["training_hash"]);
  }
  return hashes;
}

absl::Status FakeModelRegistry::TagVersion(const std::string& /*request_id*/,
                                           const std::string& version,
                                           const std::map<std::string, std::string>& tags) {
  FLEETCAST_RETURN_IF_ERROR(Enter("TagVersion"));
  absl::MutexLock lock(&mutex_);
  for (Version& known : versions_) {
    if (known.registered.name != version) continue;
    for (const auto& [key, value] : tags) known.given.tags[key] = value;
    return absl::OkStatus();
  }
  return absl::NotFoundError(version);
}

void FakeModelRegistry::Promote(const std::string& plant_id, const std::string& circuit_id,
                                const std::string& version) {
  absl::MutexLock lock(&mutex_);
  champions_[absl::StrCat(plant_id, "/", circuit_id)] = version;
}

absl::Status FakeModelRegistry::RegisterEnvironment(
    const std::string& /*request_id*/, const std::string& /*environment*/,
    const std::map<std::string, std::string>& /*properties*/) {
  return Enter("RegisterEnvironment");
}

}  // namespace fleetcast::trainer
