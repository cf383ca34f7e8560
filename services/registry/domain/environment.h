// Environments: what models were trained in.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

struct EnvironmentVersion {
  EnvironmentVersionName name;
  std::string description;
  StringMap properties;
  absl::Time create_time;
};

// INVALID_ARGUMENT naming the field.
[[nodiscard]] absl::Status CheckEnvironmentVersion(const EnvironmentVersion& version);

// OK if `asked` may be answered with the version that stands under its name: description and
// properties are the same. Else ALREADY_EXISTS (ENVIRONMENT_VERSION_CHANGED).
[[nodiscard]] absl::Status CheckSameEnvironment(const EnvironmentVersion& standing,
                                                const EnvironmentVersion& asked);

[[nodiscard]] absl::Status EnvironmentVersionNotFound(const EnvironmentVersionName& name);

}  // namespace fleetcast::registry
