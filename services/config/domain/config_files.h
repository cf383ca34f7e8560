// The files under config/ at one commit, sorted out: which speak about which circuit, and what
// stands there and should not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/config/domain/circuit_key.h"
#include "services/config/domain/config_repository.h"
#include "services/config/domain/diagnostic.h"

namespace fleetcast::config {

inline constexpr char kPlantsFolder[] = "config/plants";
inline constexpr char kDefaultsPath[] = "config/defaults.yml";
// No circuit's id: defaults.yml beside the circuits' files holds what they share.
inline constexpr char kDefaultsId[] = "defaults";

// config/ and config/plants/. Points into the entries that it was made of.
struct ConfigFiles {
  struct PlantFolder {
    std::string_view plant_id;
    const TreeEntry* entry = nullptr;  // a folder that can be listed
  };
  const TreeEntry* master_list = nullptr;  // a plain file
  const TreeEntry* defaults = nullptr;     // may be other than a plain file
  const TreeEntry* calendars = nullptr;    // a folder that can be listed
  std::vector<PlantFolder> plants;         // by id
  Diagnostics diagnostics;
};

// `entries` as ConfigRepository::ListConfigFolder has them.
[[nodiscard]] ConfigFiles SortConfigFolder(const std::vector<TreeEntry>& entries);

// The files of one plant. Points into the entries that it was made of; they may be other than plain
// files.
struct PlantFiles {
  struct Circuit {
    std::string_view id;
    const TreeEntry* entry = nullptr;
  };
  const TreeEntry* defaults = nullptr;  // nullptr if there is none
  std::vector<Circuit> circuits;        // by id
  Diagnostics diagnostics;              // about no single circuit
};

// `entries` as ConfigRepository::ListPlantFolder has them.
[[nodiscard]] PlantFiles SortPlantFolder(const std::string& plant_id,
                                         const std::vector<TreeEntry>& entries);

// The calendars' folder. Points into the entries that it was made of.
struct CalendarFiles {
  std::vector<std::pair<std::string, const TreeEntry*>> calendars;  // by name; plain files
  Diagnostics diagnostics;
};

// `entries` as ConfigRepository::ListPlantFolder has them; of more than `most` calendars none is
// read.
[[nodiscard]] CalendarFiles SortCalendarFolder(const std::vector<TreeEntry>& entries,
                                               std::size_t most);

// Adds what is wrong in a plant's folder; after kMostDiagnosticsOfFile nothing but one that says
// that there is more.
void ReportInFolder(Diagnostic diagnostic, Diagnostics& diagnostics);

// What is wrong with an entry at `path`, where a file belongs that speaks about `circuit` (ids
// empty for none in particular); nullopt if it is a plain file.
[[nodiscard]] std::optional<Diagnostic> CheckIsFile(TreeEntry::Kind kind, const std::string& path,
                                                    const CircuitKey& circuit);

}  // namespace fleetcast::config
