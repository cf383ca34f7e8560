// Which of the LSTM's outputs a training step keeps.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace fleetcast::forecast {

// Draws from a generator of its own. Not thread safe.
class DropoutMasks {
 public:
  DropoutMasks(double dropout, std::uint64_t seed) : dropout_(dropout), generator_(seed) {}

  [[nodiscard]] bool enabled() const { return dropout_ > 0; }
  // The next `count` factors: 0, or what makes up for the zeros. Empty without dropout.
  const std::vector<float>& Draw(std::size_t count) {
    if (dropout_ <= 0) return mask_;
    mask_.resize(count);
    const auto limit = static_cast<std::uint32_t>(dropout_ * 0x1p32);
    const auto kept = static_cast<float>(1 / (1 - dropout_));
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < count; ++i) {
      bits = i % 2 == 0 ? generator_() : bits >> 32;  // two numbers from each draw
      mask_[i] = static_cast<std::uint32_t>(bits) < limit ? 0 : kept;
    }
    return mask_;
  }

 private:
  double dropout_;
  std::mt19937_64 generator_;
  std::vector<float> mask_;
};

}  // namespace fleetcast::forecast
