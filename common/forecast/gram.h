// The second moments of some windows' inputs and targets: ridge regressions on any choice of the
// inputs follow from them without another look at the windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fleetcast::forecast {

// What LibTorch throws leaves as std::exception. Not thread safe.
class Gram {
 public:
  Gram(std::int64_t inputs, std::int64_t outputs);
  ~Gram();
  Gram(const Gram&) = delete;
  Gram& operator=(const Gram&) = delete;

  // `inputs` is [windows, inputs], `targets` [windows, outputs]; all finite. Together they count
  // for `total` windows.
  void Add(const float* inputs, const float* targets, std::int64_t windows, double total);
  // [outputs, chosen]: the weights of the inputs `chosen` that have the least squared error plus
  // `penalty` times their squares, both per window.
  [[nodiscard]] std::vector<float> Solve(double penalty,
                                         const std::vector<std::int64_t>& chosen) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// inputs [rows, depth] times the transposed weights [outputs, depth]: [rows, outputs].
[[nodiscard]] std::vector<float> Multiply(const std::vector<float>& inputs,
                                          const std::vector<float>& weights, std::int64_t depth);

}  // namespace fleetcast::forecast
