// Every irregularity of a sensor's rows, found and named.
#pragma once

#include <vector>

#include "common/sensordata/grid_shape.h"
#include "common/sensordata/profile.h"

namespace fleetcast::sensordata {

// The issues of `readings`, in the order of DataIssue::Kind, then of the columns, bounded
// (BoundedIssues). `order` is
// RowsByTime(readings).
[[nodiscard]] std::vector<DataIssue> FindIssues(const RawReadings& readings,
                                                const std::vector<std::size_t>& order,
                                                const GridShape& shape);

}  // namespace fleetcast::sensordata
