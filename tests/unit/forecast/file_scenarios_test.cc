// What happens to sensors' files, and what a user needs then: each row is written, read, said,
// trained and judged as a training job does it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/profile.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

using sensordata::DataIssue;

constexpr std::size_t kFileRows = 1440;

ModelSpec FileSpec() {
  ModelSpec spec = SmallSpec();
  spec.sequence_length = 24;
  spec.horizon = 12;
  spec.feature_columns = {"load", "weather"};
  return spec;
}

std::string Line(absl::Time time, const TimeSeries& series, std::size_t row,
                 absl::TimeZone zone = absl::UTCTimeZone()) {
  return absl::StrCat(absl::FormatTime("%Y-%m-%d %H:%M:%S", time, zone), ",", series.at(row, 0),
                      ",", series.at(row, 1));
}

absl::Time TimeOf(const TimeSeries& series, std::size_t row) {
  return absl::FromUnixSeconds(series.unix_seconds[row]);
}

struct FileScenario {
  const char* name;
  std::function<std::string(const TimeSeries&)> write;
  const char* issue;  // that must be said; "" for none
  std::int64_t last_unix_seconds;
  std::int64_t step_seconds;
  const char* time_zone = "UTC";
};

std::string HourlyFile(const TimeSeries& series) {
  std::string text = "time,load,weather\n";
  for (std::size_t row = 0; row < series.rows(); ++row) {
    absl::StrAppend(&text, Line(TimeOf(series, row), series, row), "\n");
  }
  return text;
}

// A text in every row, beside the numbers.
std::string FileWithTexts(const TimeSeries& series) {
  std::string text = "time,status,load,weather,remark\n";
  for (std::size_t row = 0; row < series.rows(); ++row) {
    const std::string line = Line(TimeOf(series, row), series, row);
    const std::size_t comma = line.find(',');
    absl::StrAppend(&text, line.substr(0, comma), ",GOOD", line.substr(comma), ",night shift\n");
  }
  return text;
}

// Hourly for 20 days, every five minutes since.
std::string FileWithStepChange(const TimeSeries& series) {
  std::string text = "time,load,weather\n";
  constexpr std::size_t kChange = 480;
  for (std::size_t row = 0; row < kChange; ++row) {
    absl::StrAppend(&text, Line(TimeOf(series, row), series, row), "\n");
  }
  const absl::Time change = TimeOf(series, kChange);
  for (std::size_t row = 0; row < 12 * (series.rows() - kChange - 1); ++row) {
    const std::size_t hour = kChange + row / 12;
    const double share = static_cast<double>(row % 12) / 12;
    const auto between = [&](std::size_t column) {
      return (1 - share) * series.at(hour, column) + share * series.at(hour + 1, column);
    };
    absl::StrAppend(
        &text,
        absl::FormatTime("%Y-%m-%d %H:%M:%S", change + row * absl::Minutes(5), absl::UTCTimeZone()),
        ",", between(0), ",", between(1), "\n");
  }
  return text;
}

// In Berlin's time, from October on: an hour stands there twice.
std::string FileWithAutumn(const TimeSeries& series) {
  absl::TimeZone berlin;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  const absl::Time start = absl::FromCivil(absl::CivilHour(2024, 10, 1), berlin);
  std::string text = "time,load,weather\n";
  for (std::size_t row = 0; row < series.rows(); ++row) {
    absl::StrAppend(&text, Line(start + row * absl::Hours(1), series, row, berlin), "\n");
  }
  return text;
}

struct ReadFile {
  sensordata::DataProfile profile;
  TimeSeries series;
};

absl::StatusOr<ReadFile> ReadAsAJobDoes(const std::string& text, const char* time_zone) {
  const std::string folder = ::testing::TempDir() + "/file_scenarios";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/sensor.csv", std::ios::binary) << text;
  sensordata::CsvFormat format;
  if (!absl::LoadTimeZone(time_zone, &format.csv.time_zone)) return absl::InternalError(time_zone);
  sensordata::CsvSource source(folder, format);
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings readings,
                             source.Read({.sensor_id = "sensor", .columns = {"load", "weather"}}));
  ReadFile read;
  FLEETCAST_ASSIGN_OR_RETURN(read.profile, sensordata::ProfileReadings(readings));
  FLEETCAST_ASSIGN_OR_RETURN(read.series, sensordata::RegularGrid(readings));
  return read;
}

TEST(FileScenarios, AreReadSaidAndForecastWithSkill) {
  const TimeSeries series = DailyCycle(kFileRows);
  const std::int64_t end = series.unix_seconds.back();
  const std::vector<FileScenario> scenarios = {
      {"nothing", HourlyFile, "", end, 3600},
      {"texts beside the numbers", FileWithTexts, "", end, 3600},
      {"a half-written last line",
       [&](const TimeSeries& s) {
         const std::string text = HourlyFile(s);  // "…,5" where "…,53.7,…" is being written
         return text.substr(0, text.rfind(',', text.size() - 2) - 3);
       },
       "UNFINISHED_LINE", end - 3600, 3600},
      {"the step changes from an hour to five minutes", FileWithStepChange, "STEP_CHANGE",
       end - 300, 300},
      {"the autumn hour twice", FileWithAutumn, "",
       absl::ToUnixSeconds(absl::FromCivil(absl::CivilHour(2024, 9, 30, 22), absl::UTCTimeZone())) +
           3600 * (static_cast<std::int64_t>(kFileRows) - 1),
       3600, "Europe/Berlin"},
  };
  for (const FileScenario& scenario : scenarios) {
    SCOPED_TRACE(scenario.name);
    const auto read = ReadAsAJobDoes(scenario.write(series), scenario.time_zone);
    ASSERT_TRUE(read.ok()) << read.status();
    std::string said;
    for (const DataIssue& issue : read->profile.issues) {
      absl::StrAppend(&said, sensordata::NameOf(issue.kind));
      EXPECT_FALSE(issue.message.empty());
    }
    EXPECT_EQ(said, scenario.issue);
    EXPECT_EQ(read->series.unix_seconds.back(), scenario.last_unix_seconds);
    EXPECT_EQ(read->profile.step_seconds, scenario.step_seconds);
    const auto trained = Train(read->series, FileSpec(), {}, nullptr);
    ASSERT_TRUE(trained.ok()) << trained.status();
    EXPECT_GT(trained->test.skill(), 0);
    const auto forecast = trained->model.Forecast(read->series);
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    EXPECT_EQ(forecast->issue_unix_seconds, scenario.last_unix_seconds);
    for (const double value : forecast->values) EXPECT_NEAR(value, 50, 15);
  }
}

}  // namespace
}  // namespace fleetcast::forecast
