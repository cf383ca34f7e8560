#include "services/registry/storage/postgres_model_version_store.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"
#include "services/registry/storage/version_rows.h"

namespace fleetcast::registry {
namespace {

constexpr char kUpdateTags[] =
    "UPDATE registry.model_versions SET tags = $3::jsonb, revision = revision + 1,"
    " update_time = clock_timestamp() WHERE model_id = $1 AND version = $2::bigint";

constexpr char kIndexed[] =
    "version, create_time, run, training_job, artifact_sha256, data_asset_version, metrics.mae, "
    "metrics.rmse, metrics.r2, metrics.skill, or of a tag by = with a text in quotes";

}  // namespace

PostgresModelVersionStore::PostgresModelVersionStore(db::ConnectionPool* pool)
    : pool_(*pool), creations_(kMostVersionsAtOnce, FitsVersionBatch, [pool](const auto& batch) {
        return CreateVersions(*pool, batch);
      }) {}

absl::StatusOr<ModelVersion> PostgresModelVersionStore::Create(const MutatingRequest& request,
                                                               const NewModelVersion& version) {
  return creations_.Do({request, version});
}

absl::StatusOr<ModelVersion> PostgresModelVersionStore::Get(const ModelVersionName& name) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return ReadVersion(work, name); });
}

absl::StatusOr<PageOf<ModelVersion>> PostgresModelVersionStore::List(const std::string& model_id,
                                                                     const ListQuery& query,
                                                                     VersionOrder order) {
  const bool newest_first = order == VersionOrder::kNewestFirst;
  if (!IsModel(model_id)) return ModelNotFound(model_id);
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::int64_t after,
      AfterNumber(query.page, 0, newest_first ? std::numeric_limits<std::int64_t>::max() : 0));
  FLEETCAST_ASSIGN_OR_RETURN(const auto condition, VersionCondition(model_id, query.filter, 3));
  const ListedRows rows{
      .table = "registry.model_versions",
      .key = "version",
      .greatest_first = newest_first,
      .scope = absl::StrCat("model_id = $1 AND version ", newest_first ? "<" : ">", " $2::bigint")};
  const std::string sql = absl::StrCat(
      "SELECT ", kVersionColumns, " FROM (", SelectFirst(rows, condition, query.page.size + 1),
      ") v", kVersionJoins, " ORDER BY v.version", newest_first ? " DESC" : "");
  std::vector<std::string> parameters = {model_id, absl::StrCat(after)};
  parameters.insert(parameters.end(), condition.parameters.begin(), condition.parameters.end());
  const auto read = [&](pqxx::work& work) -> absl::StatusOr<PageOf<ModelVersion>> {
    return ReadPage(work, sql, parameters, query.page, {"version"}, VersionOf);
  };
  return ReadList(pool_, query, condition, kIndexed, read);
}

absl::StatusOr<ModelVersion> PostgresModelVersionStore::UpdateTags(const MutatingRequest& request,
                                                                   const ModelVersionName& name,
                                                                   const TagChange& change) {
  const auto update = [&](pqxx::work& work) -> absl::StatusOr<ModelVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto standing, ReadVersion(work, name, " FOR UPDATE OF v"));
    FLEETCAST_ASSIGN_OR_RETURN(const auto tags, ApplyTagChange(standing, change));
    work.exec_params(kUpdateTags, name.model_id, name.version, JsonOf(tags));
    return ReadVersion(work, name);
  };
  return AnswerOnce<ModelVersion>(pool_, request, update, StandingAnswer,
                                  [&](pqxx::work& work, const std::string& answer) {
                                    return VersionAnswered(work, name.model_id, answer, nullptr);
                                  });
}

}  // namespace fleetcast::registry
