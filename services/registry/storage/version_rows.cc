#include "services/registry/storage/version_rows.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;

// Resource names in filters; the last two are expressions that indexes hold.
constexpr char kRunOfVersion[] =
    "SELECT 'experiments/' || experiment_id || '/runs/' || run_id FROM registry.runs"
    " WHERE position = run_position";
constexpr char kDataOfVersion[] =
    "'dataAssets/' || data_asset_id || '/versions/' || data_asset_version";
constexpr char kEnvironmentOfVersion[] =
    "'environments/' || environment_id || '/versions/' || environment_version";

constexpr char kIsRun[] =
    "run_position = (SELECT position FROM registry.runs"
    " WHERE experiment_id = split_part($, '/', 2) AND run_id = split_part($, '/', 4)"
    " AND 'experiments/' || experiment_id || '/runs/' || run_id = $)";

// Numbers and times grow together, so a bound on the time is one on the number, and a page in the
// order of numbers begins where its times begin.
constexpr char kFirstSince[] =
    "coalesce((SELECT version FROM registry.model_versions WHERE model_id = ? AND create_time >= $"
    " ORDER BY create_time LIMIT 1), 9223372036854775807)";
constexpr char kFirstAfter[] =
    "coalesce((SELECT version FROM registry.model_versions WHERE model_id = ? AND create_time > $"
    " ORDER BY create_time LIMIT 1), 9223372036854775807)";

// Those whose expressions indexes hold.
constexpr std::array<const char*, 4> kIndexedMetrics = {"mae", "rmse", "r2", "skill"};

db::SqlField CreateTimeField(const std::string& model_id) {
  return {
      .expression = "create_time",
      .parameters = {model_id, model_id},
      .indexed_forms = {{FilterOperator::kLess, absl::StrCat("version < ", kFirstSince)},
                        {FilterOperator::kLessOrEqual, absl::StrCat("version < ", kFirstAfter)},
                        {FilterOperator::kGreater, absl::StrCat("version >= ", kFirstAfter)},
                        {FilterOperator::kGreaterOrEqual, absl::StrCat("version >= ", kFirstSince)},
                        {FilterOperator::kEqual, absl::StrCat("version >= ", kFirstSince,
                                                              " AND version < ", kFirstAfter)}}};
}

db::SqlField MetricField(const std::string& key) {
  const auto known = std::find(kIndexedMetrics.begin(), kIndexedMetrics.end(), key);
  if (known == kIndexedMetrics.end()) {
    return {.expression = "(metrics ->> ?)::double precision", .parameters = {key}};
  }
  return {.expression = absl::StrCat("(metrics ->> '", *known, "')::double precision"),
          .indexed = true};
}

int TagEqualities(const Filter& filter) {
  int count = filter.op == FilterOperator::kEqual && filter.field.starts_with("tags.") ? 1 : 0;
  for (const Filter& operand : filter.operands) count += TagEqualities(operand);
  return count;
}

// One tag alone is found in the order of numbers where an index of its own has it: versions of an
// old pull request are far from the newest. Several are found by what they have in common.
db::SqlField VersionSqlField(const std::string& model_id, const std::string& field, bool one_tag) {
  if (field == "create_time") return CreateTimeField(model_id);
  if (field == "run") {
    return {.expression = kRunOfVersion, .indexed_forms = {{FilterOperator::kEqual, kIsRun}}};
  }
  if (field == "data_asset_version") return {.expression = kDataOfVersion, .indexed = true};
  if (field == "environment_version") {
    return {.expression = kEnvironmentOfVersion, .indexed = true};
  }
  // These three stand in columns that an index holds.
  if (field == "tags.plant_id" || field == "tags.circuit_id" || field == "tags.git_commit_sha") {
    return {.expression = field.substr(5), .indexed = true};
  }
  if (one_tag && (field == "tags.pr_number" || field == "tags.cutoff_date")) {
    return {.expression = absl::StrCat("tags ->> '", field.substr(5), "'"), .indexed = true};
  }
  if (field.starts_with("tags.")) return JsonTextField("tags", field.substr(5));
  if (field.starts_with("metrics.")) return MetricField(field.substr(8));
  return {.expression = field, .indexed = true};  // version, training_job, artifact_sha256
}

// The revision's part of an answer, put onto the rest, which never changes.
absl::StatusOr<ModelVersion> WithStanding(ModelVersion version, const Json& standing) {
  version.made_of.tags.clear();
  const Json tags = standing.value("tags", Json::object());
  for (const auto& [key, value] : tags.items()) {
    version.made_of.tags[key] = value.get<std::string>();
  }
  version.revision = standing.value("revision", version.revision);
  version.update_time = absl::FromUnixMicros(standing.value("update_time", std::int64_t{0}));
  return version;
}

}  // namespace

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

absl::StatusOr<ModelVersion> ReadVersion(pqxx::work& work, const ModelVersionName& name,
                                         const char* lock) {
  const auto rows = work.exec_params(
      absl::StrCat("SELECT ", kVersionColumns, " FROM registry.model_versions v", kVersionJoins,
                   " WHERE v.model_id = $1 AND v.version = $2::bigint", lock),
      name.model_id, name.version);
  if (rows.empty()) return ModelVersionNotFound(name);
  return VersionOf(rows[0]);
}

absl::StatusOr<db::SqlCondition> VersionCondition(const std::string& model_id,
                                                  const std::optional<Filter>& filter,
                                                  int first_parameter) {
  const bool one_tag = filter && TagEqualities(*filter) == 1;
  const auto field_of = [&](const std::string& field) -> absl::StatusOr<db::SqlField> {
    return VersionSqlField(model_id, field, one_tag);
  };
  return db::FilterToSql(filter, field_of, first_parameter);
}

std::string CreatedAnswer(const ModelVersion& version) {
  return absl::StrCat(version.name.version);
}

std::string StandingAnswer(const ModelVersion& version) {
  return Json{{"version", version.name.version},
              {"tags", version.made_of.tags},
              {"revision", version.revision},
              {"update_time", MicrosecondsOf(version.update_time)}}
      .dump();
}

absl::StatusOr<ModelVersion> VersionAnswered(pqxx::work& work, const std::string& model_id,
                                             const std::string& answer,
                                             const NewModelVersion* made_of) {
  const Json json = Json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    FLEETCAST_ASSIGN_OR_RETURN(
        auto version, ReadVersion(work, {model_id, json.value("version", std::int64_t{0})}));
    return WithStanding(std::move(version), json);
  }
  if (!json.is_number_integer()) return absl::InternalError("malformed answer in ledger");
  FLEETCAST_ASSIGN_OR_RETURN(auto version, ReadVersion(work, {model_id, json.get<std::int64_t>()}));
  if (made_of == nullptr) return version;
  version.made_of = *made_of;
  version.revision = 1;
  version.update_time = version.create_time;
  return version;
}

}  // namespace fleetcast::registry
