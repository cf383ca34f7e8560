// What must hold of any bytes whatever that are read as a sensor's file.
#pragma once

#include <optional>
#include <string>

namespace fleetcast::sensordata::testing {

// Reads `text` for all columns, for two by name and for its last rows. nullopt if
//  - an error is of the data, has a reason, and can be stored and sent;
//  - readings are a table with columns that a configuration can name, each once, and every issue
//    of theirs can be stored;
//  - profile, check and grid of them are there, or such an error;
//  - a cell of the grid is NaN where, and only where, it is not observed;
// else what does not.
[[nodiscard]] std::optional<std::string> BrokenCsvInvariant(const std::string& text);

}  // namespace fleetcast::sensordata::testing
