#include "cli/offline/work_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "services/config/domain/scalar.h"

namespace fleetcast::cli {
namespace {

using config::TreeEntry;
using Kind = TreeEntry::Kind;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// A pipe must not be waited for; what it is comes out after it is open.
constexpr int kFileFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

absl::Status Unreadable(const std::string& why) {
  return Refused(absl::StatusCode::kPermissionDenied, "FILE_UNREADABLE",
                 absl::StrCat("the file cannot be read: ", why));
}

absl::Status TooLarge(const std::string& path, std::size_t max_bytes) {
  return Refused(absl::StatusCode::kResourceExhausted, "FILE_TOO_LARGE",
                 absl::StrCat(path, " has more than ", max_bytes, " bytes"));
}

// Opens `path` beneath `root`, no symbolic link on the way; -1 and errno if it cannot be.
int OpenBeneath(int root, const std::string& path, int flags) {
  std::optional<Descriptor> folder;
  int at = root;
  const std::vector<std::string> parts = absl::StrSplit(path, '/');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const int next = openat(at, parts[i].c_str(), kFolderFlags);
    if (next < 0) return -1;
    folder.emplace(next);
    at = next;
  }
  return openat(at, parts.back().c_str(), flags);
}

// The names in a folder, sorted; nullopt if it cannot be read. Stops one above the limit.
std::optional<std::vector<std::string>> NamesIn(int folder) {
  DIR* const stream = fdopendir(dup(folder));
  if (stream == nullptr) return std::nullopt;
  std::vector<std::string> names;
  while (names.size() <= config::kMostEntriesOfFolder) {
    const dirent* const entry = readdir(stream);
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

Kind KindOf(int folder, const std::string& name) {
  struct stat status {};
  if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return Kind::kSpecial;
  if (S_ISREG(status.st_mode)) return Kind::kFile;
  if (S_ISLNK(status.st_mode)) return Kind::kSymlink;
  if (!S_ISDIR(status.st_mode)) return Kind::kSpecial;
  const bool submodule =
      fstatat(folder, absl::StrCat(name, "/.git").c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  return submodule ? Kind::kSubmodule : Kind::kFolder;
}

class Lister {
 public:
  explicit Lister(const std::vector<std::string>& only) : only_(only) {}

  // Adds `path`, called `name` in `folder`, and what is in it as far as configurations go.
  void Add(int folder, const std::string& name, const std::string& path) {
    const Kind kind = KindOf(folder, name);
    if (kind == Kind::kFile && !IsWanted(path)) return;
    const std::size_t index = entries_.size();
    entries_.push_back({path, path, kind});
    const bool entered = path == "config" || path == "config/plants" ||
                         (absl::StartsWith(path, "config/plants/") &&
                          std::count(path.begin(), path.end(), '/') == 2);
    if (kind != Kind::kFolder || !entered) return;
    const Descriptor opened(openat(folder, name.c_str(), kFolderFlags));
    const auto names = opened.get() < 0 ? std::nullopt : NamesIn(opened.get());
    if (!names)
      entries_[index].kind = Kind::kUnreadableFolder;
    else if (names->size() > config::kMostEntriesOfFolder)
      entries_[index].kind = Kind::kOversizedFolder;
    else
      for (const std::string& child : *names)
        Add(opened.get(), child, absl::StrCat(path, "/", config::PrintableName(child)));
  }

  std::vector<TreeEntry> Take() { return std::move(entries_); }

 private:
  [[nodiscard]] bool IsWanted(const std::string& path) const {
    if (only_.empty() || !IsCircuitFile(path)) return true;
    return std::any_of(only_.begin(), only_.end(),
                       [&path](const std::string& each) { return IsWithin(path, each); });
  }

  const std::vector<std::string>& only_;
  std::vector<TreeEntry> entries_;
};

}  // namespace

Descriptor::~Descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool IsWithin(const std::string& path, const std::string& folder) {
  return path == folder || absl::StartsWith(path, folder + "/");
}

bool IsCircuitFile(const std::string& path) {
  return absl::StartsWith(path, "config/plants/") &&
         std::count(path.begin(), path.end(), '/') == 3 && absl::EndsWith(path, ".yml") &&
         !absl::EndsWith(path, "/defaults.yml");
}

absl::StatusOr<std::unique_ptr<WorkTree>> WorkTree::Open(const std::string& root) {
  const int descriptor = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    return Refused(absl::StatusCode::kFailedPrecondition, "FOLDER_UNREADABLE",
                   absl::StrCat("the folder ", root, " cannot be read: ", std::strerror(errno)),
                   {{"path", root}});
  return std::unique_ptr<WorkTree>(new WorkTree(descriptor));
}

absl::StatusOr<std::string> WorkTree::ResolveCommit(const std::string& /*field*/,
                                                    const std::string& /*revision*/) {
  return std::string("the work tree");
}

absl::StatusOr<config::CommonAncestor> WorkTree::MergeBase(const std::string& /*base_commit*/,
                                                           const std::string& /*head_commit*/) {
  return absl::UnimplementedError("a work tree has no history");
}

absl::StatusOr<std::vector<TreeEntry>> WorkTree::ListConfigFolder(const std::string& /*commit*/) {
  Lister lister(only_);
  struct stat status {};
  if (fstatat(root_.get(), "config", &status, AT_SYMLINK_NOFOLLOW) == 0)
    lister.Add(root_.get(), "config", "config");
  return lister.Take();
}

absl::StatusOr<std::string> WorkTree::ReadFile(const std::string& object_id,
                                               std::size_t max_bytes) {
  const Descriptor file(OpenBeneath(root_.get(), object_id, kFileFlags));
  if (file.get() < 0) return Unreadable(std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Unreadable("it is no plain file any more");
  if (static_cast<std::size_t>(status.st_size) > max_bytes) return TooLarge(object_id, max_bytes);
  std::string text;
  char buffer[1 << 16];
  while (text.size() <= max_bytes) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return Unreadable(std::strerror(errno));
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  }
  return TooLarge(object_id, max_bytes);  // it grew meanwhile
}

}  // namespace fleetcast::cli
