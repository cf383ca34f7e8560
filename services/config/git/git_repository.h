// A ConfigRepository in a git repository, bare or with a work tree, through libgit2: no process
// is started, no hook or filter runs, symbolic links and submodules are not followed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/config/domain/config_repository.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {

struct GitOptions {
  std::string path;  // of the work tree, its .git, or the bare repository
  // git refuses a repository that belongs to another user, who could have put anything into its
  // configuration; nothing of that is run here, so it may be allowed.
  bool allow_other_owner = false;
};

// Thread safe: a libgit2 repository is not, so each call borrows one of its own.
class GitConfigRepository final : public ConfigRepository {
 public:
  // FAILED_PRECONDITION (REPOSITORY_NOT_FOUND, REPOSITORY_OWNER, REPOSITORY_UNSUPPORTED) with what
  // to do about it.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<GitConfigRepository>> Open(
      GitOptions options);
  // The path, for Open, of the repository that `folder` lies in, as git finds it. NOT_FOUND
  // (REPOSITORY_NOT_FOUND).
  [[nodiscard]] static absl::StatusOr<std::string> Discover(const std::string& folder);
  ~GitConfigRepository() override;
  GitConfigRepository(const GitConfigRepository&) = delete;
  GitConfigRepository& operator=(const GitConfigRepository&) = delete;

  // Lets go of files that somebody has deleted meanwhile; calls that go on are not disturbed.
  void OpenAnew();

  [[nodiscard]] absl::StatusOr<std::string> ResolveCommit(const std::string& field,
                                                          const std::string& revision) override;
  [[nodiscard]] absl::StatusOr<CommonAncestor> MergeBase(const std::string& base_commit,
                                                         const std::string& head_commit) override;
  [[nodiscard]] absl::StatusOr<std::vector<TreeEntry>> ListConfigFolder(
      const std::string& commit) override;
  [[nodiscard]] absl::StatusOr<std::vector<TreeEntry>> ListPlantFolder(
      const ObjectId& folder) override;
  [[nodiscard]] absl::StatusOr<std::string> ReadFile(const ObjectId& object_id,
                                                     std::size_t max_bytes) override;

 private:
  class Borrowed;

  explicit GitConfigRepository(GitOptions options);
  [[nodiscard]] absl::StatusOr<RepositoryHandle> OpenHandle() const;
  [[nodiscard]] absl::StatusOr<Borrowed> Borrow();

  const GitOptions options_;
  absl::Mutex mutex_;
  std::vector<RepositoryHandle> idle_ ABSL_GUARDED_BY(mutex_);
  int generation_ ABSL_GUARDED_BY(mutex_) = 0;  // handles of an earlier one are not used again
};

}  // namespace fleetcast::config
