#include "services/inference/domain/release_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"

namespace fleetcast::inference {

absl::Status ReleaseNotFound(const std::string& release_id) {
  if (release_id.empty())
    return ResourceNotFound("Release", "releases/-",
                            "no release has been made yet: make one with CreateRelease");
  return ResourceNotFound("Release", ReleaseResource(release_id),
                          "list the releases with ListReleases");
}

absl::Status CircuitNotFound(const CircuitId& circuit) {
  return ResourceNotFound("CircuitStatus", StatusResource(circuit),
                          "no release has named the circuit, and it was never deployed; list those "
                          "that there are with ListCircuitStatuses");
}

const FilterFields& ReleaseFilterFields() {
  static const auto* fields =
      new FilterFields{{"commit"}, {"revision"}, {"actor"}, {"create_time", FilterKind::kTime}};
  return *fields;
}

const FilterFields& StepFilterFields() {
  static const auto* fields =
      new FilterFields{{"state",
                        FilterKind::kWord,
                        {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"},
                        "STATE_"},
                       {"plant_id"},
                       {"circuit_id"},
                       {"action",
                        FilterKind::kWord,
                        {"NONE", "PROMOTED", "REDEPLOYED", "RETIRED", "REFUSED", "PINNED"},
                        "ACTION_"},
                       {"failure.reason"}};
  return *fields;
}

const FilterFields& StatusFilterFields() {
  static const auto* fields = new FilterFields{
      {"plant_id"},
      {"circuit_id"},
      {"desired_state", FilterKind::kWord, {"ACTIVE", "RETIRED"}, "DESIRED_STATE_"},
      {"severity", FilterKind::kWord, {"OK", "INFO", "WARNING", "ERROR"}, "SEVERITY_"},
      {"conditions", FilterKind::kWordSet, ConditionWords(), "TYPE_"},
      {"release"},
      {"commit"},
      {"cutoff_date", FilterKind::kDate},
      {"serving.model_version"},
      {"serving.skill", FilterKind::kNumber}};
  return *fields;
}

std::optional<std::string> StatusField(const CircuitStatus& status, const std::string& field) {
  const CircuitRecord& record = status.record;
  const auto text = [](const std::string& value) {
    return value.empty() ? std::nullopt : std::optional<std::string>(value);
  };
  if (field == "plant_id") return record.circuit.plant_id;
  if (field == "circuit_id") return record.circuit.circuit_id;
  if (field == "desired_state") return text(Word(record.desired_state));
  if (field == "severity") return Word(WorstOf(status.conditions));
  if (field == "conditions")
    return text(absl::StrJoin(
        status.conditions, " ",
        [](std::string* out, const Condition& condition) { *out += Word(condition.type); }));
  if (field == "release")
    return record.release_id.empty() ? std::nullopt : text(ReleaseResource(record.release_id));
  if (field == "commit") return text(record.commit);
  if (field == "cutoff_date") return text(record.cutoff_date);
  if (!record.serving) return std::nullopt;
  if (field == "serving.model_version") return ModelVersionResource(record.serving->model_version);
  if (!record.serving->skill) return std::nullopt;
  return FilterText(*record.serving->skill);
}

std::vector<std::string> PageKeyOf(const CircuitStatus& status) {
  return {status.record.circuit.plant_id, status.record.circuit.circuit_id};
}

}  // namespace fleetcast::inference
