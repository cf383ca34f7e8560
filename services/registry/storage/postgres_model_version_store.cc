#include "services/registry/storage/postgres_model_version_store.h"

#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

// `v` is registry.model_versions or a part of it.
constexpr char kSelect[] =
    "SELECT v.model_id, v.version, v.tags, v.metrics, v.artifact_sha256, a.size_bytes,"
    " r.experiment_id, r.run_id, v.data_asset_id, v.data_asset_version, v.environment_id,"
    " v.environment_version, v.training_job, v.revision,"
    " (extract(epoch FROM v.create_time) * 1000000)::bigint AS create_time,"
    " (extract(epoch FROM v.update_time) * 1000000)::bigint AS update_time";
constexpr char kJoins[] =
    " JOIN registry.artifacts a ON a.sha256 = v.artifact_sha256"
    " JOIN registry.runs r ON r.position = v.run_position";

// Resource names in filters. The last two are expressions that indexes hold.
constexpr char kRunOfVersion[] =
    "SELECT 'experiments/' || experiment_id || '/runs/' || run_id FROM registry.runs"
    " WHERE position = run_position";
constexpr char kDataOfVersion[] =
    "'dataAssets/' || data_asset_id || '/versions/' || data_asset_version";
constexpr char kEnvironmentOfVersion[] =
    "'environments/' || environment_id || '/versions/' || environment_version";

// What a new version refers to; NULL where it does not exist.
constexpr char kReferences[] =
    "SELECT (SELECT true FROM registry.artifacts WHERE sha256 = $1) AS artifact,"
    " (SELECT position FROM registry.runs WHERE experiment_id = $2 AND run_id = $3) AS run,"
    " (SELECT true FROM registry.data_asset_versions"
    "   WHERE data_asset_id = $4 AND version = $5) AS data_asset_version,"
    " (SELECT true FROM registry.environment_versions"
    "   WHERE environment_id = $6 AND version = $7) AS environment_version";

constexpr char kLockModel[] = "SELECT 1 FROM registry.models WHERE model_id = $1 FOR UPDATE";

// Takes the next number under the model's row lock. Times grow with the numbers even if the clock
// is set back.
constexpr char kAllotVersion[] =
    "UPDATE registry.models SET last_version = last_version + 1,"
    " last_version_time ="
    "   greatest(clock_timestamp(), last_version_time + interval '1 microsecond')"
    " WHERE model_id = $1 RETURNING last_version";

constexpr char kInsert[] =
    "INSERT INTO registry.model_versions (model_id, version, tags, metrics, artifact_sha256,"
    " run_position, data_asset_id, data_asset_version, environment_id, environment_version,"
    " training_job, create_time, update_time)"
    " SELECT $1, last_version, $2::jsonb, $3::jsonb, $4, $5::bigint, $6, $7, $8, $9, $10,"
    "        last_version_time, last_version_time FROM registry.models WHERE model_id = $1";

constexpr char kVersionOfJob[] =
    "SELECT model_id, version FROM registry.model_versions"
    " WHERE training_job = $1 AND training_job <> ''";

constexpr char kUpdateTags[] =
    "UPDATE registry.model_versions SET tags = $3::jsonb, revision = revision + 1,"
    " update_time = clock_timestamp() WHERE model_id = $1 AND version = $2::bigint";

ModelVersion VersionOf(const pqxx::row& row) {
  const auto text = [&](const char* column) { return row[column].as<std::string>(); };
  ModelVersion version;
  version.name = {text("model_id"), row["version"].as<std::int64_t>()};
  version.made_of = {.model_id = text("model_id"),
                     .tags = StringMapOf(row["tags"]),
                     .metrics = NumberMapOf(row["metrics"]),
                     .artifact_sha256 = text("artifact_sha256"),
                     .run = {text("experiment_id"), text("run_id")},
                     .data_asset_version = {text("data_asset_id"), text("data_asset_version")},
                     .environment_version = {text("environment_id"), text("environment_version")},
                     .training_job = text("training_job")};
  version.artifact_size_bytes = row["size_bytes"].as<std::int64_t>();
  version.revision = row["revision"].as<std::int64_t>();
  version.create_time = TimeOf(row["create_time"]);
  version.update_time = TimeOf(row["update_time"]);
  return version;
}

absl::StatusOr<ModelVersion> Read(pqxx::work& work, const ModelVersionName& name,
                                  const char* lock = "") {
  const auto rows =
      work.exec_params(absl::StrCat(kSelect, " FROM registry.model_versions v", kJoins,
                                    " WHERE v.model_id = $1 AND v.version = $2::bigint", lock),
                       name.model_id, name.version);
  if (rows.empty()) return ModelVersionNotFound(name);
  return VersionOf(rows[0]);
}

// The position of the version's run. FAILED_PRECONDITION naming what does not exist.
absl::StatusOr<std::int64_t> CheckReferences(pqxx::work& work, const NewModelVersion& version) {
  const auto& asset = version.data_asset_version;
  const auto& environment = version.environment_version;
  const auto rows = work.exec_params(
      kReferences, version.artifact_sha256, version.run.experiment_id, version.run.run_id,
      asset.asset_id, asset.version, environment.environment_id, environment.version);
  const auto missing = [&](const char* column) { return rows[0][column].is_null(); };
  if (missing("artifact")) {
    return ReferenceMissing("model_version.artifact_sha256",
                            ArtifactNameText(version.artifact_sha256));
  }
  if (missing("run")) return ReferenceMissing("model_version.run", version.run.Text());
  if (missing("data_asset_version")) {
    return ReferenceMissing("model_version.data_asset_version", asset.Text());
  }
  if (missing("environment_version")) {
    return ReferenceMissing("model_version.environment_version", environment.Text());
  }
  return rows[0]["run"].as<std::int64_t>();
}

absl::StatusOr<ModelVersion> CreateVersion(pqxx::work& work, const NewModelVersion& version) {
  if (work.exec_params(kLockModel, version.model_id).empty()) {
    return ModelNotFound(version.model_id);
  }
  const auto of_job = work.exec_params(kVersionOfJob, version.training_job);
  if (!of_job.empty()) {
    return Read(work, {of_job[0][0].as<std::string>(), of_job[0][1].as<std::int64_t>()});
  }
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t run_position, CheckReferences(work, version));
  const auto number = work.exec_params(kAllotVersion, version.model_id)[0][0].as<std::int64_t>();
  work.exec_params(kInsert, version.model_id, JsonOf(version.tags), JsonOf(version.metrics),
                   version.artifact_sha256, run_position, version.data_asset_version.asset_id,
                   version.data_asset_version.version, version.environment_version.environment_id,
                   version.environment_version.version, version.training_job);
  return Read(work, {version.model_id, number});
}

absl::StatusOr<db::SqlField> VersionSqlField(const std::string& field) {
  if (field == "run") return db::SqlField{kRunOfVersion};
  if (field == "data_asset_version") return db::SqlField{kDataOfVersion};
  if (field == "environment_version") return db::SqlField{kEnvironmentOfVersion};
  // These three stand in columns that an index holds.
  if (field == "tags.plant_id" || field == "tags.circuit_id" || field == "tags.git_commit_sha") {
    return db::SqlField{field.substr(5)};
  }
  if (field.rfind("tags.", 0) == 0) return db::SqlField{"tags ->> ?", {field.substr(5)}};
  if (field.rfind("metrics.", 0) == 0) {
    return db::SqlField{"(metrics ->> ?)::double precision", {field.substr(8)}};
  }
  return db::SqlField{field};
}

std::string Answer(const ModelVersion& version) { return absl::StrCat(version.name.version); }

// The answer to a repeated request; answers are version numbers.
absl::StatusOr<ModelVersion> ReadAgain(pqxx::work& work, const std::string& model_id,
                                       const std::string& answer) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(answer, &number)) return absl::InternalError("malformed answer in ledger");
  return Read(work, {model_id, number});
}

}  // namespace

absl::StatusOr<ModelVersion> PostgresModelVersionStore::Create(const MutatingRequest& request,
                                                               const NewModelVersion& version) {
  return AnswerOnce<ModelVersion>(
      pool_, request, [&](pqxx::work& work) { return CreateVersion(work, version); }, Answer,
      [&](pqxx::work& work, const std::string& answer) {
        return ReadAgain(work, version.model_id, answer);
      });
}

absl::StatusOr<ModelVersion> PostgresModelVersionStore::Get(const ModelVersionName& name) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) { return Read(work, name); });
}

absl::StatusOr<PageOf<ModelVersion>> PostgresModelVersionStore::List(const std::string& model_id,
                                                                     const ListQuery& query,
                                                                     VersionOrder order) {
  const bool newest_first = order == VersionOrder::kNewestFirst;
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::int64_t after,
      AfterNumber(query.page, 0, newest_first ? std::numeric_limits<std::int64_t>::max() : 0));
  FLEETCAST_ASSIGN_OR_RETURN(const auto condition,
                             db::FilterToSql(query.filter, VersionSqlField, 4));
  const char* direction = newest_first ? " DESC" : "";
  const std::string sql = absl::StrCat(
      kSelect, " FROM (SELECT * FROM registry.model_versions WHERE model_id = $1 AND version ",
      newest_first ? "<" : ">", " $2::bigint AND ", condition.text, " ORDER BY version", direction,
      " LIMIT $3::bigint) v", kJoins, " ORDER BY v.version", direction);
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<ModelVersion>> {
    if (work.exec_params("SELECT 1 FROM registry.models WHERE model_id = $1", model_id).empty()) {
      return ModelNotFound(model_id);
    }
    const auto rows = work.exec_params(sql, model_id, after, query.page.size + 1,
                                       pqxx::prepare::make_dynamic_params(condition.parameters));
    return PageFromRows(rows, query.page, {"version"}, VersionOf);
  });
}

absl::StatusOr<ModelVersion> PostgresModelVersionStore::UpdateTags(const MutatingRequest& request,
                                                                   const ModelVersionName& name,
                                                                   const TagChange& change) {
  const auto update = [&](pqxx::work& work) -> absl::StatusOr<ModelVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto standing, Read(work, name, " FOR UPDATE OF v"));
    FLEETCAST_ASSIGN_OR_RETURN(const auto tags, ApplyTagChange(standing, change));
    work.exec_params(kUpdateTags, name.model_id, name.version, JsonOf(tags));
    return Read(work, name);
  };
  return AnswerOnce<ModelVersion>(pool_, request, update, Answer,
                                  [&](pqxx::work& work, const std::string& answer) {
                                    return ReadAgain(work, name.model_id, answer);
                                  });
}

}  // namespace fleetcast::registry
