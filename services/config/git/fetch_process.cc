#include "services/config/git/fetch_process.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/process.h"
#include "common/base/status.h"
#include "services/config/git/packs.h"

namespace fleetcast::config {
namespace {

constexpr char kFetch[] = "fetch-into-mirror", kMerge[] = "merge-packs-of-mirror";
constexpr absl::Duration kMergeTimeout = absl::Minutes(10);
constexpr int kUnreachable = 10, kRefused = 11;

absl::Status RemoteStatus(const std::string& reason, const std::string& message,
                          const std::string& url) {
  return MakeError(absl::StatusCode::kUnavailable, message,
                   {.reason = reason, .metadata = {{"url", url}}});
}

absl::Status StatusOf(int ended, const FetchProcessOptions& options) {
  const std::string& url = options.remote.url;
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) return absl::OkStatus();
  if (WIFSIGNALED(ended) && WTERMSIG(ended) == SIGALRM)
    return RemoteStatus("REMOTE_TIMEOUT",
                        absl::StrCat("fetching from ", url, " took longer than ",
                                     absl::FormatDuration(options.timeout),
                                     "; look at the remote, or raise fetch_timeout"),
                        url);
  const bool spoke =
      WIFEXITED(ended) && (WEXITSTATUS(ended) == kUnreachable || WEXITSTATUS(ended) == kRefused);
  if (!spoke)
    return RemoteStatus(
        "REMOTE_UNREACHABLE",
        absl::StrCat("the process that fetches from ", url, " failed; see ", options.log_file),
        url);
  return RemoteStatus(WEXITSTATUS(ended) == kRefused ? "REMOTE_REFUSED" : "REMOTE_UNREACHABLE",
                      EndOfFile(options.log_file), url);
}

// The process runs elsewhere.
std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).string();
}

// Ends the process that calls it when its time is up, whatever it waits for.
bool LimitTime(absl::Duration timeout) {
  const itimerval timer = {.it_interval = {}, .it_value = absl::ToTimeval(timeout)};
  return signal(SIGALRM, SIG_DFL) != SIG_ERR && setitimer(ITIMER_REAL, &timer, nullptr) == 0;
}

int RunAsFetch(const char* const* argv) {
  const absl::Status status = Fetch(argv[2], {.url = argv[3],
                                              .username = argv[4],
                                              .token_file = argv[5],
                                              .ca_file = argv[6],
                                              .ssh_key_file = argv[7],
                                              .known_hosts_file = argv[8],
                                              .allow_other_owner = std::string(argv[9]) == "1"});
  if (status.ok()) return 0;
  std::fputs(std::string(status.message()).c_str(), stderr);
  return ReasonOf(status) == "REMOTE_UNREACHABLE" ? kUnreachable : kRefused;
}

int RunAsMerge(const std::string& folder) {
  const absl::Status status = MergePacks(folder);
  std::fputs(std::string(status.message()).c_str(), stderr);
  return status.ok() ? 0 : 1;
}

}  // namespace

absl::Status RunFetchProcess(const FetchProcessOptions& options) {
  std::error_code ignored;
  std::filesystem::remove(options.log_file, ignored);
  const RemoteOptions& remote = options.remote;
  const ProcessCommand command{
      .arguments = {options.program, kFetch, Absolute(options.folder), remote.url, remote.username,
                    Absolute(remote.token_file), Absolute(remote.ca_file),
                    Absolute(remote.ssh_key_file), Absolute(remote.known_hosts_file),
                    remote.allow_other_owner ? "1" : "0"},
      .log_file = options.log_file,
      .death_signal = SIGKILL};
  FLEETCAST_ASSIGN_OR_RETURN(const pid_t pid,
                             Spawn(command, [&] { return LimitTime(options.timeout); }));
  return StatusOf(WaitForEnd(pid), options);
}

absl::Status RunMergeProcess(const FetchProcessOptions& options) {
  return RunToEnd({.arguments = {options.program, kMerge, Absolute(options.folder)},
                   .log_file = options.log_file,
                   .death_signal = SIGKILL},
                  [] { return LimitTime(kMergeTimeout); });
}

std::optional<int> RunMirrorCommand(int argc, const char* const* argv) {
  if (argc == 10 && std::string(argv[1]) == kFetch) return RunAsFetch(argv);
  if (argc == 3 && std::string(argv[1]) == kMerge) return RunAsMerge(argv[2]);
  return std::nullopt;
}

}  // namespace fleetcast::config
