// A fleet at one commit: its outline (who is in the master list, and which files speak about
// whom), which is cheap, and its circuits, resolved where they are needed.
#pragma once

#include <array>
#include <compare>
#include <memory>
#include <string>
#include <vector>

#include "services/config/domain/circuit_resolution.h"
#include "services/config/domain/config_repository.h"
#include "services/config/domain/master_list.h"

namespace fleetcast::config {

struct CircuitKey {
  std::string plant_id;
  std::string circuit_id;
  friend auto operator<=>(const CircuitKey&, const CircuitKey&) = default;
};

struct FileRef {
  std::string path;
  std::string object_id;  // empty: there is no such file
  friend bool operator==(const FileRef&, const FileRef&) = default;
};

struct CircuitOutline {
  CircuitKey key;
  std::string plant_name;
  std::string circuit_name;
  // Where the names stand in the master list.
  Mark plant_name_mark, circuit_name_mark;
  // Strongest first: the circuit's file, its plant's defaults, the repository's defaults.
  std::array<FileRef, 3> layers;
  // What is wrong about the circuit outside its files: no file, twice in the list …
  Diagnostics diagnostics;
  // Whether everything that is said about the circuit is the same (but for where it stands).
  [[nodiscard]] bool SaysTheSameAs(const CircuitOutline& other) const;
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
[[nodiscard]] FleetOutline OutlineFleet(const std::string& commit,
                                        const std::vector<TreeEntry>& entries,
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
