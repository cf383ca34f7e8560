#include "common/sensordata/grid_shape.h"

#include <algorithm>
#include <unordered_map>

#include "common/base/status.h"

namespace fleetcast::sensordata {
namespace {

std::int64_t Remainder(std::int64_t time, std::int64_t step) {
  const std::int64_t remainder = time % step;
  return remainder < 0 ? remainder + step : remainder;
}

std::vector<std::int64_t> Spacings(const std::vector<std::int64_t>& sorted) {
  std::vector<std::int64_t> spacings;
  spacings.reserve(sorted.size());
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i] > sorted[i - 1]) spacings.push_back(sorted[i] - sorted[i - 1]);
  }
  return spacings;
}

// The smallest of the most common remainders.
std::int64_t CommonPhase(const std::vector<std::int64_t>& times, std::int64_t step) {
  std::unordered_map<std::int64_t, std::int64_t> counts;
  for (const std::int64_t time : times) ++counts[Remainder(time, step)];
  std::int64_t phase = 0, best = 0;
  for (const auto& [remainder, count] : counts) {
    if (count > best || (count == best && remainder < phase)) {
      phase = remainder;
      best = count;
    }
  }
  return phase;
}

}  // namespace

std::int64_t GridShape::Nearest(std::int64_t time) const {
  const std::int64_t off = Remainder(time - phase_seconds, step_seconds);
  return 2 * off >= step_seconds && off != 0 ? time - off + step_seconds : time - off;
}

absl::StatusOr<GridShape> GridShapeOf(const std::vector<std::int64_t>& sorted,
                                      std::int64_t step_seconds) {
  std::vector<std::int64_t> spacings = Spacings(sorted);
  if (spacings.empty()) {
    const std::string rows = std::to_string(sorted.size());
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "there are " + rows +
                       " rows and fewer than two distinct timestamps; at least two are needed to "
                       "know the step. Give the sensor more rows before the cutoff date",
                   {{"rows", rows}});
  }
  GridShape shape{.step_seconds = step_seconds};
  if (step_seconds <= 0) {
    const auto middle = spacings.begin() + static_cast<std::ptrdiff_t>((spacings.size() - 1) / 2);
    std::nth_element(spacings.begin(), middle, spacings.end());
    shape.step_seconds = *middle;
  }
  shape.phase_seconds = CommonPhase(sorted, shape.step_seconds);
  return shape;
}

}  // namespace fleetcast::sensordata
