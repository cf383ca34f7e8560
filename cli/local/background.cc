#include "cli/local/background.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/base/process.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

// One JSON object a line: {"say": text}, or {"code": 0, …} when the start is over.
bool Send(int descriptor, const nlohmann::json& message) {
  const std::string line =
      message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return write(descriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

nlohmann::json Encode(const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status).value_or(ErrorDetails{});
  return {{"code", static_cast<int>(status.code())},
          {"message", std::string(status.message())},
          {"reason", details.reason},
          {"metadata", details.metadata}};
}

absl::Status Decode(const nlohmann::json& message) {
  const auto code = static_cast<absl::StatusCode>(message.at("code").get<int>());
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  return Refused(code, message.at("reason"), message.at("message"),
                 message.at("metadata").get<std::map<std::string, std::string>>());
}

[[noreturn]] void Work(const BackgroundOptions& options, int reports,
                       const std::function<void(Report, Started)>& work) {
  setsid();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  BlockStopSignals();
  const int null = open("/dev/null", O_RDONLY);
  const int log = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(null, 0);
  dup2(log < 0 ? null : log, 1);
  dup2(log < 0 ? null : log, 2);
  for (int descriptor = 3; descriptor < 256; ++descriptor)
    if (descriptor != reports && descriptor != options.kept_descriptor) close(descriptor);
  int open_reports = reports;
  work(
      [&](const std::string& line) {
        return Send(open_reports, {{"say", line}});
      },
      [&](const absl::Status& status) {
        Send(open_reports, Encode(status));
        close(open_reports);
        open_reports = -1;
      });
  _exit(0);
}

// Passes reports on until the start is over.
absl::Status Listen(int reports, const std::string& log_file,
                    const std::function<void(const std::string&)>& say) {
  std::string buffer;
  char bytes[4096];
  for (;;) {
    const ssize_t got = read(reports, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      return Refused(absl::StatusCode::kInternal, "BACKGROUND_PROCESS_DIED",
                     absl::StrCat("the background process ended unexpectedly; the end of ",
                                  log_file, ":\n", EndOfFile(log_file)),
                     {{"log", log_file}});
    buffer.append(bytes, static_cast<std::size_t>(got));
    for (std::size_t end; (end = buffer.find('\n')) != std::string::npos;
         buffer.erase(0, end + 1)) {
      const auto message = nlohmann::json::parse(buffer.substr(0, end));
      if (!message.contains("say")) return Decode(message);
      say(message.at("say"));
    }
  }
}

}  // namespace

absl::Status RunInBackground(const BackgroundOptions& options,
                             const std::function<void(const std::string&)>& say,
                             const std::function<void(Report, Started)>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InternalError("cannot make a pipe");
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) Work(options, ends[1], work);
  close(ends[1]);
  absl::Status status =
      pid > 0 ? Listen(ends[0], options.log_file, say) : absl::InternalError("cannot fork");
  close(ends[0]);
  // One that did not start ends by itself now; its lock must be free when this returns.
  if (pid > 0 && !status.ok()) waitpid(pid, nullptr, 0);
  return status;
}

void BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace fleetcast::cli
