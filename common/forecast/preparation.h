// From a series to what a model may look at, before anything is trained: which values are readings,
// which columns are alive, what the layout and the scales are. Whatever is left out or masked on
// the way is remarked.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/inputs.h"

namespace fleetcast::forecast {

struct Preparation {
  SplitRows split;
  std::vector<std::string> columns;       // the target, then the other columns that are alive
  std::vector<std::size_t> indices;       // of these in the series
  std::vector<PlausibleRange> plausible;  // one for each
  InputLayout layout;                     // with levels where there are other columns
  Scaling scaling;
  std::optional<CalendarProfile> calendar;
  std::vector<Remark> remarks;
};

// Errors as Train's: DATA_TOO_FEW_ROWS, DATA_IRREGULAR_STEP, DATA_COLUMN_MISSING,
// DATA_CONSTANT_TARGET, DATA_NOT_FINITE where the target has hardly a reading to train on. With
// `by_calendar` the specification's calendar is looked at, where rows divide a day.
[[nodiscard]] absl::StatusOr<Preparation> Prepare(const TimeSeries& series, const ModelSpec& spec,
                                                  const SplitShares& shares, bool by_calendar);

// Origins in `part` that a model may learn from or be judged on, ascending: the last value before
// them is a reading, CanForecastFrom, and of the `horizon` rows after them at least `readings` have
// one. `input_rows` must lie before the targets.
[[nodiscard]] std::vector<std::size_t> UsableOrigins(const InputTable& table, RowRange part,
                                                     std::size_t input_rows, std::size_t horizon,
                                                     std::size_t readings);

// At most `most` of `origins`, evenly.
[[nodiscard]] std::vector<std::size_t> Thin(const std::vector<std::size_t>& origins,
                                            std::size_t most);

}  // namespace fleetcast::forecast
