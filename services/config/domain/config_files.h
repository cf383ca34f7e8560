// The files under config/ at one commit, sorted out: which speak about which circuit, and what
// stands there and should not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/config/domain/circuit_key.h"
#include "services/config/domain/config_repository.h"
#include "services/config/domain/diagnostic.h"

namespace fleetcast::config {

inline constexpr char kPlantsFolder[] = "config/plants";
inline constexpr char kDefaultsPath[] = "config/defaults.yml";
// No circuit's id: defaults.yml beside the circuits' files holds what they share.
inline constexpr char kDefaultsId[] = "defaults";

// The files of one plant. Entries may be other than plain files.
struct PlantFiles {
  struct Circuit {
    std::string_view id;
    const TreeEntry* entry = nullptr;
  };
  std::string_view plant_id;
  const TreeEntry* defaults = nullptr;  // nullptr if there is none
  std::vector<Circuit> circuits;        // by id
};

// Points into the entries that it was made of.
struct ConfigFiles {
  const TreeEntry* master_list = nullptr;  // a plain file
  const TreeEntry* defaults = nullptr;
  std::vector<PlantFiles> plants;  // by id
  Diagnostics diagnostics;         // about no single circuit's files
  // nullptr if there is none.
  [[nodiscard]] const PlantFiles* Find(std::string_view plant_id) const;
};

// `entries` by path, as ConfigRepository lists them.
[[nodiscard]] ConfigFiles SortFiles(const std::vector<TreeEntry>& entries);

// What is wrong with an entry where a file belongs that speaks about `circuit` (ids empty for none
// in particular); nullopt if it is a plain file.
[[nodiscard]] std::optional<Diagnostic> CheckIsFile(const TreeEntry& entry,
                                                    const CircuitKey& circuit);

}  // namespace fleetcast::config
