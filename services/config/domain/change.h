// What a head changes against its merge base, circuit by circuit: meaning, not files.
#pragma once

#include <string>
#include <vector>

#include "services/config/domain/fleet.h"

namespace fleetcast::config {

enum class ChangeKind { kAdded, kModified, kRemoved };
enum class ChangeEffect { kRetrain, kRedeploy, kRetire, kNone };

// A value that a head changes, and where the new one stands.
struct FieldChange {
  enum class Source {
    kCircuitFile,
    kPlantDefaults,
    kRepositoryDefaults,
    kBuiltIn,
    kMasterList,
    kCalendar,
  };
  std::string field;                 // "training.hyperparameters.epochs"
  std::string old_value, new_value;  // as people read them
  Source source = Source::kBuiltIn;
  std::string path;  // empty for kBuiltIn
  Mark mark;
  [[nodiscard]] std::string Text() const;  // "training.hyperparameters.epochs: 50 -> 80"
};

struct CircuitChange {
  CircuitKey key;
  std::string cutoff_date;  // of the head; of the base for a removed circuit
  ChangeKind kind = ChangeKind::kModified;
  ChangeEffect effect = ChangeEffect::kNone;
  std::vector<FieldChange> fields;  // in the order of the table, then the names
};

// Circuits whose resolved configuration or names differ, by key:
//   new at the head                        ADDED, RETRAIN
//   gone from the head's master list       REMOVED, RETIRE (unless that list is incomplete)
//   some training value differs            MODIFIED, RETRAIN
//   unsound at the base, sound at the head MODIFIED, RETRAIN: it could not be trained before
//   deployment values alone differ         MODIFIED, REDEPLOY
//   names for people alone differ          MODIFIED, NONE
// A circuit that is unsound at the head is in no change. Circuits that are the same in both may be
// left out of both.
[[nodiscard]] std::vector<CircuitChange> DetectChanges(const Fleet& base, const Fleet& head);

// The circuits that DetectChanges needs resolved: those of which something was said differently.
// By key.
struct Candidates {
  std::vector<CircuitOfPlant> base, head;
};
[[nodiscard]] Candidates FindCandidates(const FleetOutline& base, const FleetOutline& head);

}  // namespace fleetcast::config
