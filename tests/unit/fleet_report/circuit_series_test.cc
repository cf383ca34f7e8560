#include "cli/report/circuit_series.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

class CircuitSeriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/seriesXXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    std::filesystem::create_directories(folder_ + "/next");
    std::ofstream(folder_ + "/S1.csv") << "t,a\n2025-12-09 10:00:00,1\n2025-12-10 10:00:00,2\n"
                                          "2025-12-10 11:00:00,3\n2025-12-10 12:00:00,4\n";
    std::ofstream(folder_ + "/next/S1.csv") << "t,a\n2025-12-10 12:00:00,40\n"
                                               "2025-12-10 13:00:00,5\n2025-12-10 14:00:00,6\n";
    circuit_.target_column = "a";
    circuit_.forecast = ReportedForecast{};
    circuit_.forecast->issue_unix_seconds = Time("2025-12-10 11:00:00");
    circuit_.forecast->points = {{Time("2025-12-10 12:00:00"), Time("2025-12-10 13:00:00")},
                                 {4, 5}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  static std::int64_t Time(const std::string& text) { return *sensordata::ParseTimestamp(text); }
  std::string folder_;
  CircuitReport circuit_;
};

TEST_F(CircuitSeriesTest, EndsHistoryAtTheIssueTimeAndWhatCameNextAtTheHorizon) {
  CircuitSeries series({.data = folder_}, folder_ + "/next", 14);
  ASSERT_TRUE(series.Open().ok());
  ASSERT_TRUE(series.Read("S1", circuit_).ok());
  EXPECT_EQ(circuit_.history.values, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(circuit_.actual.values, (std::vector<double>{40, 5}));  // the later source wins
}

TEST_F(CircuitSeriesTest, AFolderThatIsNotThereIsRefusedByItsFlag) {
  CircuitSeries no_sensors({.data = "/nonexistent"}, "", 14);
  CircuitSeries no_actuals({.data = folder_}, folder_ + "/nothing", 14);
  for (CircuitSeries* series : {&no_sensors, &no_actuals})
    EXPECT_TRUE(absl::IsInvalidArgument(series->Open())) << series->Open();
}

TEST_F(CircuitSeriesTest, ShowsAsManyDaysAsAsked) {
  CircuitSeries series({.data = folder_}, "", 1);
  ASSERT_TRUE(series.Open().ok());
  ASSERT_TRUE(series.Read("S1", circuit_).ok());
  EXPECT_EQ(circuit_.history.values, (std::vector<double>{2, 3}));
  EXPECT_EQ(circuit_.actual.values, (std::vector<double>{4}));
}

TEST_F(CircuitSeriesTest, DoesWithoutEitherSourceButNamesAMissingSensor) {
  CircuitSeries nothing({}, "", 14);
  ASSERT_TRUE(nothing.Open().ok());
  EXPECT_TRUE(nothing.Read("S1", circuit_).ok());
  EXPECT_TRUE(circuit_.history.values.empty());

  std::filesystem::remove(folder_ + "/next/S1.csv");
  CircuitSeries series({.data = folder_}, folder_ + "/next", 14);
  ASSERT_TRUE(series.Open().ok());
  EXPECT_TRUE(series.Read("S1", circuit_).ok());
  EXPECT_FALSE(series.Read("S2", circuit_).ok());
}

}  // namespace
}  // namespace fleetcast::cli
