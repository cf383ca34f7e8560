// What somebody who wrote an unknown name probably meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fleetcast {

// The candidate fewest edits away from `word`, ignoring case and taking - for _; nullopt if none
// is within a third of its length.
[[nodiscard]] std::optional<std::string> NearestWord(const std::string& word,
                                                     const std::vector<std::string>& candidates);

}  // namespace fleetcast
