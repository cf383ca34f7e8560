#include <algorithm>
#include <cmath>
#include <utility>

#include "common/base/status.h"
#include "common/sensordata/masked_grid.h"
#include "common/sensordata/profile.h"

namespace fleetcast::sensordata {
namespace {

// Draws a line between the finite cells `before` and `after` of a column.
void Interpolate(TimeSeries& grid, std::size_t column, std::size_t before, std::size_t after) {
  const std::size_t width = grid.columns.size();
  const double from = grid.at(before, column), to = grid.at(after, column);
  const double steps = static_cast<double>(after - before);
  for (std::size_t row = before + 1; row < after; ++row) {
    const double share = static_cast<double>(row - before) / steps;
    grid.values[row * width + column] = from * (1 - share) + to * share;
  }
}

void FillShortGaps(TimeSeries& grid, std::size_t column, int max_filled_steps) {
  bool seen = false;
  std::size_t last = 0;
  for (std::size_t row = 0; row < grid.rows(); ++row) {
    if (std::isnan(grid.at(row, column))) continue;
    const std::size_t missing = seen ? row - last - 1 : 0;
    if (missing > 0 && missing <= static_cast<std::size_t>(std::max(0, max_filled_steps))) {
      Interpolate(grid, column, last, row);
    }
    last = row;
    seen = true;
  }
}

}  // namespace

absl::StatusOr<TimeSeries> RegularGrid(const RawReadings& readings, int max_filled_steps,
                                       std::int64_t step_seconds) {
  FLEETCAST_ASSIGN_OR_RETURN(MaskedGrid grid, MaskedGridOf(readings, step_seconds));
  for (std::size_t column = 0; column < grid.series.columns.size(); ++column) {
    FillShortGaps(grid.series, column, max_filled_steps);
  }
  return std::move(grid.series);
}

}  // namespace fleetcast::sensordata
