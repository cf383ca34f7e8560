#include "services/registry/domain/data_asset.h"

#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/registry/domain/checks.h"

namespace fleetcast::registry {
namespace {

constexpr std::size_t kMaxColumns = 1000;
constexpr std::size_t kMaxIssues = 1000;
constexpr std::size_t kMaxDocumentBytes = std::size_t{256} * 1024;

const std::string kField = "data_asset_version.";

absl::Status CheckColumns(const std::vector<ColumnStatistics>& columns) {
  if (columns.empty() || columns.size() > kMaxColumns) {
    return InvalidField(kField + "columns",
                        absl::StrCat("has ", columns.size(), " entries; give 1 to ", kMaxColumns));
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ColumnStatistics& column = columns[i];
    const std::string field = absl::StrCat(kField, "columns[", i, "]");
    FLEETCAST_RETURN_IF_ERROR(CheckRequiredText(field + ".column", column.column, 200));
    for (const double value :
         {column.minimum, column.maximum, column.mean, column.standard_deviation}) {
      if (!std::isfinite(value)) {
        return InvalidField(
            field, absl::StrCat("of '", column.column, "' holds a statistic that is not finite"));
      }
    }
    if (column.missing_count < 0) {
      return InvalidField(field + ".missing_count", "must be 0 or more");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIssues(const std::vector<DataIssue>& issues) {
  if (issues.size() > kMaxIssues) {
    return InvalidField(kField + "issues", absl::StrCat("has ", issues.size(), " entries; at most ",
                                                        kMaxIssues, " are allowed"));
  }
  for (std::size_t i = 0; i < issues.size(); ++i) {
    const std::string field = absl::StrCat(kField, "issues[", i, "]");
    FLEETCAST_RETURN_IF_ERROR(CheckRequiredText(field + ".kind", issues[i].kind, 64));
    FLEETCAST_RETURN_IF_ERROR(CheckText(field + ".column", issues[i].column, 200));
    FLEETCAST_RETURN_IF_ERROR(CheckText(field + ".message", issues[i].message, 2000));
  }
  return absl::OkStatus();
}

std::set<std::string> NamesOf(const std::vector<ColumnStatistics>& columns) {
  std::set<std::string> names;
  for (const ColumnStatistics& column : columns) names.insert(column.column);
  return names;
}

}  // namespace

absl::Status CheckDataAssetVersion(const DataAssetVersion& version) {
  FLEETCAST_RETURN_IF_ERROR(CheckLongId("parent", version.name.asset_id));
  FLEETCAST_RETURN_IF_ERROR(CheckDataAssetVersionId("data_asset_version_id", version.name.version));
  FLEETCAST_RETURN_IF_ERROR(CheckRequiredText(kField + "sensor_id", version.sensor_id, 200));
  FLEETCAST_RETURN_IF_ERROR(CheckText(kField + "source_uri", version.source_uri, 2000));
  FLEETCAST_RETURN_IF_ERROR(CheckSha256(kField + "fingerprint", version.fingerprint));
  if (version.row_count < 1) return InvalidField(kField + "row_count", "must be 1 or more");
  if (version.first_time > version.last_time) {
    return InvalidField(kField + "last_time", "is before first_time");
  }
  if (version.step_seconds < 0) return InvalidField(kField + "step_seconds", "must be 0 or more");
  FLEETCAST_RETURN_IF_ERROR(CheckColumns(version.columns));
  FLEETCAST_RETURN_IF_ERROR(CheckIssues(version.issues));
  return CheckRequiredText(kField + "ml_table", version.ml_table, kMaxDocumentBytes);
}

absl::Status CheckSameData(const DataAssetVersion& standing, const DataAssetVersion& asked) {
  if (standing.fingerprint == asked.fingerprint) return absl::OkStatus();
  const std::string name = asked.name.Text();
  if (NamesOf(standing.columns) != NamesOf(asked.columns)) {
    return Refused(absl::StatusCode::kAlreadyExists, "DATA_ASSET_OTHER_COLUMNS",
                   absl::StrCat(name, " pins other columns; pin these as a version of their own, ",
                                asked.name.version, "- and eight hexadecimal digits"),
                   {{"data_asset_version", name}});
  }
  return MakeError(
      absl::StatusCode::kAlreadyExists,
      absl::StrCat(name, " pins data with fingerprint ", standing.fingerprint, " (",
                   standing.row_count, " rows), but the source now gives ", asked.fingerprint, " (",
                   asked.row_count,
                   " rows): its past has changed; restore it or use another cutoff date"),
      {.reason = "DATA_ASSET_CHANGED",
       .metadata = {{"data_asset_version", name},
                    {"fingerprint", standing.fingerprint},
                    {"row_count", absl::StrCat(standing.row_count)},
                    {"new_fingerprint", asked.fingerprint},
                    {"new_row_count", absl::StrCat(asked.row_count)}},
       .field_violations = {},
       .resource_type = "DataAssetVersion",
       .resource_name = name,
       .retry_after = std::nullopt});
}

absl::Status DataAssetVersionNotFound(const DataAssetVersionName& name) {
  return ResourceNotFound("DataAssetVersion", name.Text(), "create it first");
}

}  // namespace fleetcast::registry
