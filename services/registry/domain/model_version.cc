#include "services/registry/domain/model_version.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/filter_fields.h"
#include "common/base/id.h"
#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

constexpr std::size_t kMaxTags = 64;
constexpr std::size_t kMaxMetrics = 200;

bool IsRequiredTag(const std::string& model_id, const std::string& key) {
  const auto tags = RequiredTags(model_id);
  return std::find(tags.begin(), tags.end(), key) != tags.end();
}

bool IsHex(const std::string& text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What is wrong with the value of a required tag; nullopt if nothing is.
std::optional<std::string> TagProblem(const std::string& key, const std::string& value) {
  if (key == "pr_author") return std::nullopt;
  if (key == "pr_number") {
    if (value.find_first_not_of("0123456789") == std::string::npos) return std::nullopt;
    return "must be a pull request's number, or empty";
  }
  const bool measured = key == "mae" || key == "rmse" || key == "r2";
  if (measured && value.empty()) return std::nullopt;
  if (value.empty()) return "is empty; give a value";
  if (key == "plant_id" || key == "circuit_id") {
    const absl::Status status = ValidateId(key, value);
    if (!status.ok()) return std::string(status.message());
  } else if (key == "cutoff_date") {
    if (!ValidateDate(key, value).ok()) return "must be a date, YYYY-MM-DD";
  } else if (key == "git_commit_sha") {
    if (!IsHex(value, 7, 64)) return "must be a commit's hash, in lower-case hexadecimal digits";
  } else if (key == "hyperparameters_hash") {
    if (!IsHex(value, 64, 64)) return "must be a SHA-256, 64 lower-case hexadecimal digits";
  } else if (measured) {
    double number = 0;
    if (!absl::SimpleAtod(value, &number) || !std::isfinite(number)) {
      return "must be a finite number, or empty where there was nothing to measure it on";
    }
  } else if (key == "circuit_count") {
    std::int64_t count = 0;
    if (!absl::SimpleAtoi(value, &count) || count < 1) return "must be a number of circuits";
  } else if (key == "trained_at") {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, value, &time, &error)) {
      return "must be a time like 2025-12-09T08:30:00Z";
    }
  }
  return std::nullopt;
}

void AddTagViolations(const NewModelVersion& version, std::vector<FieldViolation>& violations) {
  for (const char* key : RequiredTags(version.model_id)) {
    const std::string field = absl::StrCat("model_version.tags.", key);
    const auto found = version.tags.find(key);
    if (found == version.tags.end()) {
      violations.push_back(
          {field, absl::StrCat("is missing; every version of ", version.model_id, " carries it")});
    } else if (auto problem = TagProblem(key, found->second)) {
      violations.push_back(
          {field, absl::StrCat("'", found->second.substr(0, 100), "' ", *problem)});
    }
  }
}

// A tag that repeats a reference may do so as the version alone, as `name:version` or as the full
// name. A reference that could not be read has an empty version and is reported by itself.
void AddDisagreement(const StringMap& tags, const std::string& key, const std::string& id,
                     const std::string& version, const std::string& name,
                     std::vector<FieldViolation>& violations) {
  const auto found = tags.find(key);
  if (found == tags.end() || found->second.empty() || version.empty()) return;
  const std::string& tag = found->second;
  if (tag == version || tag == name || tag == absl::StrCat(id, ":", version)) return;
  violations.push_back({absl::StrCat("model_version.tags.", key),
                        absl::StrCat("'", tag.substr(0, 100), "' disagrees with model_version.",
                                     key, ", which is ", name)});
}

std::string VersionsOf(const std::string& model_id) { return absl::StrCat("models/", model_id); }

}  // namespace

bool IsModel(const std::string& model_id) {
  return model_id == kSensorModel || model_id == kPlantBase;
}

std::span<const char* const> RequiredTags(const std::string& model_id) {
  if (model_id == kPlantBase) return kTagsOfPlantBase;
  return kTagsOfCircuit;
}

std::string ModelVersion::Etag() const { return absl::StrCat("\"", revision, "\""); }

absl::Status CheckNewModelVersion(const NewModelVersion& version) {
  std::vector<FieldViolation> violations;
  AddTagViolations(version, violations);
  AddViolations(CheckStringMap("model_version.tags", version.tags, {.entries = kMaxTags}),
                violations);
  AddViolations(CheckNumberMap("model_version.metrics", version.metrics, kMaxMetrics), violations);
  AddViolations(CheckSha256("model_version.artifact_sha256", version.artifact_sha256), violations);
  AddViolations(CheckTrainingJobName("model_version.training_job", version.training_job),
                violations);
  const auto& asset = version.data_asset_version;
  AddDisagreement(version.tags, "data_asset_version", asset.asset_id, asset.version, asset.Text(),
                  violations);
  const auto& environment = version.environment_version;
  AddDisagreement(version.tags, "environment_version", environment.environment_id,
                  environment.version, environment.Text(), violations);
  if (violations.empty()) return absl::OkStatus();
  return InvalidFields(std::move(violations));
}

absl::Status CheckTagChange(const std::string& model_id, const TagChange& change) {
  if (change.set.empty() && change.remove.empty()) {
    return InvalidField("tags", "and remove_keys are empty; there is nothing to change");
  }
  FLEETCAST_RETURN_IF_ERROR(CheckStringMap("tags", change.set, {.entries = kMaxTags}));
  if (change.remove.size() > kMaxTags) {
    return InvalidField(
        "remove_keys",
        absl::StrCat("has ", change.remove.size(), " entries; at most ", kMaxTags, " are allowed"));
  }
  std::vector<std::string> keys = change.remove;
  for (const auto& [key, value] : change.set) keys.push_back(key);
  for (const std::string& key : keys) {
    if (!IsRequiredTag(model_id, key)) continue;
    const bool removed = !change.set.contains(key);
    return InvalidField(removed ? "remove_keys" : absl::StrCat("tags.", key),
                        absl::StrCat("'", key,
                                     "' says what the version was made of and never "
                                     "changes; leave it out"),
                        "TAG_IMMUTABLE");
  }
  return absl::OkStatus();
}

absl::StatusOr<StringMap> ApplyTagChange(const ModelVersion& version, const TagChange& change) {
  if (!change.etag.empty() && change.etag != version.Etag()) {
    return Refused(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                   absl::StrCat(version.name.Text(), " has etag ", version.Etag(), ", not ",
                                change.etag, "; read it again and decide anew"),
                   {{"model_version", version.name.Text()},
                    {"etag", version.Etag()},
                    {"asked_etag", change.etag}});
  }
  StringMap tags = version.made_of.tags;
  for (const std::string& key : change.remove) tags.erase(key);
  for (const auto& [key, value] : change.set) tags[key] = value;
  if (tags.size() > kMaxTags) {
    return InvalidField("tags", absl::StrCat("would bring the version to ", tags.size(),
                                             " tags; at most ", kMaxTags, " are allowed"));
  }
  return tags;
}

absl::Status ReferenceMissing(const std::string& field, const std::string& name) {
  return Refused(absl::StatusCode::kFailedPrecondition, "REFERENCE_MISSING",
                 absl::StrCat(name, ", named by ", field, ", does not exist; create it first"),
                 {{"field", field}, {"name", name}});
}

absl::Status ModelVersionNotFound(const ModelVersionName& name) {
  return ResourceNotFound("ModelVersion", name.Text(),
                          absl::StrCat("list those of ", VersionsOf(name.model_id)));
}

absl::Status ModelNotFound(const std::string& model_id) {
  return ResourceNotFound("Model", VersionsOf(model_id),
                          "circuits' versions are under models/sensor-model, bases of plants under "
                          "models/plant-base");
}

absl::StatusOr<VersionOrder> ParseVersionOrder(const std::string& order_by) {
  if (order_by.empty() || order_by == "version desc" || order_by == "create_time desc") {
    return VersionOrder::kNewestFirst;
  }
  if (order_by == "version" || order_by == "create_time") return VersionOrder::kOldestFirst;
  return InvalidField("order_by", absl::StrCat("'", order_by.substr(0, 80),
                                               "' is not supported; use version or create_time, "
                                               "with or without desc"));
}

absl::StatusOr<std::optional<Filter>> ParseModelVersionFilter(const std::string& text) {
  // Of the tags, those that are ids, dates or hashes even where they have digits alone.
  static const FilterFields fields = {{"version", FilterKind::kInteger},
                                      {"create_time", FilterKind::kTime},
                                      {"training_job"},
                                      {"run"},
                                      {"artifact_sha256"},
                                      {"data_asset_version"},
                                      {"environment_version"},
                                      {"tags.plant_id"},
                                      {"tags.circuit_id"},
                                      {"tags.cutoff_date", FilterKind::kDate},
                                      {"tags.environment_version"},
                                      {"tags.data_asset_version"},
                                      {"tags.pr_author"},
                                      {"tags.git_commit_sha"},
                                      {"tags.hyperparameters_hash"},
                                      {"tags.trained_at"},
                                      {"tags.*", FilterKind::kValue},
                                      {"metrics.*", FilterKind::kNumber}};
  return ParseFilter(text, fields);
}

std::optional<std::string> ModelVersionField(const ModelVersion& version,
                                             const std::string& field) {
  if (field == "version") return FilterText(version.name.version);
  if (field == "create_time") return FilterText(version.create_time);
  if (field == "training_job") return version.made_of.training_job;
  if (field == "run") return version.made_of.run.Text();
  if (field == "artifact_sha256") return version.made_of.artifact_sha256;
  if (field == "data_asset_version") return version.made_of.data_asset_version.Text();
  if (field == "environment_version") return version.made_of.environment_version.Text();
  if (field.rfind("tags.", 0) == 0) {
    const auto found = version.made_of.tags.find(field.substr(5));
    if (found != version.made_of.tags.end()) return found->second;
  }
  if (field.rfind("metrics.", 0) == 0) {
    const auto found = version.made_of.metrics.find(field.substr(8));
    if (found != version.made_of.metrics.end()) return FilterText(found->second);
  }
  return std::nullopt;
}

}  // namespace fleetcast::registry
