#include "common/sensordata/selection.h"

#include <gtest/gtest.h>

#include <new>

#include "common/base/status.h"

namespace fleetcast::sensordata {
namespace {

TEST(Selection, TooLittleMemoryIsAnErrorAndWorthAnotherTry) {
  const auto status = ReadWithinMemory({.sensor_id = "S1"}, []() -> absl::StatusOr<RawReadings> {
                        throw std::bad_alloc();
                      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "OUT_OF_MEMORY");
  EXPECT_EQ(DetailsOf(status)->metadata.at("sensor_id"), "S1");
}

TEST(Selection, KeepsColumnsWithTheirQualities) {
  RawReadings readings{
      .columns = {"a", "b", "c"}, .unix_seconds = {0, 60}, .values = {1, 2, 3, 4, 5, 6}};
  readings.quality = {Quality::kGood, Quality::kBad,  Quality::kUncertain,
                      Quality::kBad,  Quality::kGood, Quality::kGood};
  KeepColumns(readings, {0, 2});
  EXPECT_EQ(readings.columns, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(readings.values, (std::vector<double>{1, 3, 4, 6}));
  EXPECT_EQ(readings.quality, (std::vector<Quality>{Quality::kGood, Quality::kUncertain,
                                                    Quality::kBad, Quality::kGood}));
  KeepLastRows(readings, 1);
  EXPECT_EQ(readings.quality, (std::vector<Quality>{Quality::kBad, Quality::kGood}));
}

TEST(Selection, AConfigurationCanNamePrintableColumnsOnly) {
  for (const char* name : {"a", "T (°C)", "温度", "with \"quotes\", and tabs\t"})
    EXPECT_TRUE(IsColumnName(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("T (\xB0)"), std::string("a\0b", 3), std::string("\x1b[0m"),
        std::string("\u202e"), std::string(201, 'x')})
    EXPECT_FALSE(IsColumnName(name)) << name;
}

}  // namespace
}  // namespace fleetcast::sensordata
