// Text made safe to stand in HTML, and numbers as attributes want them.
#pragma once

#include <cstdint>
#include <string>

namespace fleetcast::cli {

// For element content and quoted attributes; made PrintableUtf8.
[[nodiscard]] std::string Escape(const std::string& text);

// At most two decimals, no exponent: "12.34", "7".
[[nodiscard]] std::string Coordinate(double value);

// Four significant digits without trailing zeros: "80", "64.92", "0.2019"; "–" for NaN.
[[nodiscard]] std::string Reading(double value);

// "Dec 12", "06:00", "Dec 12 2025, 06:00", in UTC.
[[nodiscard]] std::string DayText(std::int64_t unix_seconds);
[[nodiscard]] std::string HourText(std::int64_t unix_seconds);
[[nodiscard]] std::string DayAndHourText(std::int64_t unix_seconds);

}  // namespace fleetcast::cli
