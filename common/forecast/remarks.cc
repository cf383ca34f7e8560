#include "common/forecast/remarks.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace fleetcast::forecast {
namespace {

Remark RemarkOf(const char* kind, const std::string& column, std::size_t count,
                const std::string& what) {
  return {.kind = kind,
          .column = column,
          .count = static_cast<std::int64_t>(count),
          .text = absl::StrCat("column \"", column, "\": ", what)};
}

// What of one column the forecast could see.
class ColumnRemarks {
 public:
  ColumnRemarks(const TimeSeries& inputs, const ModelParts& parts, const InputTable& table,
                std::size_t column, std::vector<Remark>& remarks)
      : inputs_(inputs),
        parts_(parts),
        name_(parts.columns[column]),
        outliers_(table.outliers()[column]),
        scale_(parts.scaling.levels[column]),
        remarks_(remarks) {
    const auto found = std::find(inputs.columns.begin(), inputs.columns.end(), name_);
    readings_ = ColumnValues(inputs, static_cast<std::size_t>(found - inputs.columns.begin()));
    for (const Outlier& outlier : outliers_) readings_[outlier.row] = NAN;
  }

  void AddDoubted() {
    if (outliers_.empty()) return;
    Add("DOUBTED", outliers_.size(),
        absl::StrCat(outliers_.size(), " of the last ", readings_.size(),
                     " values are no readings, the newest is ", outliers_.back().value, " at ",
                     TimeText(inputs_.unix_seconds[outliers_.back().row])));
  }

  void AddFilled() {
    const std::size_t missing = Missing(readings_.size()) - outliers_.size();
    if (missing > 0) remarks_.push_back(FilledRemark(name_, missing, readings_.size()));
  }

  // Of a column whose newest levels are all that is looked at.
  void AddDeadOrFilled() {
    const auto rows = static_cast<std::size_t>(parts_.layout.level_rows);
    const std::size_t missing = Missing(rows);
    if (missing == rows) {
      const bool any = Missing(readings_.size()) < readings_.size();
      Add("COLUMN_DEAD", rows,
          absl::StrCat("no reading in the last ", rows, " rows; ",
                       any ? "the last one before them" : "the mean of the training rows",
                       " stands in: look for what stopped the sensor"));
    } else if (missing > 0) {
      remarks_.push_back(FilledRemark(name_, missing, rows));
    }
  }

  void AddClipped() {
    std::size_t clipped = 0;
    const std::size_t rows = readings_.size();
    for (auto row = rows - static_cast<std::size_t>(parts_.layout.level_rows); row < rows; ++row) {
      if (std::abs(readings_[row] - scale_.mean) > kLargestLevel * scale_.scale) ++clipped;
    }
    if (clipped == 0) return;
    Add("CLIPPED", clipped,
        absl::StrCat(clipped, " of the last ", parts_.layout.level_rows, " values are more than ",
                     kLargestLevel, " standard deviations from the mean of the training rows, ",
                     scale_.mean, ", and count as that far from it"));
  }

 private:
  [[nodiscard]] std::size_t Missing(std::size_t last_rows) const {
    return static_cast<std::size_t>(
        std::count_if(readings_.end() - static_cast<std::ptrdiff_t>(last_rows), readings_.end(),
                      [](double value) { return std::isnan(value); }));
  }
  void Add(const char* kind, std::size_t count, const std::string& what) {
    remarks_.push_back(RemarkOf(kind, name_, count, what));
  }

  const TimeSeries& inputs_;
  const ModelParts& parts_;
  const std::string& name_;
  const std::vector<Outlier>& outliers_;
  const ColumnScale scale_;
  std::vector<Remark>& remarks_;
  std::vector<double> readings_;
};

}  // namespace

std::string TimeText(std::int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

Remark FilledRemark(const std::string& column, std::size_t count, std::size_t of) {
  return RemarkOf("FILLED", column, count,
                  absl::StrCat(count, " of ", of,
                               " values are missing and are filled from those "
                               "before"));
}

std::vector<Remark> RemarksOn(const TimeSeries& inputs, const ModelParts& parts,
                              const InputTable& table, const std::vector<double>& values) {
  std::vector<Remark> remarks;
  for (std::size_t i = 0; i < parts.columns.size(); ++i) {
    ColumnRemarks column(inputs, parts, table, i, remarks);
    column.AddDoubted();
    if (i == 0) {
      column.AddFilled();
    } else {
      column.AddDeadOrFilled();
    }
    column.AddClipped();
  }
  const auto at_bound =
      static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [&](double value) {
        return value == parts.spec.minimum || value == parts.spec.maximum;
      }));
  if (at_bound > 0) {
    remarks.push_back(RemarkOf("AT_BOUND", parts.columns[0], at_bound,
                               absl::StrCat(at_bound, " of ", values.size(),
                                            " forecast values "
                                            "stand at the declared minimum or maximum")));
  }
  if (parts.base_alone) {
    remarks.push_back({.kind = "BASE_ALONE",
                       .column = "",
                       .count = 0,
                       .text = "the plant's base forecasts alone: the circuit had too few rows of "
                               "its own to train on"});
  }
  return remarks;
}

}  // namespace fleetcast::forecast
