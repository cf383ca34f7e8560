#include "services/registry/storage/postgres_environment_store.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

constexpr char kColumns[] =
    "position, environment_id, version, description, properties,"
    " (extract(epoch FROM create_time) * 1000000)::bigint AS create_time";

constexpr char kInsertEnvironment[] =
    "INSERT INTO registry.environment_versions (environment_id, version, description, properties)"
    " VALUES ($1, $2, $3, $4::jsonb) ON CONFLICT (environment_id, version) DO NOTHING RETURNING ";

constexpr char kRead[] =
    " FROM registry.environment_versions WHERE environment_id = $1 AND version = $2";

constexpr char kList[] =
    " FROM registry.environment_versions WHERE ($1 = '-' OR environment_id = $1)"
    " AND position < $2::bigint ORDER BY position DESC LIMIT $3::bigint";

EnvironmentVersion EnvironmentVersionOf(const pqxx::row& row) {
  return {.name = {row["environment_id"].as<std::string>(), row["version"].as<std::string>()},
          .description = row["description"].as<std::string>(),
          .properties = StringMapOf(row["properties"]),
          .create_time = TimeOf(row["create_time"])};
}

absl::StatusOr<EnvironmentVersion> Read(pqxx::work& work, const EnvironmentVersionName& name) {
  const auto rows =
      work.exec_params(absl::StrCat("SELECT ", kColumns, kRead), name.environment_id, name.version);
  if (rows.empty()) return EnvironmentVersionNotFound(name);
  return EnvironmentVersionOf(rows[0]);
}

}  // namespace

absl::StatusOr<EnvironmentVersion> PostgresEnvironmentStore::Create(
    const MutatingRequest& request, const EnvironmentVersion& version) {
  const auto create = [&](pqxx::work& work) -> absl::StatusOr<EnvironmentVersion> {
    const auto rows =
        work.exec_params(absl::StrCat(kInsertEnvironment, kColumns), version.name.environment_id,
                         version.name.version, version.description, JsonOf(version.properties));
    if (!rows.empty()) return EnvironmentVersionOf(rows[0]);
    FLEETCAST_ASSIGN_OR_RETURN(auto standing, Read(work, version.name));
    FLEETCAST_RETURN_IF_ERROR(CheckSameEnvironment(standing, version));
    return standing;
  };
  return AnswerOnce<EnvironmentVersion>(
      pool_, request, create, [](const EnvironmentVersion& created) { return created.name.Text(); },
      [&](pqxx::work& work, const std::string&) { return Read(work, version.name); });
}

absl::StatusOr<EnvironmentVersion> PostgresEnvironmentStore::Get(
    const EnvironmentVersionName& name) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return Read(work, name); });
}

absl::StatusOr<PageOf<EnvironmentVersion>> PostgresEnvironmentStore::List(
    const std::string& environment_id, const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t before,
                             AfterNumber(page, 0, std::numeric_limits<std::int64_t>::max()));
  return db::ReadInTransaction(
      pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<EnvironmentVersion>> {
        return ReadPage(work, absl::StrCat("SELECT ", kColumns, kList),
                        {environment_id, absl::StrCat(before), absl::StrCat(page.size + 1)}, page,
                        {"position"}, EnvironmentVersionOf);
      });
}

}  // namespace fleetcast::registry
