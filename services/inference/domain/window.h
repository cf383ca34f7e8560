// The readings that a forecast is made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

// Rows to ask the source for so that `input_rows` regular ones remain once duplicates are dropped
// and single gaps filled.
[[nodiscard]] std::size_t RowsToRead(std::size_t input_rows);

// FAILED_PRECONDITION DATA_STALE if the last reading is older than `max_age` at `reference` (the
// as-of time, or the wall clock's). A `max_age` of zero allows any age.
[[nodiscard]] absl::Status CheckFresh(const std::string& sensor_id,
                                      std::int64_t last_reading_unix_seconds, absl::Time reference,
                                      absl::Duration max_age);

// Remarks that the forecast is made from an old row: more than two steps older than when it is due,
// where one is on its way and one may be late.
void AddStale(absl::Duration step, absl::Time due, Forecast& forecast);

// Remarks that the newest `count` readings of the target, since `first`, are all `value`.
void AddStuck(absl::Time first, std::int64_t count, double value, Forecast& forecast);

}  // namespace fleetcast::inference
