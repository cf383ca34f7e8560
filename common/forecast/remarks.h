// What a forecast's readings were like, in words: for who looks at the forecast.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/forecast/model_state.h"

namespace fleetcast::forecast {

// "2025-12-09T23:00:00Z"
[[nodiscard]] std::string TimeText(std::int64_t unix_seconds);

// The remark of `count` of `of` values of the column that are missing.
[[nodiscard]] Remark FilledRemark(const std::string& column, std::size_t count, std::size_t of);

// Of a forecast from the last row of `inputs`, the window that `table` was made of; `values` are
// what it says, within the target's bounds already.
[[nodiscard]] std::vector<Remark> RemarksOn(const TimeSeries& inputs, const ModelParts& parts,
                                            const InputTable& table,
                                            const std::vector<double>& values);

}  // namespace fleetcast::forecast
