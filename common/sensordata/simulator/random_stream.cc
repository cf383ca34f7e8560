#include "common/sensordata/simulator/random_stream.h"

#include <cmath>

namespace fleetcast::sensordata {

RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose)
    : state_(seed ^ 0xCBF2'9CE4'8422'2325) {
  for (const char c : purpose) {  // FNV-1a
    state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100'0000'01B3;
  }
  state_ = Next();
}

std::uint64_t RandomStream::Next() {
  state_ += 0x9E37'79B9'7F4A'7C15;
  std::uint64_t bits = state_;
  bits = (bits ^ (bits >> 30)) * 0xBF58'476D'1CE4'E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D0'49BB'1331'11EB;
  return bits ^ (bits >> 31);
}

double RandomStream::Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

double RandomStream::Uniform(double low, double high) { return low + (high - low) * Uniform(); }

double RandomStream::Normal() {
  const std::uint64_t bits = Next();
  const auto sum = static_cast<double>((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) +
                                       (bits >> 32 & 0xFFFF) + (bits >> 48));
  // Four uniforms of [0, 65535]: mean 131070, deviation 65536 / sqrt(3).
  return (sum - 131'070.0) * (1.7320508075688772 / 65'536.0);
}

Noise::Noise(double deviation, double hours, double step_hours, RandomStream& random)
    : keep_(std::exp(-step_hours / hours)),
      add_(deviation * std::sqrt(1 - keep_ * keep_)),
      value_(deviation * random.Normal()) {}

double Noise::Next(RandomStream& random) {
  value_ = keep_ * value_ + add_ * random.Normal();
  return value_;
}

}  // namespace fleetcast::sensordata
