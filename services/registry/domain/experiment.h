// An experiment: the runs of one circuit, kept together.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/filter.h"

namespace fleetcast::registry {

struct Experiment {
  std::string experiment_id;
  std::string display_name;
  absl::Time create_time;
};

// What a caller may give. An empty display name becomes the id.
// INVALID_ARGUMENT naming the field of the request.
[[nodiscard]] absl::StatusOr<Experiment> NewExperiment(const std::string& experiment_id,
                                                       const std::string& display_name);

// OK if `asked` may be answered with the experiment that stands under its id, else
// ALREADY_EXISTS (EXPERIMENT_DIFFERS).
[[nodiscard]] absl::Status CheckSameExperiment(const Experiment& standing, const Experiment& asked);

[[nodiscard]] absl::Status ExperimentNotFound(const std::string& experiment_id);

// A checked filter over experiments. INVALID_ARGUMENT on `filter`.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseExperimentFilter(const std::string& text);
// A field as Matches asks for it.
[[nodiscard]] std::optional<std::string> ExperimentField(const Experiment& experiment,
                                                         const std::string& field);

}  // namespace fleetcast::registry
