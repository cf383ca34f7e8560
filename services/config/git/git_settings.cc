#include "services/config/git/git_settings.h"

#include <utility>

#include "common/base/status.h"

namespace fleetcast::config {

const std::string& GitSettings::Where() const {
  return local.path.empty() ? remote.remote.url : local.path;
}

GitSettings ReadGitSettings(SettingsReader& settings, const std::string& program) {
  GitSettings git;
  git.local.path = settings.String("repository", "",
                                   "folder of the git repository, bare or not; this or remote_url");
  git.local.allow_other_owner =
      settings.Bool("allow_other_owner", false, "serve a repository that belongs to another user");
  FollowOptions& follow = git.remote;
  follow.program = program;
  follow.remote.url = settings.String(
      "remote_url", "", "follow this repository: file:///…, https://…, ssh://… or user@host:path");
  follow.remote.username = settings.String("remote_username", "git", "user name beside the token");
  follow.remote.token_file =
      settings.String("remote_token_file", "", "file that holds the token for https");
  follow.remote.ca_file = settings.String(
      "remote_ca_file", "", "PEM file of the authorities to trust for https, not this machine's");
  follow.remote.ssh_key_file =
      settings.String("remote_ssh_key_file", "", "file that holds the private key for ssh");
  follow.remote.known_hosts_file =
      settings.String("remote_known_hosts_file", "",
                      "file of the host keys to trust for ssh, not ~/.ssh/known_hosts");
  follow.remote.allow_other_owner = git.local.allow_other_owner;
  follow.state_dir = settings.String("state_dir", "", "folder of the mirror of remote_url");
  follow.max_staleness = settings.Duration("max_staleness", follow.max_staleness,
                                           "how old the last fetch may be where a request says "
                                           "nothing");
  follow.fetch_timeout =
      settings.Duration("fetch_timeout", follow.fetch_timeout, "how long a fetch may take");
  return git;
}

absl::StatusOr<std::unique_ptr<ConfigRepository>> OpenRepository(const GitSettings& settings,
                                                                 const Clock& clock) {
  const FollowOptions& follow = settings.remote;
  if (settings.local.path.empty() == follow.remote.url.empty())
    return Refused(absl::StatusCode::kFailedPrecondition, "REPOSITORY_SETTINGS",
                   "give either repository, a folder, or remote_url with state_dir");
  if (follow.remote.url.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(auto local, GitConfigRepository::Open(settings.local));
    return std::unique_ptr<ConfigRepository>(std::move(local));
  }
  if (follow.state_dir.empty())
    return Refused(absl::StatusCode::kFailedPrecondition, "REPOSITORY_SETTINGS",
                   "remote_url needs state_dir, a folder for the mirror");
  if (follow.fetch_timeout <= absl::ZeroDuration() || follow.max_staleness < absl::ZeroDuration())
    return Refused(absl::StatusCode::kFailedPrecondition, "REPOSITORY_SETTINGS",
                   "fetch_timeout must be above 0, and max_staleness not below");
  FLEETCAST_ASSIGN_OR_RETURN(auto remote, FollowedRepository::Open(follow, clock));
  return std::unique_ptr<ConfigRepository>(std::move(remote));
}

}  // namespace fleetcast::config
