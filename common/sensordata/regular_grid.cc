#include <cmath>
#include <limits>

#include "common/base/status.h"
#include "common/sensordata/fingerprint.h"
#include "common/sensordata/grid_shape.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

// A grid this many times longer than its rows is no sensor's.
constexpr std::int64_t kMaxGridPointsPerRow = 50;
constexpr std::int64_t kFreeGridPoints = 10'000;

std::vector<std::int64_t> TimesInOrder(const RawReadings& readings,
                                       const std::vector<std::size_t>& order) {
  std::vector<std::int64_t> times;
  times.reserve(order.size());
  for (const std::size_t row : order) times.push_back(readings.unix_seconds[row]);
  return times;
}

absl::Status CheckSpan(const std::vector<std::int64_t>& times, std::int64_t points) {
  const auto rows = static_cast<std::int64_t>(times.size());
  if (points <= kFreeGridPoints || points / kMaxGridPointsPerRow <= rows) return absl::OkStatus();
  std::size_t widest = 1;
  for (std::size_t i = 2; i < times.size(); ++i) {
    if (times[i] - times[i - 1] > times[widest] - times[widest - 1]) widest = i;
  }
  const std::string from = FormatTimestamp(times[widest - 1]);
  const std::string to = FormatTimestamp(times[widest]);
  return Refused(absl::StatusCode::kFailedPrecondition, "DATA_SPAN_TOO_LONG",
                 std::to_string(rows) + " rows spread over " + std::to_string(points) +
                     " steps; nothing stands between " + from + " and " + to +
                     ". Remove the rows with a wrong timestamp",
                 {{"rows", std::to_string(rows)},
                  {"steps", std::to_string(points)},
                  {"gap_begin", from},
                  {"gap_end", to}});
}

TimeSeries EmptyGrid(const std::vector<std::string>& columns, std::int64_t first, std::int64_t step,
                     std::int64_t points) {
  TimeSeries grid;
  grid.columns = columns;
  grid.unix_seconds.resize(static_cast<std::size_t>(points));
  for (std::int64_t i = 0; i < points; ++i) {
    grid.unix_seconds[static_cast<std::size_t>(i)] = first + i * step;
  }
  grid.values.assign(grid.rows() * columns.size(), std::numeric_limits<double>::quiet_NaN());
  return grid;
}

// Each point takes the row nearest to it; of several equally near the last.
void PlaceRows(const RawReadings& readings, const std::vector<std::size_t>& order,
               const GridShape& shape, TimeSeries& grid) {
  const std::size_t width = grid.columns.size();
  std::vector<std::int64_t> distance(grid.rows(), std::numeric_limits<std::int64_t>::max());
  for (const std::size_t row : order) {
    const std::int64_t time = readings.unix_seconds[row];
    const std::int64_t nearest = shape.Nearest(time);
    const auto point =
        static_cast<std::size_t>((nearest - grid.unix_seconds.front()) / shape.step_seconds);
    if (std::abs(time - nearest) > distance[point]) continue;
    distance[point] = std::abs(time - nearest);
    for (std::size_t column = 0; column < width; ++column) {
      const double value = readings.values[row * width + column];
      grid.values[point * width + column] =
          std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
    }
  }
}

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
  const std::vector<std::size_t> order = RowsByTime(readings);
  const std::vector<std::int64_t> times = TimesInOrder(readings, order);
  FLEETCAST_ASSIGN_OR_RETURN(const GridShape shape, GridShapeOf(times, step_seconds));
  const std::int64_t first = shape.Nearest(times.front());
  const std::int64_t points = (shape.Nearest(times.back()) - first) / shape.step_seconds + 1;
  FLEETCAST_RETURN_IF_ERROR(CheckSpan(times, points));
  TimeSeries grid = EmptyGrid(readings.columns, first, shape.step_seconds, points);
  PlaceRows(readings, order, shape, grid);
  for (std::size_t column = 0; column < grid.columns.size(); ++column) {
    FillShortGaps(grid, column, max_filled_steps);
  }
  return grid;
}

}  // namespace fleetcast::sensordata
