// A service's process from its settings to its end.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/base/patience.h"
#include "common/base/process.h"

namespace fleetcast::service {
namespace {

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~RunTest() override {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove_all(folder_);
  }

  void Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), HANGING_SERVICE);
    pid_ = Spawn({.arguments = arguments, .log_file = LogFile(), .death_signal = SIGKILL}).value();
  }
  void StartServing(std::vector<std::string> arguments) {
    Start(std::move(arguments));
    for (const Patience wait(absl::Seconds(60)); !wait.IsOver() && !Logged("\"serving\"");)
      absl::SleepFor(absl::Milliseconds(20));
    ASSERT_TRUE(Logged("\"serving\"")) << Log();
  }
  // Waits for the end; the exit code, or minus the signal.
  int ExitCode() {
    int status = 0;
    waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int EndedBy(int signal) {
    kill(pid_, signal);
    return ExitCode();
  }
  [[nodiscard]] std::string LogFile() const { return folder_ + "/log"; }
  [[nodiscard]] std::string Log() const { return EndOfFile(LogFile(), 100'000); }
  [[nodiscard]] bool Logged(const std::string& text) const {
    return absl::StrContains(Log(), text);
  }

  std::string folder_;
  pid_t pid_ = 0;
};

TEST_F(RunTest, AServiceServesUntilASignalAndEndsWell) {
  StartServing({});
  EXPECT_EQ(EndedBy(SIGTERM), 0) << Log();
  EXPECT_TRUE(Logged("\"stopped\"")) << Log();
}

TEST_F(RunTest, WorkThatHangsIsNamedAndEndedByForce) {
  StartServing({"--hang=work", "--drain-timeout=10ms"});
  EXPECT_EQ(EndedBy(SIGTERM), 1) << Log();
  EXPECT_TRUE(Logged(R"("still_running":"the work beside the calls")")) << Log();
}

TEST_F(RunTest, ADestructorThatHangsIsNamedAndEndedByForce) {
  StartServing({"--hang=destructor", "--drain-timeout=10ms"});
  EXPECT_EQ(EndedBy(SIGINT), 1) << Log();
  EXPECT_TRUE(Logged(R"("still_running":"destructors")")) << Log();
}

TEST_F(RunTest, BadSettingsAreOneLineAndExitCode1) {
  Start({"--hang=everywhere", "--colour=blue"});
  EXPECT_EQ(ExitCode(), 1);
  const std::string log = Log();
  EXPECT_TRUE(absl::StartsWith(log, "fleetcast-hanging: ")) << log;
  EXPECT_TRUE(absl::StrContains(log, "--hang") && absl::StrContains(log, "--colour")) << log;
}

TEST_F(RunTest, HelpListsTheSharedSettingsWithTheServicesOwn) {
  Start({"--help"});
  EXPECT_EQ(ExitCode(), 0);
  for (const char* setting : {"--listen", "--drain-timeout", "--log-level", "--hang"})
    EXPECT_TRUE(Logged(setting)) << Log();
}

}  // namespace
}  // namespace fleetcast::service
