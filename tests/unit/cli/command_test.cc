#include "cli/command.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
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
  // The exit code, and what is on standard error.
  std::pair<int, std::string> Refusal(const std::vector<std::string>& words) {
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    ::testing::internal::CaptureStderr();
    const int code = Run(arguments);
    return {code, ::testing::internal::GetCapturedStderr()};
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

// Whatever names something, a list or one: left out it may mean more than what was meant.
TEST_F(CommandTest, AnEmptyValueIsAUsageErrorOfEveryOptionButTexts) {
  const std::set<std::string> texts = {"--actor", "--author", "--display-name", "--filter",
                                       "--reason"};
  int tried = 0;
  for (const auto* noun : Children(app_)) {
    for (const auto* verb : Children(*noun)) {
      for (const auto* option : verb->get_options()) {
        if (option->get_items_expected_max() == 0 || texts.contains(option->get_name())) continue;
        std::vector<std::string> words = {noun->get_name(), verb->get_name()};
        if (!option->get_positional()) words.push_back(option->get_name());
        words.emplace_back();
        if (option->get_expected_min() == 0) continue;  // --matrix
        const auto [code, said] = Refusal(words);
        EXPECT_EQ(code, 2) << absl::StrJoin(words, " ") << said;
        EXPECT_TRUE(absl::StrContains(said, option->get_name())) << said;
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 80);
}

TEST_F(CommandTest, AnEmptyValueIsToldWithWhatLeavingTheOptionOutMeans) {
  for (const auto& [words, said] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"sweep", "start", "--plants", ""},
            "--plants: is empty; give PLANT,... (only these plants), or leave it "
            "out for: the whole fleet\n"},
           {{"sweep", "start", "--plants="}, "leave it out for: the whole fleet"},
           {{"sweep", "start", "--plants=", "--watch"}, "leave it out for: the whole fleet"},
           {{"sweep", "start", "--plants", " "}, "--plants: is empty"},
           {{"sweep", "start", "--circuits", "P001/C001,"},
            "--circuits: has an empty element in \"P001/C001,\"; give PLANT/CIRCUIT,..."},
           {{"sweep", "start", "--circuits", "P001/C001", ""}, "--circuits: is empty"},
           {{"training", "start", "--circuits", ""}, "or all for the whole fleet"},
           {{"training", "cancel", "01j", "--circuit", ""}, "leave it out for: the whole run"},
           {{"training", "watch", ""}, "id: is empty; give a value (run), or leave it"},
           {{"schedule", "update", "daily", "--plants", ""}, "every plant with --whole-fleet"},
           {{"config", "changes", "--base", ""}, "leave it out for: origin/main"},
           {{"deployment", "deploy", "12,,13"}, "version: has an empty element"},
           {{"--data-dir", "", "model", "list"}, "--data-dir: is empty"}}) {
    const auto [code, text] = Refusal(words);
    EXPECT_EQ(code, 2) << text;
    EXPECT_TRUE(absl::StrContains(text, said)) << text;
  }
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
  EXPECT_TRUE(absl::StrContains(scripts, "-n '__fleetcast_is training start' -l circuits -x"))
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
