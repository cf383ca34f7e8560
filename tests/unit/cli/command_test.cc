#include "cli/command.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "cli/commands/completion.h"
#include "cli/commands/config.h"
#include "cli/commands/deployment.h"
#include "cli/commands/fleet.h"
#include "cli/commands/forecast.h"
#include "cli/commands/model.h"
#include "cli/commands/schedule.h"
#include "cli/commands/sweep.h"
#include "cli/commands/training.h"
#include "cli/session.h"

namespace fleetcast::cli {
namespace {

class CommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    PrepareRoot(app_, "1.2.3");
    session_.AddGlobalOptions(app_);
    for (auto* add : {AddConfigCommands, AddTrainingCommands, AddModelCommands,
                      AddDeploymentCommands, AddSweepCommands, AddScheduleCommands,
                      AddForecastCommands, AddFleetCommands, AddCompletionCommands}) {
      add(app_, session_);
    }
  }
  static std::vector<const CLI::App*> Children(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
  }
  int Run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "fleetcast");
    return RunCommandLine(app_, session_, static_cast<int>(arguments.size()), arguments.data());
  }

  CLI::App app_{"", "fleetcast"};
  Session session_;
};

TEST_F(CommandTest, EveryVerbHasHelpWithExamplesOfItself) {
  int verbs = 0;
  for (const auto* noun : Children(app_)) {
    EXPECT_FALSE(noun->get_description().empty()) << noun->get_name();
    for (const auto* verb : Children(*noun)) {
      const std::string command = "fleetcast " + noun->get_name() + " " + verb->get_name();
      EXPECT_FALSE(verb->get_description().empty()) << command;
      EXPECT_TRUE(absl::StrContains(verb->get_footer(), "Examples:")) << command;
      EXPECT_TRUE(absl::StrContains(verb->get_footer(), command)) << command;
      ++verbs;
    }
  }
  EXPECT_GT(verbs, 30);
}

TEST_F(CommandTest, EveryOptionSaysWhatItIsFor) {
  for (const auto* noun : Children(app_)) {
    for (const auto* verb : Children(*noun)) {
      for (const auto* option : verb->get_options()) {
        EXPECT_FALSE(option->get_description().empty())
            << noun->get_name() << " " << verb->get_name() << " " << option->get_name();
      }
    }
  }
}

TEST_F(CommandTest, AWrongCommandLineIsAUsageError) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Run({"training", "strat"}), 2);
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"config", "show"}), 2);
  EXPECT_EQ(Run({"-o", "xml", "model", "list"}), 2);
  EXPECT_EQ(Run({"model", "list", "--timeout", "soon"}), 2);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(absl::StrContains(text, "error: ")) << text;
}

TEST_F(CommandTest, AVerbThatDoesNotExistIsNamedWithThoseThatDo) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Run({"schedule", "stop", "daily"}), 2);
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(absl::StrContains(text, "'stop' is no command of `fleetcast schedule`")) << text;
  EXPECT_TRUE(absl::StrContains(text, "pause, resume")) << text;
}

TEST_F(CommandTest, HelpIsNoError) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Run({"training", "start", "--help"}), 0);
  const std::string text = ::testing::internal::GetCapturedStdout();
  EXPECT_TRUE(absl::StrContains(text, "--circuits")) << text;
  EXPECT_TRUE(absl::StrContains(text, "Examples:")) << text;
}

TEST_F(CommandTest, CompletionKnowsNounsVerbsAndFlags) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Run({"completion", "bash"}), 0);
  const std::string script = ::testing::internal::GetCapturedStdout();
  EXPECT_TRUE(absl::StrContains(script, "\"training start\") words=\"")) << script;
  EXPECT_TRUE(absl::StrContains(script, "--circuits")) << script;
  EXPECT_TRUE(absl::StrContains(script, "complete -F _fleetcast fleetcast")) << script;
}

TEST_F(CommandTest, CompletionIsThereForZshAndFishToo) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(Run({"completion", "zsh"}), 0);
  EXPECT_EQ(Run({"completion", "fish"}), 0);
  const std::string scripts = ::testing::internal::GetCapturedStdout();
  EXPECT_TRUE(absl::StrContains(scripts, "'training start') entries=(")) << scripts;
  EXPECT_TRUE(absl::StrContains(scripts, "'--circuits:")) << scripts;
  EXPECT_TRUE(absl::StrContains(scripts, "-n '__fleetcast_is training start' -l circuits -r"))
      << scripts;
}

TEST_F(CommandTest, ACommandHasOneRequestIdAlsoIfNoneIsGiven) {
  const std::string request_id = session_.RequestId();
  EXPECT_TRUE(ValidateRequestId(request_id).ok()) << request_id;
  EXPECT_EQ(session_.RequestId(), request_id);
  EXPECT_NE(session_.RequestId("v1"), request_id);
  EXPECT_EQ(session_.RequestId("v1"), session_.RequestId("v1"));
}

TEST_F(CommandTest, ARequestIdOfSeveralCallsGivesEachItsOwn) {
  ::testing::internal::CaptureStdout();
  ASSERT_EQ(Run({"--request-id", "6a1d2c34-9f52-4f8e-a1de-0f6b5d3c2b1a", "completion", "bash"}), 0);
  ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(session_.RequestId(), "6a1d2c34-9f52-4f8e-a1de-0f6b5d3c2b1a");
  const std::string first = session_.RequestId("v1");
  EXPECT_TRUE(ValidateRequestId(first).ok()) << first;
  EXPECT_EQ(first, session_.RequestId("v1"));
  EXPECT_NE(first, session_.RequestId("v2"));
}

}  // namespace
}  // namespace fleetcast::cli
