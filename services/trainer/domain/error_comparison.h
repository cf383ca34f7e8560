// Whether one model forecasts better than another, or only had luck, from their errors on the
// same windows.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::trainer {

enum class Standing {
  kBetter,
  kNotToldApart,  // chance explains the difference
  kWorse,
};

struct ErrorComparison {
  Standing standing = Standing::kNotToldApart;
  double difference = 0;  // the first's mean error less the second's: below 0 is better
  // Up to how large a difference chance explains; infinite where there are too few windows to say.
  double margin = 0;
  std::int64_t windows = 0;
  // For people: "0.42 below 0.47 by 0.05, more than the 0.02 that chance explains on 690 windows".
  std::string why = {};
};

// Whether that many windows tell a model's errors from chance at all.
[[nodiscard]] bool CanTellFromChance(std::int64_t windows, int horizon);

// Both with as many digits as it takes to tell them apart, from four on.
[[nodiscard]] std::pair<std::string, std::string> ToldApart(double one, double other);

// `first` and `second` have each window's mean absolute error, in order of time. Diebold and
// Mariano's question; because the windows' targets overlap for `horizon` windows, and what is hard
// stays so for a while, it is answered by Student's t of the means of 5 to 20 stretches of
// four horizons each, of two where there are few (Ibragimov and Mueller 2010), at 5 %. `trials`, at
// least 1, is how many models were tried on these windows, this one among them: the best of many is
// better by luck alone, so each is asked for more (Bonferroni). Windows in which an error is not
// finite do not count.
[[nodiscard]] ErrorComparison CompareErrors(const std::vector<double>& first,
                                            const std::vector<double>& second, int horizon,
                                            int trials = 1);

}  // namespace fleetcast::trainer
