// Configuration files for tests: a repository's paths with their texts.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace fleetcast::config::testing {

using Files = std::map<std::string, std::string>;

// A sound circuit's file, as in ARCHITECTURE.md, in which each `edits` pair's first text is
// replaced by its second. Dies if the first is not there.
std::string CircuitText(const std::string& plant_id, const std::string& circuit_id,
                        const std::vector<std::pair<std::string, std::string>>& edits = {});

std::string CircuitPath(const std::string& plant_id, const std::string& circuit_id);

// A master list of plants with their circuits. Names are "Plant P001" and "Circuit C001".
std::string MasterText(const std::map<std::string, std::vector<std::string>>& plants);

// A sound fleet: the master list and every circuit's file.
Files FleetFiles(const std::map<std::string, std::vector<std::string>>& plants);

// `text` with the one `from` replaced by `to`. Dies if there is none.
std::string Edited(std::string text, const std::string& from, const std::string& to);

}  // namespace fleetcast::config::testing
