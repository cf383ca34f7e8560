// Points in time as people type them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::cli {

// "2025-12-09T13:00:00Z" (any RFC 3339), or in UTC "2025-12-09 13:00", "2025-12-09 13:00:00" and
// "2025-12-09", of which `day` says what it means. INVALID_ARGUMENT naming `field` otherwise.
enum class DayMeans { kItsBeginning, kItsEnd };
[[nodiscard]] absl::StatusOr<absl::Time> ParseTime(const std::string& field,
                                                   const std::string& text,
                                                   DayMeans day = DayMeans::kItsEnd);

}  // namespace fleetcast::cli
