#include "cli/local/migrations.h"

#include "common/base/status.h"
#include "common/db/connection_pool.h"

namespace fleetcast::db {
// Generated from deploy/postgres/<schema>/ by fleetcast_embed_migrations.
std::vector<Migration> trainerMigrations();
std::vector<Migration> registryMigrations();
std::vector<Migration> inferenceMigrations();
}  // namespace fleetcast::db

namespace fleetcast::cli {

std::vector<std::pair<std::string, std::vector<db::Migration>>> AllMigrations() {
  return {
      {"registry", db::registryMigrations()},
      {"trainer", db::trainerMigrations()},
      {"inference", db::inferenceMigrations()},
  };
}

absl::StatusOr<std::vector<std::pair<std::string, int>>> MigrateAll(const std::string& dsn) {
  db::ConnectionPool pool({.dsn = dsn,
                           .size = 2,
                           .statement_timeout = db::kMigrationTimeout,
                           .application_name = "fleetcast-migrate"});
  for (const auto& [schema, migrations] : AllMigrations())
    FLEETCAST_RETURN_IF_ERROR(db::CheckCanMigrate(pool, schema, migrations));
  std::vector<std::pair<std::string, int>> versions;
  for (const auto& [schema, migrations] : AllMigrations()) {
    FLEETCAST_RETURN_IF_ERROR(db::Migrate(pool, schema, migrations));
    FLEETCAST_ASSIGN_OR_RETURN(const int version, db::SchemaVersion(pool, schema));
    versions.emplace_back(schema, version);
  }
  return versions;
}

}  // namespace fleetcast::cli
