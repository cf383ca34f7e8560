#include "common/sensordata/simulator/plant_simulator.h"

#include <git2.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/base/status.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/simulator/config_repository.h"
#include "common/sensordata/simulator/fleet_simulation.h"
#include "common/sensordata/simulator/readings_writer.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kEnd = 1'765'324'800;  // 2025-12-10

SimulatedSpan Days(int days) {
  return {.begin_unix_seconds = kEnd - days * 86'400, .end_unix_seconds = kEnd};
}

std::string NewFolder() {
  std::string pattern = ::testing::TempDir() + "/simXXXXXX";
  return mkdtemp(pattern.data());
}

std::string ReadText(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(PlantSimulator, GivesTheSameRowsForTheSameSeedAndOthersForAnother) {
  const auto fingerprint = [](std::uint64_t seed, const std::string& plant,
                              const std::string& circuit) {
    return ProfileReadings(PlantSimulator(seed, plant, Days(30)).Simulate(circuit))->fingerprint;
  };
  EXPECT_EQ(fingerprint(7, "P001", "C001"), fingerprint(7, "P001", "C001"));
  EXPECT_NE(fingerprint(7, "P001", "C001"), fingerprint(8, "P001", "C001"));
  EXPECT_NE(fingerprint(7, "P001", "C001"), fingerprint(7, "P001", "C002"));
  EXPECT_NE(fingerprint(7, "P001", "C001"), fingerprint(7, "P002", "C001"));
}

TEST(PlantSimulator, MakesAYearAsRealSensorsHaveIt) {
  int stuck = 0;
  for (int i = 1; i <= 8; ++i) {
    const RawReadings readings =
        PlantSimulator(7, "P001", Days(365)).Simulate("C" + std::to_string(i));
    const auto profile = ProfileReadings(readings);
    ASSERT_TRUE(profile.ok());
    EXPECT_EQ(profile->step_seconds, 3600);
    EXPECT_GT(profile->row_count, 8600);
    std::int64_t gaps = 0;
    for (const DataIssue& issue : profile->issues) {
      EXPECT_TRUE(issue.kind == DataIssue::Kind::kGap ||
                  issue.kind == DataIssue::Kind::kNonFinite ||
                  issue.kind == DataIssue::Kind::kStuckSensor)
          << issue.message;
      if (issue.kind == DataIssue::Kind::kGap) gaps = issue.count;
      if (issue.kind == DataIssue::Kind::kStuckSensor) ++stuck;
    }
    EXPECT_GT(gaps, 10);
    EXPECT_LT(gaps, 120);
    for (const ColumnProfile& column : profile->columns) {
      EXPECT_GT(column.standard_deviation, 0.05) << column.name;
      EXPECT_GE(column.minimum, 0) << column.name;
      EXPECT_LT(column.maximum, 130) << column.name;
    }
  }
  EXPECT_GT(stuck, 0);
}

TEST(PlantSimulator, WarmsUpEveryMorning) {
  const RawReadings readings = PlantSimulator(7, "P001", Days(120)).Simulate("C001");
  double night = 0, day = 0;
  int nights = 0, days = 0;
  for (std::size_t row = 0; row < readings.rows(); ++row) {
    const double value = readings.values[row * 3];
    if (std::isnan(value)) continue;
    const std::int64_t hour = readings.unix_seconds[row] / 3600 % 24;
    if (hour == 3) night += value, ++nights;
    if (hour == 13) day += value, ++days;
  }
  EXPECT_GT(day / days, night / nights + 3);
}

TEST(FleetSimulation, WritesEverySensorOnceOnSeveralThreads) {
  const FleetPlan fleet = PlanFleet({40, 3});
  std::atomic<int> written{0};
  int reported = 0;
  const absl::Status status = SimulateFleet(
      fleet, 7, Days(2), 4,
      [&](const CircuitPlan&, const RawReadings& readings) {
        written += readings.rows() > 0 ? 1 : 0;
        return absl::OkStatus();
      },
      [&](int done, int total) {
        EXPECT_EQ(total, 43);
        EXPECT_EQ(done, ++reported);
        return true;
      });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(written, 43);
}

TEST(FleetSimulation, StopsWhenToldToAndAtTheFirstError) {
  const FleetPlan fleet = PlanFleet({100});
  const SensorWriter fine = [](const CircuitPlan&, const RawReadings&) { return absl::OkStatus(); };
  EXPECT_EQ(SimulateFleet(fleet, 7, Days(2), 2, fine, [](int, int) { return false; }).code(),
            absl::StatusCode::kCancelled);
  const SensorWriter full = [](const CircuitPlan&, const RawReadings&) {
    return absl::DataLossError("disk full");
  };
  EXPECT_EQ(SimulateFleet(fleet, 7, Days(2), 2, full, nullptr).code(), absl::StatusCode::kDataLoss);
}

TEST(CsvWriter, WritesWhatTheCsvSourceReads) {
  const std::string folder = NewFolder();
  const RawReadings readings = PlantSimulator(7, "P001", Days(200)).Simulate("C001");
  ASSERT_TRUE(WriteCsv(folder, "SENSOR_P001_C001", readings).ok());
  const auto read = CsvSource(folder).Read({.sensor_id = "SENSOR_P001_C001"});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ProfileReadings(*read)->fingerprint, ProfileReadings(readings)->fingerprint);
  std::filesystem::remove_all(folder);
}

TEST(ConfigRepository, HoldsTheExamplesOfTheDesignKeyForKey) {
  const std::string folder = NewFolder();
  const FleetPlan fleet = PlanFleet({2, 1});
  const auto commit =
      WriteConfigRepository(folder, fleet, {.values = {.cutoff_date = "2025-12-09"}});
  ASSERT_TRUE(commit.ok()) << commit.status();
  EXPECT_EQ(ReadText(folder + "/config/plants_circuits.yml").substr(0, 180),
            "plants:\n"
            "  - plant_id: \"P001\"\n"
            "    plant_name: \"Manufacturing Plant 1\"\n"
            "    circuits:\n"
            "      - circuit_id: \"C001\"\n"
            "        circuit_name: \"Assembly Line A Sensor\"\n"
            "      - circuit_id: \"C0");
  EXPECT_EQ(ReadText(folder + "/config/plants/P001/C001.yml"), R"(plant_id: "P001"
circuit_id: "C001"

training:
  cutoff_date: "2025-12-09"        # training data ends here
  environment_version: "1.5.0"
  hyperparameters:
    sequence_length: 24
    lstm_units: 128
    dropout: 0.2
    learning_rate: 0.001
    batch_size: 32
    epochs: 50
  data_filters:
    sensor_id: "SENSOR_P001_C001"
    feature_columns: ["temperature", "pressure", "vibration"]

deployment:
  compute_instance_type: "Standard_DS3_v2"
  mini_batch_size: 100
  timeout_minutes: 60
)");
  EXPECT_TRUE(std::filesystem::exists(folder + "/config/plants/P002/C001.yml"));
  EXPECT_FALSE(WriteConfigRepository(folder, fleet, {}).ok());  // never over another repository
  std::filesystem::remove_all(folder);
}

TEST(ConfigRepository, AddsTheCircuitsOnABranchIfAskedAndIsTheSameEveryTime) {
  const ConfigRepositoryOptions options{.values = {.cutoff_date = "2025-12-09"},
                                        .circuits_branch = "add-circuits",
                                        .commit_unix_seconds = kEnd};
  const std::string folder = NewFolder(), other = NewFolder();
  const auto commit = WriteConfigRepository(folder, PlanFleet({2, 1}), options);
  ASSERT_TRUE(commit.ok()) << commit.status();
  EXPECT_EQ(*commit, *WriteConfigRepository(other, PlanFleet({2, 1}), options));

  git_libgit2_init();
  git_repository* repository = nullptr;
  ASSERT_EQ(git_repository_open(&repository, folder.c_str()), 0);
  git_object* main_file = nullptr;
  EXPECT_EQ(git_revparse_single(&main_file, repository, "main:config/plants_circuits.yml"), 0);
  git_object_free(main_file);
  git_object* circuit = nullptr;
  EXPECT_NE(git_revparse_single(&circuit, repository, "main:config/plants/P001/C001.yml"), 0);
  EXPECT_EQ(git_revparse_single(&circuit, repository, "add-circuits:config/plants/P001/C001.yml"),
            0);
  git_object_free(circuit);
  git_repository_free(repository);
  git_libgit2_shutdown();
  std::filesystem::remove_all(folder);
  std::filesystem::remove_all(other);
}

}  // namespace
}  // namespace fleetcast::sensordata
