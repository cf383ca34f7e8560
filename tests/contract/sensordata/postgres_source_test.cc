// What only a Postgres table can do to a sensor source.
#include "common/sensordata/postgres_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <pqxx/pqxx>

#include "common/base/status.h"
#include "tests/support/test_database.h"

namespace fleetcast::sensordata {
namespace {

class PostgresSourceTest : public ::testing::Test {
 protected:
  void Execute(const std::string& sql) const {
    pqxx::connection connection(options_.dsn);
    pqxx::work work(connection);
    work.exec(sql);
    work.commit();
  }
  [[nodiscard]] absl::StatusOr<RawReadings> Read(ReadRequest request = {}) const {
    request.sensor_id = "S1";
    return PostgresSource::Open(options_).value()->Read(request);
  }
  void ExpectMisconfigured(const std::string& setting, const std::string& says) const {
    const absl::Status status = Read().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(ReasonOf(status), "SENSOR_SOURCE_MISCONFIGURED") << status;
    ASSERT_TRUE(DetailsOf(status));
    EXPECT_EQ(DetailsOf(status)->metadata["setting"], setting) << status;
    EXPECT_NE(status.message().find("setting " + setting), absl::string_view::npos) << status;
    EXPECT_NE(status.message().find(says), absl::string_view::npos) << status;
    EXPECT_FALSE(DetailsOf(status)->retry_after.has_value());
  }

  PostgresSourceOptions options_{.dsn = testing::NewDatabase()};
};

TEST_F(PostgresSourceTest, ATableThatDoesNotExistIsASettingsFault) {
  ExpectMisconfigured("sensor-table", "no such table");
  options_.table = "plant.readings";
  ExpectMisconfigured("sensor-table", "\"plant.readings\"");
}

TEST_F(PostgresSourceTest, ATableThatMayNotBeReadIsASettingsFault) {
  Execute(
      "CREATE TABLE sensor_readings (sensor_id text, timestamp timestamptz, a float8);"
      "DROP ROLE IF EXISTS sensor_stranger; CREATE ROLE sensor_stranger LOGIN");
  const std::string owner = options_.dsn;
  options_.dsn += " user=sensor_stranger";
  ExpectMisconfigured("sensor-table", "grant USAGE");
  options_.dsn = owner;
  Execute("DROP ROLE sensor_stranger");
}

TEST_F(PostgresSourceTest, ATimeColumnOfAnotherTypeIsASettingsFault) {
  for (const char* type : {"bigint", "text", "time"}) {
    Execute(std::string("DROP TABLE IF EXISTS sensor_readings; CREATE TABLE sensor_readings "
                        "(sensor_id text, timestamp ") +
            type + ", a float8)");
    ExpectMisconfigured("sensor-time-column", type);
  }
}

TEST_F(PostgresSourceTest, ADateIsATime) {
  Execute(
      "CREATE TABLE sensor_readings AS SELECT 'S1' AS sensor_id, DATE '2025-12-09' AS timestamp, "
      "1.5 AS a");
  const auto readings = Read();
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->unix_seconds, std::vector<std::int64_t>{1'765'238'400});
}

TEST_F(PostgresSourceTest, AColumnThatDoesNotExistIsASettingsFault) {
  Execute("CREATE TABLE sensor_readings (sensor_id text, timestamp timestamptz, a float8)");
  options_.id_column = "sensor";
  ExpectMisconfigured("sensor-id-column", "no such column");
  options_.id_column = "sensor_id";
  options_.time_column = "time";
  ExpectMisconfigured("sensor-time-column", "no such column");
}

TEST_F(PostgresSourceTest, AnIdColumnThatHoldsNoIdsIsASettingsFault) {
  Execute("CREATE TABLE sensor_readings (sensor_id bigint, timestamp timestamptz, a float8)");
  ExpectMisconfigured("sensor-id-column", "bigint");
  Execute("ALTER TABLE sensor_readings ALTER sensor_id TYPE bytea USING ''");
  Execute(
      "DROP TABLE sensor_readings; CREATE TABLE sensor_readings "
      "(sensor_id point, timestamp timestamptz, a float8)");
  ExpectMisconfigured("sensor-id-column", "point");
}

TEST_F(PostgresSourceTest, ANumberBeyondADoubleIsMalformedData) {
  Execute(
      "CREATE TABLE sensor_readings AS SELECT 'S1' AS sensor_id, now() AS timestamp, "
      "'1e400'::numeric AS a");
  const absl::Status status = Read().status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_DATA_MALFORMED") << status;
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PostgresSourceTest, ALongSensorIsReadInSeveralBatchesAndInOrder) {
  Execute(
      "CREATE TABLE sensor_readings AS SELECT 'S1' AS sensor_id, to_timestamp(i) AS timestamp, "
      "i AS a, -i AS b FROM generate_series(0, 399999) i");
  for (const auto last : {std::optional<std::size_t>(), std::optional<std::size_t>(350'000)}) {
    const auto readings = Read({.columns = {"b", "a"}, .last_rows = last});
    ASSERT_TRUE(readings.ok()) << readings.status();
    const std::size_t rows = last.value_or(400'000);
    ASSERT_EQ(readings->rows(), rows);
    for (std::size_t row = 0; row < rows; ++row) {
      const auto time = static_cast<std::int64_t>(400'000 - rows + row);
      ASSERT_EQ(readings->unix_seconds[row], time);
      ASSERT_EQ(readings->values[2 * row], -time);
      ASSERT_EQ(readings->values[2 * row + 1], time);
    }
  }
}

TEST_F(PostgresSourceTest, AColumnWithANameThatSteersATerminalIsInNobodysWay) {
  Execute(
      "CREATE TABLE sensor_readings AS SELECT 'S1' AS sensor_id, now() AS timestamp, 1 AS a, "
      "2 AS U&\"b\\001B[31m\"");
  EXPECT_EQ(Read()->columns, std::vector<std::string>{"a"});
}

TEST_F(PostgresSourceTest, ReadingsOfBadQualityAreMasked) {
  Execute(
      "CREATE TABLE sensor_readings AS SELECT 'S1' AS sensor_id, to_timestamp(60 * i) AS "
      "timestamp, "
      "i::float8 AS a, -i::float8 AS b, (ARRAY['Good', 'Bad', 'Uncertain', NULL])[i] AS quality, "
      "(ARRAY[192, 192, 192, 0])[i] AS b_quality FROM generate_series(1, 4) i");
  const auto words = Read({.columns = {"a", "b"}});
  ASSERT_TRUE(words.ok()) << words.status();
  using enum Quality;
  EXPECT_EQ(words->quality,
            (std::vector<Quality>{kGood, kGood, kBad, kBad, kUncertain, kUncertain, kGood, kGood}));
  EXPECT_TRUE(std::isnan(words->values[2]));
  EXPECT_EQ(words->values[7], -4);
  ASSERT_EQ(words->issues.size(), 1U);  // the numbers
  EXPECT_EQ(words->issues[0].kind, DataIssue::Kind::kQualityUnread);
  options_.quality.codes = QualityCodes::kOpcDa;
  const auto codes = Read({.last_rows = 2});
  ASSERT_TRUE(codes.ok()) << codes.status();
  EXPECT_EQ(codes->columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(codes->quality, (std::vector<Quality>{kUncertain, kUncertain, kGood, kBad}));
  EXPECT_TRUE(std::isnan(codes->values[3]));
  EXPECT_TRUE(codes->issues.empty());
}

TEST_F(PostgresSourceTest, WhatSaysNothingOfQualityIsMalformed) {
  Execute(
      "CREATE TABLE sensor_readings AS SELECT 'S1' AS sensor_id, to_timestamp(0) AS timestamp, "
      "1.5 AS a, 'grade A' AS quality");
  const absl::Status status = Read().status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_DATA_MALFORMED") << status;
  EXPECT_NE(status.message().find("sensor-quality-column"), absl::string_view::npos) << status;
  EXPECT_EQ(Read({.columns = {"a"}, .before_unix_seconds = 0})->rows(), 0U);
  options_.quality.column = "";
  EXPECT_EQ(Read()->values, std::vector<double>{1.5});
}

}  // namespace
}  // namespace fleetcast::sensordata
