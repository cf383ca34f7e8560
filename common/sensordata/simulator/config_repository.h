// A git repository with the configuration of a simulated fleet.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/sensordata/simulator/config_files.h"

namespace fleetcast::sensordata {

struct ConfigRepositoryOptions {
  ConfigValues values;
  // If not empty, main lists the plants without circuits and this branch, checked out, adds them.
  std::string circuits_branch;
  std::int64_t commit_unix_seconds = 0;  // the same fleet gives the same commit ids
};

// Makes a repository with a work tree in `path`, which must be empty or absent. Returns the id of
// the commit that holds the circuits.
[[nodiscard]] absl::StatusOr<std::string> WriteConfigRepository(
    const std::string& path, const FleetPlan& fleet, const ConfigRepositoryOptions& options);

}  // namespace fleetcast::sensordata
