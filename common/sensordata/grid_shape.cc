#include "common/sensordata/grid_shape.h"

#include <unordered_map>

#include "common/base/status.h"

namespace fleetcast::sensordata {
namespace {

std::int64_t Remainder(std::int64_t time, std::int64_t step) {
  const std::int64_t remainder = time % step;
  return remainder < 0 ? remainder + step : remainder;
}

// The smallest of the most common remainders.
std::int64_t CommonPhase(const std::vector<std::int64_t>& times, std::size_t first,
                         std::int64_t step) {
  std::unordered_map<std::int64_t, std::int64_t> counts;
  for (std::size_t i = first; i < times.size(); ++i) ++counts[Remainder(times[i], step)];
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
  GridShape shape{.step_seconds = step_seconds, .parts = StepParts(sorted)};
  if (shape.parts.empty()) {
    const std::string rows = std::to_string(sorted.size());
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "there are " + rows +
                       " rows and fewer than two distinct timestamps; at least two are needed to "
                       "know the step. Give the sensor more rows before the cutoff date",
                   {{"rows", rows}});
  }
  if (step_seconds <= 0) {
    shape.step_seconds = shape.parts.back().step_seconds;
    shape.first_row = FirstRowOnGrid(shape.parts, sorted);
  }
  shape.phase_seconds = CommonPhase(sorted, shape.first_row, shape.step_seconds);
  return shape;
}

}  // namespace fleetcast::sensordata
