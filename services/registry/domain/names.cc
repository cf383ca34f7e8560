#include "services/registry/domain/names.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::registry {
namespace {

using IdCheck = absl::Status (*)(const std::string& field, const std::string& id);

absl::Status CheckCharacters(const std::string& field, const std::string& id, std::size_t longest,
                             const char* also_allowed, const char* rule) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  const std::string allowed = also_allowed;
  const bool well_formed = !id.empty() && id.size() <= longest && letter_or_digit(id.front()) &&
                           std::all_of(id.begin(), id.end(), [&](char c) {
                             return letter_or_digit(c) || allowed.find(c) != std::string::npos;
                           });
  if (well_formed) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("'", id.substr(0, 80), "' must match ", rule));
}

absl::Status CheckVersionNumber(const std::string& field, const std::string& id) {
  std::int64_t number = 0;
  if (!id.empty() && id.front() >= '1' && id.front() <= '9' && absl::SimpleAtoi(id, &number)) {
    return absl::OkStatus();
  }
  return InvalidField(field,
                      absl::StrCat("'", id.substr(0, 80), "' is not a version number: 1, 2, 3 …"));
}

enum class Wildcards { kRefused, kAllowed };

// The ids in `name`, which must have the segments of `pattern`; the n-th {variable} must pass the
// n-th check.
absl::StatusOr<std::vector<std::string>> ParseIds(const std::string& field, const std::string& name,
                                                  const char* pattern,
                                                  const std::vector<IdCheck>& checks,
                                                  Wildcards wildcards = Wildcards::kRefused) {
  const std::vector<std::string> wanted = absl::StrSplit(pattern, '/');
  const std::vector<std::string> given = absl::StrSplit(name, '/');
  const absl::Status mismatch =
      InvalidField(field, absl::StrCat("'", name.substr(0, 200), "' is not of the form ", pattern));
  if (given.size() != wanted.size()) return mismatch;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i].front() != '{') {
      if (given[i] != wanted[i]) return mismatch;
      continue;
    }
    if (wildcards == Wildcards::kRefused || given[i] != "-") {
      FLEETCAST_RETURN_IF_ERROR(checks[ids.size()](field, given[i]));
    }
    ids.push_back(given[i]);
  }
  return ids;
}

// A plant's id and a circuit's, with a dot between.
absl::Status CheckJobId(const std::string& field, const std::string& id) {
  return CheckCharacters(field, id, 255, "._-", "[A-Za-z0-9][A-Za-z0-9._-]{0,254}");
}

constexpr std::size_t kDateLength = 10;

std::int64_t Number(const std::string& digits) {
  std::int64_t number = 0;
  return absl::SimpleAtoi(digits, &number) ? number : 0;
}

}  // namespace

absl::Status CheckLongId(const std::string& field, const std::string& id) {
  return CheckCharacters(field, id, 255, "_-", "[A-Za-z0-9][A-Za-z0-9_-]{0,254}");
}

absl::Status CheckVersionId(const std::string& field, const std::string& id) {
  return CheckCharacters(field, id, 63, "._-", "[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
}

absl::Status CheckSha256(const std::string& field, const std::string& sha256) {
  const bool well_formed =
      sha256.size() == 64 && sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (well_formed) return absl::OkStatus();
  return InvalidField(field, absl::StrCat("'", sha256.substr(0, 80),
                                          "' is not a SHA-256: 64 lower-case hexadecimal digits"));
}

absl::Status CheckTrainingJobName(const std::string& field, const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  return ParseIds(field, name, "trainingRuns/{training_run}/jobs/{job}", {CheckLongId, CheckJobId})
      .status();
}

std::string ExperimentNameText(const std::string& experiment_id) {
  return absl::StrCat("experiments/", experiment_id);
}
std::string ArtifactNameText(const std::string& sha256) {
  return absl::StrCat("artifacts/", sha256);
}
std::string RunName::Text() const {
  return absl::StrCat("experiments/", experiment_id, "/runs/", run_id);
}
std::string DataAssetVersionName::Text() const {
  return absl::StrCat("dataAssets/", asset_id, "/versions/", version);
}
std::string EnvironmentVersionName::Text() const {
  return absl::StrCat("environments/", environment_id, "/versions/", version);
}
std::string ModelVersionName::Text() const {
  return absl::StrCat("models/", model_id, "/versions/", version);
}
std::string CircuitName::Text() const {
  return absl::StrCat("models/", model_id, "/plants/", plant_id, "/circuits/", circuit_id);
}
std::string CircuitName::ChampionText() const { return absl::StrCat(Text(), "/champion"); }

absl::StatusOr<std::string> ParseExperimentName(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids,
                             ParseIds(field, name, "experiments/{experiment}", {CheckLongId}));
  return ids[0];
}

absl::StatusOr<std::string> ParseExperimentParent(const std::string& field,
                                                  const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "experiments/{experiment}",
                                                {CheckLongId}, Wildcards::kAllowed));
  return ids[0];
}

absl::StatusOr<RunName> ParseRunName(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "experiments/{experiment}/runs/{run}",
                                                {CheckLongId, CheckLongId}));
  return RunName{ids[0], ids[1]};
}

absl::StatusOr<std::string> ParseDataAssetParent(const std::string& field,
                                                 const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "dataAssets/{data_asset}",
                                                {CheckLongId}, Wildcards::kAllowed));
  return ids[0];
}

std::string ReadingId(const std::string& cutoff_date, int number) {
  return number == 1 ? cutoff_date : absl::StrCat(cutoff_date, ".", number);
}

int NumberOfReading(const std::string& version) {
  if (version.size() <= kDateLength) return 1;
  int number = 0;
  if (version[kDateLength] != '.' || !absl::SimpleAtoi(version.substr(kDateLength + 1), &number))
    return 0;
  return number > 1 && version == ReadingId(version.substr(0, kDateLength), number) ? number : 0;
}

absl::Status CheckDataAssetVersionId(const std::string& field, const std::string& id) {
  constexpr std::size_t kHash = 8;
  FLEETCAST_RETURN_IF_ERROR(ValidateDate(field, id.substr(0, kDateLength)));
  if (id.size() == kDateLength || NumberOfReading(id) > 1) return absl::OkStatus();
  // What other columns once made.
  const bool has_hash =
      id.size() == kDateLength + 1 + kHash && id[kDateLength] == '-' &&
      id.find_first_not_of("0123456789abcdef", kDateLength + 1) == std::string::npos;
  if (has_hash) return absl::OkStatus();
  return InvalidField(field,
                      absl::StrCat(QuotedUtf8(id, 80),
                                   " is no version; one is a cutoff date like 2025-12-09, or a "
                                   "later reading of it like 2025-12-09.2"),
                      "INVALID_DATE");
}

absl::StatusOr<DataAssetVersionName> ParseDataAssetVersionName(const std::string& field,
                                                               const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids,
                             ParseIds(field, name, "dataAssets/{data_asset}/versions/{version}",
                                      {CheckLongId, CheckDataAssetVersionId}));
  return DataAssetVersionName{ids[0], ids[1]};
}

absl::StatusOr<std::string> ParseEnvironmentParent(const std::string& field,
                                                   const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "environments/{environment}",
                                                {ValidateId}, Wildcards::kAllowed));
  return ids[0];
}

absl::StatusOr<EnvironmentVersionName> ParseEnvironmentVersionName(const std::string& field,
                                                                   const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids,
                             ParseIds(field, name, "environments/{environment}/versions/{version}",
                                      {ValidateId, CheckVersionId}));
  return EnvironmentVersionName{ids[0], ids[1]};
}

absl::StatusOr<std::string> ParseModelName(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "models/{model}", {ValidateId}));
  return ids[0];
}

absl::StatusOr<ModelVersionName> ParseModelVersionName(const std::string& field,
                                                       const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "models/{model}/versions/{version}",
                                                {ValidateId, CheckVersionNumber}));
  return ModelVersionName{ids[0], Number(ids[1])};
}

absl::StatusOr<CircuitName> ParseChampionName(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(
      auto ids, ParseIds(field, name, "models/{model}/plants/{plant}/circuits/{circuit}/champion",
                         {ValidateId, ValidateId, ValidateId}));
  return CircuitName{ids[0], ids[1], ids[2]};
}

absl::StatusOr<CircuitName> ParseCircuitParent(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(
      auto ids, ParseIds(field, name, "models/{model}/plants/{plant}/circuits/{circuit}",
                         {ValidateId, ValidateId, ValidateId}, Wildcards::kAllowed));
  return CircuitName{ids[0], ids[1], ids[2]};
}

absl::StatusOr<std::string> ParseArtifactName(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(auto ids, ParseIds(field, name, "artifacts/{sha256}", {CheckSha256}));
  return ids[0];
}

}  // namespace fleetcast::registry
