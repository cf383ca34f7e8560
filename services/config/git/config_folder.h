// The entries of a commit's config/ folder, read in steps that several threads can share.
#pragma once

#include <git2.h>

#include <cstddef>
#include <vector>

#include "services/config/domain/config_repository.h"

namespace fleetcast::config {

// First ReadTop, then MeasureFolder of each folder, ChooseFolders, ReadFolder of each, and Take.
// The steps that take an index may run in several threads, each with a repository handle of its
// own. They return a libgit2 error code, or 0.
class ConfigFolder {
 public:
  // config/ and config/plants/.
  [[nodiscard]] int ReadTop(git_repository* repository, const git_oid& commit);
  // The plants' folders.
  [[nodiscard]] std::size_t folders() const { return folders_.size(); }
  [[nodiscard]] int MeasureFolder(git_repository* repository, std::size_t index);
  // Decides which folders are small enough to be read at all. Returns whether they may be read in
  // any order: else ReadFolder must be called in theirs, by one thread.
  [[nodiscard]] bool ChooseFolders();
  [[nodiscard]] int ReadFolder(git_repository* repository, std::size_t index);
  // All entries, each folder's after it.
  [[nodiscard]] std::vector<TreeEntry> Take();

 private:
  struct Folder {
    std::size_t at = 0;  // among the entries of the top
    git_oid id{};
    std::size_t tree_bytes = 0;
    bool fits = true;
    std::vector<TreeEntry> entries;
  };

  int AddEntries(git_repository* repository, const std::string& path, const git_oid* id,
                 bool& fits);

  std::vector<TreeEntry> top_;
  std::vector<Folder> folders_;
  std::size_t tree_bytes_ = 0;  // of all folders that are read
  bool any_order_ = false;
  std::size_t listed_ = 0;  // entries so far, unless in any order
};

}  // namespace fleetcast::config
