// The master list config/plants_circuits.yml: which plants and circuits there are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "services/config/domain/document.h"

namespace fleetcast::config {

inline constexpr char kMasterListPath[] = "config/plants_circuits.yml";

struct MasterCircuit {
  std::string circuit_id;
  std::string display_name;  // the id where the list gives no name
  Mark mark;
  Mark name_mark;  // of the name; of the entry where it has none
};

struct MasterPlant {
  std::string plant_id;
  std::string display_name;
  std::string time_zone;                // as written; "" where the list gives none
  std::vector<MasterCircuit> circuits;  // in order of id, each id once
  Mark mark;
  Mark name_mark;
  Mark zone_mark;
};

struct MasterList {
  std::vector<MasterPlant> plants;  // in order of id, each id once
  bool readable = false;            // false: nothing can be said about who is in it
  // False if some entry could not be read: a circuit that is not here may be meant to be.
  bool complete = false;
  Diagnostics diagnostics;  // with path; ids where they are known
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

// Depends on the text alone. A doubtful entry (a duplicate) stays in the list with a diagnostic
// that names its circuit; an unreadable one makes the list incomplete.
[[nodiscard]] MasterList ReadMasterList(const ParsedYaml& yaml);

}  // namespace fleetcast::config
