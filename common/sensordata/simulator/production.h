// How hard a circuit works: shifts, weekends, holidays, and orders that come and go.
#pragma once

#include <cstdint>
#include <vector>

#include "common/sensordata/simulator/random_stream.h"

namespace fleetcast::sensordata {

// The load of one circuit, about 0 to 1, step by step. Not thread safe.
class Production {
 public:
  // Draws the circuit's shift system and weekend from `random`. `holidays` are days since 1970,
  // ascending, and must outlive it.
  Production(const std::vector<std::int64_t>& holidays, double step_hours, RandomStream& random);

  [[nodiscard]] double Load(std::int64_t unix_seconds, RandomStream& random);

 private:
  [[nodiscard]] double Planned(std::int64_t unix_seconds) const;

  const std::vector<std::int64_t>& holidays_;
  int shift_begin_hour_, shift_hours_;
  double idle_load_, full_load_, saturday_, sunday_;
  double inertia_;
  double running_;
  Noise orders_, pace_;
};

// Three plant holidays a year besides Christmas and New Year, for the days of a span.
[[nodiscard]] std::vector<std::int64_t> HolidaysOf(RandomStream random, std::int64_t first_day,
                                                   std::int64_t last_day);

}  // namespace fleetcast::sensordata
