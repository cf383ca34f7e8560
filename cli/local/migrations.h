// The migrations of all services' schemas: the command line carries them, services only check.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/db/migrator.h"

namespace fleetcast::cli {

// By schema, in the order in which they are applied.
[[nodiscard]] std::vector<std::pair<std::string, std::vector<db::Migration>>> AllMigrations();

// Brings every schema of the database `dsn` to its newest version, and gives what they are at; a
// later one that serves these programs stays. Changes none if one cannot be brought there.
[[nodiscard]] absl::StatusOr<std::vector<std::pair<std::string, int>>> MigrateAll(
    const std::string& dsn);

}  // namespace fleetcast::cli
