// What every sensor source does, asked of each: a folder of CSV files and a Postgres table.
#include "common/sensordata/sensor_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <pqxx/pqxx>
#include <thread>

#include "common/base/status.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/postgres_source.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/simulator/fleet_plan.h"
#include "common/sensordata/simulator/plant_simulator.h"
#include "common/sensordata/simulator/readings_writer.h"
#include "tests/support/test_database.h"

namespace fleetcast::sensordata {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A place to put sensors, and the source that reads it.
class Place {
 public:
  virtual ~Place() = default;
  virtual void Put(const std::string& sensor_id, const RawReadings& readings) = 0;
  virtual SensorSource& source() = 0;
  // A source of the same kind that cannot be reached.
  virtual std::unique_ptr<SensorSource> Unreachable() = 0;
};

class CsvPlace final : public Place {
 public:
  CsvPlace() {
    std::string pattern = ::testing::TempDir() + "/sensorsXXXXXX";
    folder_ = mkdtemp(pattern.data());
    source_ = std::make_unique<CsvSource>(folder_);
  }
  ~CsvPlace() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& sensor_id, const RawReadings& readings) override {
    ASSERT_TRUE(WriteCsv(folder_, sensor_id, readings).ok());
  }
  SensorSource& source() override { return *source_; }
  std::unique_ptr<SensorSource> Unreachable() override {
    return std::make_unique<CsvSource>(folder_ + "/gone");
  }

 private:
  std::string folder_;
  std::unique_ptr<CsvSource> source_;
};

// The table's names need quoting, it has a text column, and it allows duplicates.
class PostgresPlace final : public Place {
 public:
  PostgresPlace() : dsn_(testing::NewDatabase()) {
    pqxx::connection connection(dsn_);
    pqxx::work work(connection);
    work.exec(
        "CREATE SCHEMA \"plant \"\"A\"\"\"; CREATE TABLE \"plant \"\"A\"\"\".\"Read ings\" "
        "(\"Sensor\" varchar, \"When\" timestamptz, temperature float8, note text, "
        "\"pre\"\"ssure\" numeric, vibration float4)");
    work.commit();
    source_ = Open(dsn_);
  }
  void Put(const std::string& sensor_id, const RawReadings& readings) override {
    pqxx::connection connection(dsn_);
    pqxx::work work(connection);
    for (std::size_t row = 0; row < readings.rows(); ++row) {
      std::string names = "\"Sensor\", \"When\"", values = work.quote(sensor_id);
      values += ", to_timestamp(" + std::to_string(readings.unix_seconds[row]) + ")";
      for (std::size_t i = 0; i < readings.columns.size(); ++i) {
        const double value = readings.values[row * readings.columns.size() + i];
        names += ", " + work.quote_name(readings.columns[i]);
        values += std::isnan(value) ? ", NULL" : ", " + work.quote(std::to_string(value));
      }
      work.exec("INSERT INTO \"plant \"\"A\"\"\".\"Read ings\" (" + names + ") VALUES (" + values +
                ")");
    }
    work.commit();
  }
  SensorSource& source() override { return *source_; }
  std::unique_ptr<SensorSource> Unreachable() override {
    return Open("host=/nowhere dbname=nothing connect_timeout=1");
  }

 private:
  static std::unique_ptr<SensorSource> Open(const std::string& dsn) {
    return PostgresSource::Open({.dsn = dsn,
                                 .table = "plant \"A\".Read ings",
                                 .id_column = "Sensor",
                                 .time_column = "When"})
        .value();
  }
  std::string dsn_;
  std::unique_ptr<SensorSource> source_;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Place>()> make;
};

class SensorSourceContract : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { place_ = GetParam().make(); }
  absl::StatusOr<RawReadings> Read(ReadRequest request) {
    request.sensor_id = "SENSOR_P001_C001";
    return place_->source().Read(request);
  }
  // Five rows, the times 0, 60 … 240, values 0 … 14 row by row.
  void PutFiveRows() {
    RawReadings readings{.columns = {"temperature", "pre\"ssure", "vibration"}};
    for (int row = 0; row < 5; ++row) {
      readings.unix_seconds.push_back(row * 60);
      for (int i = 0; i < 3; ++i) readings.values.push_back(row * 3 + i);
    }
    place_->Put("SENSOR_P001_C001", readings);
  }
  std::unique_ptr<Place> place_;
};

TEST_P(SensorSourceContract, GivesEveryColumnWhereNoneIsNamed) {
  PutFiveRows();
  const auto readings = Read({});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->columns,
            (std::vector<std::string>{"temperature", "pre\"ssure", "vibration"}));
  EXPECT_EQ(readings->unix_seconds, (std::vector<std::int64_t>{0, 60, 120, 180, 240}));
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(readings->values[i], static_cast<double>(i));
}

TEST_P(SensorSourceContract, GivesTheColumnsInTheOrderAsked) {
  PutFiveRows();
  const auto readings = Read({.columns = {"vibration", "temperature"}});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->columns, (std::vector<std::string>{"vibration", "temperature"}));
  EXPECT_EQ(readings->values, (std::vector<double>{2, 0, 5, 3, 8, 6, 11, 9, 14, 12}));
}

TEST_P(SensorSourceContract, TakesTheRangeFromInclusiveToExclusive) {
  PutFiveRows();
  const auto readings = Read({.from_unix_seconds = 60, .before_unix_seconds = 180});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->unix_seconds, (std::vector<std::int64_t>{60, 120}));
}

TEST_P(SensorSourceContract, GivesTheNewestRowsOfTheRangeOldestFirst) {
  PutFiveRows();
  const auto newest =
      Read({.columns = {"temperature"}, .before_unix_seconds = 240, .last_rows = 2});
  ASSERT_TRUE(newest.ok()) << newest.status();
  EXPECT_EQ(newest->unix_seconds, (std::vector<std::int64_t>{120, 180}));
  EXPECT_EQ(newest->values, (std::vector<double>{6, 9}));
  EXPECT_EQ(Read({.last_rows = 99})->rows(), 5U);
  EXPECT_EQ(Read({.last_rows = 0})->rows(), 0U);
}

TEST_P(SensorSourceContract, GivesNoRowsForAnEmptyRangeOfAKnownSensor) {
  PutFiveRows();
  const auto readings = Read({.from_unix_seconds = 9'000});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->rows(), 0U);
  EXPECT_EQ(readings->columns.size(), 3U);
}

TEST_P(SensorSourceContract, GivesMissingCellsAsNanAndInfinitiesAsTheyAre) {
  place_->Put("SENSOR_P001_C001", {.columns = {"temperature", "vibration"},
                                   .unix_seconds = {0, 60},
                                   .values = {kNaN, kInfinity, 2.5, -kInfinity}});
  const auto readings = Read({.columns = {"temperature", "vibration"}});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_TRUE(std::isnan(readings->values[0]));
  EXPECT_EQ(readings->values[1], kInfinity);
  EXPECT_EQ(readings->values[2], 2.5);
  EXPECT_EQ(readings->values[3], -kInfinity);
}

TEST_P(SensorSourceContract, KeepsRowsWithOneTimestamp) {
  place_->Put(
      "SENSOR_P001_C001",
      {.columns = {"temperature"}, .unix_seconds = {0, 60, 60, 120}, .values = {1, 2, 3, 4}});
  const auto all = Read({.columns = {"temperature"}});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->values, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(Read({.columns = {"temperature"}, .last_rows = 2})->values,
            (std::vector<double>{3, 4}));
}

TEST_P(SensorSourceContract, ReadsOneSensorOnly) {
  PutFiveRows();
  place_->Put("SENSOR_P001_C0011",
              {.columns = {"temperature"}, .unix_seconds = {7}, .values = {700}});
  EXPECT_EQ(Read({})->rows(), 5U);
}

TEST_P(SensorSourceContract, SaysWhichSensorItDoesNotHave) {
  const auto status = Read({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_EQ(ReasonOf(status), "SENSOR_NOT_FOUND");
  EXPECT_EQ(DetailsOf(status)->metadata.at("sensor_id"), "SENSOR_P001_C001");
}

TEST_P(SensorSourceContract, SaysWhichColumnIsMissingAndWhichThereAre) {
  PutFiveRows();
  const auto status = Read({.columns = {"temperature", "humidity"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(ReasonOf(status), "SENSOR_COLUMN_MISSING");
  EXPECT_EQ(DetailsOf(status)->metadata.at("column"), "humidity");
  EXPECT_NE(status.message().find("vibration"), absl::string_view::npos);
}

TEST_P(SensorSourceContract, RefusesMoreValuesThanMayBeRead) {
  PutFiveRows();
  EXPECT_EQ(Read({.max_values = 15})->rows(), 5U);
  const auto status = Read({.max_values = 14}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(ReasonOf(status), "DATA_TOO_LARGE");
  EXPECT_EQ(Read({.columns = {"vibration"}, .before_unix_seconds = 120, .max_values = 2})->rows(),
            2U);
}

TEST_P(SensorSourceContract, RefusesHostileIdsAndColumnsAtTheDoor) {
  PutFiveRows();
  for (const char* id : {"", "a\n", "\xFF"})
    EXPECT_EQ(place_->source().Read({.sensor_id = id}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << id;
  for (const char* id : {"../x", "a'; DROP TABLE x; --", "a/b", "%2e%2e/x"})
    EXPECT_EQ(ReasonOf(place_->source().Read({.sensor_id = id}).status()), "SENSOR_NOT_FOUND")
        << id;
  EXPECT_EQ(ReasonOf(Read({.columns = {"temperature\"; DROP SCHEMA public; --"}}).status()),
            "SENSOR_COLUMN_MISSING");
  EXPECT_FALSE(Read({.columns = {"temperature", "temperature"}}).ok());
  EXPECT_FALSE(Read({.columns = {""}}).ok());
  EXPECT_EQ(Read({})->rows(), 5U);
}

TEST_P(SensorSourceContract, SaysThatItCannotBeReachedAndIsWorthAnotherTry) {
  const auto status = place_->Unreachable()->Read({.sensor_id = "SENSOR_P001_C001"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ReasonOf(status), "SENSOR_SOURCE_UNAVAILABLE");
  EXPECT_TRUE(DetailsOf(status)->retry_after.has_value());
}

TEST_P(SensorSourceContract, MayBeReadFromSeveralThreads) {
  PutFiveRows();
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      for (int j = 0; j < 5; ++j) EXPECT_EQ(Read({})->rows(), 5U);
    });
  }
  for (std::thread& reader : readers) reader.join();
}

TEST_P(SensorSourceContract, SaysWhereASensorLies) {
  EXPECT_NE(place_->source().Location("SENSOR_P001_C001").find("SENSOR_P001_C001"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Sources, SensorSourceContract,
                         ::testing::Values(Kind{"Csv", [] { return std::make_unique<CsvPlace>(); }},
                                           Kind{"Postgres",
                                                [] { return std::make_unique<PostgresPlace>(); }}),
                         [](const auto& info) { return info.param.name; });

// A simulated sensor has one fingerprint wherever it is kept.
TEST(PostgresReadingsWriterTest, WritesWhatThePostgresSourceReads) {
  const std::string dsn = testing::NewDatabase();
  const SimulatedSpan span{.begin_unix_seconds = 1'760'000'400, .end_unix_seconds = 1'764'000'000};
  const RawReadings readings = PlantSimulator(7, "P001", span).Simulate("C001");
  auto writer = PostgresReadingsWriter::Open(dsn, "public.readings", SimulatedColumns());
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Write("SENSOR_P001_C001", readings, false).ok());
  EXPECT_EQ((*writer)->Write("SENSOR_P001_C001", readings, false).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE((*writer)->Write("SENSOR_P001_C001", readings, true).ok());

  auto source = PostgresSource::Open({.dsn = dsn, .table = "readings"});
  const auto read = (*source)->Read({.sensor_id = "SENSOR_P001_C001"});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->columns, SimulatedColumns());
  EXPECT_EQ(ProfileReadings(*read)->fingerprint, ProfileReadings(readings)->fingerprint);
}

}  // namespace
}  // namespace fleetcast::sensordata
