// How wide a model's intervals are: from its errors on windows that trained none of it.
#pragma once

#include <cstddef>
#include <vector>

#include "common/forecast/model_state.h"

namespace fleetcast::forecast {

// Errors (what came less what was forecast) by step: [horizon] lists.
using StepErrors = std::vector<std::vector<double>>;

// Those of `parts` on the windows at `origins`, in units of `unit` times their windows' difficulty.
void AddErrors(const ModelParts& parts, const InputTable& table,
               const std::vector<std::size_t>& origins, double unit, StepErrors& errors);

// One for each of `levels` (normalized split-conformal; Lei et al. 2018, section 5.2).
[[nodiscard]] std::vector<IntervalOffsets> IntervalsOf(StepErrors errors,
                                                       const std::vector<double>& levels);

}  // namespace fleetcast::forecast
