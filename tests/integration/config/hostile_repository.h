// Objects that no git program would write: put into a repository's store byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/config/git/git_handle.h"

namespace fleetcast::config::testing {

struct RawEntry {
  std::string mode;  // "100644" a file, "40000" a folder, "120000" a link, "160000" a submodule
  std::string name;  // any bytes but NUL
  std::string id;    // 40 hex digits
};

// Dies with libgit2's words if something fails.
class HostileRepository {
 public:
  explicit HostileRepository(const std::string& path);
  ~HostileRepository();
  HostileRepository(const HostileRepository&) = delete;
  HostileRepository& operator=(const HostileRepository&) = delete;

  // Each returns the new object's 40 hex digits. Entries stand in the tree as they are given.
  std::string Blob(const std::string& text);
  std::string Tree(const std::vector<RawEntry>& entries);
  // A commit of `tree` that `branch` points at, after `parent` if there is one.
  std::string Commit(const std::string& branch, const std::string& tree,
                     const std::string& parent = "");
  // A commit of config/ with that blob as master list and those plants' folders.
  std::string CommitFleet(const std::string& branch, const std::string& master,
                          const std::vector<RawEntry>& plants, const std::string& parent = "");
  // An annotated tag of an object of any type.
  std::string Tag(const std::string& name, const std::string& target, const std::string& type);
  // A blob of that many zeros, written compressed and never held.
  std::string BlobOfZeros(std::uint64_t bytes);
  // `reference` points at an object of any type.
  void Point(const std::string& reference, const std::string& id);

 private:
  std::string Write(git_object_t type, const std::string& bytes);

  std::string path_;
  RepositoryHandle repository_;
};

}  // namespace fleetcast::config::testing
