// A sensor's rows on a regular grid, each cell with what it is. Nothing is filled and no value is
// judged.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/time_series.h"
#include "common/sensordata/grid_shape.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

enum class CellState : std::uint8_t {
  kObserved,
  kMissing,    // no row, an empty cell, or one that is not finite
  kBadQuality  // the source has a reading and says that it is bad
};

struct MaskedGrid {
  TimeSeries series;             // NaN where a cell is not observed
  std::vector<CellState> cells;  // [rows, columns]
  std::vector<bool> has_row;     // [rows]: the source has a row at this point
  GridShape shape;
};

// Sorts, keeps the last row of each timestamp and puts rows on the points next to them, of which
// each takes the row nearest to it (of several equally near the last). Where the step has changed
// from coarse to fine, the grid begins with the newer part (FirstRowOnGrid). `step_seconds` 0 finds
// the step; a caller with few rows passes the step that it knows, and gets all rows.
// FAILED_PRECONDITION with reason DATA_TOO_FEW_ROWS (below two distinct timestamps) or
// DATA_SPAN_TOO_LONG (the grid would be almost empty: a stray timestamp, most likely).
[[nodiscard]] absl::StatusOr<MaskedGrid> MaskedGridOf(const RawReadings& readings,
                                                      std::int64_t step_seconds = 0);

}  // namespace fleetcast::sensordata
