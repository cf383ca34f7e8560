// Random numbers that are the same on every machine and for every order of work: each purpose has
// its own stream, made from the seed and the purpose's name.
#pragma once

#include <cstdint>
#include <string_view>

namespace fleetcast::sensordata {

// SplitMix64 (Steele, Lea, Flood 2014). Not thread safe.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose);

  [[nodiscard]] std::uint64_t Next();
  // [0, 1).
  [[nodiscard]] double Uniform();
  [[nodiscard]] double Uniform(double low, double high);
  // Mean 0, deviation 1, within ±3.47: a sum of four uniforms, so that no library's logarithm
  // or sine decides a digit.
  [[nodiscard]] double Normal();
  // True with this probability.
  [[nodiscard]] bool Happens(double probability) { return Uniform() < probability; }

 private:
  std::uint64_t state_;
};

// Noise with memory: an autoregressive process of deviation `deviation` whose correlation falls
// to 1/e after `hours`.
class Noise {
 public:
  Noise(double deviation, double hours, double step_hours, RandomStream& random);
  [[nodiscard]] double Next(RandomStream& random);

 private:
  double keep_, add_, value_;
};

}  // namespace fleetcast::sensordata
