#include "services/config/git/config_folder.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/config/domain/scalar.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {
namespace {

// Longer than 20,000 entries with names that could be ids, and than those of the largest fleet that
// a master list holds.
constexpr std::size_t kMaxTreeBytes = 2 << 20;
// An entry takes 28 bytes at least: a mode, a name of one letter, a zero and an object id. So there
// are never more than 187,000.
constexpr std::size_t kMaxBytesOfTrees = 5 << 20;
constexpr char kPlants[] = "config/plants/";

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

TreeEntry EntryOf(const git_tree_entry* entry, const std::string& prefix) {
  TreeEntry made{.path = absl::StrCat(prefix, PrintableName(git_tree_entry_name(entry))),
                 .kind = KindOf(entry)};
  const git_oid* id = git_tree_entry_id(entry);
  std::copy(std::begin(id->id), std::end(id->id), made.object_id.bytes.begin());
  return made;
}

// Adds the entries of a tree, each with `prefix` before its name.
int ReadTree(git_repository* repository, const git_oid& id, const std::string& prefix,
             std::vector<TreeEntry>& entries) {
  TreeHandle tree;
  if (const int code = Take(tree, git_tree_lookup, repository, &id); code < 0) return code;
  const std::size_t count = git_tree_entrycount(tree.get());
  entries.reserve(entries.size() + count);
  for (std::size_t i = 0; i < count; ++i)
    entries.push_back(EntryOf(git_tree_entry_byindex(tree.get(), i), prefix));
  return 0;
}

// Decides by their sizes which folders are read, in the order of their names.
class FolderBudget {
 public:
  explicit FolderBudget(git_repository* repository) : repository_(repository) {}

  // Says kOversizedFolder of a folder that is too large, or for which nothing is left.
  int Spend(TreeEntry& folder) {
    if (odb_ == nullptr)
      if (const int code = Take(odb_, git_repository_odb, repository_); code < 0) return code;
    std::size_t bytes = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    const git_oid id = GitId(folder.object_id);
    if (const int code = git_odb_read_header(&bytes, &type, odb_.get(), &id); code < 0) return code;
    if (bytes > std::min(kMaxTreeBytes, left_))
      folder.kind = TreeEntry::Kind::kOversizedFolder;
    else
      left_ -= bytes;
    return 0;
  }

 private:
  git_repository* repository_;
  OdbHandle odb_;
  std::size_t left_ = kMaxBytesOfTrees;
};

}  // namespace

git_oid GitId(const ObjectId& id) {
  git_oid git_id;
  std::copy(id.bytes.begin(), id.bytes.end(), std::begin(git_id.id));
  return git_id;
}

int ReadConfigFolder(git_repository* repository, const git_oid& commit,
                     std::vector<TreeEntry>& entries) {
  CommitHandle commit_object;
  if (const int code = Take(commit_object, git_commit_lookup, repository, &commit); code < 0)
    return code;
  TreeHandle root;
  if (const int code = Take(root, git_commit_tree, commit_object.get()); code < 0) return code;
  const git_tree_entry* config = git_tree_entry_byname(root.get(), "config");
  if (config == nullptr) return 0;
  entries.push_back(EntryOf(config, ""));
  FolderBudget budget(repository);
  for (const std::string path : {"config", "config/plants"}) {
    const auto folder = std::find_if(entries.begin(), entries.end(), [&](const TreeEntry& entry) {
      return entry.kind == TreeEntry::Kind::kFolder && entry.path == path;
    });
    if (folder == entries.end()) return 0;
    if (const int code = budget.Spend(*folder); code < 0) return code;
    if (folder->kind != TreeEntry::Kind::kFolder) return 0;
    const git_oid id = GitId(folder->object_id);
    if (const int code = ReadTree(repository, id, path + "/", entries); code < 0) return code;
  }
  for (TreeEntry& entry : entries) {
    if (entry.kind != TreeEntry::Kind::kFolder || !absl::StartsWith(entry.path, kPlants)) continue;
    if (const int code = budget.Spend(entry); code < 0) return code;
  }
  return 0;
}

int ReadPlantFolder(git_repository* repository, const git_oid& folder,
                    std::vector<TreeEntry>& entries) {
  return ReadTree(repository, folder, "", entries);
}

}  // namespace fleetcast::config
