// What has to be done about a circuit: pure functions from what is known of it to the next step,
// and from two states of the fleet to a release. The reconciler carries out what they say; nothing
// else decides.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/inference/domain/circuit_record.h"

namespace fleetcast::inference {

// A model version of the training hash that a circuit is to have, with the gate's verdict on it.
struct Candidate {
  std::int64_t version = 0;
  std::string gate;                 // "BETTER", "NOT_BETTER", "NOT_COMPARABLE"; "": not judged
  std::int64_t judged_against = 0;  // the champion then; 0: there was none
  std::string why;
};

// What the registry says of a circuit.
struct RegistryFacts {
  std::int64_t champion = 0;          // 0: none
  std::int64_t previous = 0;          // the champion that a rollback of the present one returns to
  std::int64_t stood = 0;             // where there is none: the one that its retirement took away
  std::vector<Candidate> candidates;  // newest first
  // Of a champion of another configuration, which a pin or a hand made one: why the gate refused
  // it.
  std::string champion_refused = {};
};

// The gate's word for a refusal, as versions' tag `gate` has it.
inline constexpr char kNotBetter[] = "NOT_BETTER";

// Whether `version` has the configuration that is asked for.
[[nodiscard]] bool IsCandidate(const RegistryFacts& registry, std::int64_t version);

struct StepDecision {
  StepAction action = StepAction::kNone;  // what will have been done
  std::int64_t version = 0;               // that serves afterwards; 0: none
  bool ask_trainer = false;               // for a version, or for a verdict: decide again with it
  bool set_champion = false, remove_champion = false;
  std::int64_t restore = 0;  // a champion to be set before all else; then decide again
  bool deploy = false, undeploy = false;
  std::string why;
};

// Whether what is known here alone says that a circuit is not what it is to be.
[[nodiscard]] bool NeedsStep(const CircuitRecord& circuit);

// A pin goes before a release; a champion of the right hash before a candidate; the newest
// candidate that passed the gate against the champion of now before one that has yet to be judged.
// Where the gate refused the newest version the champion serves, whatever was done by hand, with
// the deployment values of now; and where it refused the champion, which a pin made one, that
// before it, of whichever configuration they are. What comes back from retirement is judged against
// the champion that it had. In a rollback a version that ever passed is taken as it is: it is asked
// for because of what came after it.
[[nodiscard]] StepDecision Decide(const CircuitRecord& circuit, const RegistryFacts& registry,
                                  bool rollback = false);

// A fleet as a commit has it.
struct DesiredFleet {
  std::string commit;
  std::vector<DesiredCircuit> circuits;      // sound ones, by plant and circuit
  std::map<CircuitId, std::string> unsound;  // with file, line and fault
  // False: entries of the master list cannot be read, so nothing is known to be gone.
  bool complete = true;
};

// What a release changes, before the registry is asked.
struct FleetChange {
  std::vector<CircuitRecord> changed;  // as they are to be from now on
  std::vector<CircuitRecord> to_step;  // of all, those that NeedsStep, and those retired by it
  int in_sync = 0, unsound = 0, pinned = 0, retired = 0;
};

// `present` are all circuits. Those that the commit does not have are RETIRED, whoever deployed
// them; those that are unsound there keep what they are to be.
[[nodiscard]] FleetChange ChangeTo(const DesiredFleet& desired,
                                   const std::vector<CircuitRecord>& present);

}  // namespace fleetcast::inference
