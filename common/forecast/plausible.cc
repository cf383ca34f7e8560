#include "common/forecast/plausible.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kFewestValues = 20;
constexpr double kBulkTail = 0.05;
constexpr double kMostCutOff = 0.1;
// In widths of the bulk and of what remains.
constexpr double kSeparation = 10, kBeyond = 4;
constexpr double kUsualChanges = 0.9;
constexpr double kJump = 6;
constexpr double kMostSpikes = 0.03;

double Quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(at))];
}

// The values [first, last) of `sorted` that no wide emptiness separates from the bulk.
struct Kept {
  std::size_t first = 0, last = 0;
};

Kept WithoutFarGroups(const std::vector<double>& sorted) {
  const double width = Quantile(sorted, 1 - kBulkTail) - Quantile(sorted, kBulkTail);
  // A bulk without width says nothing about what is far: any other value would be cut off.
  if (!(width > 0)) return {0, sorted.size()};
  const auto most = static_cast<std::size_t>(kMostCutOff * static_cast<double>(sorted.size()));
  Kept kept{0, sorted.size()};
  for (std::size_t i = 1; i <= most; ++i) {
    if (sorted[i] - sorted[i - 1] > kSeparation * width) kept.first = i;
    const std::size_t from_end = sorted.size() - i;
    if (sorted[from_end] - sorted[from_end - 1] > kSeparation * width) kept.last = from_end;
  }
  return kept;
}

double FitJump(const std::vector<double>& values, double lowest, double highest) {
  std::vector<double> changes;
  std::optional<double> before;
  for (const double value : values) {
    if (!(value >= lowest && value <= highest)) continue;
    if (before && *before != value) changes.push_back(std::abs(value - *before));
    before = value;
  }
  if (changes.size() < kFewestValues) return kEverythingPlausible.jump;
  std::sort(changes.begin(), changes.end());
  return kJump * Quantile(changes, kUsualChanges);
}

// A run of equal values between readings.
struct Run {
  std::size_t begin = 0, end = 0;  // rows; missing ones may lie between
  std::size_t count = 0;           // readings
  double value = 0;
};

std::vector<Run> RunsOf(const std::vector<double>& values) {
  std::vector<Run> runs;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (std::isnan(values[row])) continue;
    if (runs.empty() || runs.back().value != values[row]) {
      runs.push_back({.begin = row, .end = row, .count = 0, .value = values[row]});
    }
    runs.back().end = row + 1;
    ++runs.back().count;
  }
  return runs;
}

// Whether the run is a spike between the believed reading before it and the run after it, if any.
bool IsSpike(const Run& run, double before, const Run* after, double jump) {
  const double into = run.value - before;
  if (std::abs(into) <= jump) return false;
  if (after == nullptr) return run.count <= kLongestDoubt;
  const double back = run.value - after->value;
  return run.count <= kLongestSpike && std::abs(back) > jump && (back > 0) == (into > 0);
}

void Mask(const Run& run, std::vector<double>& values, std::vector<Outlier>& outliers) {
  for (std::size_t row = run.begin; row < run.end; ++row) {
    if (std::isnan(values[row])) continue;
    outliers.push_back({row, values[row]});
    values[row] = std::numeric_limits<double>::quiet_NaN();
  }
}

std::vector<Outlier> MaskBeyond(const PlausibleRange& range, std::vector<double>& values) {
  std::vector<Outlier> outliers;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (std::isnan(values[row]) || (values[row] >= range.lowest && values[row] <= range.highest)) {
      continue;
    }
    outliers.push_back({row, values[row]});
    values[row] = std::numeric_limits<double>::quiet_NaN();
  }
  return outliers;
}

}  // namespace

PlausibleRange FitPlausibleRange(const std::vector<double>& values) {
  std::vector<double> sorted;
  sorted.reserve(values.size());
  for (const double value : values) {
    if (std::abs(value) <= kEverythingPlausible.highest) sorted.push_back(value);
  }
  if (sorted.size() < kFewestValues) return kEverythingPlausible;
  std::sort(sorted.begin(), sorted.end());
  const Kept kept = WithoutFarGroups(sorted);
  const double lowest = sorted[kept.first], highest = sorted[kept.last - 1];
  if (lowest == highest) return kEverythingPlausible;
  const double margin = kBeyond * (highest - lowest);
  PlausibleRange range{.lowest = lowest - margin, .highest = highest + margin, .jump = 0};
  if (kept.first > 0) range.lowest = std::max(range.lowest, (lowest + sorted[kept.first - 1]) / 2);
  if (kept.last < sorted.size()) {
    range.highest = std::min(range.highest, (highest + sorted[kept.last]) / 2);
  }
  range.jump = FitJump(values, range.lowest, range.highest);
  std::vector<double> within = values;
  const std::size_t beyond = MaskBeyond(range, within).size();
  const std::size_t spikes = MaskOutliers(range, within).size();
  const auto readings = static_cast<double>(sorted.size() - std::min(beyond, sorted.size()));
  if (static_cast<double>(spikes) > kMostSpikes * readings) range.jump = kEverythingPlausible.jump;
  return range;
}

std::vector<bool> FindStandstills(const std::vector<double>& values, std::size_t shortest) {
  std::vector<bool> stands(values.size(), false);
  for (const Run& run : RunsOf(values)) {
    if (run.count < shortest) continue;
    std::fill(stands.begin() + static_cast<std::ptrdiff_t>(run.begin),
              stands.begin() + static_cast<std::ptrdiff_t>(run.end), true);
  }
  return stands;
}

std::vector<Outlier> MaskOutliers(const PlausibleRange& range, std::vector<double>& values) {
  std::vector<Outlier> outliers = MaskBeyond(range, values);
  const std::vector<Run> runs = RunsOf(values);
  std::optional<double> believed;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run* after = i + 1 < runs.size() ? &runs[i + 1] : nullptr;
    if (believed && IsSpike(runs[i], *believed, after, range.jump)) {
      Mask(runs[i], values, outliers);
    } else {
      believed = runs[i].value;
    }
  }
  std::sort(outliers.begin(), outliers.end(),
            [](const Outlier& a, const Outlier& b) { return a.row < b.row; });
  return outliers;
}

}  // namespace fleetcast::forecast
