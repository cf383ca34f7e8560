#include "cli/targets.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace fleetcast::cli {
namespace {

class ResolveTargetsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "targets-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<PerService> Resolve(const std::string& data_dir) {
    return ResolveTargets(
        flags_, [this](const std::string& name) { return environment_[name]; }, data_dir);
  }
  void WriteStack(const std::string& text) { std::ofstream(folder_ + "/stack.json") << text; }

  std::string folder_;
  PerService flags_;
  std::map<std::string, std::string> environment_;
};

constexpr char kStack[] =
    R"({"ports": {"config": 8001, "trainer": 8002, "registry": 8003, "inference": 8004}})";

TEST_F(ResolveTargetsTest, FallsBackToTheDefaultPorts) {
  const auto targets = Resolve("").value();
  EXPECT_EQ(targets[Service::kConfig], "127.0.0.1:7001");
  EXPECT_EQ(targets[Service::kInference], "127.0.0.1:7004");
}

TEST_F(ResolveTargetsTest, ReadsThePortsOfALocalStack) {
  WriteStack(kStack);
  EXPECT_EQ(Resolve(folder_).value()[Service::kRegistry], "127.0.0.1:8003");
}

TEST_F(ResolveTargetsTest, PrefersFlagsToTheEnvironmentToTheStack) {
  WriteStack(kStack);
  flags_[Service::kTrainer] = "flag:1";
  environment_["FLEETCAST_TRAINER_TARGET"] = "environment:1";
  environment_["FLEETCAST_REGISTRY_TARGET"] = "environment:2";
  const auto targets = Resolve(folder_).value();
  EXPECT_EQ(targets[Service::kTrainer], "flag:1");
  EXPECT_EQ(targets[Service::kRegistry], "environment:2");
  EXPECT_EQ(targets[Service::kConfig], "127.0.0.1:8001");
}

TEST_F(ResolveTargetsTest, SaysWhatIsWrongWithAFolderThatHoldsNoStack) {
  EXPECT_EQ(Resolve(folder_).status().code(), absl::StatusCode::kInvalidArgument);
  for (const char* text : {"", "{", "[]", R"({"ports": {"config": "x"}})"}) {
    WriteStack(text);
    const auto targets = Resolve(folder_);
    ASSERT_FALSE(targets.ok()) << text;
    EXPECT_NE(targets.status().message().find("local up"), std::string::npos);
  }
}

}  // namespace
}  // namespace fleetcast::cli
