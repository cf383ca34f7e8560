// Port: where circuits' configurations come from. Implementations: ConfigCatalog (the config
// service), FakeCircuitCatalog.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/trainer/domain/circuit_config.h"

namespace fleetcast::trainer {

struct UnsoundCircuit {
  std::string circuit_id, why;  // where and what its first error is
};

struct ResolvedCircuits {
  std::string commit;                   // that all were read from
  std::string merge_base_commit;        // of a comparison
  std::vector<CircuitConfig> circuits;  // by plant and circuit, each once
  std::vector<UnsoundCircuit> unsound;  // left out, where whole plants are named
  std::string note;                     // what was left out, for people; may be empty
};

// Thread safe. Names of commits stand for what they are at the moment of the call: where a remote
// is followed, it is asked. Errors are those of the config service, UNAVAILABLE if it cannot be
// reached, or its remote cannot and a revision is no full commit id.
class CircuitCatalog {
 public:
  virtual ~CircuitCatalog() = default;
  // Circuits to retrain at `head` because their training configuration differs from that at the
  // merge base. FAILED_PRECONDITION with reason CONFIGURATION_UNSOUND if anything is wrong there.
  [[nodiscard]] virtual absl::StatusOr<ResolvedCircuits> ChangedCircuits(
      const std::string& base, const std::string& head) = 0;
  // Circuits by resource name; "plants/P001/circuits/-" and "plants/-/circuits/-" stand for all
  // sound ones.
  [[nodiscard]] virtual absl::StatusOr<ResolvedCircuits> NamedCircuits(
      const std::vector<std::string>& names, const std::string& revision) = 0;
};

}  // namespace fleetcast::trainer
