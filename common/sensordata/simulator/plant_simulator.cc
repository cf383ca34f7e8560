#include "common/sensordata/simulator/plant_simulator.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "common/sensordata/simulator/fleet_plan.h"
#include "common/sensordata/simulator/incidents.h"
#include "common/sensordata/simulator/production.h"
#include "common/sensordata/simulator/random_stream.h"
#include "common/sensordata/simulator/weather.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr double kMissingCell = 0.0003;
constexpr std::size_t kChannels = 3;
using Channels = std::array<double, kChannels>;  // temperature, pressure, vibration

// The physics of one circuit: what its three channels read for a load, the weather and the wear.
class Circuit {
 public:
  Circuit(double step_hours, RandomStream& random)
      : base_temperature_(random.Uniform(52, 72)),
        load_heat_(random.Uniform(9, 15)),
        weather_share_(random.Uniform(0.2, 0.45)),
        fouling_(random.Uniform(1, 3)),
        drift_per_hour_(random.Uniform(-1, 1) / (24 * 365)),
        base_pressure_(random.Uniform(4, 7)),
        base_vibration_(random.Uniform(1.6, 2.6)),
        inertia_(std::exp(-step_hours / 2.0)),
        step_hours_(step_hours),
        process_(1.1, 5, step_hours, random),
        line_(0.07, 8, step_hours, random),
        bearing_(0.06, 3, step_hours, random) {}

  Channels Next(double load, double outside, double wear, RandomStream& random) {
    heat_ = started_ ? inertia_ * heat_ + (1 - inertia_) * load : load;
    started_ = true;
    drift_ += drift_per_hour_ * step_hours_;
    // A knock that dies away, about every ten days.
    if (random.Happens(step_hours_ / 240)) knock_ += random.Uniform(0.4, 1.2);
    knock_ *= std::exp(-step_hours_ / 3);

    // One draw a statement: operands of + are evaluated in no fixed order.
    const double process = process_.Next(random), line = line_.Next(random);
    const double bearing = bearing_.Next(random);
    const Channels blur = {0.2 * random.Normal(), 0.015 * random.Normal(), 0.03 * random.Normal()};

    const double excess = load_heat_ * heat_ + weather_share_ * outside + fouling_ * wear + process;
    const double temperature = base_temperature_ + excess + drift_ + blur[0];
    const double pressure = base_pressure_ + 1.1 * load + 0.02 * excess + line + blur[1];
    const double vibration =
        base_vibration_ * (0.4 + 0.6 * load) * (1 + 0.35 * wear * wear + bearing) + knock_ +
        blur[2];
    return {temperature, pressure, std::max(0.0, vibration)};
  }

 private:
  double base_temperature_, load_heat_, weather_share_, fouling_, drift_per_hour_;
  double base_pressure_, base_vibration_;
  double inertia_, step_hours_;
  Noise process_, line_, bearing_;
  double heat_ = 0, drift_ = 0, knock_ = 0;
  bool started_ = false;
};

// What the sensor delivers of what is true: stuck channels, missing cells, three decimals.
class Instrument {
 public:
  explicit Instrument(const std::vector<StuckPeriod>& stuck) : stuck_(stuck) {}

  Channels Read(std::size_t step, Channels truth, RandomStream& random) {
    while (next_ < stuck_.size() && stuck_[next_].end <= step) ++next_;
    if (next_ < stuck_.size() && stuck_[next_].begin < step) {
      truth[stuck_[next_].column] = last_[stuck_[next_].column];
    }
    last_ = truth;
    for (double& value : truth) {
      value = random.Happens(kMissingCell) ? std::numeric_limits<double>::quiet_NaN()
                                           : std::round(value * 1000) / 1000;
    }
    return truth;
  }

 private:
  const std::vector<StuckPeriod>& stuck_;
  std::size_t next_ = 0;
  Channels last_{};
};

}  // namespace

PlantSimulator::PlantSimulator(std::uint64_t seed, std::string plant_id, SimulatedSpan span)
    : seed_(seed),
      plant_id_(std::move(plant_id)),
      span_(span),
      outside_(SimulateWeather(seed, plant_id_, span)),
      holidays_(HolidaysOf(RandomStream(seed, "holidays/" + plant_id_),
                           span.begin_unix_seconds / kDay, span.end_unix_seconds / kDay)) {}

RawReadings PlantSimulator::Simulate(const std::string& circuit_id) const {
  const std::string purpose = plant_id_ + "/" + circuit_id;
  RandomStream random(seed_, "circuit/" + purpose);
  RandomStream mishaps(seed_, "incidents/" + purpose);
  const double step_hours = static_cast<double>(span_.step_seconds) / 3600;
  Production production(holidays_, step_hours, random);
  Circuit circuit(step_hours, random);
  const Incidents incidents = DrawIncidents(span_, kChannels, mishaps);
  Instrument instrument(incidents.stuck);

  RawReadings readings;
  readings.columns = SimulatedColumns();
  readings.unix_seconds.reserve(span_.steps());
  readings.values.reserve(span_.steps() * kChannels);
  for (std::size_t step = 0; step < span_.steps(); ++step) {
    const std::int64_t time =
        span_.begin_unix_seconds + static_cast<std::int64_t>(step) * span_.step_seconds;
    const double load = production.Load(time, random);
    const Channels truth = circuit.Next(load, outside_[step], incidents.wear[step], random);
    const Channels read = instrument.Read(step, truth, mishaps);
    if (incidents.in_maintenance[step]) continue;
    readings.unix_seconds.push_back(time);
    readings.values.insert(readings.values.end(), read.begin(), read.end());
  }
  return readings;
}

}  // namespace fleetcast::sensordata
