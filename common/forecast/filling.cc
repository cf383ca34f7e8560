#include "common/forecast/filling.h"

#include <algorithm>
#include <cmath>

namespace fleetcast::forecast {
namespace {

// The first `most` missing rows of each gap get the value before it.
void KeepLast(double* values, std::size_t rows, std::size_t most) {
  std::size_t kept = most;  // before the first value there is none to keep
  for (std::size_t row = 0; row < rows; ++row) {
    if (!std::isnan(values[row])) {
      kept = 0;
    } else if (kept < most) {
      values[row] = values[row - 1];
      ++kept;
    }
  }
}

}  // namespace

void FillGaps(double* values, std::size_t rows, std::size_t season) {
  KeepLast(values, rows, kShortGap);
  for (std::size_t row = season; season > 0 && row < rows; ++row) {
    if (std::isnan(values[row])) values[row] = values[row - season];
  }
  KeepLast(values, rows, rows);
  const double* first =
      std::find_if(values, values + rows, [](double v) { return !std::isnan(v); });
  if (first != values + rows) std::fill(values, values + (first - values), *first);
}

}  // namespace fleetcast::forecast
