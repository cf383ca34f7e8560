// Other processes of this machine: starting one that lives as long as we want and no longer, and
// telling later whether a recorded one still runs.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast {

struct ProcessCommand {
  std::vector<std::string> arguments;  // the program's path first
  std::string working_dir = "/";
  std::string log_file;  // appended to; receives standard output and error
  // 0, or the signal that the process gets when the thread that started it ends, however it ends.
  int death_signal = 0;
};

// Starts it in a session of its own, with standard input empty, no inherited descriptors and no
// blocked signals; returns its pid. `before_exec` runs in the child and may make system calls only;
// false gives up (exit status 127, as for a program that cannot be executed).
[[nodiscard]] absl::StatusOr<pid_t> Spawn(
    const ProcessCommand& command, absl::FunctionRef<bool()> before_exec = [] { return true; });

// Waits for the end of a child and reaps it; returns its status as waitpid gives it. Kills it once
// CurrentStop() is requested.
[[nodiscard]] int WaitForEnd(pid_t pid);

// Runs it to its end, as WaitForEnd waits. INTERNAL with the end of its log unless it exits with 0.
[[nodiscard]] absl::Status RunToEnd(
    const ProcessCommand& command, absl::FunctionRef<bool()> before_exec = [] { return true; });

// A process that is told from a later one with the same pid.
struct ProcessIdentity {
  pid_t pid = 0;
  std::int64_t start_ticks = 0;  // since the machine's start
};

// nullopt if no such process runs (one that has ended but was not reaped does not run).
[[nodiscard]] std::optional<ProcessIdentity> IdentityOf(pid_t pid);
[[nodiscard]] bool IsRunning(const ProcessIdentity& process);

// True once `pid` has ended, reaped or not; reaps it if it is our child.
[[nodiscard]] bool HasEnded(pid_t pid);

// Sends `signal` and waits at most `patience` for the end; true if it came.
bool EndProcess(const ProcessIdentity& process, int signal, absl::Duration patience);

// The program and its arguments, each ended by '\0'; "" if the process has ended, were it while
// this was reading.
[[nodiscard]] std::string CommandLineOf(pid_t pid);

// The last `bytes` of a file, for messages; "" if it cannot be read.
[[nodiscard]] std::string EndOfFile(const std::string& path, std::size_t bytes = 1000);

}  // namespace fleetcast
