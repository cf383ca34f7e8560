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

absl::Status MigrateAll(const std::string& dsn) {
  db::ConnectionPool pool({.dsn = dsn,
                           .size = 2,
                           .statement_timeout = db::kMigrationTimeout,
                           .application_name = "fleetcast-migrate"});
  for (const auto& [schema, migrations] : AllMigrations())
    FLEETCAST_RETURN_IF_ERROR(db::Migrate(pool, schema, migrations));
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
