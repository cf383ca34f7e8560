#include "services/config/git/followed_repository.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "services/config/git/packs.h"

namespace fleetcast::config {
namespace {

namespace fs = std::filesystem;

std::string MirrorFolder(const std::string& state_dir) { return state_dir + "/mirror.git"; }
std::string FetchedFile(const std::string& state_dir) { return state_dir + "/fetched_at"; }

absl::Status Unusable(const std::string& state_dir, const std::string& why) {
  return Refused(absl::StatusCode::kFailedPrecondition, "STATE_DIR_UNUSABLE",
                 absl::StrCat("state_dir ", state_dir, " cannot be used: ", why,
                              "; name a folder that this user may write"),
                 {{"state_dir", state_dir}, {"error", why}});
}

// A descriptor that holds the folder for this process.
absl::StatusOr<int> LockFolder(const std::string& state_dir) {
  std::error_code error;
  fs::create_directories(state_dir, error);
  if (error) return Unusable(state_dir, error.message());
  const int lock = open((state_dir + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock < 0) return Unusable(state_dir, std::strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  close(lock);
  return Refused(absl::StatusCode::kFailedPrecondition, "STATE_DIR_IN_USE",
                 absl::StrCat("another process uses state_dir ", state_dir,
                              "; give each replica a folder of its own"),
                 {{"state_dir", state_dir}});
}

absl::Status MakeMirror(const std::string& folder) {
  if (fs::exists(folder + "/HEAD")) return absl::OkStatus();
  git_libgit2_init();
  RepositoryHandle repository;
  const unsigned bare = 1;
  const int code = Take(repository, git_repository_init, folder.c_str(), bare);
  const git_error* error = git_error_last();
  const std::string why = code < 0 && error != nullptr ? error->message : "";
  repository.reset();
  git_libgit2_shutdown();
  return code < 0 ? Unusable(folder, why) : absl::OkStatus();
}

std::optional<absl::Time> ReadFetchTime(const std::string& state_dir) {
  std::string text, ignored;
  absl::Time time;
  if (!std::getline(std::ifstream(FetchedFile(state_dir)), text)) return std::nullopt;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &ignored)) return std::nullopt;
  return time;
}

bool IsFullCommitId(const std::string& revision) {
  return revision.size() == 40 && std::all_of(revision.begin(), revision.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

}  // namespace

FollowedRepository::FollowedRepository(FollowOptions options, int lock, const Clock& clock)
    : options_(std::move(options)), lock_(lock), clock_(clock) {
  schedule_.emplace([this] { return FetchAndRemember(); }, ReadFetchTime(options_.state_dir),
                    clock);
}

FollowedRepository::~FollowedRepository() {
  schedule_.reset();
  close(lock_);
}

absl::StatusOr<std::unique_ptr<FollowedRepository>> FollowedRepository::Open(FollowOptions options,
                                                                             const Clock& clock) {
  FLEETCAST_RETURN_IF_ERROR(CheckRemote(options.remote));
  FLEETCAST_ASSIGN_OR_RETURN(const int lock, LockFolder(options.state_dir));
  std::unique_ptr<FollowedRepository> repository(
      new FollowedRepository(std::move(options), lock, clock));
  const std::string folder = MirrorFolder(repository->options_.state_dir);
  FLEETCAST_RETURN_IF_ERROR(MakeMirror(folder));
  FLEETCAST_ASSIGN_OR_RETURN(
      repository->mirror_,
      GitConfigRepository::Open(
          {.path = folder, .allow_other_owner = repository->options_.remote.allow_other_owner}));
  return repository;
}

FetchProcessOptions FollowedRepository::ProcessOptions() const {
  return {.program = options_.program,
          .folder = MirrorFolder(options_.state_dir),
          .log_file = options_.state_dir + "/fetch.log",
          .remote = options_.remote,
          .timeout = options_.fetch_timeout};
}

absl::Status FollowedRepository::FetchAndRemember() {
  const absl::Time began = clock_.Now();
  absl::Status status = RunFetchProcess(ProcessOptions());
  if (CurrentStop().stop_requested()) return status;
  if (!status.ok()) {
    LogWarning("fetch failed", {{"url", options_.remote.url},
                                {"reason", ReasonOf(status)},
                                {"error", std::string(status.message())}});
    return status;
  }
  const std::string file = FetchedFile(options_.state_dir);
  // Lost at worst: the next start fetches once more.
  std::ofstream(file + ".new") << absl::FormatTime(absl::RFC3339_full, began, absl::UTCTimeZone())
                               << "\n";
  std::error_code ignored;
  fs::rename(file + ".new", file, ignored);
  KeepPacksFew();
  return status;
}

// What was fetched is there either way, so that a merge that fails is tried after the next fetch.
void FollowedRepository::KeepPacksFew() {
  const std::string folder = MirrorFolder(options_.state_dir);
  if (CountPacks(folder) <= kMostPacks) return;
  const absl::Status merged = RunMergeProcess(ProcessOptions());
  if (!merged.ok())
    LogWarning("merging packs failed",
               {{"mirror", folder}, {"error", std::string(merged.message())}});
  mirror_->OpenAnew();
}

std::optional<Freshness> FollowedRepository::Refresh(const std::vector<std::string>& revisions,
                                                     MaxStaleness max_staleness) {
  bool pinned = true;
  for (const std::string& revision : revisions)
    pinned =
        pinned && (IsFullCommitId(revision) ||
                   absl::IsInvalidArgument(mirror_->ResolveCommit("revision", revision).status()));
  // What can be no revision is told so without asking the remote.
  const auto known = [&] {
    return std::none_of(revisions.begin(), revisions.end(), [&](const std::string& revision) {
      return absl::IsNotFound(mirror_->ResolveCommit("revision", revision).status());
    });
  };
  // Who insists on a fetch gets one at once.
  if (max_staleness != absl::ZeroDuration() && !known()) {
    Freshness freshness = schedule_->RefreshUntil(
        known, std::min(max_staleness.value_or(kFetchForUnknownEvery), kFetchForUnknownEvery));
    if (freshness.stale || !known()) return freshness;
  }
  if (pinned && known()) return schedule_->Known();
  return schedule_->Refresh(max_staleness.value_or(options_.max_staleness));
}

absl::StatusOr<std::string> FollowedRepository::ResolveCommit(const std::string& field,
                                                              const std::string& revision) {
  return mirror_->ResolveCommit(field, revision);
}

absl::StatusOr<CommonAncestor> FollowedRepository::MergeBase(const std::string& base_commit,
                                                             const std::string& head_commit) {
  return mirror_->MergeBase(base_commit, head_commit);
}

absl::StatusOr<std::vector<TreeEntry>> FollowedRepository::ListConfigFolder(
    const std::string& commit) {
  return mirror_->ListConfigFolder(commit);
}

absl::StatusOr<std::vector<TreeEntry>> FollowedRepository::ListPlantFolder(const ObjectId& folder) {
  return mirror_->ListPlantFolder(folder);
}

absl::StatusOr<std::string> FollowedRepository::ReadFile(const ObjectId& object_id,
                                                         std::size_t max_bytes) {
  return mirror_->ReadFile(object_id, max_bytes);
}

}  // namespace fleetcast::config
