// The entries of a commit's config/ folder, and of the plants' folders in it.
#pragma once

#include <git2.h>

#include <vector>

#include "services/config/domain/config_repository.h"

namespace fleetcast::config {

[[nodiscard]] git_oid GitId(const ObjectId& id);

// As ConfigRepository has them. They return a libgit2 error code, or 0.
[[nodiscard]] int ReadConfigFolder(git_repository* repository, const git_oid& commit,
                                   std::vector<TreeEntry>& entries);
[[nodiscard]] int ReadPlantFolder(git_repository* repository, const git_oid& folder,
                                  std::vector<TreeEntry>& entries);

}  // namespace fleetcast::config
