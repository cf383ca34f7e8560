#include "common/sensordata/issue_finder.h"

#include <algorithm>
#include <cmath>

#include "common/sensordata/flat_stretches.h"
#include "common/sensordata/regular_breaks.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

// Something that happened `count` times, first at `first`.
struct Finding {
  std::int64_t count = 0;
  std::int64_t first = 0;

  void Add(std::int64_t time, std::int64_t weight = 1) {
    if (count == 0) first = time;
    count += weight;
  }
};

class IssueFinder {
 public:
  IssueFinder(const RawReadings& readings, const std::vector<std::size_t>& order,
              const GridShape& shape)
      : readings_(readings),
        all_(order),
        order_(order.begin() + static_cast<std::ptrdiff_t>(shape.first_row), order.end()),
        shape_(shape) {}

  std::vector<DataIssue> Find() && {
    FindGaps();
    FindDuplicates();
    FindOutOfOrder();
    for (std::size_t i = 0; i < readings_.columns.size(); ++i) FindNonFinite(i);
    for (std::size_t i = 0; i < readings_.columns.size(); ++i) FindFlat(i);
    FindOffGrid();
    FindStepChanges();
    FindBreaks();
    for (std::size_t i = 0; i < readings_.columns.size(); ++i) FindQuality(i);
    issues_.insert(issues_.end(), readings_.issues.begin(), readings_.issues.end());
    std::stable_sort(issues_.begin(), issues_.end(),
                     [](const DataIssue& a, const DataIssue& b) { return a.kind < b.kind; });
    return BoundedIssues(std::move(issues_));
  }

 private:
  [[nodiscard]] std::int64_t Time(std::size_t place) const {
    return readings_.unix_seconds[order_[place]];
  }
  [[nodiscard]] double Value(std::size_t place, std::size_t column) const {
    return readings_.values[order_[place] * readings_.columns.size() + column];
  }

  [[nodiscard]] bool IsBad(std::size_t place, std::size_t column) const {
    return !readings_.quality.empty() &&
           readings_.quality[order_[place] * readings_.columns.size() + column] == Quality::kBad;
  }

  void Report(DataIssue::Kind kind, std::string column, const Finding& finding,
              const std::string& what, const std::string& treatment) {
    if (finding.count == 0) return;
    const std::string where = column.empty() ? "" : "column '" + column + "': ";
    issues_.push_back({kind, std::move(column), finding.count,
                       where + std::to_string(finding.count) + " " + what + ", first at " +
                           FormatTimestamp(finding.first) + "; " + treatment});
  }

  void FindGaps() {
    Finding missing;
    std::int64_t gaps = 0, longest = 0, longest_at = 0;
    for (std::size_t i = 1; i < order_.size(); ++i) {
      const std::int64_t steps =
          (shape_.Nearest(Time(i)) - shape_.Nearest(Time(i - 1))) / shape_.step_seconds;
      if (steps <= 1) continue;
      ++gaps;
      missing.Add(Time(i - 1) + shape_.step_seconds, steps - 1);
      if (steps - 1 > longest) {
        longest = steps - 1;
        longest_at = Time(i - 1);
      }
    }
    Report(DataIssue::Kind::kGap, "", missing,
           "rows missing in " + std::to_string(gaps) + " gaps, the longest of " +
               std::to_string(longest) + " rows after " + FormatTimestamp(longest_at),
           "they stay open here; a model fills them from what was before, and is not scored there");
  }

  void FindDuplicates() {
    Finding duplicates;
    for (std::size_t i = 1; i < order_.size(); ++i) {
      if (Time(i) == Time(i - 1)) duplicates.Add(Time(i));
    }
    Report(DataIssue::Kind::kDuplicateTimestamp, "", duplicates,
           "rows repeat an earlier row's timestamp", "the last row of each timestamp is kept");
  }

  void FindOutOfOrder() {
    Finding late;
    std::int64_t newest = readings_.unix_seconds.front();
    for (const std::int64_t time : readings_.unix_seconds) {
      if (time < newest) late.Add(time);
      newest = std::max(newest, time);
    }
    Report(DataIssue::Kind::kOutOfOrder, "", late, "rows are older than a row before them",
           "rows are sorted by time");
  }

  void FindNonFinite(std::size_t column) {
    Finding missing;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (!std::isfinite(Value(i, column)) && !IsBad(i, column)) missing.Add(Time(i));
    }
    Report(DataIssue::Kind::kNonFinite, readings_.columns[column], missing,
           "cells are empty or not finite", "each is treated as a gap of its column");
  }

  void FindFlat(std::size_t column) {
    std::vector<Cell> cells;
    cells.reserve(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i)
      if (std::isfinite(Value(i, column))) cells.push_back({Time(i), Value(i, column)});
    const FlatStretches flat = FindFlatStretches(cells);
    if (flat.constant) {
      Report(DataIssue::Kind::kConstantColumn, readings_.columns[column],
             {static_cast<std::int64_t>(cells.size()), cells.front().unix_seconds},
             "cells all have one value",
             "a constant feature tells nothing and a constant target "
             "is refused");
    }
    Finding stuck;
    for (const Stretch& stretch : flat.stuck) stuck.Add(stretch.first_unix_seconds, stretch.count);
    Report(DataIssue::Kind::kStuckSensor, readings_.columns[column], stuck,
           "cells in runs of " + std::to_string(kStuckRows) + " or more equal values",
           "they are kept: only people can tell a stuck sensor from a steady plant");
  }

  void FindStepChanges() {
    const auto& parts = shape_.parts;
    if (parts.size() < 2) return;
    const auto changes = static_cast<std::int64_t>(parts.size()) - 1;
    const std::string step = std::to_string(shape_.step_seconds) + " s";
    const std::string treatment = shape_.first_row > 0
                                      ? "the " + std::to_string(shape_.first_row) +
                                            " rows before " + FormatTimestamp(Time(0)) +
                                            " are left out, the grid of " + step + " begins there"
                                      : "all rows are put on a grid of " + step;
    const std::string times =
        changes == 1 ? "once, from " : std::to_string(changes) + " times, the last time from ";
    issues_.push_back({DataIssue::Kind::kStepChange, "", changes,
                       "the step changes " + times +
                           std::to_string(parts[parts.size() - 2].step_seconds) + " s to " +
                           std::to_string(parts.back().step_seconds) + " s at " +
                           FormatTimestamp(readings_.unix_seconds[all_[parts.back().first_row]]) +
                           "; " + treatment});
  }

  void FindBreaks() {
    std::vector<std::int64_t> times;
    times.reserve(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) times.push_back(Time(i));
    const std::vector<int> hours = RegularBreaks(times, shape_.step_seconds);
    if (hours.empty()) return;
    issues_.push_back(
        {DataIssue::Kind::kRegularBreak, "", static_cast<std::int64_t>(hours.size()),
         "there are never rows on " + DescribeBreaks(hours) + "; they are gaps like others"});
  }

  void FindQuality(std::size_t column) {
    if (readings_.quality.empty()) return;
    Finding bad, uncertain;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const Quality quality = readings_.quality[order_[i] * readings_.columns.size() + column];
      if (quality == Quality::kBad) bad.Add(Time(i));
      if (quality == Quality::kUncertain) uncertain.Add(Time(i));
    }
    Report(DataIssue::Kind::kBadQuality, readings_.columns[column], bad,
           "cells are of bad quality, as the source says", "each is masked like a missing one");
    Report(DataIssue::Kind::kUncertainQuality, readings_.columns[column], uncertain,
           "cells are of uncertain quality, as the source says",
           "they are kept; sensor-quality-uncertain can mask them");
  }

  void FindOffGrid() {
    Finding off;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (shape_.Nearest(Time(i)) != Time(i)) off.Add(Time(i));
    }
    Report(DataIssue::Kind::kOffGrid, "", off,
           "rows lie off the grid of " + std::to_string(shape_.step_seconds) + " s",
           "each is moved to the nearest point, which takes the row nearest to it");
  }

  const RawReadings& readings_;
  const std::vector<std::size_t>& all_;   // every row, by time
  const std::vector<std::size_t> order_;  // those on the grid
  const GridShape& shape_;
  std::vector<DataIssue> issues_;
};

}  // namespace

std::vector<DataIssue> FindIssues(const RawReadings& readings,
                                  const std::vector<std::size_t>& order, const GridShape& shape) {
  return IssueFinder(readings, order, shape).Find();
}

}  // namespace fleetcast::sensordata
