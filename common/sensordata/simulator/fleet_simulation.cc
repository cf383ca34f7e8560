#include "common/sensordata/simulator/fleet_simulation.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace fleetcast::sensordata {
namespace {

// A share of one plant's circuits: big plants are split, so that every thread has work.
struct Portion {
  const PlantPlan* plant;
  std::size_t begin, end;
};

std::vector<Portion> PortionsOf(const FleetPlan& fleet) {
  constexpr std::size_t kCircuits = 16;
  std::vector<Portion> portions;
  for (const PlantPlan& plant : fleet.plants) {
    for (std::size_t begin = 0; begin < plant.circuits.size(); begin += kCircuits) {
      portions.push_back({&plant, begin, std::min(plant.circuits.size(), begin + kCircuits)});
    }
  }
  return portions;
}

// What the threads share: the outcome so far and who hears of it.
class Tally {
 public:
  Tally(int total, const SimulationProgress& progress) : total_(total), progress_(progress) {}

  // False if the work should stop.
  bool Add(const absl::Status& written) {
    const absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return false;
    status_ = written;
    if (!status_.ok()) return false;
    if (progress_ && !progress_(++done_, total_)) {
      status_ = absl::CancelledError("stopped while simulating; what is written so far stays");
    }
    return status_.ok();
  }
  [[nodiscard]] absl::Status status() const {
    const absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  const int total_;
  const SimulationProgress& progress_;
  mutable absl::Mutex mutex_;
  int done_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::Status SimulateFleet(const FleetPlan& fleet, std::uint64_t seed, const SimulatedSpan& span,
                           int threads, const SensorWriter& write,
                           const SimulationProgress& progress) {
  const std::vector<Portion> portions = PortionsOf(fleet);
  Tally tally(fleet.circuits(), progress);
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < portions.size(); i = next++) {
      const Portion& portion = portions[i];
      const PlantSimulator plant(seed, portion.plant->plant_id, span);
      for (std::size_t c = portion.begin; c < portion.end; ++c) {
        const CircuitPlan& circuit = portion.plant->circuits[c];
        if (!tally.Add(write(circuit, plant.Simulate(circuit.circuit_id)))) return;
      }
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < threads; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return tally.status();
}

}  // namespace fleetcast::sensordata
