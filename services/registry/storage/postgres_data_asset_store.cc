#include "services/registry/storage/postgres_data_asset_store.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;

// Without the documents, which nobody compares.
constexpr char kReadingColumns[] =
    "data_asset_id, version, sensor_id, source_uri, fingerprint, row_count, step_seconds,"
    " columns, (extract(epoch FROM first_time) * 1000000)::bigint AS first_time,"
    " (extract(epoch FROM last_time) * 1000000)::bigint AS last_time,"
    " (extract(epoch FROM create_time) * 1000000)::bigint AS create_time,"
    " compared_with, differences, ";
constexpr char kDocuments[] = "issues, ml_table";

// Those of one cutoff date; `~` comes after all that a version may hold.
constexpr char kOfDate[] =
    "'[]'::jsonb AS issues, '' AS ml_table FROM registry.data_asset_versions"
    " WHERE data_asset_id = $1 AND version >= $2 AND version < $2 || '~'";

constexpr char kInsertDataAsset[] =
    "INSERT INTO registry.data_asset_versions (data_asset_id, version, sensor_id, source_uri,"
    " fingerprint, row_count, first_time, last_time, step_seconds, columns, issues, ml_table,"
    " compared_with, differences)"
    " VALUES ($1, $2, $3, $4, $5, $6::bigint,"
    " timestamptz 'epoch' + $7::bigint * interval '1 microsecond',"
    " timestamptz 'epoch' + $8::bigint * interval '1 microsecond',"
    " $9::bigint, $10::jsonb, $11::jsonb, $12, $13, $14::jsonb)"
    " ON CONFLICT (data_asset_id, version) DO NOTHING RETURNING ";

// IsLater as a key of which the greatest comes first: the date, and of one date the numbers, which
// are the greater the longer they are, after what has none.
#define FLEETCAST_READING_KEY(version) \
  "(left(" version ", 10), substr(" version ", 11, 1) = '.', length(" version "), " version ")"
// By asset: a page goes on in the same asset after a version, or in a later asset. The bound on the
// asset alone is where the index begins.
constexpr char kListAll[] =
    " FROM registry.data_asset_versions WHERE data_asset_id >= $1"
    " AND (data_asset_id > $1"
    " OR " FLEETCAST_READING_KEY("version") " < " FLEETCAST_READING_KEY("$2::text") ")"
    " ORDER BY data_asset_id, " FLEETCAST_READING_KEY("version") " DESC LIMIT $3::bigint";
constexpr char kListOfAsset[] =
    " FROM registry.data_asset_versions WHERE data_asset_id = $1"
    " AND ($2 = '' OR " FLEETCAST_READING_KEY("version") " < " FLEETCAST_READING_KEY("$2::text") ")"
    " ORDER BY " FLEETCAST_READING_KEY("version") " DESC LIMIT $3::bigint";
#undef FLEETCAST_READING_KEY

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

constexpr std::pair<DataDifference::Kind, const char*> kKindWords[] = {
    {DataDifference::Kind::kOtherSensor, "OTHER_SENSOR"},
    {DataDifference::Kind::kOtherColumns, "OTHER_COLUMNS"},
    {DataDifference::Kind::kLateReadings, "LATE_READINGS"},
    {DataDifference::Kind::kLostReadings, "LOST_READINGS"},
    {DataDifference::Kind::kCorrectedReadings, "CORRECTED_READINGS"}};

Json DifferencesJson(const std::vector<DataDifference>& differences) {
  Json json = Json::array();
  for (const DataDifference& difference : differences)
    for (const auto& [kind, word] : kKindWords)
      if (kind == difference.kind)
        json.push_back(
            {{"kind", word}, {"count", difference.count}, {"message", difference.message}});
  return json;
}

std::vector<DataDifference> DifferencesOf(const pqxx::field& field) {
  std::vector<DataDifference> differences;
  for (const Json& json : Json::parse(field.as<std::string>(), nullptr, false))
    for (const auto& [kind, word] : kKindWords)
      if (json.value("kind", "") == word)
        differences.push_back({.kind = kind,
                               .count = json.value("count", std::int64_t{0}),
                               .message = json.value("message", "")});
  return differences;
}

DataAssetVersion DataAssetVersionOf(const pqxx::row& row) {
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
          .create_time = TimeOf(row["create_time"]),
          .compared_with = text("compared_with"),
          .differences = DifferencesOf(row["differences"])};
}

absl::StatusOr<DataAssetVersion> Read(pqxx::work& work, const DataAssetVersionName& name) {
  const auto rows = work.exec_params(
      absl::StrCat("SELECT ", kReadingColumns, kDocuments,
                   " FROM registry.data_asset_versions WHERE data_asset_id = $1 AND version = $2"),
      name.asset_id, name.version);
  if (rows.empty()) return DataAssetVersionNotFound(name);
  return DataAssetVersionOf(rows[0]);
}

// The new row; nullopt if somebody else has taken its name meanwhile.
std::optional<DataAssetVersion> Insert(pqxx::work& work, const DataAssetVersion& version) {
  const auto rows = work.exec_params(
      absl::StrCat(kInsertDataAsset, kReadingColumns, kDocuments), version.name.asset_id,
      version.name.version, version.sensor_id, version.source_uri, version.fingerprint,
      version.row_count, MicrosecondsOf(version.first_time), MicrosecondsOf(version.last_time),
      version.step_seconds, ColumnsJson(version.columns).dump(), IssuesJson(version.issues).dump(),
      version.ml_table, version.compared_with, DifferencesJson(version.differences).dump());
  if (rows.empty()) return std::nullopt;
  return DataAssetVersionOf(rows[0]);
}

}  // namespace

absl::StatusOr<DataAssetVersion> PostgresDataAssetStore::Pin(const MutatingRequest& request,
                                                             const DataAssetVersion& reading) {
  const auto pin = [&](pqxx::work& work) -> absl::StatusOr<DataAssetVersion> {
    // A name that is taken meanwhile has been waited for, and stands when it is looked at again.
    for (;;) {
      std::vector<DataAssetVersion> standing;
      for (const auto& row : work.exec_params(absl::StrCat("SELECT ", kReadingColumns, kOfDate),
                                              reading.name.asset_id, reading.name.version))
        standing.push_back(DataAssetVersionOf(row));
      const PinnedReading pinned = PinReading(standing, reading);
      if (pinned.is) return Read(work, standing[*pinned.is].name);
      if (auto added = Insert(work, pinned.added)) return *std::move(added);
    }
  };
  return AnswerOnce<DataAssetVersion>(
      pool_, request, pin, [](const DataAssetVersion& pinned) { return pinned.name.Text(); },
      [&](pqxx::work& work, const std::string& answer) -> absl::StatusOr<DataAssetVersion> {
        FLEETCAST_ASSIGN_OR_RETURN(const auto name, ParseDataAssetVersionName("name", answer));
        return Read(work, name);
      });
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
            work,
            absl::StrCat("SELECT ", kReadingColumns, kDocuments, all ? kListAll : kListOfAsset),
            {all ? AfterText(page, 0) : asset_id, AfterText(page, 1), absl::StrCat(page.size + 1)},
            page, {"data_asset_id", "version"}, DataAssetVersionOf);
      });
}

}  // namespace fleetcast::registry
