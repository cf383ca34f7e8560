#include "common/base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stop_token>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/deadline.h"
#include "common/base/patience.h"
#include "common/base/status.h"

namespace fleetcast {
namespace {

constexpr int kSpawnFailed = 127;
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);

// In the child, between fork and exec: system calls only.
[[noreturn]] void Execute(const ProcessCommand& command, char* const* arguments, int log,
                          pid_t parent, absl::FunctionRef<bool()> before_exec) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int null = open("/dev/null", O_RDONLY);
  if (chdir(command.working_dir.c_str()) != 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 ||
      dup2(log, 2) < 0 || !before_exec())
    _exit(kSpawnFailed);
  // After `before_exec`: a change of user clears it.
  if (command.death_signal != 0) {
    prctl(PR_SET_PDEATHSIG, command.death_signal, 0, 0, 0);
    if (getppid() != parent) _exit(kSpawnFailed);
  }
  close_range(3, ~0U, 0);
  execv(arguments[0], arguments);
  _exit(kSpawnFailed);
}

}  // namespace

absl::StatusOr<pid_t> Spawn(const ProcessCommand& command, absl::FunctionRef<bool()> before_exec) {
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const int log = open(command.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log < 0)
    return Refused(absl::StatusCode::kFailedPrecondition, "LOG_FILE_UNWRITABLE",
                   absl::StrCat("cannot write ", command.log_file, ": ", std::strerror(errno)),
                   {{"file", command.log_file}});
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Execute(command, arguments.data(), log, parent, before_exec);
  const int error = errno;
  close(log);
  if (pid > 0) return pid;
  return Refused(absl::StatusCode::kResourceExhausted, "FORK_FAILED",
                 absl::StrCat("cannot start ", command.arguments[0], ": ", std::strerror(error)));
}

int WaitForEnd(pid_t pid) {
  {
    // Not reaped while somebody might still kill it: its pid would be another's.
    const std::stop_callback on_stop(CurrentStop(), [pid] { kill(pid, SIGKILL); });
    siginfo_t info;
    while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

absl::Status RunToEnd(const ProcessCommand& command, absl::FunctionRef<bool()> before_exec) {
  FLEETCAST_ASSIGN_OR_RETURN(const pid_t pid, Spawn(command, before_exec));
  const int status = WaitForEnd(pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return Refused(absl::StatusCode::kInternal, "PROGRAM_FAILED",
                 absl::StrCat(command.arguments[0], " failed; the end of ", command.log_file, ":\n",
                              EndOfFile(command.log_file)),
                 {{"program", command.arguments[0]}});
}

std::optional<ProcessIdentity> IdentityOf(pid_t pid) {
  // "pid (name) state ppid …": the name may hold anything, its ")" is the last one. The state is
  // field 3, the start time field 22.
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  char state = 0;
  fields >> state;
  if (state == 'Z' || state == 'X') return std::nullopt;
  ProcessIdentity identity{.pid = pid};
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  fields >> identity.start_ticks;
  if (!fields) return std::nullopt;
  return identity;
}

bool IsRunning(const ProcessIdentity& process) {
  const auto found = IdentityOf(process.pid);
  return found && found->start_ticks == process.start_ticks;
}

bool HasEnded(pid_t pid) {
  int status = 0;
  return waitpid(pid, &status, WNOHANG) == pid || !IdentityOf(pid);
}

bool EndProcess(const ProcessIdentity& process, int signal, absl::Duration patience) {
  if (!IsRunning(process)) return true;
  kill(process.pid, signal);
  for (const Patience wait(patience); !wait.IsOver();) {
    if (!IsRunning(process)) return true;
    absl::SleepFor(kPollInterval);
  }
  return !IsRunning(process);
}

std::string CommandLineOf(pid_t pid) {
  // Not by iterators over the buffer: they throw where a process ends between open and read.
  std::ostringstream text;
  text << std::ifstream(absl::StrCat("/proc/", pid, "/cmdline"), std::ios::binary).rdbuf();
  return text.str();
}

std::string EndOfFile(const std::string& path, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto size = static_cast<std::size_t>(file.tellg());
  std::string text(std::min(size, bytes), '\0');
  file.seekg(static_cast<std::streamoff>(size - text.size()));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

}  // namespace fleetcast
