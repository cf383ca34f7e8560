// The regular grid behind irregular timestamps: its step and its phase.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sensordata/step_parts.h"

namespace fleetcast::sensordata {

struct GridShape {
  std::int64_t step_seconds = 0;
  std::int64_t phase_seconds = 0;  // most common remainder of a timestamp by the step
  std::size_t first_row = 0;       // among the sorted timestamps: where the grid begins
  std::vector<StepPart> parts;     // of all rows

  // The grid point next to `time`; a time half-way goes to the later one.
  [[nodiscard]] std::int64_t Nearest(std::int64_t time) const;
};

// The grid of `sorted` timestamps (not decreasing). The step is `step_seconds`, with all rows, or
// if that is 0 the newest part's (StepParts), beginning at FirstRowOnGrid. FAILED_PRECONDITION with
// reason DATA_TOO_FEW_ROWS where there are fewer than two distinct timestamps.
[[nodiscard]] absl::StatusOr<GridShape> GridShapeOf(const std::vector<std::int64_t>& sorted,
                                                    std::int64_t step_seconds);

}  // namespace fleetcast::sensordata
