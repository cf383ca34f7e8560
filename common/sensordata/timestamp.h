// Timestamps as sensor files write them, to seconds since 1970 UTC and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleetcast::sensordata {

// ISO 8601 ("2025-12-09T10:00:00Z", "2025-12-09T10:00:00.25+01:00") or "2025-12-09 10:00[:00]" or
// "2025-12-09", also with "/" or "."; UTC unless an offset stands there. Fractions of a second are
// cut off. nullopt for anything else, dates that do not exist included.
[[nodiscard]] std::optional<std::int64_t> ParseTimestamp(std::string_view text);

// "2025-12-09T10:00:00Z".
[[nodiscard]] std::string FormatTimestamp(std::int64_t unix_seconds);

// Writes "2025-12-09 10:00:00" (19 characters, years 0 to 9999) to `out`.
void WriteTimestamp(std::int64_t unix_seconds, char* out);

}  // namespace fleetcast::sensordata
