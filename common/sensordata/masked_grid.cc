#include "common/sensordata/masked_grid.h"

#include <cmath>
#include <limits>

#include "common/base/status.h"
#include "common/sensordata/fingerprint.h"
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

// `times` from `first` on.
absl::Status CheckSpan(const std::vector<std::int64_t>& times, std::size_t first,
                       std::int64_t points) {
  const auto rows = static_cast<std::int64_t>(times.size() - first);
  if (points <= kFreeGridPoints || points / kMaxGridPointsPerRow <= rows) return absl::OkStatus();
  std::size_t widest = first + 1;
  for (std::size_t i = first + 2; i < times.size(); ++i) {
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

MaskedGrid EmptyGrid(const std::vector<std::string>& columns, std::int64_t first,
                     std::int64_t points, GridShape shape) {
  MaskedGrid grid;
  TimeSeries& series = grid.series;
  series.columns = columns;
  series.unix_seconds.resize(static_cast<std::size_t>(points));
  for (std::int64_t i = 0; i < points; ++i)
    series.unix_seconds[static_cast<std::size_t>(i)] = first + i * shape.step_seconds;
  series.values.assign(series.rows() * columns.size(), std::numeric_limits<double>::quiet_NaN());
  grid.cells.assign(series.values.size(), CellState::kMissing);
  grid.has_row.assign(series.rows(), false);
  grid.shape = std::move(shape);
  return grid;
}

CellState StateOf(const RawReadings& readings, std::size_t cell) {
  if (!readings.quality.empty() && readings.quality[cell] == Quality::kBad)
    return CellState::kBadQuality;
  return std::isfinite(readings.values[cell]) ? CellState::kObserved : CellState::kMissing;
}

void PlaceRows(const RawReadings& readings, const std::vector<std::size_t>& order,
               MaskedGrid& grid) {
  const TimeSeries& series = grid.series;
  const std::size_t width = series.columns.size();
  std::vector<std::int64_t> distance(series.rows(), std::numeric_limits<std::int64_t>::max());
  for (std::size_t place = grid.shape.first_row; place < order.size(); ++place) {
    const std::size_t row = order[place];
    const std::int64_t time = readings.unix_seconds[row];
    const std::int64_t nearest = grid.shape.Nearest(time);
    const auto point =
        static_cast<std::size_t>((nearest - series.unix_seconds.front()) / grid.shape.step_seconds);
    if (std::abs(time - nearest) > distance[point]) continue;
    distance[point] = std::abs(time - nearest);
    grid.has_row[point] = true;
    for (std::size_t column = 0; column < width; ++column) {
      const CellState state = StateOf(readings, row * width + column);
      grid.cells[point * width + column] = state;
      grid.series.values[point * width + column] = state == CellState::kObserved
                                                       ? readings.values[row * width + column]
                                                       : std::numeric_limits<double>::quiet_NaN();
    }
  }
}

}  // namespace

absl::StatusOr<MaskedGrid> MaskedGridOf(const RawReadings& readings, std::int64_t step_seconds) {
  const std::vector<std::size_t> order = RowsByTime(readings);
  const std::vector<std::int64_t> times = TimesInOrder(readings, order);
  FLEETCAST_ASSIGN_OR_RETURN(GridShape shape, GridShapeOf(times, step_seconds));
  const std::int64_t first = shape.Nearest(times[shape.first_row]);
  const std::int64_t points = (shape.Nearest(times.back()) - first) / shape.step_seconds + 1;
  FLEETCAST_RETURN_IF_ERROR(CheckSpan(times, shape.first_row, points));
  MaskedGrid grid = EmptyGrid(readings.columns, first, points, std::move(shape));
  PlaceRows(readings, order, grid);
  return grid;
}

}  // namespace fleetcast::sensordata
