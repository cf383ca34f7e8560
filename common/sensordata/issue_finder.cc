#include "common/sensordata/issue_finder.h"

#include <algorithm>
#include <cmath>

#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kFilledSteps = 3;  // RegularGrid's default
// A sensor that moves in most of its steps and then repeats one value this often is stuck.
constexpr std::int64_t kStuckRows = 24;

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
      : readings_(readings), order_(order), shape_(shape) {}

  std::vector<DataIssue> Find() && {
    FindGaps();
    FindDuplicates();
    FindOutOfOrder();
    for (std::size_t i = 0; i < readings_.columns.size(); ++i) FindNonFinite(i);
    for (std::size_t i = 0; i < readings_.columns.size(); ++i) FindFlat(i);
    FindOffGrid();
    std::stable_sort(issues_.begin(), issues_.end(),
                     [](const DataIssue& a, const DataIssue& b) { return a.kind < b.kind; });
    return std::move(issues_);
  }

 private:
  [[nodiscard]] std::int64_t Time(std::size_t place) const {
    return readings_.unix_seconds[order_[place]];
  }
  [[nodiscard]] double Value(std::size_t place, std::size_t column) const {
    return readings_.values[order_[place] * readings_.columns.size() + column];
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
           "gaps of up to " + std::to_string(kFilledSteps) +
               " rows are interpolated, windows over longer ones left out");
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
      if (!std::isfinite(Value(i, column))) missing.Add(Time(i));
    }
    Report(DataIssue::Kind::kNonFinite, readings_.columns[column], missing,
           "cells are empty or not finite", "each is treated as a gap of its column");
  }

  // Constant: every finite value alike. Stuck: long runs of one value in a column that moves.
  void FindFlat(std::size_t column) {
    std::vector<std::size_t> finite;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (std::isfinite(Value(i, column))) finite.push_back(i);
    }
    if (finite.empty()) return;
    Finding stuck;
    std::int64_t moves = 0, still = 0;  // steps outside long runs
    for (std::size_t begin = 0; begin < finite.size();) {
      std::size_t end = begin + 1;
      const double value = Value(finite[begin], column);
      while (end < finite.size() && Value(finite[end], column) == value) ++end;
      const auto length = static_cast<std::int64_t>(end - begin);
      if (length >= kStuckRows) {
        stuck.Add(Time(finite[begin]), length);
      } else {
        still += length - 1;
      }
      ++moves;
      begin = end;
    }
    if (moves == 1 && finite.size() > 1) {
      Report(DataIssue::Kind::kConstantColumn, readings_.columns[column],
             {static_cast<std::int64_t>(finite.size()), Time(finite.front())},
             "cells all have one value",
             "a constant feature tells nothing and a constant target "
             "is refused");
    } else if (moves > still) {
      Report(DataIssue::Kind::kStuckSensor, readings_.columns[column], stuck,
             "cells in runs of " + std::to_string(kStuckRows) + " or more equal values",
             "they are kept: only people can tell a stuck sensor from a steady plant");
    }
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
  const std::vector<std::size_t>& order_;
  const GridShape& shape_;
  std::vector<DataIssue> issues_;
};

}  // namespace

std::vector<DataIssue> FindIssues(const RawReadings& readings,
                                  const std::vector<std::size_t>& order, const GridShape& shape) {
  return IssueFinder(readings, order, shape).Find();
}

}  // namespace fleetcast::sensordata
