// The migrations of all services' schemas: the command line carries them, services only check.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/db/migrator.h"

namespace fleetcast::cli {

// By schema, in the order in which they are applied.
[[nodiscard]] std::vector<std::pair<std::string, std::vector<db::Migration>>> AllMigrations();

// Brings every schema of the database `dsn` to its newest version.
[[nodiscard]] absl::Status MigrateAll(const std::string& dsn);

}  // namespace fleetcast::cli
