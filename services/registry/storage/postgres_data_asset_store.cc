#include "services/registry/storage/postgres_data_asset_store.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;

constexpr char kColumns[] =
    "data_asset_id, version, sensor_id, source_uri, fingerprint, row_count, step_seconds,"
    " columns, issues, ml_table, (extract(epoch FROM first_time) * 1000000)::bigint AS first_time,"
    " (extract(epoch FROM last_time) * 1000000)::bigint AS last_time,"
    " (extract(epoch FROM create_time) * 1000000)::bigint AS create_time";

constexpr char kInsert[] =
    "INSERT INTO registry.data_asset_versions (data_asset_id, version, sensor_id, source_uri,"
    " fingerprint, row_count, first_time, last_time, step_seconds, columns, issues, ml_table)"
    " VALUES ($1, $2, $3, $4, $5, $6::bigint,"
    " timestamptz 'epoch' + $7::bigint * interval '1 microsecond',"
    " timestamptz 'epoch' + $8::bigint * interval '1 microsecond',"
    " $9::bigint, $10::jsonb, $11::jsonb, $12)"
    " ON CONFLICT (data_asset_id, version) DO NOTHING RETURNING ";

// By asset, latest cutoff date first: a page goes on in the same asset at an older date, or in a
// later asset. The bound on the asset alone is where the index begins.
constexpr char kListAll[] =
    " FROM registry.data_asset_versions WHERE data_asset_id >= $1"
    " AND (data_asset_id > $1 OR version < $2)"
    " ORDER BY data_asset_id, version DESC LIMIT $3::bigint";
constexpr char kListOfAsset[] =
    " FROM registry.data_asset_versions WHERE data_asset_id = $1"
    " AND ($2 = '' OR version < $2) ORDER BY version DESC LIMIT $3::bigint";

Json ColumnsJson(const std::vector<ColumnStatistics>& columns) {
  Json json = Json::array();
  for (const ColumnStatistics& column : columns) {
    json.push_back({{"column", column.column},
                    {"minimum", column.minimum},
                    {"maximum", column.maximum},
                    {"mean", column.mean},
                    {"standard_deviation", column.standard_deviation},
                    {"missing_count", column.missing_count}});
  }
  return json;
}

std::vector<ColumnStatistics> ColumnsOf(const pqxx::field& field) {
  std::vector<ColumnStatistics> columns;
  for (const Json& json : Json::parse(field.as<std::string>(), nullptr, false)) {
    columns.push_back({.column = json.value("column", ""),
                       .minimum = json.value("minimum", 0.0),
                       .maximum = json.value("maximum", 0.0),
                       .mean = json.value("mean", 0.0),
                       .standard_deviation = json.value("standard_deviation", 0.0),
                       .missing_count = json.value("missing_count", std::int64_t{0})});
  }
  return columns;
}

Json IssuesJson(const std::vector<DataIssue>& issues) {
  Json json = Json::array();
  for (const DataIssue& issue : issues) {
    json.push_back({{"kind", issue.kind},
                    {"column", issue.column},
                    {"count", issue.count},
                    {"message", issue.message}});
  }
  return json;
}

std::vector<DataIssue> IssuesOf(const pqxx::field& field) {
  std::vector<DataIssue> issues;
  for (const Json& json : Json::parse(field.as<std::string>(), nullptr, false)) {
    issues.push_back({.kind = json.value("kind", ""),
                      .column = json.value("column", ""),
                      .count = json.value("count", std::int64_t{0}),
                      .message = json.value("message", "")});
  }
  return issues;
}

DataAssetVersion VersionOf(const pqxx::row& row) {
  const auto text = [&](const char* column) { return row[column].as<std::string>(); };
  return {.name = {text("data_asset_id"), text("version")},
          .sensor_id = text("sensor_id"),
          .source_uri = text("source_uri"),
          .fingerprint = text("fingerprint"),
          .row_count = row["row_count"].as<std::int64_t>(),
          .first_time = TimeOf(row["first_time"]),
          .last_time = TimeOf(row["last_time"]),
          .step_seconds = row["step_seconds"].as<std::int64_t>(),
          .columns = ColumnsOf(row["columns"]),
          .issues = IssuesOf(row["issues"]),
          .ml_table = text("ml_table"),
          .create_time = TimeOf(row["create_time"])};
}

absl::StatusOr<DataAssetVersion> Read(pqxx::work& work, const DataAssetVersionName& name) {
  const auto rows = work.exec_params(
      absl::StrCat("SELECT ", kColumns,
                   " FROM registry.data_asset_versions WHERE data_asset_id = $1 AND version = $2"),
      name.asset_id, name.version);
  if (rows.empty()) return DataAssetVersionNotFound(name);
  return VersionOf(rows[0]);
}

}  // namespace

absl::StatusOr<DataAssetVersion> PostgresDataAssetStore::Create(const MutatingRequest& request,
                                                                const DataAssetVersion& version) {
  const auto create = [&](pqxx::work& work) -> absl::StatusOr<DataAssetVersion> {
    const auto rows = work.exec_params(
        absl::StrCat(kInsert, kColumns), version.name.asset_id, version.name.version,
        version.sensor_id, version.source_uri, version.fingerprint, version.row_count,
        MicrosecondsOf(version.first_time), MicrosecondsOf(version.last_time), version.step_seconds,
        ColumnsJson(version.columns).dump(), IssuesJson(version.issues).dump(), version.ml_table);
    if (!rows.empty()) return VersionOf(rows[0]);
    FLEETCAST_ASSIGN_OR_RETURN(auto standing, Read(work, version.name));
    FLEETCAST_RETURN_IF_ERROR(CheckSameData(standing, version));
    return standing;
  };
  return AnswerOnce<DataAssetVersion>(
      pool_, request, create, [](const DataAssetVersion& created) { return created.name.Text(); },
      [&](pqxx::work& work, const std::string&) { return Read(work, version.name); });
}

absl::StatusOr<DataAssetVersion> PostgresDataAssetStore::Get(const DataAssetVersionName& name) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return Read(work, name); });
}

absl::StatusOr<PageOf<DataAssetVersion>> PostgresDataAssetStore::List(const std::string& asset_id,
                                                                      const PageRequest& page) {
  const bool all = asset_id == "-";
  return db::ReadInTransaction(
      pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<DataAssetVersion>> {
        return ReadPage(
            work, absl::StrCat("SELECT ", kColumns, all ? kListAll : kListOfAsset),
            {all ? AfterText(page, 0) : asset_id, AfterText(page, 1), absl::StrCat(page.size + 1)},
            page, {"data_asset_id", "version"}, VersionOf);
      });
}

}  // namespace fleetcast::registry
