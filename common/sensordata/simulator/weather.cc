#include "common/sensordata/simulator/weather.h"

#include <cmath>
#include <numbers>

#include "common/sensordata/simulator/random_stream.h"

namespace fleetcast::sensordata {

std::vector<double> SimulateWeather(std::uint64_t seed, const std::string& plant_id,
                                    const SimulatedSpan& span) {
  RandomStream random(seed, "weather/" + plant_id);
  const double step_hours = static_cast<double>(span.step_seconds) / 3600;
  const double mean = random.Uniform(8, 14);
  const double year_swing = random.Uniform(7, 11), day_swing = random.Uniform(3, 5);
  Noise fronts(3.0, 72, step_hours, random);
  Noise clouds(0.7, 6, step_hours, random);

  std::vector<double> outside;
  outside.reserve(span.steps());
  for (std::size_t i = 0; i < span.steps(); ++i) {
    const double hours =
        static_cast<double>(span.begin_unix_seconds) / 3600 + static_cast<double>(i) * step_hours;
    // Warmest in late July and at three in the afternoon.
    const double year = std::sin(2 * std::numbers::pi * (hours / 24 - 110) / 365.25);
    const double day = std::sin(2 * std::numbers::pi * (hours - 9) / 24);
    const double front = fronts.Next(random);
    const double cloud = clouds.Next(random);
    outside.push_back(mean + year_swing * year + day_swing * day + front + cloud);
  }
  return outside;
}

}  // namespace fleetcast::sensordata
