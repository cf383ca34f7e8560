#include "services/registry/domain/experiment.h"

#include "absl/strings/str_cat.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

absl::StatusOr<Experiment> NewExperiment(const std::string& experiment_id,
                                         const std::string& display_name) {
  FLEETCAST_RETURN_IF_ERROR(CheckLongId("experiment_id", experiment_id));
  FLEETCAST_RETURN_IF_ERROR(CheckText("experiment.display_name", display_name, 200));
  return Experiment{experiment_id, display_name.empty() ? experiment_id : display_name, {}};
}

absl::Status CheckSameExperiment(const Experiment& standing, const Experiment& asked) {
  if (standing.display_name == asked.display_name) return absl::OkStatus();
  const std::string name = ExperimentNameText(asked.experiment_id);
  return MakeError(
      absl::StatusCode::kAlreadyExists,
      absl::StrCat(name, " exists with the display name '", standing.display_name, "', not '",
                   asked.display_name, "'; use it as it is or choose another id"),
      {.reason = "EXPERIMENT_DIFFERS",
       .metadata = {{"experiment", name},
                    {"display_name", standing.display_name},
                    {"asked_display_name", asked.display_name}},
       .field_violations = {},
       .resource_type = "Experiment",
       .resource_name = name,
       .retry_after = std::nullopt});
}

absl::Status ExperimentNotFound(const std::string& experiment_id) {
  return ResourceNotFound("Experiment", ExperimentNameText(experiment_id),
                          "the first training of its circuit makes it, or CreateExperiment");
}

absl::StatusOr<std::optional<Filter>> ParseExperimentFilter(const std::string& text) {
  static const FilterFields fields = {
      {"experiment_id"}, {"display_name"}, {"create_time", FilterKind::kTime}};
  return ParseFilter(text, fields);
}

std::optional<std::string> ExperimentField(const Experiment& experiment, const std::string& field) {
  if (field == "experiment_id") return experiment.experiment_id;
  if (field == "display_name") return experiment.display_name;
  if (field == "create_time") return FilterText(experiment.create_time);
  return std::nullopt;
}

}  // namespace fleetcast::registry
