#include "common/sensordata/profile.h"

#include <algorithm>
#include <cmath>

#include "common/base/status.h"
#include "common/sensordata/fingerprint.h"
#include "common/sensordata/grid_shape.h"
#include "common/sensordata/issue_finder.h"

namespace fleetcast::sensordata {
namespace {

// Mean and deviation by Welford's recurrence: no cancellation for values far from zero.
ColumnProfile ProfileColumn(const RawReadings& readings, const std::vector<std::size_t>& order,
                            std::size_t column) {
  ColumnProfile profile{.name = readings.columns[column]};
  std::int64_t count = 0;
  double squares = 0;
  for (const std::size_t row : order) {
    const double value = readings.values[row * readings.columns.size() + column];
    if (!std::isfinite(value)) {
      ++profile.missing;
      continue;
    }
    profile.minimum = count == 0 ? value : std::min(profile.minimum, value);
    profile.maximum = count == 0 ? value : std::max(profile.maximum, value);
    ++count;
    const double delta = value - profile.mean;
    profile.mean += delta / static_cast<double>(count);
    squares += delta * (value - profile.mean);
  }
  if (count > 0) profile.standard_deviation = std::sqrt(squares / static_cast<double>(count));
  return profile;
}

}  // namespace

absl::StatusOr<DataProfile> ProfileReadings(const RawReadings& readings) {
  const std::vector<std::size_t> order = RowsByTime(readings);
  std::vector<std::int64_t> times;
  times.reserve(order.size());
  for (const std::size_t row : order) times.push_back(readings.unix_seconds[row]);
  FLEETCAST_ASSIGN_OR_RETURN(const GridShape shape, GridShapeOf(times, 0));

  DataProfile profile;
  profile.row_count = static_cast<std::int64_t>(readings.rows());
  profile.first_unix_seconds = times.front();
  profile.last_unix_seconds = times.back();
  profile.step_seconds = shape.step_seconds;
  for (std::size_t column = 0; column < readings.columns.size(); ++column) {
    profile.columns.push_back(ProfileColumn(readings, order, column));
  }
  profile.fingerprint = FingerprintOf(readings);
  profile.issues = FindIssues(readings, order, shape);
  return profile;
}

}  // namespace fleetcast::sensordata
