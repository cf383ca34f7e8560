// What stands in a sensor's rows, for people who want to know before anybody trains on them. It
// changes nothing: what is done about outliers is forecast's to decide.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sensordata/flat_stretches.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/sensor_source.h"
#include "common/sensordata/step_parts.h"

namespace fleetcast::sensordata {

// A value that stands for "none", most likely: -9999, 3.4e38.
struct Sentinel {
  double value = 0;
  std::int64_t count = 0;
};

struct ColumnCheck {
  ColumnProfile statistics;
  double median = 0;
  std::int64_t bad_quality = 0, uncertain_quality = 0;
  bool constant = false;
  std::int64_t stuck = 0;                // cells
  std::vector<Stretch> stuck_stretches;  // the longest
  std::int64_t outliers = 0;             // cells far from all others, sentinels included
  std::vector<Cell> first_outliers;
  std::vector<Sentinel> sentinels;  // the most frequent
};

struct StepChange {
  std::int64_t unix_seconds = 0;
  std::int64_t before_seconds = 0, after_seconds = 0;
};

struct DataCheck {
  DataProfile profile;
  std::int64_t grid_rows = 0;     // points of the regular grid, which begins with the usable rows
  std::int64_t missing_rows = 0;  // of these, without a row
  std::int64_t rows_before_grid = 0;
  std::vector<Stretch> gaps;  // the longest
  std::vector<StepChange> step_changes;
  std::vector<int> break_hours;  // RegularBreaks
  std::vector<ColumnCheck> columns;
};

// How many stretches, cells and sentinels of a kind are listed.
inline constexpr std::size_t kListed = 5;

// FAILED_PRECONDITION as ProfileReadings and MaskedGridOf.
[[nodiscard]] absl::StatusOr<DataCheck> CheckReadings(const RawReadings& readings);

// Of finite values with their times, in order: those that lie more than five times the range of the
// middle 90 % outside of it, and those that leave and come back within one step by more than eight
// times what 95 % of all steps change.
[[nodiscard]] std::vector<Cell> FindOutliers(const std::vector<Cell>& cells);

}  // namespace fleetcast::sensordata
