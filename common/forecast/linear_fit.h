// Ridge regression on as many windows as one likes, in double precision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fleetcast::forecast {

// Not thread safe.
class LinearFit {
 public:
  LinearFit(std::int64_t inputs, std::int64_t outputs);
  ~LinearFit();
  LinearFit(LinearFit&&) noexcept;
  LinearFit& operator=(LinearFit&&) noexcept;

  // `inputs` [windows, inputs] and `targets` [windows, outputs].
  void Add(const float* inputs, const float* targets, std::int64_t windows);
  // The weights [outputs, chosen inputs], as if there were no others; no bias. The penalty is in
  // units of the inputs' mean square, taken to be 1.
  [[nodiscard]] std::vector<float> Solve(double penalty,
                                         const std::vector<std::int64_t>& chosen) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
