#include <utility>

#include "common/base/status.h"
#include "common/sensordata/masked_grid.h"
#include "common/sensordata/profile.h"

namespace fleetcast::sensordata {

absl::StatusOr<TimeSeries> RegularGrid(const RawReadings& readings, std::int64_t step_seconds) {
  FLEETCAST_ASSIGN_OR_RETURN(MaskedGrid grid, MaskedGridOf(readings, step_seconds));
  return std::move(grid.series);
}

}  // namespace fleetcast::sensordata
