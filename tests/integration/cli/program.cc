#include "tests/integration/cli/program.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"

namespace fleetcast::testing {
namespace {

constexpr absl::Duration kLongest = absl::Minutes(10);

// All that a child needs to become the program, made before it is forked: the other threads that
// hold the allocator's locks then are not there to give them back.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments) {
    const char* folder = std::getenv("FLEETCAST_BIN_DIR");
    arguments_ = {std::string(folder == nullptr ? "bin" : folder) + "/fleetcast"};
    arguments_.insert(arguments_.end(), arguments.begin(), arguments.end());
    environment_ = {"TERM=xterm"};
    for (char* const* each = environ; *each != nullptr; ++each) {
      const std::string_view variable = *each;
      bool is_ours = false;
      for (const char* name : {"TERM=", "NO_COLOR=", "FLEETCAST_DATA_DIR="})
        is_ours = is_ours || variable.substr(0, std::strlen(name)) == name;
      if (!is_ours) environment_.emplace_back(variable);
    }
    argv_ = PointersTo(arguments_);
    envp_ = PointersTo(environment_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[noreturn]] void Execute() const {
    execve(argv_[0], argv_.data(), envp_.data());
    _exit(127);
  }

 private:
  static std::vector<char*> PointersTo(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
  }

  std::vector<std::string> arguments_, environment_;
  std::vector<char*> argv_, envp_;
};

// Reads both descriptors to their ends; kills the process when it takes too long.
void Drain(pid_t process, int out, int err, Outcome& outcome,
           const std::function<void(const std::string&, pid_t)>& on_output) {
  const absl::Time deadline = absl::Now() + kLongest;
  pollfd polled[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[2] = {&outcome.out, &outcome.err};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    if (absl::Now() > deadline) kill(process, SIGKILL);
    poll(polled, 2, 200);
    for (int i = 0; i < 2; ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t size = read(polled[i].fd, buffer, sizeof buffer);
      if (size <= 0) {
        close(polled[i].fd);
        polled[i].fd = -1;
        continue;
      }
      texts[i]->append(buffer, static_cast<std::size_t>(size));
      if (on_output) on_output(outcome.out, process);
    }
  }
  int status = 0;
  waitpid(process, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void TakeTurn() {
  static std::mutex turn;
  const std::lock_guard lock(turn);
}

}  // namespace

InTurn::InTurn() { TakeTurn(); }
InTurn::~InTurn() { TakeTurn(); }

Outcome RunFleetcast(const std::vector<std::string>& arguments) {
  const InTurn in_turn;
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return {};
  const Program program(arguments);
  const pid_t process = fork();
  if (process == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    program.Execute();
  }
  close(out[1]);
  close(err[1]);
  Outcome outcome;
  Drain(process, out[0], err[0], outcome, nullptr);
  return outcome;
}

Outcome RunFleetcastOnTerminal(
    const std::vector<std::string>& arguments,
    const std::function<void(const std::string& output, pid_t process)>& on_output) {
  const InTurn in_turn;
  winsize size{};
  size.ws_col = 100;
  size.ws_row = 30;
  int terminal = -1;
  const Program program(arguments);
  const pid_t process = forkpty(&terminal, nullptr, nullptr, &size);
  if (process == 0) program.Execute();
  Outcome outcome;
  Drain(process, terminal, -1, outcome, on_output);
  return outcome;
}

}  // namespace fleetcast::testing
