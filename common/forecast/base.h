// A plant's base within a circuit's training: see TrainBase.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/forecast/linear_members.h"
#include "common/forecast/model_state.h"
#include "common/forecast/views.h"

namespace fleetcast::forecast {

inline constexpr char kBaseName[] = "the plant's base";

// BASE_DOES_NOT_FIT where it was made for another step or a shorter horizon, or is no base.
[[nodiscard]] absl::Status CheckBase(const ModelParts& base, const InputLayout& layout);

// The base on the inputs of `layout`. What rows older than these would count for, those at the same
// time of the oldest day that is left do: as if all days before had been like it.
[[nodiscard]] LinearMember BaseMember(const ModelParts& base, const InputLayout& layout,
                                      int columns);

// What the base reads of a circuit with so few rows: half of them, and a day or the sequence at
// least. `layout` is what the circuit has otherwise.
[[nodiscard]] InputLayout LayoutAlone(const ModelParts& base, const InputLayout& layout,
                                      std::size_t rows);

// The base as the model of a circuit; without intervals.
[[nodiscard]] ModelParts BaseOn(const ModelParts& base, const ModelSpec& spec,
                                const Preparation& prepared);

// The base's intervals of the specification's levels, in the unit of a target with this usual
// change. BASE_DOES_NOT_FIT where it has other levels.
[[nodiscard]] absl::StatusOr<std::vector<IntervalOffsets>> IntervalsOfBase(const ModelParts& base,
                                                                           const ModelSpec& spec,
                                                                           double usual_change);

}  // namespace fleetcast::forecast
