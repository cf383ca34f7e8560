// How much each member of a model says: pure arithmetic on what they forecast for windows that none
// of them was trained on.
#pragma once

#include <cstddef>
#include <vector>

namespace fleetcast::forecast {

// One member's forecasts of the same values, and what it is trusted with before any of them is
// seen.
struct MemberForecasts {
  std::vector<float> values;  // as many as there are targets
  double prior = 0;           // weight, 0 or above
};

// The weights, 0 or above, that have the least Huber loss against `targets` (NaN where there is
// no reading) plus a pull of kPriorPull + 1 / independent_windows, in units of the members' mean
// square, towards the priors, less the part of them that so few windows cannot vouch for. Forecasts
// are changes from the last value, so what the weights lack to 1 is the weight of the forecast that
// repeats it: a sensor that nobody can forecast gets small ones, smoothly, and one wild day does
// not decide. `independent_windows` is how many windows fit one after another, above 0. Where no
// target has a reading the priors, less that part, are returned. Huber 1964; iteratively reweighted
// least squares, each solved by coordinate descent.
[[nodiscard]] std::vector<double> CombineMembers(const std::vector<MemberForecasts>& members,
                                                 const std::vector<float>& targets,
                                                 double independent_windows);

inline constexpr double kPriorPull = 0.1;

}  // namespace fleetcast::forecast
