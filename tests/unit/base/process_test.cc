#include "common/base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status.h"

namespace fleetcast {
namespace {

bool Soon(const std::function<bool()>& condition) {
  for (const absl::Time deadline = absl::Now() + absl::Seconds(20); absl::Now() < deadline;) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return false;
}

std::string ReadComm(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder_); }

  ProcessCommand Shell(const std::string& script) const {
    return {.arguments = {"/bin/sh", "-c", script},
            .working_dir = folder_,
            .log_file = folder_ + "/log"};
  }

  std::string folder_;
};

TEST_F(ProcessTest, OutputGoesToTheLogAndTheWorkingFolderIsAsAsked) {
  ASSERT_TRUE(RunToEnd(Shell("pwd; echo problem >&2")).ok());
  EXPECT_EQ(EndOfFile(folder_ + "/log"), folder_ + "\nproblem\n");
  EXPECT_EQ(EndOfFile(folder_ + "/log", 5), "blem\n");
}

TEST_F(ProcessTest, TheCommandLineOfAProcessThatEndsMeanwhileIsEmpty) {
  // Found in a cluster's start, which looks at all processes of a busy machine.
  int seen = 0;
  for (int round = 0; round < 2000; ++round) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    ASSERT_GT(child, 0);
    for (std::string line = "x"; !line.empty(); ++seen) line = CommandLineOf(child);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(CommandLineOf(child), "");
  }
  EXPECT_GE(seen, 2000);
  EXPECT_NE(CommandLineOf(getpid()), "");
}

TEST_F(ProcessTest, AFailureCarriesTheEndOfTheLog) {
  const absl::Status status = RunToEnd(Shell("echo because; exit 3"));
  EXPECT_EQ(ReasonOf(status), "PROGRAM_FAILED");
  EXPECT_NE(std::string(status.message()).find("because"), std::string::npos);
}

TEST_F(ProcessTest, AProgramThatDoesNotExistFails) {
  ProcessCommand command = Shell("");
  command.arguments = {"/nonexistent"};
  EXPECT_EQ(ReasonOf(RunToEnd(command)), "PROGRAM_FAILED");
}

TEST_F(ProcessTest, SignalsThatWeBlockAreNotBlockedInTheChild) {
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  const pid_t pid = Spawn(Shell("exec sleep 600")).value();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  kill(pid, SIGTERM);
  EXPECT_TRUE(Soon([&] { return HasEnded(pid); }));
}

TEST_F(ProcessTest, AProcessIsKnownByPidAndStart) {
  const pid_t pid = Spawn(Shell("exec sleep 600")).value();
  const auto identity = IdentityOf(pid);
  ASSERT_TRUE(identity);
  EXPECT_TRUE(IsRunning(*identity));
  EXPECT_FALSE(IsRunning({.pid = pid, .start_ticks = identity->start_ticks + 1}));
  EXPECT_TRUE(EndProcess(*identity, SIGKILL, absl::Seconds(20)));
  EXPECT_FALSE(IsRunning(*identity));  // ended, though nobody has reaped it
  EXPECT_TRUE(HasEnded(pid));
  EXPECT_FALSE(IdentityOf(pid));
}

TEST_F(ProcessTest, AProcessThatItsParentDoesNotReapHasEndedAsWell) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    (void)!write(ends[1], &child, sizeof child);
    pause();
  }
  pid_t zombie = 0;
  ASSERT_EQ(read(ends[0], &zombie, sizeof zombie), static_cast<ssize_t>(sizeof zombie));
  EXPECT_TRUE(Soon([&] { return HasEnded(zombie); }));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
}

TEST_F(ProcessTest, AProcessDiesWithTheThreadThatStartedIt) {
  pid_t pid = 0;
  std::thread([&] {
    ProcessCommand command = Shell("exec sleep 600");
    command.death_signal = SIGKILL;
    pid = Spawn(command).value();
    ASSERT_TRUE(Soon([&] { return ReadComm(pid) == "sleep"; }));
  }).join();
  EXPECT_TRUE(Soon([&] { return HasEnded(pid); }));
}

}  // namespace
}  // namespace fleetcast
