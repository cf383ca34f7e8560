#include "services/registry/domain/data_asset.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/text.h"
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

bool IsOfSameColumns(const DataAssetVersion& a, const DataAssetVersion& b) {
  return a.sensor_id == b.sensor_id && NamesOf(a.columns) == NamesOf(b.columns);
}

bool IsSameReading(const DataAssetVersion& a, const DataAssetVersion& b) {
  return IsOfSameColumns(a, b) && a.fingerprint == b.fingerprint;
}

// The first few of many names.
std::string Some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text =
      absl::StrJoin(names.begin(), names.begin() + std::min(names.size(), kShown), ", ");
  if (names.size() > kShown) absl::StrAppend(&text, " and ", names.size() - kShown, " more");
  return text;
}

std::vector<std::string> Without(const std::set<std::string>& all,
                                 const std::set<std::string>& others) {
  std::vector<std::string> rest;
  std::set_difference(all.begin(), all.end(), others.begin(), others.end(),
                      std::back_inserter(rest));
  return rest;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

DataDifference OtherColumns(const DataAssetVersion& earlier, const DataAssetVersion& reading) {
  const auto fresh = Without(NamesOf(reading.columns), NamesOf(earlier.columns));
  const auto gone = Without(NamesOf(earlier.columns), NamesOf(reading.columns));
  std::vector<std::string> parts;
  if (!fresh.empty()) parts.push_back(absl::StrCat(Some(fresh), " is new"));
  if (!gone.empty()) parts.push_back(absl::StrCat(Some(gone), " is not read any more"));
  return {.kind = DataDifference::Kind::kOtherColumns,
          .count = static_cast<std::int64_t>(fresh.size() + gone.size()),
          .message = absl::StrCat("other columns than in ", earlier.name.version, ": ",
                                  absl::StrJoin(parts, "; "))};
}

// Columns whose statistics are not the same any more.
std::vector<std::string> ChangedColumns(const DataAssetVersion& earlier,
                                        const DataAssetVersion& reading) {
  const auto figures = [](const ColumnStatistics& column) {
    return std::tuple(column.minimum, column.maximum, column.mean, column.standard_deviation,
                      column.missing_count);
  };
  std::vector<std::string> changed;
  for (const ColumnStatistics& now : reading.columns)
    for (const ColumnStatistics& before : earlier.columns)
      if (before.column == now.column && figures(before) != figures(now))
        changed.push_back(now.column);
  return changed;
}

DataDifference OtherRows(const DataAssetVersion& earlier, const DataAssetVersion& reading) {
  const std::int64_t more = reading.row_count - earlier.row_count;
  const std::string& version = earlier.name.version;
  const std::string span = absl::StrCat("they go from ", TimeText(reading.first_time), " to ",
                                        TimeText(reading.last_time), " now");
  if (more > 0)
    return {.kind = DataDifference::Kind::kLateReadings,
            .count = more,
            .message = absl::StrCat(more, more == 1 ? " row has" : " rows have", " come since ",
                                    version, " was read; ", span)};
  if (more < 0)
    return {.kind = DataDifference::Kind::kLostReadings,
            .count = -more,
            .message = absl::StrCat(-more, more == -1 ? " row of " : " rows of ", version,
                                    more == -1 ? " is" : " are", " gone; ", span)};
  const std::vector<std::string> changed = ChangedColumns(earlier, reading);
  return {.kind = DataDifference::Kind::kCorrectedReadings,
          .count = 0,
          .message = absl::StrCat(
              "as many rows as in ", version, " have other times or values",
              changed.empty() ? "" : absl::StrCat(", those of ", Some(changed), " among them"))};
}

std::vector<DataDifference> Differences(const DataAssetVersion& earlier,
                                        const DataAssetVersion& reading) {
  std::vector<DataDifference> differences;
  if (earlier.sensor_id != reading.sensor_id)
    differences.push_back({.kind = DataDifference::Kind::kOtherSensor,
                           .count = 0,
                           .message = absl::StrCat(earlier.name.version, " is of sensor ",
                                                   QuotedUtf8(earlier.sensor_id, 256))});
  if (NamesOf(earlier.columns) != NamesOf(reading.columns))
    differences.push_back(OtherColumns(earlier, reading));
  if (differences.empty()) differences.push_back(OtherRows(earlier, reading));
  return differences;
}

}  // namespace

absl::Status CheckDataAssetVersion(const DataAssetVersion& reading) {
  FLEETCAST_RETURN_IF_ERROR(CheckLongId("parent", reading.name.asset_id));
  FLEETCAST_RETURN_IF_ERROR(ValidateDate("cutoff_date", reading.name.version));
  FLEETCAST_RETURN_IF_ERROR(CheckRequiredText(kField + "sensor_id", reading.sensor_id, 256));
  FLEETCAST_RETURN_IF_ERROR(CheckText(kField + "source_uri", reading.source_uri, 2000));
  FLEETCAST_RETURN_IF_ERROR(CheckSha256(kField + "fingerprint", reading.fingerprint));
  if (reading.row_count < 1) return InvalidField(kField + "row_count", "must be 1 or more");
  if (reading.first_time > reading.last_time) {
    return InvalidField(kField + "last_time", "is before first_time");
  }
  if (reading.step_seconds < 0) return InvalidField(kField + "step_seconds", "must be 0 or more");
  FLEETCAST_RETURN_IF_ERROR(CheckColumns(reading.columns));
  FLEETCAST_RETURN_IF_ERROR(CheckIssues(reading.issues));
  return CheckRequiredText(kField + "ml_table", reading.ml_table, kMaxDocumentBytes);
}

bool IsLater(const DataAssetVersionName& a, const DataAssetVersionName& b) {
  const auto key = [](const DataAssetVersionName& name) {
    return std::tuple(name.version.substr(0, 10), NumberOfReading(name.version), name.version);
  };
  return key(a) > key(b);
}

PinnedReading PinReading(const std::vector<DataAssetVersion>& standing,
                         const DataAssetVersion& reading) {
  const DataAssetVersion* earlier = nullptr;
  int last = 0;
  for (std::size_t i = 0; i < standing.size(); ++i) {
    const DataAssetVersion& each = standing[i];
    if (IsSameReading(each, reading)) return {.is = i, .added = {}};
    last = std::max(last, NumberOfReading(each.name.version));
    const bool nearer = earlier != nullptr && IsOfSameColumns(*earlier, reading);
    const bool near = IsOfSameColumns(each, reading);
    if (earlier == nullptr || (near && !nearer) ||
        (near == nearer && IsLater(each.name, earlier->name)))
      earlier = &each;
  }
  PinnedReading pinned{.is = std::nullopt, .added = reading};
  pinned.added.name.version = ReadingId(reading.name.version, last + 1);
  if (earlier == nullptr) return pinned;
  pinned.added.compared_with = earlier->name.version;
  pinned.added.differences = Differences(*earlier, reading);
  return pinned;
}

absl::Status DataAssetVersionNotFound(const DataAssetVersionName& name) {
  return ResourceNotFound("DataAssetVersion", name.Text(), "create it first");
}

}  // namespace fleetcast::registry
