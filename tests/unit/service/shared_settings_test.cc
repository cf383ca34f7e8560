#include "common/service/shared_settings.h"

#include <gtest/gtest.h>

#include <cstring>

namespace fleetcast::service {
namespace {

SettingsReader Reader(const std::vector<const char*>& flags) {
  std::vector<const char*> arguments = {"fleetcast-toaster"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return {"fleetcast-toaster", "FLEETCAST_TOASTER", "Toasts.", static_cast<int>(arguments.size()),
          arguments.data()};
}

TEST(SharedSettingsTest, AServerListensOnItsOwnPortUnlessTold) {
  SettingsReader none = Reader({});
  EXPECT_EQ(ReadServer(none, 7009).listen, "127.0.0.1:7009");
  SettingsReader some =
      Reader({"--listen=0.0.0.0:1", "--drain-timeout=3s", "--log-level", "warning"});
  const ServerSettings settings = ReadServer(some, 7009);
  EXPECT_EQ(settings.listen, "0.0.0.0:1");
  EXPECT_EQ(settings.drain_timeout, absl::Seconds(3));
  EXPECT_EQ(settings.log_level, LogLevel::kWarning);
  EXPECT_TRUE(some.Finish().ok());
}

TEST(SharedSettingsTest, AReplicaWithoutANameGetsOneOfItsOwn) {
  SettingsReader none = Reader({});
  EXPECT_FALSE(ReadReplica(none).empty());
  SettingsReader named = Reader({"--replica=t-1"});
  EXPECT_EQ(ReadReplica(named), "t-1");
}

TEST(SharedSettingsTest, ALeaseTooShortToBeRenewedIsRefused) {
  SettingsReader reader = Reader({"--lease=200ms"});
  (void)ReadLease(reader, "job");
  EXPECT_FALSE(reader.Finish().ok());
}

TEST(SharedSettingsTest, SensorFilesAreAsTheSettingsSay) {
  SettingsReader reader = Reader(
      {"--sensor-data=/sensors", "--sensor-csv-separator=semicolon", "--sensor-csv-decimal=comma",
       "--sensor-csv-time-column=Zeit", "--sensor-csv-time-format=day_first",
       "--sensor-csv-time-zone=Europe/Berlin", "--sensor-csv-encoding=latin-1",
       "--sensor-csv-missing=---,Bad Input", "--sensor-quality-column=status",
       "--sensor-quality-codes=opc_da", "--sensor-quality-uncertain=mask"});
  const auto format = sensordata::FormatOf(ReadSensors(reader).format);
  ASSERT_TRUE(reader.Finish().ok()) << reader.Finish();
  ASSERT_TRUE(format.ok()) << format.status();
  EXPECT_EQ(format->csv.separator, ';');
  EXPECT_EQ(format->csv.decimal, ',');
  EXPECT_EQ(format->csv.time_column, "Zeit");
  EXPECT_EQ(format->csv.time_format, sensordata::TimeFormat::kDayFirst);
  EXPECT_EQ(format->csv.time_zone.name(), "Europe/Berlin");
  EXPECT_EQ(format->csv.latin1, true);
  EXPECT_EQ(format->csv.missing, (std::vector<std::string>{"---", "Bad Input"}));
  EXPECT_EQ(format->quality.column, "status");
  EXPECT_EQ(format->quality.codes, sensordata::QualityCodes::kOpcDa);
  EXPECT_FALSE(format->quality.accept_uncertain);
}

TEST(SharedSettingsTest, AWrongWordForSensorFilesNamesItsSettingAndTheRightOnes) {
  for (const auto& [flag, says] :
       {std::pair("--sensor-csv-separator=;", "auto, comma, semicolon, tab, pipe"),
        std::pair("--sensor-csv-decimal=.", "auto, point, comma"),
        std::pair("--sensor-csv-time-format=german", "day_first"),
        std::pair("--sensor-csv-time-zone=Europe/Bonn", "no time zone"),
        std::pair("--sensor-csv-encoding=utf8", "utf-8, latin-1"),
        std::pair("--sensor-quality-codes=opc", "opc_ua, opc_da"),
        std::pair("--sensor-quality-uncertain=drop", "keep, mask")}) {
    SettingsReader reader = Reader({"--sensor-data=/sensors", flag});
    (void)ReadSensors(reader);
    const absl::Status status = reader.Finish();
    EXPECT_FALSE(status.ok()) << flag;
    const std::string name(flag, std::strchr(flag, '='));
    EXPECT_NE(status.message().find(name), absl::string_view::npos) << status;
    EXPECT_NE(status.message().find(says), absl::string_view::npos) << status;
  }
}

}  // namespace
}  // namespace fleetcast::service
