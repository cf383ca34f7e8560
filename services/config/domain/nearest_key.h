// What somebody who wrote an unknown key probably meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fleetcast::config {

// The candidate fewest edits away from `word`, ignoring case and taking - for _; nullopt if none
// is within a third of its length.
[[nodiscard]] std::optional<std::string> NearestWord(const std::string& word,
                                                     const std::vector<std::string>& candidates);

// The remedy for the unknown key `name` of a circuit file's `section` ("" is the file itself).
[[nodiscard]] std::string UnknownKeyRemedy(const std::string& section, const std::string& name);

}  // namespace fleetcast::config
