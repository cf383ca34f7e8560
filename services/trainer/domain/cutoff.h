// Cutoff dates that are not over: what is trained on may still come, so it is said.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/trainer/domain/circuit_config.h"

namespace fleetcast::trainer {

struct CutoffWarning {
  std::string kind;  // CUTOFF_DAY_NOT_OVER, CUTOFF_IN_FUTURE
  std::string message;
};

// nullopt if the day (UTC) is over. `cutoff_date` is YYYY-MM-DD.
[[nodiscard]] std::optional<CutoffWarning> WarnOfCutoff(const std::string& cutoff_date,
                                                        absl::Time now);

// The same of many circuits, in a sentence that names some of each kind; empty if nothing is to be
// said.
[[nodiscard]] std::string CutoffNote(const std::vector<CircuitConfig>& circuits, absl::Time now);

}  // namespace fleetcast::trainer
