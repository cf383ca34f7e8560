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

using config::ObjectId;
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

// What a WorkTree finds; ids are numbers in the order of finding.
struct Listing {
  std::vector<TreeEntry> top;
  std::map<ObjectId, std::vector<TreeEntry>> folders;
  std::map<ObjectId, std::string> paths;
};

class Lister {
 public:
  explicit Lister(const std::vector<std::string>& only) : only_(only) {}

  // Adds `path`, called `name` in `folder`, and what is in it as far as configurations go.
  void Add(int folder, const std::string& name, const std::string& path) {
    const std::size_t index = listing_.top.size();
    listing_.top.push_back({path, Remember(path), KindOf(folder, name)});
    if (listing_.top[index].kind != Kind::kFolder) return;
    const bool holds_plants = path == "config" || path == "config/plants";
    if (!holds_plants && path != "config/calendars" && !absl::StartsWith(path, "config/plants/"))
      return;
    const Descriptor opened(openat(folder, name.c_str(), kFolderFlags));
    const auto names = opened.get() < 0 ? std::nullopt : NamesIn(opened.get());
    if (!names)
      listing_.top[index].kind = Kind::kUnreadableFolder;
    else if (names->size() > config::kMostEntriesOfFolder)
      listing_.top[index].kind = Kind::kOversizedFolder;
    else if (!holds_plants)
      AddPlantFolder(opened.get(), *names, listing_.top[index]);
    else
      for (const std::string& child : *names)
        Add(opened.get(), child, absl::StrCat(path, "/", config::PrintableName(child)));
  }

  Listing Take() { return std::move(listing_); }

 private:
  void AddPlantFolder(int folder, const std::vector<std::string>& names, const TreeEntry& entry) {
    std::vector<TreeEntry>& entries = listing_.folders[entry.object_id];
    for (const std::string& name : names) {
      const std::string shown = config::PrintableName(name);
      const std::string path = absl::StrCat(entry.path, "/", shown);
      const Kind kind = KindOf(folder, name);
      if (kind == Kind::kFile && !IsWanted(path)) continue;
      entries.push_back({shown, Remember(path), kind});
    }
  }

  ObjectId Remember(const std::string& path) {
    ObjectId id;
    const std::size_t number = listing_.paths.size() + 1;
    std::memcpy(id.bytes.data(), &number, sizeof number);
    listing_.paths[id] = path;
    return id;
  }

  [[nodiscard]] bool IsWanted(const std::string& path) const {
    if (only_.empty() || !IsCircuitFile(path)) return true;
    return std::any_of(only_.begin(), only_.end(),
                       [&path](const std::string& each) { return IsWithin(path, each); });
  }

  const std::vector<std::string>& only_;
  Listing listing_;
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
  Listing listing = lister.Take();
  folders_ = std::move(listing.folders);
  paths_ = std::move(listing.paths);
  return std::move(listing.top);
}

absl::StatusOr<std::vector<TreeEntry>> WorkTree::ListPlantFolder(const ObjectId& folder) {
  return folders_.at(folder);
}

std::vector<std::string> WorkTree::CircuitFiles() const {
  std::vector<std::string> files;
  for (const auto& [id, path] : paths_)
    if (IsCircuitFile(path)) files.push_back(path);
  return files;
}

absl::StatusOr<std::string> WorkTree::ReadFile(const ObjectId& object_id, std::size_t max_bytes) {
  const std::string& path = paths_.at(object_id);
  const Descriptor file(OpenBeneath(root_.get(), path, kFileFlags));
  if (file.get() < 0) return Unreadable(std::strerror(errno));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Unreadable("it is no plain file any more");
  if (static_cast<std::size_t>(status.st_size) > max_bytes) return TooLarge(path, max_bytes);
  std::string text;
  char buffer[1 << 16];
  while (text.size() <= max_bytes) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return Unreadable(std::strerror(errno));
    if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
  }
  return TooLarge(path, max_bytes);  // it grew meanwhile
}

}  // namespace fleetcast::cli
