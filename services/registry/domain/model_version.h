// A model version: one trained model of one circuit, under the model that all circuits share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/filter.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

// What a caller gives.
struct NewModelVersion {
  std::string model_id;
  StringMap tags;
  NumberMap metrics;
  std::string artifact_sha256;
  RunName run;
  DataAssetVersionName data_asset_version;
  EnvironmentVersionName environment_version;
  std::string training_job;  // "" or a job's resource name
};

struct ModelVersion {
  ModelVersionName name;
  NewModelVersion made_of;
  std::int64_t artifact_size_bytes = 0;
  std::int64_t revision = 1;  // of the tags
  absl::Time create_time;
  absl::Time update_time;

  [[nodiscard]] std::string Etag() const;
};

// The one that all circuits share, and that of the plants' bases. There are no others.
inline constexpr char kSensorModel[] = "sensor-model";
inline constexpr char kPlantBase[] = "plant-base";
[[nodiscard]] bool IsModel(const std::string& model_id);

// Always there, never changed.
inline constexpr std::array<const char*, 13> kTagsOfCircuit = {
    "plant_id",  "circuit_id", "cutoff_date",    "environment_version",  "data_asset_version",
    "pr_number", "pr_author",  "git_commit_sha", "hyperparameters_hash", "mae",
    "rmse",      "r2",         "trained_at"};
inline constexpr std::array<const char*, 6> kTagsOfPlantBase = {
    "plant_id",       "cutoff_date",   "environment_version",
    "git_commit_sha", "circuit_count", "trained_at"};
[[nodiscard]] std::span<const char* const> RequiredTags(const std::string& model_id);

// INVALID_ARGUMENT with a violation for each tag that is missing or malformed, and for each other
// field that is. Tags that repeat a reference (environment and data asset version) must agree
// with it.
[[nodiscard]] absl::Status CheckNewModelVersion(const NewModelVersion& version);

struct TagChange {
  StringMap set;
  std::vector<std::string> remove;
  std::string etag;  // "" changes whatever stands
};
// INVALID_ARGUMENT: a malformed tag; a required one of the model (TAG_IMMUTABLE).
[[nodiscard]] absl::Status CheckTagChange(const std::string& model_id, const TagChange& change);
// The tags after `change`. ABORTED (ETAG_MISMATCH) if the version is not as the caller read it.
[[nodiscard]] absl::StatusOr<StringMap> ApplyTagChange(const ModelVersion& version,
                                                       const TagChange& change);

// FAILED_PRECONDITION (REFERENCE_MISSING): `field` of a new version names what is not there.
[[nodiscard]] absl::Status ReferenceMissing(const std::string& field, const std::string& name);
[[nodiscard]] absl::Status ModelVersionNotFound(const ModelVersionName& name);
[[nodiscard]] absl::Status ModelNotFound(const std::string& model_id);

enum class VersionOrder { kNewestFirst, kOldestFirst };
// INVALID_ARGUMENT on `order_by`.
[[nodiscard]] absl::StatusOr<VersionOrder> ParseVersionOrder(const std::string& order_by);
[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseModelVersionFilter(
    const std::string& text);
[[nodiscard]] std::optional<std::string> ModelVersionField(const ModelVersion& version,
                                                           const std::string& field);

}  // namespace fleetcast::registry
