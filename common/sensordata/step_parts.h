// Where a sensor's step changes: hourly rows until June, rows of five minutes since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fleetcast::sensordata {

struct StepPart {
  std::size_t first_row = 0;      // among the sorted timestamps
  std::int64_t step_seconds = 0;  // lower median of the part's spacings
};

// The parts of `sorted` timestamps (not decreasing), oldest first; one where the step never changes
// by half and more for 24 rows and more. Rows without a step, as events have, belong to the part
// around them. Empty for fewer than two distinct timestamps.
[[nodiscard]] std::vector<StepPart> StepParts(const std::vector<std::int64_t>& sorted);

// From which row on a grid of the newest part's step is worth having: that of the earliest part
// with this step or a finer one, of which and of those after it coarser parts make up at most half
// the time.
[[nodiscard]] std::size_t FirstRowOnGrid(const std::vector<StepPart>& parts,
                                         const std::vector<std::int64_t>& sorted);

}  // namespace fleetcast::sensordata
