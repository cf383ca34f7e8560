// What must hold of any text whatever that is read as a configuration file.
#pragma once

#include <optional>
#include <string>

namespace fleetcast::config::testing {

// Reads `text` as a circuit's file, as a file of defaults and as a master list. nullopt if
//  - what is unsound has an error and what is sound has none, and hashes;
//  - diagnostics are bounded in number and length, each with a reason, a message and a remedy;
//  - every place lies within the text, or one line below it;
//  - a sound circuit, written in full from its resolved values, reads back as itself;
// else what does not.
[[nodiscard]] std::optional<std::string> BrokenInvariant(const std::string& text);

}  // namespace fleetcast::config::testing
