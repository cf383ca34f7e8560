// The linear members of a model: ridge regressions on nested stretches of the past, all from one
// look at the windows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/inputs.h"
#include "common/forecast/training_progress.h"

namespace fleetcast::forecast {

struct LinearMember {
  std::string name;  // for people: what it looks at
  double penalty = 0;
  double prior = 0;            // see combination.h
  std::vector<float> weights;  // [horizon, extras]: of the linear path's inputs
  std::vector<float> bias;     // [horizon]
};

// Of windows' extras [windows, inputs]: [windows, horizon].
[[nodiscard]] std::vector<float> ForecastWith(const LinearMember& member,
                                              const std::vector<float>& extras, int inputs);

// Of the windows that penalties are chosen on: [windows, extras], and [windows, horizon] with NaN
// where there is no reading.
struct ChoosingWindows {
  const std::vector<float>& extras;
  const std::vector<float>& targets;
};

// Learns from windows as they are added, whose targets without a reading are taken for what stands
// in for it. Not thread safe.
class LinearFits {
 public:
  // `columns` are those whose levels are inputs.
  LinearFits(const InputLayout& layout, int columns);
  ~LinearFits();
  LinearFits(const LinearFits&) = delete;
  LinearFits& operator=(const LinearFits&) = delete;

  // Each window counts by 1 / the mean absolute error that `reference` (may be null) leaves it: an
  // absolute error as weighted squares, so that a few windows that nothing forecasts do not decide.
  // TRAINING_CANCELLED.
  [[nodiscard]] absl::Status Add(const InputTable& table, const std::vector<std::size_t>& origins,
                                 const LinearMember* reference, Heartbeat& heartbeat);
  // The mean of all regressions on the target's past alone, each with the largest penalty.
  [[nodiscard]] LinearMember Mean() const;
  // The newest rows with the same hours of the days before; the newest 96, 336 and 720 rows, as far
  // as the layout reaches; the first again with all columns' levels where the layout has them; and
  // the forecast that repeats the last day. Each regression's penalty is the best of three.
  // TRAINING_CANCELLED.
  [[nodiscard]] absl::StatusOr<std::vector<LinearMember>> Members(const ChoosingWindows& choosing,
                                                                  Heartbeat& heartbeat) const;
  // The same regressions, with their penalties, on all windows that were added since too.
  void Refit(std::vector<LinearMember>& members) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
