// What a training looks at of a circuit: its series prepared, and which of its windows do what.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/model_state.h"
#include "common/forecast/preparation.h"

namespace fleetcast::forecast {

struct Windows {
  std::vector<std::size_t> train, choosing, calibrating;  // origins
};

using Part = std::vector<std::size_t> Windows::*;

struct TrainingView {
  Preparation prepared;
  InputTable table;
  Windows windows;
};

// DATA_TOO_FEW_ROWS, DATA_NOT_FINITE where a part has too few windows.
[[nodiscard]] absl::StatusOr<TrainingView> ViewOf(const TimeSeries& series, Preparation prepared);

// A model with this network, whose inputs are those of `layout`; without intervals.
[[nodiscard]] ModelParts PartsOf(const ModelSpec& spec, const Preparation& prepared,
                                 const InputLayout& layout, Network network);

}  // namespace fleetcast::forecast
