// A fleet at one commit: its outline (who is in the master list, and which files speak about
// whom), which is cheap, and its circuits, resolved where they are needed. The outline is made
// plant by plant, so that commits share those of the plants that they have in common.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "services/config/domain/calendar_file.h"
#include "services/config/domain/circuit_key.h"
#include "services/config/domain/circuit_resolution.h"
#include "services/config/domain/config_files.h"
#include "services/config/domain/master_list.h"
#include "services/config/domain/object_id.h"

namespace fleetcast::config {

// Files that speak about a circuit: its own, its plant's defaults, the repository's.
inline constexpr std::size_t kLayers = 3;

struct CircuitOutline {
  CircuitKey key;
  std::string display_name;
  Mark mark, name_mark;  // in the master list
  // Strongest first; empty where there is no such file.
  std::array<ObjectId, kLayers> files;
  bool lacks_file = false;  // nothing at all stands where its own file belongs
  // What else is wrong about the circuit outside its files: twice in the list, a link for a file …
  Diagnostics diagnostics;
  // Whether everything that is said about the circuit is the same (but for where it stands).
  [[nodiscard]] bool SaysTheSameAs(const CircuitOutline& other) const;
  // Where the file of that layer stands, or would: "config/plants/P001/C001.yml".
  [[nodiscard]] std::string PathOf(std::size_t layer) const;
};

struct PlantOutline {
  std::string plant_id;
  std::string display_name;
  std::string time_zone;                       // "" for none
  Mark name_mark, zone_mark;                   // in the master list
  std::shared_ptr<const Calendars> calendars;  // of the commit; nullptr where it has none
  bool listed = false;                         // in the master list; else its folder alone is there
  std::vector<CircuitOutline> circuits;        // by id
  // Circuits that only a file in the folder names, by id: as many as somebody has pushed.
  std::vector<std::string> unlisted;
  Diagnostics diagnostics;  // about what else is in the folder
  // nullptr if there is none.
  [[nodiscard]] const CircuitOutline* FindCircuit(const std::string& circuit_id) const;
  // Whether what the plant says of all its circuits is the same, names for people apart.
  [[nodiscard]] bool SaysTheSameAs(const PlantOutline& other) const;
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

// What says something about one plant. Points into what it was made of.
struct PlantSources {
  std::string plant_id;
  const TreeEntry* folder = nullptr;    // its folder; nullptr if there is none
  const TreeEntry* defaults = nullptr;  // the repository's file of defaults, likewise
  const MasterPlant* listed = nullptr;  // its entry in the master list, likewise
  bool list_is_readable = false;
  std::shared_ptr<const Calendars> calendars;  // nullptr where there are none
  // What the master list says of the plant's circuits, by circuit.
  std::vector<const Diagnostic*> diagnostics;
};

// Of all plants that the master list or a folder names, by id. Where the list stands but cannot be
// read, every circuit file counts as a circuit, so that a repaired list can be compared with what
// was there.
[[nodiscard]] std::vector<PlantSources> SourcesOf(
    const ConfigFiles& files, const MasterList& master,
    const std::shared_ptr<const Calendars>& calendars);

// `entries` of the plant's folder, none if it has none.
[[nodiscard]] PlantOutline OutlinePlant(const PlantSources& sources,
                                        const std::vector<TreeEntry>& entries);

struct FleetOutline {
  std::string commit;
  bool has_master_list = false;
  bool readable = false;  // the master list could be read
  bool complete = false;  // every entry of it could: who is not here is not in it
  std::vector<std::shared_ptr<const PlantOutline>> plants;  // by id
  Diagnostics diagnostics;                                  // about no single plant's folder
  // nullptr if the master list has no such plant.
  [[nodiscard]] std::shared_ptr<const PlantOutline> FindPlant(const std::string& plant_id) const;
  // Plants are counted in each fleet that shares them.
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

// `master` is nullptr if there is no file of that name; the fleet is empty then. `calendars` may be
// nullptr. Without plants.
[[nodiscard]] FleetOutline OutlineFleet(const std::string& commit, const ConfigFiles& files,
                                        const MasterList* master, const Calendars* calendars);

// A circuit of an outline, which lives as long as this.
struct CircuitOfPlant {
  std::shared_ptr<const PlantOutline> plant;
  const CircuitOutline* outline = nullptr;  // one of the plant's
  [[nodiscard]] const CircuitKey& key() const { return outline->key; }
};

// All circuits of those plants, in their order.
[[nodiscard]] std::vector<CircuitOfPlant> CircuitsOf(
    const std::vector<std::shared_ptr<const PlantOutline>>& plants);

struct ResolvedCircuit : CircuitOfPlant {
  std::shared_ptr<const CircuitResolution> resolution;  // never null
  [[nodiscard]] bool sound() const {
    return resolution->config.has_value() && !HasError(outline->diagnostics);
  }
};

struct Fleet {
  bool readable = false;  // as in FleetOutline; without it names are ids
  bool complete = false;
  std::vector<ResolvedCircuit> circuits;  // by key
};

}  // namespace fleetcast::config
