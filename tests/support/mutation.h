// Texts that something damaged: what a reader of others' bytes must hold its invariants on.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::testing {

// Mutates `seeds` over and over: bytes erased, overwritten and doubled, `fragments` put in. The
// first text for which `broken` says what is wrong, with that, or nullopt.
// 5000 rounds, the same each time. For a minute with FLEETCAST_MUTATION_SECONDS=60; other ones each
// time unless FLEETCAST_MUTATION_SEED says where they begin.
[[nodiscard]] std::optional<std::string> FirstBroken(
    const std::vector<std::string>& seeds, const std::vector<std::string>& fragments,
    const std::function<std::optional<std::string>(const std::string& text)>& broken);

}  // namespace fleetcast::testing
