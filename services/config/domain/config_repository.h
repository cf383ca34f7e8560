// Where configurations are read from: commits of a repository, and the files of their `config/`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/config/domain/freshness.h"
#include "services/config/domain/object_id.h"

namespace fleetcast::config {

inline constexpr std::size_t kMostEntriesOfFolder = 20'000;

struct TreeEntry {
  enum class Kind {
    kFile,
    kFolder,
    kSymlink,
    kSubmodule,
    kOversizedFolder,  // more than can be read; see also kMostEntriesOfFolder
    kUnreadableFolder,
    kSpecial,  // a device, pipe or socket in a work tree
  };
  std::string path;  // from what was listed: "config/plants/P001", or "C001.yml" in that folder
  ObjectId object_id;
  Kind kind = Kind::kFile;
};

// The best common ancestor of two commits.
struct CommonAncestor {
  std::string commit;
  int count = 1;  // how many best ones there are; above 1 after criss-cross merges
};

// What git tells of the commit before a branch that is new.
inline constexpr char kNoCommit[] = "0000000000000000000000000000000000000000";

// INVALID_ARGUMENT on `field` unless `revision` could name a commit: at most 256 bytes, no option,
// no range, no reflog, path or search syntax. To be called before a revision reaches a repository.
[[nodiscard]] absl::Status ValidateRevisionText(const std::string& field,
                                                const std::string& revision);

// Thread safe. A commit is named by its 40 hex digits; what is read at one never changes.
// Every method: UNAVAILABLE with REPOSITORY_UNAVAILABLE if the repository cannot be read.
class ConfigRepository {
 public:
  virtual ~ConfigRepository() = default;

  // To be called before the revisions of a request are resolved: fetches from the remote if one of
  // them is not known here, as soon as the last fetch is some seconds old, or what is known is
  // older than `max_staleness` and a revision is none of 40 hex digits. nullopt where no remote is
  // followed.
  [[nodiscard]] virtual std::optional<Freshness> Refresh(
      const std::vector<std::string>& /*revisions*/, MaxStaleness /*max_staleness*/) {
    return std::nullopt;
  }

  // The commit that `revision` names now. INVALID_ARGUMENT (REVISION_INVALID) on `field` if it is
  // malformed, ambiguous or no commit; NOT_FOUND (REVISION_NOT_FOUND).
  [[nodiscard]] virtual absl::StatusOr<std::string> ResolveCommit(const std::string& field,
                                                                  const std::string& revision) = 0;

  // The best common ancestor; of several the newest by its time of commit, of equally new ones that
  // with the smaller name. FAILED_PRECONDITION with NO_MERGE_BASE if there is none.
  [[nodiscard]] virtual absl::StatusOr<CommonAncestor> MergeBase(
      const std::string& base_commit, const std::string& head_commit) = 0;

  // config/ itself and the entries of config/ and config/plants/, by path from the repository's
  // root. A folder that takes more memory than it may comes without its entries, as
  // kOversizedFolder.
  [[nodiscard]] virtual absl::StatusOr<std::vector<TreeEntry>> ListConfigFolder(
      const std::string& commit) = 0;

  // The entries of a plant's folder, or of config/calendars, which came as kFolder from
  // ListConfigFolder, by name. Where there are more than kMostEntriesOfFolder some may be missing,
  // but not so many that there are no more than that.
  [[nodiscard]] virtual absl::StatusOr<std::vector<TreeEntry>> ListPlantFolder(
      const ObjectId& folder) = 0;

  // A file's bytes. RESOURCE_EXHAUSTED with FILE_TOO_LARGE above `max_bytes`, without having loaded
  // it if it has a MiB more than that. PERMISSION_DENIED with FILE_UNREADABLE if it is this file
  // alone that cannot be read.
  [[nodiscard]] virtual absl::StatusOr<std::string> ReadFile(const ObjectId& object_id,
                                                             std::size_t max_bytes) = 0;
};

}  // namespace fleetcast::config
