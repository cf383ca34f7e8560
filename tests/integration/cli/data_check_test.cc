// `fleetcast data check`: the real program on files as plants write them, without any service.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/integration/cli/program.h"

namespace fleetcast::testing {
namespace {

namespace fs = std::filesystem;
using absl::StrContains;

class DataCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::canonical(::testing::TempDir()) / "check-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  static Outcome Check(const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"data", "check"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunFleetcast(all);
  }

  fs::path folder_;
};

// Two days of hours with a gap of two rows, a sentinel, a bad reading and a text column.
std::string Export() {
  std::string text =
      "Zeit;Temperatur (\xB0"
      "C);Zustand;quality\r\n";
  for (int hour = 0; hour < 48; ++hour) {
    if (hour == 30 || hour == 31) continue;
    char time[32];
    std::snprintf(time, sizeof time, "%02d.12.2025 %02d:00", 9 + hour / 24, hour % 24);
    text += std::string(time) + ";" + (hour == 20 ? "-9999" : std::to_string(hour % 24) + ",5") +
            ";ein;" + (hour == 10 ? "Bad" : "Good") + "\r\n";
  }
  return text + "11.12.2025 00:00;0";
}

TEST_F(DataCheckTest, TellsPeopleWhatIsReadOfAFile) {
  const Outcome outcome = Check({Write("pump 7 (2).csv", Export())});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* said :
       {"semicolons between fields, decimal comma, time day_first in column \"Zeit\", UTC, Latin-1",
        "46 from 2025-12-09 00:00 UTC to 2025-12-10 23:00 UTC", "2 of 48 rows", "2 rows from",
        "Temperatur (°C)", "1 × -9999", "TEXT_COLUMN", "column 'Zustand' is left out",
        "UNFINISHED_LINE", "\"11.12.2025 00:00;0\"", "BAD_QUALITY"})
    EXPECT_TRUE(StrContains(outcome.out, said)) << said << "\n" << outcome.out;
}

TEST_F(DataCheckTest, TellsProgramsTheSame) {
  Write("site.v2.csv", Export());
  const Outcome file = Check({(folder_ / "site.v2.csv").string(), "-o", "json"});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  const auto json = nlohmann::json::parse(file.out);
  EXPECT_EQ(json.at("dialect").at("separator"), "semicolon");
  EXPECT_EQ(json.at("rows"), 46);
  EXPECT_EQ(json.at("missing_rows"), 2);
  EXPECT_EQ(json.at("step_seconds"), 3600);
  ASSERT_EQ(json.at("columns").size(), 1U);
  const auto& column = json.at("columns")[0];
  EXPECT_EQ(column.at("missing"), 0);
  EXPECT_EQ(column.at("bad_quality"), 1);
  EXPECT_EQ(column.at("outliers"), 1);
  EXPECT_EQ(column.at("sentinels")[0].at("value"), -9999);
  EXPECT_EQ(json.at("issues").size(), 4U) << json.at("issues");

  const Outcome sensor = Check({"site.v2", "--sensor-data", folder_.string(), "-o", "json"});
  ASSERT_EQ(sensor.exit_code, 0) << sensor.err;
  EXPECT_EQ(nlohmann::json::parse(sensor.out).at("fingerprint"), json.at("fingerprint"));
}

TEST_F(DataCheckTest, EndsWithTheExitCodesOfTheOtherCommands) {
  const std::string file = Write("a.csv", "t,a\n2025-12-09,1\n2025-12-10,x\n");
  const std::string two_ways = Write("b.csv", "t,a\n01/02/2025,1\n");
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string says;
  };
  for (const Case& c : std::vector<Case>{
           {{file, "--columns", "a"}, 1, "line 3, column \"a\": \"x\" is no number"},
           {{two_ways}, 1, "sensor-csv-time-format"},
           {{two_ways, "--sensor-csv-time-format", "day_first"}, 1, "DATA_TOO_FEW_ROWS"},
           {{folder_.string()}, 1, "is no regular file"},
           {{"S9", "--sensor-data", folder_.string()}, 1, "SENSOR_NOT_FOUND"},
           {{"S9"}, 2, "--sensor-data"},
           {{file, "--sensor-csv-decimal", "komma"}, 2, "auto, point, comma"},
           {{file, "--before", "yesterday"}, 2, "--before"},
           {{"S9", "--sensor-data", (folder_ / "gone").string()}, 3, "SENSOR_SOURCE_UNAVAILABLE"},
       }) {
    const Outcome outcome = Check(c.arguments);
    EXPECT_EQ(outcome.exit_code, c.exit_code) << c.says << outcome.out << outcome.err;
    EXPECT_TRUE(StrContains(outcome.err, c.says)) << outcome.err;
  }
}

TEST_F(DataCheckTest, LooksAtRowsBeforeATimeAlone) {
  const std::string file = Write("a.csv", "t,a\n2025-12-09,1\n2025-12-10,2\n2025-12-11,x\n");
  const Outcome outcome = Check({file, "--columns", "a", "--before", "2025-12-10", "-o", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("rows"), 2);
}

}  // namespace
}  // namespace fleetcast::testing
