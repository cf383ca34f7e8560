// A bound on what libgit2 may hold of one object: a repository's blobs, trees and tags are of any
// size that somebody has pushed, and libgit2 loads an object whole before it says what it is.
#pragma once

#include <cstddef>

namespace fleetcast::config {

// Beyond every table that libgit2 makes for itself while it walks millions of commits.
inline constexpr std::size_t kMaxGitAllocation = std::size_t{64} << 20;

// From now on, in the whole process, libgit2 fails (GIT_ERROR_NOMEMORY) where it would allocate
// more than that at once. To be called before threads use libgit2; memory that it has then is freed
// all the same. A fetch is a process of its own and not bound.
void BoundGitAllocations();

// While it lives, the bound in this thread is `bytes`.
class GitAllocationBound {
 public:
  explicit GitAllocationBound(std::size_t bytes);
  ~GitAllocationBound();
  GitAllocationBound(const GitAllocationBound&) = delete;
  GitAllocationBound& operator=(const GitAllocationBound&) = delete;

 private:
  const std::size_t before_;
};

}  // namespace fleetcast::config
