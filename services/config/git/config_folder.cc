#include "services/config/git/config_folder.h"

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/config/domain/scalar.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kMostEntries = 200'000;
// Longer than 20,000 entries with names that could be ids, and than those of all folders.
constexpr std::size_t kMaxTreeBytes = 2 << 20;
constexpr std::size_t kMaxBytesOfTrees = 16 << 20;
// config/, config/plants/, config/plants/P001/
constexpr int kDepth = 3;

TreeEntry::Kind KindOf(const git_tree_entry* entry) {
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_TREE:
      return TreeEntry::Kind::kFolder;
    case GIT_FILEMODE_LINK:
      return TreeEntry::Kind::kSymlink;
    case GIT_FILEMODE_COMMIT:
      return TreeEntry::Kind::kSubmodule;
    default:
      return TreeEntry::Kind::kFile;
  }
}

std::string HexOf(const git_oid* id) {
  char hex[GIT_OID_HEXSZ + 1];
  git_oid_tostr(hex, sizeof hex, id);
  return hex;
}

class FolderReader {
 public:
  FolderReader(git_repository* repository, std::vector<TreeEntry>& entries)
      : repository_(repository), entries_(entries) {}

  // Adds the entries of folder `path`; false, with nothing added, if there are too many.
  int AddFolder(const std::string& path, const git_oid* id, int depth, bool& fits) {
    OdbHandle odb;
    std::size_t bytes = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (const int code = Take(odb, git_repository_odb, repository_); code < 0) return code;
    if (const int code = git_odb_read_header(&bytes, &type, odb.get(), id); code < 0) return code;
    fits = bytes <= kMaxTreeBytes && tree_bytes_ + bytes <= kMaxBytesOfTrees;
    if (!fits) return 0;
    tree_bytes_ += bytes;
    TreeHandle tree;
    if (const int code = Take(tree, git_tree_lookup, repository_, id); code < 0) return code;
    const std::size_t count = git_tree_entrycount(tree.get());
    fits = count <= kMostEntriesOfFolder && entries_.size() + count <= kMostEntries;
    for (std::size_t i = 0; fits && i < count; ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
      const std::string child = absl::StrCat(path, "/", PrintableName(git_tree_entry_name(entry)));
      const bool entered = depth + 1 < kDepth &&
                           (depth > 0 || std::strcmp(git_tree_entry_name(entry), "plants") == 0);
      if (const int code = AddEntry(child, entry, depth + 1, entered); code < 0) return code;
    }
    return 0;
  }

  int AddEntry(const std::string& path, const git_tree_entry* entry, int depth, bool entered) {
    const std::size_t index = entries_.size();
    entries_.push_back({path, HexOf(git_tree_entry_id(entry)), KindOf(entry)});
    if (!entered || entries_[index].kind != TreeEntry::Kind::kFolder) return 0;
    bool fits = true;
    if (const int code = AddFolder(path, git_tree_entry_id(entry), depth, fits); code < 0)
      return code;
    if (!fits) entries_[index].kind = TreeEntry::Kind::kOversizedFolder;
    return 0;
  }

 private:
  git_repository* repository_;
  std::vector<TreeEntry>& entries_;
  std::size_t tree_bytes_ = 0;  // of all folders read so far
};

}  // namespace

int ListConfigFolder(git_repository* repository, const git_oid& commit,
                     std::vector<TreeEntry>& entries) {
  CommitHandle commit_object;
  if (const int code = Take(commit_object, git_commit_lookup, repository, &commit); code < 0)
    return code;
  TreeHandle root;
  if (const int code = Take(root, git_commit_tree, commit_object.get()); code < 0) return code;
  const git_tree_entry* config = git_tree_entry_byname(root.get(), "config");
  if (config == nullptr) return 0;
  return FolderReader(repository, entries).AddEntry("config", config, 0, true);
}

}  // namespace fleetcast::config
