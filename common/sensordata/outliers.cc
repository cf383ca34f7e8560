#include <algorithm>
#include <cmath>

#include "common/sensordata/data_check.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::size_t kFewestCells = 20;
constexpr double kTail = 0.05;  // on either side: a sentinel in every twentieth row is still told
constexpr double kFar = 5, kJump = 8;

// The value below which the share `part` of `values` lies; reorders them.
double Quantile(std::vector<double>& values, double part) {
  const auto at = values.begin() + std::lround(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

std::vector<Cell> FindOutliers(const std::vector<Cell>& cells) {
  if (cells.size() < kFewestCells) return {};
  std::vector<double> values, changes;
  values.reserve(cells.size());
  changes.reserve(cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    values.push_back(cells[i].value);
    if (i > 0) changes.push_back(std::abs(cells[i].value - cells[i - 1].value));
  }
  const double low = Quantile(values, kTail), high = Quantile(values, 1 - kTail);
  const double reach = kFar * (high - low), jump = kJump * Quantile(changes, 1 - kTail);
  const auto is_spike = [&](std::size_t i) {
    if (i == 0 || i + 1 == cells.size() || jump <= 0) return false;
    const double up = cells[i].value - cells[i - 1].value;
    const double down = cells[i + 1].value - cells[i].value;
    return std::min(std::abs(up), std::abs(down)) > jump && (up > 0) != (down > 0);
  };
  std::vector<Cell> outliers;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool far = reach > 0 && (cells[i].value < low - reach || cells[i].value > high + reach);
    if (far || is_spike(i)) outliers.push_back(cells[i]);  // few: no room is made ahead
  }
  return outliers;
}

}  // namespace fleetcast::sensordata
