// A fleet at one commit: its outline (who is in the master list, and which files speak about
// whom), which is cheap, and its circuits, resolved where they are needed.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "services/config/domain/circuit_key.h"
#include "services/config/domain/circuit_resolution.h"
#include "services/config/domain/config_files.h"
#include "services/config/domain/master_list.h"

namespace fleetcast::config {

// Files that speak about a circuit: its own, its plant's defaults, the repository's.
inline constexpr std::size_t kLayers = 3;

struct CircuitOutline {
  CircuitKey key;
  std::string plant_name;
  std::string circuit_name;
  // Where the names stand in the master list.
  Mark plant_name_mark, circuit_name_mark;
  // Their object ids, strongest first; empty where there is no such file.
  std::array<std::string, kLayers> files;
  // What is wrong about the circuit outside its files: no file, twice in the list …
  Diagnostics diagnostics;
  // Whether everything that is said about the circuit is the same (but for where it stands).
  [[nodiscard]] bool SaysTheSameAs(const CircuitOutline& other) const;
  // Where the file of that layer stands, or would: "config/plants/P001/C001.yml".
  [[nodiscard]] std::string PathOf(std::size_t layer) const;
};

struct PlantOutline {
  std::string plant_id;
  std::string display_name;
  int circuit_count = 0;
};

struct FleetOutline {
  std::string commit;
  bool has_master_list = false;
  bool readable = false;                 // the master list could be read
  bool complete = false;                 // every entry of it could: who is not here is not in it
  std::vector<PlantOutline> plants;      // by id
  std::vector<CircuitOutline> circuits;  // by key
  Diagnostics diagnostics;               // about no single circuit
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

// `master` is nullptr if there is no file of that name; the fleet is empty then. Where it stands
// but cannot be read, every circuit file counts as a circuit, so that a repaired list can be
// compared with what was there.
[[nodiscard]] FleetOutline OutlineFleet(const std::string& commit, const ConfigFiles& files,
                                        const MasterList* master);

struct ResolvedCircuit {
  CircuitOutline outline;
  std::shared_ptr<const CircuitResolution> resolution;  // never null
  [[nodiscard]] bool sound() const {
    return resolution->config.has_value() && !HasError(outline.diagnostics);
  }
};

struct Fleet {
  bool readable = false;  // as in FleetOutline; without it names are ids
  bool complete = false;
  std::vector<ResolvedCircuit> circuits;  // by key
};

}  // namespace fleetcast::config
