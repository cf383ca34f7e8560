// The best common ancestors of two commits.
#pragma once

#include <git2.h>

#include "services/config/domain/config_repository.h"

namespace fleetcast::config {

// As ConfigRepository::MergeBase. In a shallow clone history ends where the clone's does. A libgit2
// error code (GIT_ENOTFOUND if there is no common ancestor), or 0.
[[nodiscard]] int BestCommonAncestor(git_repository* repository, const git_oid& base,
                                     const git_oid& head, CommonAncestor& best);

}  // namespace fleetcast::config
