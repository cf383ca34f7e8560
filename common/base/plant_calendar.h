// When a plant works, rests and is maintained: what is known of its future.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast {

struct Span {
  std::int64_t begin = 0, end = 0;  // [begin, end)
  bool operator==(const Span&) const = default;
};

// Lists are ascending, spans do not overlap.
struct PlantCalendar {
  std::string time_zone;               // IANA's name; "" is UTC
  std::vector<std::int64_t> holidays;  // local days since 1970-01-01
  // When work goes on, in minutes of the local week, whose Monday begins with 0; empty where nobody
  // has said it. A holiday has no shift.
  std::vector<Span> shifts;
  std::vector<Span> maintenance;  // Unix seconds
  bool operator==(const PlantCalendar&) const = default;
};

}  // namespace fleetcast
