#include "services/trainer/domain/run_creation.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/resource_name.h"
#include "common/base/status.h"
#include "services/trainer/domain/cutoff.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

constexpr std::size_t kMaxNamedCircuits = 10'000;
constexpr std::size_t kMaxAuthorBytes = 200;

void Require(const std::string& field, const std::string& value, const std::string& example,
             std::vector<FieldViolation>& violations) {
  if (value.empty())
    violations.push_back({"training_run_spec." + field, "is required, such as " + example});
}

void CheckCircuits(const RunSpec& spec, std::vector<FieldViolation>& violations) {
  static const auto* const kPattern = new ResourceNamePattern("plants/{plant}/circuits/{circuit}");
  if (spec.circuits.size() > kMaxNamedCircuits)
    violations.push_back(
        {"training_run_spec.circuit_selection.circuits",
         absl::StrCat("has ", spec.circuits.size(), " names, at most ", kMaxNamedCircuits,
                      " are taken; plants/P001/circuits/- names a whole plant")});
  for (std::size_t i = 0; i < spec.circuits.size(); ++i) {
    const std::string field = absl::StrCat("training_run_spec.circuit_selection.circuits[", i, "]");
    const auto ids = kPattern->ParseWithWildcards(field, spec.circuits[i]);
    if (!ids.ok())
      violations.push_back({field, std::string(ids.status().message())});
    else if ((*ids)[0] == "-" && (*ids)[1] != "-")
      violations.push_back({field,
                            "a circuit is named within its plant, or all of all plants: "
                            "plants/-/circuits/-"});
  }
  Require("circuit_selection.revision", spec.revision, "main", violations);
}

// A base is of all circuits that a plant has.
void CheckPlantBase(const RunSpec& spec, std::vector<FieldViolation>& violations) {
  const std::string selection = "training_run_spec.circuit_selection.";
  for (std::size_t i = 0; i < spec.circuits.size(); ++i) {
    if (absl::EndsWith(spec.circuits[i], "/circuits/-")) continue;
    violations.push_back(
        {absl::StrCat(selection, "circuits[", i, "]"),
         "with plant_base a whole plant is named, such as plants/P001/circuits/-"});
  }
  if (spec.reuse_versions)
    violations.push_back({absl::StrCat(selection, "reuse_versions"),
                          "is about circuits' versions: leave it out with plant_base"});
}

std::vector<Subject> SubjectsOf(const RunSpec& spec, std::vector<CircuitConfig> circuits) {
  std::vector<Subject> subjects;
  if (!spec.plant_base) {
    for (CircuitConfig& circuit : circuits) subjects.push_back({std::move(circuit)});
    return subjects;
  }
  std::map<std::string, std::vector<CircuitConfig>> plants;
  for (CircuitConfig& circuit : circuits) plants[circuit.plant_id].push_back(std::move(circuit));
  for (const auto& [id, of_plant] : plants) subjects.push_back({PlantOf(of_plant)});
  return subjects;
}

}  // namespace

absl::Status CheckSpec(const RunSpec& spec) {
  std::vector<FieldViolation> violations;
  const bool range = !spec.base_revision.empty() || !spec.head_revision.empty();
  const bool selection = !spec.circuits.empty() || !spec.revision.empty();
  if (range) {
    Require("revision_range.base_revision", spec.base_revision, "origin/main", violations);
    Require("revision_range.head_revision", spec.head_revision, "my-branch", violations);
  } else if (selection && !spec.circuits.empty()) {
    CheckCircuits(spec, violations);
    if (spec.plant_base) CheckPlantBase(spec, violations);
  } else if (selection) {
    violations.push_back({"training_run_spec.circuit_selection.circuits",
                          "is empty; name circuits, or plants/-/circuits/- for all"});
  } else {
    violations.push_back({"training_run_spec.source",
                          "is required: a revision_range with base_revision and head_revision, or "
                          "a circuit_selection with circuits and revision"});
  }
  if (spec.pull_request_number < 0)
    violations.push_back({"training_run_spec.pull_request.number", "must be above 0"});
  if (spec.pull_request_number == 0 && !spec.pull_request_author.empty())
    violations.push_back(
        {"training_run_spec.pull_request.number", "is required together with an author"});
  if (spec.pull_request_author.size() > kMaxAuthorBytes)
    violations.push_back({"training_run_spec.pull_request.author",
                          absl::StrCat("has more than ", kMaxAuthorBytes, " bytes")});
  return violations.empty() ? absl::OkStatus() : InvalidFields(std::move(violations));
}

RunCreation::RunCreation(RunStore& store, CircuitCatalog& catalog, const Clock& clock,
                         int max_attempts)
    : store_(store), catalog_(catalog), clock_(clock), max_attempts_(max_attempts) {}

absl::StatusOr<TrainingRun> RunCreation::Create(const MutatingRequest& request,
                                                const RunSpec& spec) {
  FLEETCAST_RETURN_IF_ERROR(CheckSpec(spec));
  FLEETCAST_ASSIGN_OR_RETURN(auto first, store_.FindCreatedRun(request));
  if (first) return *std::move(first);

  FLEETCAST_ASSIGN_OR_RETURN(ResolvedCircuits resolved,
                             spec.circuits.empty()
                                 ? catalog_.ChangedCircuits(spec.base_revision, spec.head_revision)
                                 : catalog_.NamedCircuits(spec.circuits, spec.revision));
  const std::string cutoffs = CutoffNote(resolved.circuits, clock_.Now());
  if (!cutoffs.empty()) absl::StrAppend(&resolved.note, resolved.note.empty() ? "" : "; ", cutoffs);
  return store_.CreateRun(request,
                          {.pin = {.spec = spec,
                                   .commit = std::move(resolved.commit),
                                   .merge_base_commit = std::move(resolved.merge_base_commit),
                                   .note = std::move(resolved.note)},
                           .max_attempts = max_attempts_,
                           .subjects = SubjectsOf(spec, std::move(resolved.circuits))});
}

}  // namespace fleetcast::trainer
