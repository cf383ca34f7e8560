// The entries of a commit's config/ folder.
#pragma once

#include <git2.h>

#include <vector>

#include "services/config/domain/config_repository.h"

namespace fleetcast::config {

// As ConfigRepository::ListConfigFolder. A libgit2 error code, or 0.
[[nodiscard]] int ListConfigFolder(git_repository* repository, const git_oid& commit,
                                   std::vector<TreeEntry>& entries);

}  // namespace fleetcast::config
