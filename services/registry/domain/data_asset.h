// Data assets: the sensor data of a circuit as it stood at one cutoff date, pinned by fingerprint.
#pragma once

#include <cstdint>
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
};

// INVALID_ARGUMENT naming the field.
[[nodiscard]] absl::Status CheckDataAssetVersion(const DataAssetVersion& version);

// OK if `asked` may be answered with the version that stands under its name: the fingerprints are
// the same. Else ALREADY_EXISTS: DATA_ASSET_OTHER_COLUMNS, or of the same columns
// DATA_ASSET_CHANGED with both fingerprints.
[[nodiscard]] absl::Status CheckSameData(const DataAssetVersion& standing,
                                         const DataAssetVersion& asked);

[[nodiscard]] absl::Status DataAssetVersionNotFound(const DataAssetVersionName& name);

}  // namespace fleetcast::registry
