// What stands in for missing readings among a window's inputs. Looks back only, and only within the
// window: training, evaluation, forecasts and the ONNX graph fill alike.
#pragma once

#include <cstddef>

namespace fleetcast::forecast {

// A gap of up to so many rows keeps the last value.
inline constexpr std::size_t kShortGap = 3;

// Fills the missing (NaN) ones of `values` [rows]: the first kShortGap rows of a gap with the value
// before it; the others with that of the same time on the nearest day before that has one, `season`
// rows apart (0: no day is looked at); else with the last value; before the first value with that.
// Nothing is filled where all are missing.
void FillGaps(double* values, std::size_t rows, std::size_t season);

}  // namespace fleetcast::forecast
