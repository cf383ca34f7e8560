// Data assets: the sensor data of a circuit as it was read up to one cutoff date, pinned by
// fingerprint.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

struct ColumnStatistics {
  std::string column;
  double minimum = 0, maximum = 0, mean = 0, standard_deviation = 0;
  std::int64_t missing_count = 0;
};

struct DataIssue {
  std::string kind;    // "GAP"
  std::string column;  // empty where rows are meant
  std::int64_t count = 0;
  std::string message;
};

// How a reading differs from an earlier one.
struct DataDifference {
  enum class Kind {
    kOtherSensor,
    kOtherColumns,
    kLateReadings,
    kLostReadings,
    kCorrectedReadings,
  };
  Kind kind = Kind::kOtherSensor;
  std::int64_t count = 0;  // columns or rows; 0: not known
  std::string message;
};

struct DataAssetVersion {
  DataAssetVersionName name;
  std::string sensor_id;
  std::string source_uri;
  std::string fingerprint;  // SHA-256 of the canonical rows
  std::int64_t row_count = 0;
  absl::Time first_time;
  absl::Time last_time;
  std::int64_t step_seconds = 0;
  std::vector<ColumnStatistics> columns;
  std::vector<DataIssue> issues;
  std::string ml_table;
  absl::Time create_time;
  // Its version when it was made; empty for the first of its cutoff date.
  std::string compared_with;
  std::vector<DataDifference> differences;  // from that one
  [[nodiscard]] std::string CutoffDate() const { return name.version.substr(0, 10); }
};

// What somebody has read and wants pinned: its name's version is the cutoff date. INVALID_ARGUMENT
// naming the field.
[[nodiscard]] absl::Status CheckDataAssetVersion(const DataAssetVersion& reading);

// Whether a is listed before b within an asset: latest cutoff date first, of one date the newest.
[[nodiscard]] bool IsLater(const DataAssetVersionName& a, const DataAssetVersionName& b);

// What becomes of a reading, of which `standing` are the versions of the same asset and cutoff
// date: it is one of these, if the sensor, the columns and the rows are the same, or a new one.
struct PinnedReading {
  std::optional<std::size_t> is;  // in `standing`
  // If none: what is to be called so, with what makes it other than the newest of the same sensor
  // and columns, or of all.
  DataAssetVersion added;
};
[[nodiscard]] PinnedReading PinReading(const std::vector<DataAssetVersion>& standing,
                                       const DataAssetVersion& reading);

[[nodiscard]] absl::Status DataAssetVersionNotFound(const DataAssetVersionName& name);

}  // namespace fleetcast::registry
