// `fleetcast local` as a user has it, with real processes and a real Postgres. The services are
// plain ones: what they do is tested elsewhere.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/process.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;

bool Soon(const std::function<bool()>& condition) {
  for (const absl::Time deadline = absl::Now() + absl::Seconds(60); absl::Now() < deadline;) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return false;
}

// A free port of the kernel's choice.
class TakenPort {
 public:
  TakenPort() : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(descriptor_, 1), 0);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~TakenPort() { close(descriptor_); }
  [[nodiscard]] int port() const { return port_; }

 private:
  int descriptor_;
  int port_ = 0;
};

// Some port whose successors are probably free as well; every test takes another.
int PortBase() {
  static int next = 20'000 + static_cast<int>(getpid()) % 300 * 40;
  return next += 20;
}

struct Result {
  int exit_code;
  std::string output;
};

class LocalStackTest : public ::testing::Test {
 protected:
  LocalStackTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
    fs::create_directories(folder_ + "/repo");
    fs::create_directories(folder_ + "/sensors");
    fs::copy_file(absl::StrCat(std::getenv("FLEETCAST_BIN_DIR"), "/fleetcast"), Program());
    for (const char* service : {"config", "registry", "trainer", "inference"})
      fs::copy_file(PLAIN_SERVICE, absl::StrCat(folder_, "/fleetcast-", service));
  }
  ~LocalStackTest() override {
    for (const char* data : {"data", "other"})
      if (fs::exists(folder_ + "/" + data)) (void)Local("down", data);
    EXPECT_EQ(Processes(), "");
    fs::remove_all(folder_);
  }

  [[nodiscard]] std::string Program() const { return folder_ + "/fleetcast"; }

  Result Local(const std::string& arguments, const std::string& data = "data") const {
    const std::string command =
        absl::StrCat(Program(), " local ", arguments, " --data-dir ", folder_, "/", data, " 2>&1");
    FILE* pipe = popen(command.c_str(), "r");
    std::string output;
    char buffer[4096];
    while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe))
      output.append(buffer, got);
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
  }
  Result Up(int port_base, const std::string& data = "data", const std::string& more = "") const {
    return Local(absl::StrCat("up --config-repo ", folder_, "/repo --sensor-data ", folder_,
                              "/sensors --port-base ", port_base, " ", more),
                 data);
  }
  [[nodiscard]] nlohmann::json Status(const std::string& data = "data") const {
    return nlohmann::json::parse(Local("status -o json", data).output);
  }
  [[nodiscard]] bool AllServe(const std::string& data = "data") const {
    return Local("status", data).exit_code == 0;
  }

  // The command lines of all processes that name this test's folder.
  [[nodiscard]] std::string Processes() const {
    std::string found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      pid_t pid = 0;
      if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
      const std::string line = CommandLineOf(pid);
      if (absl::StrContains(line, folder_)) found += line + "\n";
    }
    return found;
  }
  [[nodiscard]] static std::string SocketFolderOf(const nlohmann::json& status) {
    const auto database = status.at("database").get<std::string>();
    return database.substr(5, database.find(' ') - 5);
  }
  // Files in /dev/shm outlive a process that is killed.
  [[nodiscard]] static bool HasNamedSharedMemory(int pid) {
    std::ifstream maps(absl::StrCat("/proc/", pid, "/maps"));
    const std::string text((std::istreambuf_iterator<char>(maps)), {});
    EXPECT_NE(text, "");
    return absl::StrContains(text, "/dev/shm/");
  }

  std::string folder_;
};

TEST_F(LocalStackTest, UpServesAndDownLeavesNothingBehind) {
  const int base = PortBase();
  const Result up = Up(base);
  ASSERT_EQ(up.exit_code, 0) << up.output;
  EXPECT_TRUE(absl::StrContains(up.output, absl::StrCat("config serves on port ", base)));
  const nlohmann::json status = Status();
  EXPECT_EQ(status.at("services").size(), 5u);
  EXPECT_EQ(status.at("ports").at("inference"), base + 3);
  for (const auto& service : status.at("services")) EXPECT_EQ(service.at("health"), "serving");
  const std::string sockets = SocketFolderOf(status);
  EXPECT_TRUE(fs::exists(sockets));
  EXPECT_FALSE(HasNamedSharedMemory(status.at("postgres_pid")));

  const Result down = Local("down");
  EXPECT_EQ(down.exit_code, 0) << down.output;
  EXPECT_EQ(Processes(), "");
  EXPECT_FALSE(fs::exists(sockets));
  EXPECT_FALSE(fs::exists(folder_ + "/data/stack.json"));
  EXPECT_EQ(Local("status").exit_code, 1);
  EXPECT_EQ(Local("down").exit_code, 0);
}

TEST_F(LocalStackTest, AServiceThatIsKilledIsStartedAgain) {
  ASSERT_EQ(Up(PortBase()).exit_code, 0);
  const auto registry = [&] {
    const nlohmann::json status = Status();
    for (const auto& service : status.at("services"))
      if (service.at("name") == "registry") return service;
    return nlohmann::json();
  };
  kill(registry().at("process").at("pid"), SIGKILL);
  ASSERT_TRUE(Soon([&] { return registry().at("restarts") == 1 && AllServe(); }));
  EXPECT_EQ(registry().at("last_exit"), "killed by signal 9");
}

TEST_F(LocalStackTest, PostgresThatIsKilledIsStartedAgain) {
  ASSERT_EQ(Up(PortBase()).exit_code, 0);
  const int before = Status().at("postgres_pid");
  kill(before, SIGKILL);
  EXPECT_TRUE(Soon([&] { return Status().at("postgres_pid") != before && AllServe(); }));
}

TEST_F(LocalStackTest, AServiceAndAPostgresThatHangAreToldApartFromThoseThatServe) {
  ASSERT_EQ(Up(PortBase(), "data", "--trainers 1").exit_code, 0);
  const nlohmann::json before = Status();
  const int hung[] = {before.at("postgres_pid"), before.at("services")[0].at("process").at("pid")};
  for (const int pid : hung) kill(pid, SIGSTOP);
  EXPECT_EQ(Local("status").exit_code, 1);
  const nlohmann::json status = Status();
  EXPECT_EQ(status.at("postgres"), "not serving");
  EXPECT_EQ(status.at("services")[0].at("health"), "not serving");
  EXPECT_EQ(status.at("services")[1].at("health"), "serving");
  for (const int pid : hung) kill(pid, SIGCONT);
  EXPECT_TRUE(Soon([&] { return AllServe(); }));
}

TEST_F(LocalStackTest, UpOnARunningStackSaysSo) {
  const int base = PortBase();
  ASSERT_EQ(Up(base).exit_code, 0);
  const auto supervisor = Status().at("supervisor");
  const Result again = Up(base);
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_TRUE(absl::StrContains(again.output, "running already")) << again.output;
  EXPECT_EQ(Status().at("supervisor"), supervisor);
}

TEST_F(LocalStackTest, AStackWhoseSupervisorWasKilledIsStartedAgainByUp) {
  const int base = PortBase();
  ASSERT_EQ(Up(base).exit_code, 0);
  kill(Status().at("supervisor").at("pid"), SIGKILL);
  const Result again = Up(base);
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_TRUE(Soon([&] { return AllServe(); }));
}

TEST_F(LocalStackTest, AStackThatWasKilledComesUpAtOnceEvenWhileNobodyReapsItsProcesses) {
  const int base = PortBase();
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // what loses its parent becomes ours
  ASSERT_EQ(Up(base).exit_code, 0);
  const nlohmann::json status = Status();
  kill(status.at("supervisor").at("pid"), SIGKILL);
  kill(status.at("postgres_pid"), SIGKILL);
  for (const auto& service : status.at("services")) kill(service.at("process").at("pid"), SIGKILL);
  const Result again = Up(base);
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_TRUE(Soon([&] { return AllServe(); }));
  EXPECT_EQ(kill(status.at("postgres_pid"), 0), 0);  // still a zombie
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

TEST_F(LocalStackTest, AStackWhoseSupervisorWasKilledIsCleanedUpByDown) {
  ASSERT_EQ(Up(PortBase()).exit_code, 0);
  const nlohmann::json status = Status();
  kill(status.at("supervisor").at("pid"), SIGKILL);
  const Result down = Local("down");
  EXPECT_EQ(down.exit_code, 0) << down.output;
  EXPECT_EQ(Processes(), "");
  EXPECT_FALSE(fs::exists(SocketFolderOf(status)));
}

TEST_F(LocalStackTest, TwoStacksRunSideBySide) {
  ASSERT_EQ(Up(PortBase()).exit_code, 0);
  const Result other = Up(PortBase(), "other", "--trainers 1");
  ASSERT_EQ(other.exit_code, 0) << other.output;
  EXPECT_EQ(Local("down").exit_code, 0);
  EXPECT_TRUE(AllServe("other"));
}

TEST_F(LocalStackTest, TheDataOfAStackOutlivesIt) {
  const int base = PortBase();
  ASSERT_EQ(Up(base).exit_code, 0);
  ASSERT_EQ(Local("down").exit_code, 0);
  const Result again = Up(base);
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_TRUE(absl::StrContains(again.output, "starting Postgres"));
}

TEST_F(LocalStackTest, APortInUseIsNamedWithTheRemedyBeforeAnythingStarts) {
  const TakenPort taken;
  const Result up = Up(taken.port() - 2);  // the registry's
  EXPECT_EQ(up.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(up.output, absl::StrCat("port ", taken.port())) &&
              absl::StrContains(up.output, "--port-base"))
      << up.output;
  EXPECT_FALSE(fs::exists(folder_ + "/data/postgres"));
}

TEST_F(LocalStackTest, AServiceThatDoesNotStartIsShownWithItsLogAndNothingIsLeft) {
  const Result up = Up(PortBase(), "data", "--set inference.fail=true");
  EXPECT_EQ(up.exit_code, 1);
  EXPECT_TRUE(absl::StrContains(up.output, "inference exited with status 1") &&
              absl::StrContains(up.output, "this setting makes it fail"))
      << up.output;
  EXPECT_EQ(Processes(), "");
  EXPECT_FALSE(fs::exists(folder_ + "/data/stack.json"));
}

TEST_F(LocalStackTest, LogsAreShownByService) {
  ASSERT_EQ(Up(PortBase()).exit_code, 0);
  const Result all = Local("logs --lines 3");
  EXPECT_TRUE(absl::StrContains(all.output, "trainer-2  |") &&
              absl::StrContains(all.output, "supervisor |"))
      << all.output;
  const Result one = Local("logs config");
  EXPECT_TRUE(absl::StrContains(one.output, "\"listening\"") &&
              !absl::StrContains(one.output, " | "))
      << one.output;
  EXPECT_EQ(Local("logs toaster").exit_code, 2);
}

}  // namespace
}  // namespace fleetcast::cli
