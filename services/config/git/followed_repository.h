// A remote repository, read from a bare mirror of it in a state folder that this process owns.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/config/domain/config_repository.h"
#include "services/config/git/fetch_process.h"
#include "services/config/git/fetch_schedule.h"
#include "services/config/git/git_repository.h"

namespace fleetcast::config {

struct FollowOptions {
  std::string state_dir;  // made if need be; of this process alone
  std::string program;    // as in FetchProcessOptions
  RemoteOptions remote;
  absl::Duration fetch_timeout = absl::Seconds(30);
  absl::Duration max_staleness = absl::Seconds(30);  // where a request says nothing
};

// Thread safe.
class FollowedRepository final : public ConfigRepository {
 public:
  // A revision that is not known calls for a fetch, but not before the last one is so old: nobody
  // keeps the remote busy with names that it does not have, and nobody is told of a fetch from
  // before the call as long as there is time to wait for the next.
  static constexpr absl::Duration kFetchForUnknownEvery = absl::Seconds(5);

  // Fetches nothing yet: a remote that is down stops nobody from starting. FAILED_PRECONDITION
  // (REMOTE_SETTINGS, STATE_DIR_UNUSABLE, STATE_DIR_IN_USE). `clock` must outlive it.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<FollowedRepository>> Open(
      FollowOptions options, const Clock& clock);
  ~FollowedRepository() override;
  FollowedRepository(const FollowedRepository&) = delete;
  FollowedRepository& operator=(const FollowedRepository&) = delete;

  [[nodiscard]] std::optional<Freshness> Refresh(const std::vector<std::string>& revisions,
                                                 MaxStaleness max_staleness) override;
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
  FollowedRepository(FollowOptions options, int lock, const Clock& clock);
  [[nodiscard]] FetchProcessOptions ProcessOptions() const;
  [[nodiscard]] absl::Status FetchAndRemember();
  void KeepPacksFew();

  const FollowOptions options_;
  const int lock_;  // descriptor of the state folder's lock file
  const Clock& clock_;
  std::unique_ptr<GitConfigRepository> mirror_;  // set by Open
  std::optional<FetchSchedule> schedule_;        // ends before all that it fetches with
};

}  // namespace fleetcast::config
