// Model versions between rows and the domain, and the first answers to requests that make or
// change them.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "absl/status/statusor.h"
#include "common/db/filter_sql.h"
#include "services/registry/domain/model_version.h"

namespace fleetcast::registry {

// What VersionOf reads, for a SELECT from registry.model_versions, or a part of it, as `v`.
inline constexpr char kVersionColumns[] =
    "v.model_id, v.version, v.tags, v.metrics, v.artifact_sha256, a.size_bytes,"
    " r.experiment_id, r.run_id, v.data_asset_id, v.data_asset_version, v.environment_id,"
    " v.environment_version, v.training_job, v.revision,"
    " (extract(epoch FROM v.create_time) * 1000000)::bigint AS create_time,"
    " (extract(epoch FROM v.update_time) * 1000000)::bigint AS update_time";
inline constexpr char kVersionJoins[] =
    " JOIN registry.artifacts a ON a.sha256 = v.artifact_sha256"
    " JOIN registry.runs r ON r.position = v.run_position";

[[nodiscard]] ModelVersion VersionOf(const pqxx::row& row);

// The version as it stands. NOT_FOUND. `lock` ends the SELECT: " FOR UPDATE OF v".
[[nodiscard]] absl::StatusOr<ModelVersion> ReadVersion(pqxx::work& work,
                                                       const ModelVersionName& name,
                                                       const char* lock = "");

// The condition of a list of versions of `model_id`.
[[nodiscard]] absl::StatusOr<db::SqlCondition> VersionCondition(const std::string& model_id,
                                                                const std::optional<Filter>& filter,
                                                                int first_parameter);

// The answer to a request as the ledger keeps it: the number, for the request that made the
// version and so holds all that it was; for others also the tags as they stood.
[[nodiscard]] std::string CreatedAnswer(const ModelVersion& version);
[[nodiscard]] std::string StandingAnswer(const ModelVersion& version);
// What such an answer said, whatever has become of the version since. `made_of` is what the request
// asked to make, nullptr if it asked for something else.
[[nodiscard]] absl::StatusOr<ModelVersion> VersionAnswered(pqxx::work& work,
                                                           const std::string& model_id,
                                                           const std::string& answer,
                                                           const NewModelVersion* made_of);

}  // namespace fleetcast::registry
