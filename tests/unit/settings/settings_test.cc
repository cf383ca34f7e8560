#include "common/settings/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/status.h"

namespace fleetcast {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~SettingsTest() override {
    for (const std::string& name : variables_) unsetenv(name.c_str());
    std::filesystem::remove_all(folder_);
  }

  SettingsReader Reader(std::vector<std::string> arguments) {
    argv_.clear();
    arguments_ = std::move(arguments);
    arguments_.insert(arguments_.begin(), "program");
    for (const std::string& argument : arguments_) argv_.push_back(argument.c_str());
    return {"fleetcast-toaster", "FLEETCAST_TOASTER", "Toasts.", static_cast<int>(argv_.size()),
            argv_.data()};
  }
  void Variable(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    variables_.push_back(name);
  }
  std::string File(const std::string& yaml) {
    std::ofstream(folder_ + "/settings.yml") << yaml;
    return folder_ + "/settings.yml";
  }

 private:
  std::string folder_;
  std::vector<std::string> arguments_, variables_;
  std::vector<const char*> argv_;
};

TEST_F(SettingsTest, DefaultsHoldWhereNothingIsGiven) {
  SettingsReader reader = Reader({});
  EXPECT_EQ(reader.String("colour", "brown", ""), "brown");
  EXPECT_EQ(reader.Int("slices", 2, 1, 4, ""), 2);
  EXPECT_FALSE(reader.Bool("frozen", false, ""));
  EXPECT_EQ(reader.Duration("time", absl::Seconds(90), ""), absl::Seconds(90));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST_F(SettingsTest, AMappingInTheFileHoldsTheSettingsWhoseNamesBeginWithItsOwn) {
  SettingsReader reader =
      Reader({"--settings", File("bread: {colour: white, slices: 3}\ntime: 5s\n")});
  EXPECT_EQ(reader.String("bread_colour", "brown", ""), "white");
  EXPECT_EQ(reader.Int("bread_slices", 2, 1, 4, ""), 3);
  EXPECT_EQ(reader.Duration("time", absl::Seconds(90), ""), absl::Seconds(5));
  EXPECT_TRUE(reader.Finish().ok());
  SettingsReader wrong = Reader({"--settings", File("bread: {color: white, slices: {few: 1}}\n")});
  EXPECT_EQ(wrong.String("bread_colour", "brown", ""), "brown");
  EXPECT_EQ(wrong.Int("bread_slices", 2, 1, 4, ""), 2);
  const std::string problems(wrong.Finish().message());
  EXPECT_NE(problems.find("bread_color"), std::string::npos) << problems;
  EXPECT_NE(problems.find("bread_slices: must be a single value"), std::string::npos) << problems;
}

TEST_F(SettingsTest, FlagsBeatTheEnvironmentWhichBeatsTheFile) {
  Variable("FLEETCAST_TOASTER_SLICES", "3");
  Variable("FLEETCAST_TOASTER_COLOUR", "black");
  SettingsReader reader = Reader(
      {"--settings", File("slices: 2\ncolour: white\ntime: 1h30m\n"), "--slices=4", "--frozen"});
  EXPECT_EQ(reader.Int("slices", 1, 1, 4, ""), 4);
  EXPECT_EQ(reader.String("colour", "brown", ""), "black");
  EXPECT_EQ(reader.Duration("time", absl::Seconds(90), ""), absl::Minutes(90));
  EXPECT_TRUE(reader.Bool("frozen", false, ""));
  EXPECT_TRUE(reader.Finish().ok()) << reader.Finish();
}

TEST_F(SettingsTest, FlagsAreSpelledWithDashes) {
  SettingsReader reader = Reader({"--max-parallel", "7", "--low", "-5"});
  EXPECT_EQ(reader.Int("max_parallel", 5, 1, 10, ""), 7);
  EXPECT_EQ(reader.Int("low", 0, -10, 10, ""), -5);
  EXPECT_TRUE(reader.Finish().ok());
}

TEST_F(SettingsTest, EveryBadValueIsToldAtOnceWithItsPlace) {
  Variable("FLEETCAST_TOASTER_TIME", "soon");
  SettingsReader reader = Reader({"--slices", "9", "--settings", File("\n\nfrozen: maybe\n")});
  reader.Int("slices", 1, 1, 4, "");
  reader.Duration("time", absl::Seconds(90), "");
  reader.Bool("frozen", false, "");
  reader.RequiredString("bread", "what to toast");
  const std::string message(reader.Finish().message());
  EXPECT_NE(message.find("--slices: \"9\" is not a whole number from 1 to 4"), std::string::npos);
  EXPECT_NE(message.find("$FLEETCAST_TOASTER_TIME: \"soon\" is not a duration"), std::string::npos);
  EXPECT_NE(message.find("settings.yml:3 frozen: \"maybe\""), std::string::npos);
  EXPECT_NE(message.find("--bread: is required: what to toast"), std::string::npos);
}

TEST_F(SettingsTest, WhatAServiceFindsWrongItselfIsToldAtItsPlaceWithTheRest) {
  SettingsReader reader = Reader({"--time=10ms", "--bread", "stone"});
  EXPECT_EQ(reader.Duration("time", absl::Seconds(90), "", absl::Seconds(1)), absl::Seconds(90));
  reader.String("bread", "", "");
  reader.Refuse("bread", "cannot be toasted");
  const std::string message(reader.Finish().message());
  EXPECT_NE(message.find("--time: must be at least 1s"), std::string::npos) << message;
  EXPECT_NE(message.find("--bread: cannot be toasted"), std::string::npos) << message;
}

TEST_F(SettingsTest, AnUnknownSettingIsRefusedAndTheNearestNamed) {
  SettingsReader reader = Reader({"--slicse", "2"});
  reader.Int("slices", 1, 1, 4, "");
  const std::string message(reader.Finish().message());
  EXPECT_NE(message.find("--slicse: is not a setting of fleetcast-toaster; did you mean --slices?"),
            std::string::npos)
      << message;
}

TEST_F(SettingsTest, UnknownVariablesAndFileEntriesAreRefusedToo) {
  Variable("FLEETCAST_TOASTER_NONSENSE", "1");
  SettingsReader reader = Reader({"--settings", File("absurd: 1\n")});
  const std::string message(reader.Finish().message());
  EXPECT_NE(message.find("$FLEETCAST_TOASTER_NONSENSE"), std::string::npos);
  EXPECT_NE(message.find("absurd"), std::string::npos);
}

TEST_F(SettingsTest, WhatKubernetesPutsIntoTheEnvironmentIsNoSetting) {
  Variable("FLEETCAST_TOASTER_SERVICE_HOST", "10.0.0.1");
  Variable("FLEETCAST_TOASTER_PORT", "tcp://10.0.0.1:7002");
  Variable("FLEETCAST_TOASTER_PORT_7002_TCP_ADDR", "10.0.0.1");
  EXPECT_TRUE(Reader({}).Finish().ok());
}

TEST_F(SettingsTest, AMissingOrMalformedFileIsTold) {
  EXPECT_FALSE(Reader({"--settings", "/nonexistent.yml"}).Finish().ok());
  EXPECT_FALSE(Reader({"--settings", File("a: [1\n")}).Finish().ok());
  EXPECT_FALSE(Reader({"--settings", File("- a\n- b\n")}).Finish().ok());
}

TEST_F(SettingsTest, TwiceGivenFlagsAndStrayWordsAreRefused) {
  SettingsReader twice = Reader({"--slices", "1", "--slices", "2"});
  twice.Int("slices", 1, 1, 4, "");
  EXPECT_FALSE(twice.Finish().ok());
}

TEST_F(SettingsTest, HelpListsEverySettingWithItsDefault) {
  SettingsReader reader = Reader({"--help"});
  reader.Int("max_slices", 2, 1, 4, "how many at once");
  EXPECT_TRUE(reader.help_requested());
  EXPECT_NE(reader.HelpText().find("--max-slices\n      how many at once (default: 2)"),
            std::string::npos)
      << reader.HelpText();
}

}  // namespace
}  // namespace fleetcast
