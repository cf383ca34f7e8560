#include "tests/support/config/service_process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/base/process.h"

namespace fleetcast::config::testing {
namespace {

constexpr int kMostPolls = 6000;  // 10 ms each

bool Limit(__rlimit_resource resource, rlim_t limit) {
  const rlimit value{limit, limit};
  return setrlimit(resource, &value) == 0;
}

// Heap and stacks, writable memory all: what a hostile input could make it take. Not its address
// space, of which allocators and LD reserve gigabytes that nobody ever touches.
bool LimitMemory() {
  return Limit(RLIMIT_STACK, rlim_t{1} << 20) &&  // each thread reserves that much, else 8 MiB
         (kSanitized || Limit(RLIMIT_DATA, kMemoryLimit));  // shadows are far larger
}

}  // namespace

ServiceProcess::ServiceProcess(const std::vector<std::string>& arguments) {
  std::string pattern = "/tmp/config-service-XXXXXX";
  close(mkostemp(pattern.data(), O_CLOEXEC));
  log_path_ = pattern;
  const char* folder = std::getenv("FLEETCAST_BIN_DIR");
  ProcessCommand command = {
      .arguments = {std::string(folder == nullptr ? "bin" : folder) + "/fleetcast-config",
                    "--listen", "127.0.0.1:0"},
      .working_dir = std::filesystem::current_path(),
      .log_file = log_path_,
      .death_signal = SIGKILL};  // nobody else would stop it
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  process_ = Spawn(command, LimitMemory).value();
  for (int i = 0; i < kMostPolls && address_.empty() && running(); ++i) {
    std::ostringstream text;
    text << std::ifstream(log_path_).rdbuf();
    errors_ = text.str();
    const std::string mark = "\"message\":\"serving\",\"address\":\"";
    const std::size_t at = errors_.find(mark);
    const std::size_t begin = at + mark.size();
    if (at != std::string::npos && errors_.find('"', begin) != std::string::npos)
      address_ = errors_.substr(begin, errors_.find('"', begin) - begin);
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::ostringstream text;
  text << std::ifstream(log_path_).rdbuf();
  errors_ = text.str();
}

ServiceProcess::~ServiceProcess() {
  if (running()) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  unlink(log_path_.c_str());
}

bool ServiceProcess::running() {
  if (exit_code_ >= 0) return false;
  int status = 0;
  if (waitpid(process_, &status, WNOHANG) == 0) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

double ServiceProcess::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/stat");
  std::string text;
  std::getline(file, text, ')');  // "pid (name"
  for (int field = 3; field < 14; ++field) file >> text;
  double user = 0, system = 0;
  file >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::size_t ServiceProcess::peak_bytes() const {
  std::ifstream status("/proc/" + std::to_string(process_) + "/status");
  std::string word;
  std::size_t kilobytes = 0;
  while (status >> word)
    if (word == "VmHWM:") status >> kilobytes;
  return kilobytes << 10;
}

}  // namespace fleetcast::config::testing
