#include "tests/support/served_program.h"

#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/patience.h"
#include "common/base/process.h"
#include "common/base/status.h"

namespace fleetcast::testing {
namespace {

constexpr absl::Duration kLongestStart = absl::Minutes(5);
constexpr absl::Duration kPollInterval = absl::Milliseconds(10);

}  // namespace

std::string ProgramPath(const std::string& name) {
  const char* folder = std::getenv("FLEETCAST_BIN_DIR");
  // Programs are started in a folder of their own.
  return std::filesystem::absolute(folder == nullptr ? "build/bin" : folder) / name;
}

absl::StatusOr<std::unique_ptr<ServedProgram>> ServedProgram::Start(
    std::vector<std::string> arguments, std::string log_file) {
  arguments.emplace_back("--listen=127.0.0.1:0");
  FLEETCAST_ASSIGN_OR_RETURN(
      const pid_t pid,
      Spawn({.arguments = arguments, .log_file = log_file, .death_signal = SIGKILL}));
  std::unique_ptr<ServedProgram> program(new ServedProgram(pid, std::move(log_file)));
  FLEETCAST_RETURN_IF_ERROR(program->AwaitAddress());
  return program;
}

ServedProgram::~ServedProgram() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

absl::Status ServedProgram::Failed(const std::string& what) const {
  return absl::InternalError(absl::StrCat(what, "\n", EndOfFile(log_file_, 4000)));
}

absl::Status ServedProgram::AwaitAddress() {
  const std::string mark = R"("message":"serving","address":")";
  for (const Patience patience(kLongestStart); !patience.IsOver();) {
    const std::string log = EndOfFile(log_file_, 100'000);
    const std::size_t begin = log.find(mark);
    const std::size_t end = begin == std::string::npos ? begin : log.find('"', begin + mark.size());
    if (end != std::string::npos) {
      address_ = log.substr(begin + mark.size(), end - begin - mark.size());
      return absl::OkStatus();
    }
    if (HasEnded(pid_)) {
      pid_ = 0;
      return Failed("it ended before it served");
    }
    absl::SleepFor(kPollInterval);
  }
  return Failed("it did not serve in time");
}

absl::Status ServedProgram::Stop(absl::Duration wait) {
  kill(pid_, SIGTERM);
  int status = 0;
  for (const Patience patience(wait); !patience.IsOver(); absl::SleepFor(kPollInterval)) {
    if (waitpid(pid_, &status, WNOHANG) != pid_) continue;
    pid_ = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
    return Failed(absl::StrCat("it ended with status ", status));
  }
  return Failed("it did not end in time");
}

}  // namespace fleetcast::testing
