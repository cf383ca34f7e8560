// What is to be said of an unknown key.
#pragma once

#include <string>

namespace fleetcast::config {

// The remedy for the unknown key `name` of a circuit file's `section` ("" is the file itself).
[[nodiscard]] std::string UnknownKeyRemedy(const std::string& section, const std::string& name);

}  // namespace fleetcast::config
