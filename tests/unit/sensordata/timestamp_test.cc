#include "common/sensordata/timestamp.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/base/status.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {
namespace {

TEST(Timestamp, IsReadInEveryFormThatSensorFilesUse) {
  constexpr std::int64_t kTenOClock = 1'765'274'400;  // 2025-12-09T10:00:00Z
  for (const char* text :
       {"2025-12-09 10:00:00", "2025-12-09T10:00:00", "2025-12-09T10:00:00Z", "2025-12-09 10:00",
        "2025-12-09T10:00:00.999Z", "2025-12-09T11:00:00+01:00", "2025-12-09T04:30:00-0530",
        "2025-12-09 12:00:00 +02", "2025-12-09t10:00:00z", "2025-12-09 10:00:00 UTC",
        "2025-12-09T10:00 GMT", "2025/12/09 10:00", "2025.12.09 10:00:00", "2025-12-09 10:00 AM"}) {
    EXPECT_EQ(ParseTimestamp(text), kTenOClock) << text;
  }
  EXPECT_EQ(ParseTimestamp("2025-12-09"), kTenOClock - 10 * 3600);
  EXPECT_EQ(ParseTimestamp("1969-12-31 23:59:59"), -1);
  EXPECT_EQ(ParseTimestamp("2024-02-29 00:00:00"), 1'709'164'800);
}

TEST(Timestamp, IsRefusedWhereItIsNoMomentInTime) {
  for (const char* text :
       {"", "abc", "2025-13-01 00:00:00", "2025-02-29 00:00:00", "2025-12-09 24:00:00",
        "2025-12-09 10:60:00", "2025-12-09 10:00:00x", "2025-12-09 10", "2025-12-09T", "25-12-09",
        "2025-12-09 10:00:00.", "2025-12-09 10:00:00+99:00", "1765274400", "2025/12-09 10:00",
        "2025-12-09 10:00:00 CET", "2025-12-09 13:00 PM", "09.12.2025 10:00"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << text;
  }
}

TEST(Timestamp, IsWrittenAsItIsRead) {
  for (const std::int64_t time :
       std::vector<std::int64_t>{-62'135'596'800, -1, 0, 951'782'399, 1'765'274'400}) {
    EXPECT_EQ(ParseTimestamp(FormatTimestamp(time)), time);
  }
  EXPECT_EQ(FormatTimestamp(1'765'274'400), "2025-12-09T10:00:00Z");
}

TEST(CutoffDay, EndsAtTheNextMidnightInUtc) {
  EXPECT_EQ(EndOfCutoffDay("2025-12-09").value(), ParseTimestamp("2025-12-10T00:00:00Z"));
  EXPECT_EQ(EndOfCutoffDay("2024-02-28").value(), ParseTimestamp("2024-02-29T00:00:00Z"));
}

TEST(CutoffDay, IsRefusedWhereItIsNoDate) {
  for (const char* date : {"", "2025-12-9", "2025-02-30", "2025-12-09 ", "yesterday"}) {
    EXPECT_EQ(EndOfCutoffDay(date).status().code(), absl::StatusCode::kInvalidArgument) << date;
  }
}

}  // namespace
}  // namespace fleetcast::sensordata
