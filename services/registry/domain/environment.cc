#include "services/registry/domain/environment.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

// The first thing in which two environments differ, for people.
std::string Difference(const EnvironmentVersion& standing, const EnvironmentVersion& asked) {
  for (const auto& [key, value] : standing.properties) {
    const auto found = asked.properties.find(key);
    if (found == asked.properties.end()) return absl::StrCat("property '", key, "' is left out");
    if (found->second != value) {
      return absl::StrCat("property '", key, "' is '", value.substr(0, 100), "', not '",
                          found->second.substr(0, 100), "'");
    }
  }
  for (const auto& [key, value] : asked.properties) {
    if (!standing.properties.contains(key)) return absl::StrCat("property '", key, "' is new");
  }
  return "the descriptions differ";
}

}  // namespace

absl::Status CheckEnvironmentVersion(const EnvironmentVersion& version) {
  FLEETCAST_RETURN_IF_ERROR(ValidateId("parent", version.name.environment_id));
  FLEETCAST_RETURN_IF_ERROR(CheckVersionId("environment_version_id", version.name.version));
  FLEETCAST_RETURN_IF_ERROR(
      CheckText("environment_version.description", version.description, 1000));
  return CheckStringMap("environment_version.properties", version.properties, {});
}

absl::Status CheckSameEnvironment(const EnvironmentVersion& standing,
                                  const EnvironmentVersion& asked) {
  if (standing.description == asked.description && standing.properties == asked.properties) {
    return absl::OkStatus();
  }
  const std::string name = asked.name.Text();
  const std::string difference = Difference(standing, asked);
  return MakeError(absl::StatusCode::kAlreadyExists,
                   absl::StrCat(name, " stands with other contents (", difference,
                                "); give the new environment a new version"),
                   {.reason = "ENVIRONMENT_VERSION_CHANGED",
                    .metadata = {{"environment_version", name}, {"difference", difference}},
                    .field_violations = {},
                    .resource_type = "EnvironmentVersion",
                    .resource_name = name,
                    .retry_after = std::nullopt});
}

absl::Status EnvironmentVersionNotFound(const EnvironmentVersionName& name) {
  return ResourceNotFound("EnvironmentVersion", name.Text(), "create it first");
}

}  // namespace fleetcast::registry
