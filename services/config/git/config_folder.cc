#include "services/config/git/config_folder.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/config/domain/scalar.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {
namespace {

constexpr std::size_t kMostEntries = 200'000;
// Longer than 20,000 entries with names that could be ids, and than those of all folders.
constexpr std::size_t kMaxTreeBytes = 2 << 20;
constexpr std::size_t kMaxBytesOfTrees = 16 << 20;
// A mode, a name of one letter, a zero and an object id: what an entry takes in a tree at least.
constexpr std::size_t kShortestTreeEntry = 5 + 1 + 1 + 1 + GIT_OID_RAWSZ;
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

std::string HexOf(const git_oid* id) {
  char hex[GIT_OID_HEXSZ + 1];
  git_oid_tostr(hex, sizeof hex, id);
  return hex;
}

int TreeBytes(git_repository* repository, const git_oid* id, std::size_t& bytes) {
  OdbHandle odb;
  git_object_t type = GIT_OBJECT_INVALID;
  if (const int code = Take(odb, git_repository_odb, repository); code < 0) return code;
  return git_odb_read_header(&bytes, &type, odb.get(), id);
}

// Adds the entries of folder `path`; not if there are more than `room`: then `fits` becomes false.
int ReadTree(git_repository* repository, const std::string& path, const git_oid* id,
             std::size_t room, std::vector<TreeEntry>& entries, bool& fits) {
  TreeHandle tree;
  if (const int code = Take(tree, git_tree_lookup, repository, id); code < 0) return code;
  const std::size_t count = git_tree_entrycount(tree.get());
  fits = count <= kMostEntriesOfFolder && count <= room;
  if (!fits) return 0;
  entries.reserve(entries.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
    entries.push_back({absl::StrCat(path, "/", PrintableName(git_tree_entry_name(entry))),
                       HexOf(git_tree_entry_id(entry)), KindOf(entry)});
  }
  return 0;
}

}  // namespace

int ConfigFolder::AddEntries(git_repository* repository, const std::string& path, const git_oid* id,
                             bool& fits) {
  std::size_t bytes = 0;
  if (const int code = TreeBytes(repository, id, bytes); code < 0) return code;
  fits = bytes <= kMaxTreeBytes;
  if (!fits) return 0;
  tree_bytes_ += bytes;
  return ReadTree(repository, path, id, kMostEntries, top_, fits);
}

int ConfigFolder::ReadTop(git_repository* repository, const git_oid& commit) {
  CommitHandle commit_object;
  if (const int code = config::Take(commit_object, git_commit_lookup, repository, &commit);
      code < 0)
    return code;
  TreeHandle root;
  if (const int code = config::Take(root, git_commit_tree, commit_object.get()); code < 0)
    return code;
  const git_tree_entry* config = git_tree_entry_byname(root.get(), "config");
  if (config == nullptr) return 0;
  top_.push_back({"config", HexOf(git_tree_entry_id(config)), KindOf(config)});
  for (const char* path : {"config", "config/plants"}) {
    const auto folder = std::find_if(top_.begin(), top_.end(), [&](const TreeEntry& entry) {
      return entry.kind == TreeEntry::Kind::kFolder && entry.path == path;
    });
    if (folder == top_.end()) return 0;
    const std::size_t at = static_cast<std::size_t>(folder - top_.begin());
    git_oid id;
    bool fits = true;
    int code = git_oid_fromstr(&id, folder->object_id.c_str());
    if (code == 0) code = AddEntries(repository, path, &id, fits);
    if (code < 0) return code;
    if (!fits) top_[at].kind = TreeEntry::Kind::kOversizedFolder;
  }
  for (std::size_t i = 0; i < top_.size(); ++i) {
    if (top_[i].kind != TreeEntry::Kind::kFolder || !absl::StartsWith(top_[i].path, kPlants))
      continue;
    Folder& folder = folders_.emplace_back();
    folder.at = i;
    if (const int code = git_oid_fromstr(&folder.id, top_[i].object_id.c_str()); code < 0)
      return code;
  }
  return 0;
}

int ConfigFolder::MeasureFolder(git_repository* repository, std::size_t index) {
  return TreeBytes(repository, &folders_[index].id, folders_[index].tree_bytes);
}

bool ConfigFolder::ChooseFolders() {
  for (Folder& folder : folders_) {
    folder.fits =
        folder.tree_bytes <= kMaxTreeBytes && tree_bytes_ + folder.tree_bytes <= kMaxBytesOfTrees;
    if (folder.fits) tree_bytes_ += folder.tree_bytes;
  }
  listed_ = top_.size();
  any_order_ = tree_bytes_ / kShortestTreeEntry + listed_ <= kMostEntries;
  return any_order_;
}

int ConfigFolder::ReadFolder(git_repository* repository, std::size_t index) {
  Folder& folder = folders_[index];
  if (!folder.fits) return 0;
  const std::size_t room =
      any_order_ ? kMostEntries : kMostEntries - std::min(kMostEntries, listed_);
  const int code =
      ReadTree(repository, top_[folder.at].path, &folder.id, room, folder.entries, folder.fits);
  if (!any_order_) listed_ += folder.entries.size();
  return code;
}

std::vector<TreeEntry> ConfigFolder::Take() {
  std::vector<TreeEntry> entries;
  std::size_t count = top_.size();
  for (const Folder& folder : folders_) count += folder.entries.size();
  entries.reserve(count);
  auto folder = folders_.begin();
  for (std::size_t i = 0; i < top_.size(); ++i) {
    entries.push_back(std::move(top_[i]));
    if (folder == folders_.end() || folder->at != i) continue;
    if (!folder->fits) entries.back().kind = TreeEntry::Kind::kOversizedFolder;
    std::move(folder->entries.begin(), folder->entries.end(), std::back_inserter(entries));
    ++folder;
  }
  return entries;
}

}  // namespace fleetcast::config
