#include "common/sensordata/local_clock.h"

#include <gtest/gtest.h>

#include <vector>

#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

std::vector<std::string> InUtc(const std::vector<const char*>& local) {
  absl::TimeZone berlin;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  LocalClock clock(berlin);
  std::vector<std::string> times;
  for (const char* text : local) {
    const auto time = clock.UnixSeconds(ParseTimestamp(text).value());
    times.push_back(time ? FormatTimestamp(*time).substr(11, 5) : "none");
  }
  return times;
}

using Times = std::vector<std::string>;

TEST(LocalClock, TellsTheHourThatAutumnRepeatsByTheOrderOfRows) {
  EXPECT_EQ(InUtc({"2025-10-26 01:30", "2025-10-26 02:00", "2025-10-26 02:30", "2025-10-26 02:00",
                   "2025-10-26 02:30", "2025-10-26 03:00"}),
            (Times{"23:30", "00:00", "00:30", "01:00", "01:30", "02:00"}));
  EXPECT_EQ(InUtc({"2025-10-26 03:00", "2025-10-26 02:30", "2025-10-26 02:00", "2025-10-26 02:30",
                   "2025-10-26 02:00", "2025-10-26 01:30"}),
            (Times{"02:00", "01:30", "01:00", "00:30", "00:00", "23:30"}));
}

TEST(LocalClock, KnowsNoTimeThatSpringLeavesOut) {
  EXPECT_EQ(InUtc({"2025-03-30 01:59", "2025-03-30 02:30", "2025-03-30 03:00"}),
            (Times{"00:59", "none", "01:00"}));
}

TEST(LocalClock, OfUtcIsWhatItSays) {
  LocalClock clock(absl::UTCTimeZone());
  EXPECT_EQ(clock.UnixSeconds(60), 60);
  EXPECT_EQ(clock.UnixSeconds(60), 60);
}

}  // namespace
}  // namespace fleetcast::sensordata
