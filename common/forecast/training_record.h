// What a model was trained on and how well it did, for those who read its model.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/base/time_series.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

// The rows that there were, and when.
struct DataSpan {
  std::size_t rows = 0;
  std::int64_t first_unix_seconds = 0, last_unix_seconds = 0;
};
[[nodiscard]] inline DataSpan SpanOf(const TimeSeries& series) {
  return {series.rows(), series.unix_seconds.front(), series.unix_seconds.back()};
}

// JSON text: the data's rows and times, the split, the best epoch, the metrics of validation and
// test, and the library's version.
[[nodiscard]] std::string TrainingRecord(const DataSpan& data, const TrainedModel& trained);

}  // namespace fleetcast::forecast
