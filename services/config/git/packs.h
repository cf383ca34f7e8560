// The packs of a mirror. Each fetch leaves one more, and whoever reads looks into all of them and
// keeps them open, so that small ones have to be merged now and then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fleetcast::config {

// Fewer are left alone.
inline constexpr std::size_t kMostPacks = 24;

[[nodiscard]] std::size_t CountPacks(const std::string& folder);

// How many of the smallest packs are best merged into one: so many that each other is at least
// twice as large as all smaller ones together. Hence few are left, and an object is written again
// only when what it lies in has doubled. `sizes` ascending.
[[nodiscard]] std::size_t PacksToMerge(const std::vector<std::uintmax_t>& sizes);

// Merges the packs of the bare repository at `folder`, for the one process that writes there. No
// object is lost, also of those that no branch leads to any more: somebody may be reading them.
// Who has the repository open finds them in the new pack; the old ones' space is free once it is
// opened anew. INTERNAL, with all packs as they were or some of them there twice.
[[nodiscard]] absl::Status MergePacks(const std::string& folder);

// Deletes what a writer that was killed left in the folder of packs: files that are not finished,
// packs without index and the reverse.
void RemoveUnfinishedPacks(const std::string& folder);

}  // namespace fleetcast::config
