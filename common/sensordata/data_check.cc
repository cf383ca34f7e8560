#include "common/sensordata/data_check.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "common/base/status.h"
#include "common/sensordata/fingerprint.h"
#include "common/sensordata/masked_grid.h"
#include "common/sensordata/regular_breaks.h"

namespace fleetcast::sensordata {
namespace {

// What historians and field buses write for "none".
constexpr double kCodes[] = {9999, 99999, 999999, 999, 32767, 32768, 65535, 2147483647, 2147483648};
constexpr double kHuge = 1e30;  // 3.4e38 and its like

bool IsUsualCode(double value) {
  return std::abs(value) >= kHuge ||
         std::find(std::begin(kCodes), std::end(kCodes), std::abs(value)) != std::end(kCodes);
}

void KeepLongest(std::vector<Stretch>& stretches) {
  std::stable_sort(stretches.begin(), stretches.end(),
                   [](const Stretch& a, const Stretch& b) { return a.count > b.count; });
  stretches.resize(std::min(stretches.size(), kListed));
}

std::vector<Sentinel> SentinelsAmong(const std::vector<Cell>& outliers) {
  std::map<double, std::int64_t> counts;
  for (const Cell& cell : outliers) ++counts[cell.value];
  std::vector<Sentinel> sentinels;
  sentinels.reserve(counts.size());
  for (const auto& [value, count] : counts)
    if (count > 1 || IsUsualCode(value)) sentinels.push_back({value, count});
  std::stable_sort(sentinels.begin(), sentinels.end(),
                   [](const Sentinel& a, const Sentinel& b) { return a.count > b.count; });
  sentinels.resize(std::min(sentinels.size(), kListed));
  return sentinels;
}

double MedianOf(const std::vector<Cell>& cells) {
  if (cells.empty()) return std::nan("");
  std::vector<double> values;
  values.reserve(cells.size());
  for (const Cell& cell : cells) values.push_back(cell.value);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

ColumnCheck CheckColumn(const RawReadings& readings, const std::vector<std::size_t>& order,
                        std::size_t column, ColumnProfile statistics) {
  const std::size_t width = readings.columns.size();
  ColumnCheck check{.statistics = std::move(statistics)};
  std::vector<Cell> cells;
  cells.reserve(order.size());
  for (const std::size_t row : order) {
    const double value = readings.values[row * width + column];
    if (std::isfinite(value)) cells.push_back({readings.unix_seconds[row], value});
    if (readings.quality.empty()) continue;
    const Quality quality = readings.quality[row * width + column];
    if (quality == Quality::kBad) ++check.bad_quality;
    if (quality == Quality::kUncertain) ++check.uncertain_quality;
  }
  check.median = MedianOf(cells);
  const FlatStretches flat = FindFlatStretches(cells);
  check.constant = flat.constant;
  check.stuck_stretches = flat.stuck;
  for (const Stretch& stretch : flat.stuck) check.stuck += stretch.count;
  KeepLongest(check.stuck_stretches);
  check.first_outliers = FindOutliers(cells);
  check.outliers = static_cast<std::int64_t>(check.first_outliers.size());
  check.sentinels = SentinelsAmong(check.first_outliers);
  check.first_outliers.resize(std::min(check.first_outliers.size(), kListed));
  return check;
}

void CheckGrid(const MaskedGrid& grid, DataCheck& check) {
  check.grid_rows = static_cast<std::int64_t>(grid.series.rows());
  Stretch gap;
  for (std::size_t row = 0; row < grid.series.rows(); ++row) {
    const std::int64_t time = grid.series.unix_seconds[row];
    if (!grid.has_row[row]) {
      if (gap.count++ == 0) gap.first_unix_seconds = time;
      gap.last_unix_seconds = time;
      ++check.missing_rows;
    } else if (gap.count > 0) {
      check.gaps.push_back(gap);
      gap = {};
    }
  }
  KeepLongest(check.gaps);
}

}  // namespace

absl::StatusOr<DataCheck> CheckReadings(const RawReadings& readings) {
  DataCheck check;
  FLEETCAST_ASSIGN_OR_RETURN(check.profile, ProfileReadings(readings));
  FLEETCAST_ASSIGN_OR_RETURN(const MaskedGrid grid, MaskedGridOf(readings));
  CheckGrid(grid, check);
  const std::vector<std::size_t> order = RowsByTime(readings);
  const auto time_of = [&](std::size_t row) { return readings.unix_seconds[order[row]]; };
  check.rows_before_grid = static_cast<std::int64_t>(grid.shape.first_row);
  for (std::size_t i = 1; i < grid.shape.parts.size(); ++i) {
    const StepPart& part = grid.shape.parts[i];
    check.step_changes.push_back(
        {time_of(part.first_row), grid.shape.parts[i - 1].step_seconds, part.step_seconds});
  }
  std::vector<std::int64_t> times;
  times.reserve(order.size());
  for (std::size_t row = grid.shape.first_row; row < order.size(); ++row)
    times.push_back(time_of(row));
  check.break_hours = RegularBreaks(times, grid.shape.step_seconds);
  check.columns.reserve(readings.columns.size());
  for (std::size_t column = 0; column < readings.columns.size(); ++column)
    check.columns.push_back(CheckColumn(readings, order, column, check.profile.columns[column]));
  return check;
}

}  // namespace fleetcast::sensordata
