// What a person at a terminal sees.
#include <gtest/gtest.h>

#include <csignal>

#include "absl/strings/match.h"
#include "tests/integration/cli/fleet_fixture.h"

namespace fleetcast::testing {
namespace {

using absl::StrContains;
using trainer::v1::TrainingJob;
using trainer::v1::TrainingRun;

class TerminalTest : public FleetFixture {};

TEST_F(TerminalTest, AWatchIsRedrawnInPlace) {
  trainer_.watches = {{.events = {RunEvent(TrainingRun::STATE_RUNNING),
                                  JobEvent("C001", TrainingJob::STATE_RUNNING, 5),
                                  JobEvent("C001", TrainingJob::STATE_SUCCEEDED),
                                  RunEvent(TrainingRun::STATE_SUCCEEDED)},
                       .end = grpc::Status::OK}};
  const auto outcome = RunFleetcastOnTerminal(ToFakes({"training", "watch", "run0"}), nullptr);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_TRUE(StrContains(outcome.out, "█████")) << outcome.out;
  EXPECT_TRUE(StrContains(outcome.out, "\x1b[2A\x1b[J")) << outcome.out;
  EXPECT_TRUE(StrContains(outcome.out, "1 of 1 succeeded")) << outcome.out;
}

TEST_F(TerminalTest, CtrlCLeavesTheRunGoingAndSaysHowToComeBack) {
  trainer_.watches = {{.events = {RunEvent(TrainingRun::STATE_RUNNING),
                                  JobEvent("C001", TrainingJob::STATE_RUNNING, 5)},
                       .end = grpc::Status::OK,
                       .stays_open = true}};
  bool interrupted = false;
  const auto outcome = RunFleetcastOnTerminal(
      ToFakes({"training", "watch", "run0"}), [&](const std::string& output, pid_t process) {
        if (interrupted || !StrContains(output, "P001/C001")) return;
        interrupted = true;
        kill(process, SIGINT);
      });
  EXPECT_EQ(outcome.exit_code, 130) << outcome.out;
  EXPECT_TRUE(StrContains(outcome.out, "goes on; come back with: fleetcast training watch run0"))
      << outcome.out;
  EXPECT_FALSE(StrContains(outcome.out, "error:")) << outcome.out;
}

TEST_F(TerminalTest, NoColorIsRespected) {
  const auto colored = RunFleetcastOnTerminal(ToFakes({"training", "list"}), nullptr);
  EXPECT_TRUE(StrContains(colored.out, "\x1b[1mID")) << colored.out;
  const auto plain = RunFleetcastOnTerminal(ToFakes({"training", "list", "--no-color"}), nullptr);
  EXPECT_FALSE(StrContains(plain.out, "\x1b")) << plain.out;
}

}  // namespace
}  // namespace fleetcast::testing
