#include "common/sensordata/csv_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/source_settings.h"

namespace fleetcast::sensordata {
namespace {

class CsvSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/csvXXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(root_ + "/" + name) << text;
  }
  std::string root_;
};

TEST_F(CsvSourceTest, ReadsFilesWhoseNamesHoldDotsBlanksAndParentheses) {
  for (const std::string& id :
       {std::string("pump 7 (2)"), std::string("site.v2"), std::string("ns=2;s=Line1/Temp"),
        std::string("Zähler-3"), std::string(80, 'x')}) {
    std::string name = id;
    if (const std::size_t slash = name.find('/'); slash != std::string::npos)
      name.replace(slash, 1, "%2F");
    Write(name + ".csv", "t,a\n2025-12-09,1\n");
    EXPECT_EQ(CsvSource(root_).Read({.sensor_id = id})->rows(), 1U) << id;
  }
}

// Whatever a historian calls its sensors: each has a file of its own, in the folder.
TEST_F(CsvSourceTest, EverySensorIdHasAFileNameOfItsOwn) {
  std::string umlauts;
  for (int i = 0; i < 128; ++i) umlauts += "ü";
  const std::vector<std::string> ids = {"a/b",
                                        "a%2Fb",
                                        "a%252Fb",
                                        "a%25252Fb",
                                        "a%25b",
                                        "a%b",
                                        "a%/b",
                                        "a%%2Fb",
                                        "a%2/b",
                                        "a%2%2Fb",
                                        "a%2fb",
                                        "..",
                                        ".",
                                        "/",
                                        "//",
                                        "LINE1.TEMP.01",
                                        "ns=2;s=Line1/Temp",
                                        "\\\\server\\tag:1 [x]",
                                        "-rf *",
                                        " ",
                                        std::string(247, 'x'),
                                        std::string(248, 'x'),
                                        std::string(249, 'x'),
                                        std::string(256, 'x'),
                                        std::string(255, 'x') + "y",
                                        std::string(256, '/'),
                                        std::string(100, '/'),
                                        umlauts,
                                        umlauts.substr(2) + "ab"};
  std::map<std::string, std::string> id_of;
  for (const std::string& id : ids) {
    std::string name = FileNameOf(id);
    EXPECT_EQ(name.find('/'), std::string::npos) << id;
    EXPECT_LE(name.size(), 255U) << id;
    EXPECT_TRUE(IsUtf8(name)) << id;
    EXPECT_TRUE(id_of.emplace(name, id).second) << id << " and " << id_of[name] << ": " << name;
    // One that is called as another's file is has one of its own, too.
    name.resize(name.size() - 4);
    EXPECT_EQ(FileNameOf(name) == FileNameOf(id), name == id) << id;
    Write(FileNameOf(id), "t,a\n2025-12-09,1\n");
    EXPECT_TRUE(CsvSource(root_).Read({.sensor_id = id}).ok()) << id;
  }
}

TEST_F(CsvSourceTest, NoSensorIdLeadsOutOfTheFolder) {
  std::filesystem::create_directory(root_ + "/sub");
  Write("a.csv", "t,a\n2025-12-09,1\n");
  CsvSource source(root_ + "/sub");
  for (const char* id : {"../a", "sub/../../a", "..", "/etc/passwd"})
    EXPECT_EQ(ReasonOf(source.Read({.sensor_id = id}).status()), "SENSOR_NOT_FOUND") << id;
  for (const std::string& id : {std::string(), std::string("a\n"), std::string("a\0", 2),
                                std::string("\xFF"), std::string(257, 'x')})
    EXPECT_EQ(source.Read({.sensor_id = id}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CsvSourceTest, TellsAMissingFileFromAMissingFolder) {
  EXPECT_EQ(ReasonOf(CsvSource(root_).Read({.sensor_id = "S1"}).status()), "SENSOR_NOT_FOUND");
  const auto status = CsvSource(root_ + "/gone").Read({.sensor_id = "S1"}).status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_SOURCE_UNAVAILABLE");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(CsvSourceTest, IsNotHeldUpByAPipeOrADirectoryOfThatName) {
  ASSERT_EQ(mkfifo((root_ + "/PIPE.csv").c_str(), 0600), 0);
  std::filesystem::create_directory(root_ + "/DIR.csv");
  CsvSource source(root_);
  EXPECT_EQ(ReasonOf(source.Read({.sensor_id = "PIPE"}).status()), "SENSOR_DATA_MALFORMED");
  EXPECT_EQ(ReasonOf(source.Read({.sensor_id = "DIR"}).status()), "SENSOR_DATA_MALFORMED");
}

TEST_F(CsvSourceTest, AFolderMayHaveANameOfAnyBytes) {
  std::filesystem::create_directory(root_ + "/m\xE4rz");
  Write("m\xE4rz/S1.csv", "t,a\n2025-12-09,1\n");
  CsvSource source(root_ + "/m\xE4rz");
  EXPECT_EQ(source.Read({.sensor_id = "S1"})->rows(), 1U);
  EXPECT_EQ(source.Location("S1"), root_ + "/m\\xE4rz/S1.csv");
}

TEST_F(CsvSourceTest, AFileThatIsTooLargeIsRefusedBeforeItIsRead) {
  Write("S1.csv", "t,a\n");
  std::filesystem::resize_file(root_ + "/S1.csv", (std::uintmax_t{1} << 30) + 1);  // sparse
  const auto status = CsvSource(root_).Read({.sensor_id = "S1"}).status();
  EXPECT_EQ(ReasonOf(status), "DATA_TOO_LARGE");
  EXPECT_NE(status.message().find("1 GiB"), absl::string_view::npos) << status;
}

TEST_F(CsvSourceTest, IsOpenedFromSettings) {
  Write("SENSOR_P001_C001.csv", "t,a\n2025-12-09,1\n");
  auto source = OpenSensorSource({.kind = "csv", .data = root_});
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->Read({.sensor_id = "SENSOR_P001_C001"})->rows(), 1U);
  EXPECT_EQ((*source)->Location("SENSOR_P001_C001"), root_ + "/SENSOR_P001_C001.csv");
  EXPECT_FALSE(OpenSensorSource({.kind = "parquet", .data = root_}).ok());
  EXPECT_FALSE(OpenSensorSource({.kind = "csv"}).ok());
  EXPECT_FALSE(OpenSensorSource({.kind = "csv", .data = root_, .format = {.decimal = "."}}).ok());
  EXPECT_FALSE(OpenSensorSource({.kind = "postgres", .data = "x", .table = ""}).ok());
}

TEST_F(CsvSourceTest, ReadsRealSensorFiles) {
  const char* checkout = std::getenv("FLEETCAST_SOURCE_DIR");
  const std::string data = std::string(checkout ? checkout : ".") + "/../shared/data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no shared/data beside the checkout";

  const auto transformer = CsvSource(data + "/ett").Read({.sensor_id = "ETTh1"});
  ASSERT_TRUE(transformer.ok()) << transformer.status();
  EXPECT_EQ(transformer->rows(), 17'420U);
  const auto profile = ProfileReadings(*transformer);
  EXPECT_EQ(profile->step_seconds, 3600);
  EXPECT_EQ(profile->columns.size(), 7U);

  const auto machine =
      CsvSource(data + "/nab").Read({.sensor_id = "machine_temperature_system_failure"});
  ASSERT_TRUE(machine.ok()) << machine.status();
  EXPECT_EQ(machine->rows(), 22'695U);
  const auto grid = RegularGrid(*machine);
  ASSERT_TRUE(grid.ok()) << grid.status();
  for (std::size_t i = 1; i < grid->rows(); ++i) {
    ASSERT_EQ(grid->unix_seconds[i] - grid->unix_seconds[i - 1], 300);
  }
}

}  // namespace
}  // namespace fleetcast::sensordata
