#include "services/inference/domain/tick.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace fleetcast::inference {
namespace {

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string problem;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &problem)) << text << problem;
  return time;
}

std::string Utc(const std::optional<absl::Time>& time) {
  return time ? absl::FormatTime("%Y-%m-%dT%H:%MZ", *time, absl::UTCTimeZone()) : "none";
}

// The first `count` ticks after `after`, in UTC.
std::vector<std::string> Ticks(const std::string& expression, const std::string& zone,
                               const std::string& after, int count) {
  const auto cron = CronExpression::Parse(expression);
  const auto time_zone = FindTimeZone(zone);
  EXPECT_TRUE(cron.ok()) << cron.status();
  EXPECT_TRUE(time_zone.ok()) << time_zone.status();
  std::vector<std::string> ticks;
  std::optional<absl::Time> tick = At(after);
  while (count-- > 0 && tick) {
    tick = NextTick(*cron, *time_zone, *tick);
    ticks.push_back(Utc(tick));
  }
  return ticks;
}

using Texts = std::vector<std::string>;

TEST(NextTick, IsStrictlyAfterTheTimeAskedAbout) {
  EXPECT_EQ(Ticks("0 6 * * *", "UTC", "2025-12-09T06:00:00Z", 1), Texts{"2025-12-10T06:00Z"});
  EXPECT_EQ(Ticks("0 6 * * *", "", "2025-12-09T05:59:59Z", 1), Texts{"2025-12-09T06:00Z"});
  EXPECT_EQ(Ticks("*/15 * * * *", "UTC", "2025-12-09T06:00:30Z", 2),
            (Texts{"2025-12-09T06:15Z", "2025-12-09T06:30Z"}));
}

TEST(NextTick, CountsInTheSchedulesZone) {
  EXPECT_EQ(Ticks("0 6 * * *", "Europe/Berlin", "2025-12-09T00:00:00Z", 1),
            Texts{"2025-12-09T05:00Z"});
  EXPECT_EQ(Ticks("0 6 * * *", "Europe/Berlin", "2025-07-09T00:00:00Z", 1),
            Texts{"2025-07-09T04:00Z"});
  // Half past midnight in Kolkata is the day before in UTC; the week day is the local one.
  EXPECT_EQ(Ticks("30 0 * * MON", "Asia/Kolkata", "2025-12-01T00:00:00Z", 1),
            Texts{"2025-12-07T19:00Z"});
}

TEST(NextTick, CrossesMonthsYearsAndLeapDays) {
  EXPECT_EQ(Ticks("0 0 31 * *", "UTC", "2025-12-31T12:00:00Z", 2),
            (Texts{"2026-01-31T00:00Z", "2026-03-31T00:00Z"}));
  EXPECT_EQ(Ticks("0 0 29 2 *", "UTC", "2025-01-01T00:00:00Z", 2),
            (Texts{"2028-02-29T00:00Z", "2032-02-29T00:00Z"}));
  // 2100 is no leap year.
  EXPECT_EQ(Ticks("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1), Texts{"2104-02-29T00:00Z"});
}

// Berlin, 2026-03-29: 02:00 CET becomes 03:00 CEST at 01:00 UTC.
TEST(NextTick, AFixedTimeThatIsLeftOutTicksAtTheMomentOfTheChange) {
  EXPECT_EQ(Ticks("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3),
            (Texts{"2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"}));
}

TEST(NextTick, SeveralFixedTimesThatAreLeftOutTickOnce) {
  EXPECT_EQ(Ticks("0,30 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
            (Texts{"2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-30T00:00Z"}));
}

TEST(NextTick, AnHourlyScheduleHasOneTickPerHourThroughTheGap) {
  EXPECT_EQ(Ticks("15 * * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", 3),
            (Texts{"2026-03-29T00:15Z", "2026-03-29T01:15Z", "2026-03-29T02:15Z"}));
}

// Berlin, 2026-10-25: 03:00 CEST becomes 02:00 CET at 01:00 UTC.
TEST(NextTick, AFixedTimeThatComesTwiceTicksTheFirstTimeOnly) {
  EXPECT_EQ(Ticks("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            (Texts{"2026-10-25T00:30Z", "2026-10-26T01:30Z"}));
}

TEST(NextTick, AnHourlyScheduleHasOneTickPerHourThroughTheOverlap) {
  EXPECT_EQ(
      Ticks("15 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 4),
      (Texts{"2026-10-25T00:15Z", "2026-10-25T01:15Z", "2026-10-25T02:15Z", "2026-10-25T03:15Z"}));
}

TEST(NextTick, KnowsAChangeOfHalfAnHourAndADayThatWasLeftOut) {
  // Lord Howe, 2026-10-04: 02:00 becomes 02:30.
  EXPECT_EQ(Ticks("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1),
            Texts{"2026-10-03T15:30Z"});
  // Samoa had no 30 December 2011; the fixed time ticks when the calendar jumped.
  EXPECT_EQ(Ticks("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00:00Z", 1),
            Texts{"2011-12-30T10:00Z"});
}

// Whoever means "every hour" may spell it as he likes.
TEST(NextTick, EverySpellingOfAlwaysTicksAlikeWhereClocksChange) {
  struct Change {
    const char* what;
    const char* zone;
    const char* after;
    Texts half_hourly, hourly;
  };
  const Change changes[] = {
      {"Berlin, 02:00 becomes 03:00",
       "Europe/Berlin",
       "2026-03-29T00:00:00Z",
       {"2026-03-29T00:15Z", "2026-03-29T00:45Z", "2026-03-29T01:15Z", "2026-03-29T01:45Z"},
       {"2026-03-29T00:45Z", "2026-03-29T01:45Z", "2026-03-29T02:45Z"}},
      {"Berlin, 03:00 becomes 02:00",
       "Europe/Berlin",
       "2026-10-25T00:00:00Z",
       {"2026-10-25T00:15Z", "2026-10-25T00:45Z", "2026-10-25T01:15Z", "2026-10-25T01:45Z"},
       {"2026-10-25T00:45Z", "2026-10-25T01:45Z", "2026-10-25T02:45Z"}},
      {"Lord Howe, 02:00 becomes 02:30",
       "Australia/Lord_Howe",
       "2026-10-03T15:00:00Z",
       {"2026-10-03T15:15Z", "2026-10-03T15:45Z", "2026-10-03T16:15Z", "2026-10-03T16:45Z"},
       {"2026-10-03T15:15Z", "2026-10-03T15:45Z", "2026-10-03T16:45Z"}},
      {"Lord Howe, 02:00 becomes 01:30",
       "Australia/Lord_Howe",
       "2026-04-04T14:30:00Z",
       {"2026-04-04T14:45Z", "2026-04-04T15:15Z", "2026-04-04T15:45Z", "2026-04-04T16:15Z"},
       {"2026-04-04T14:45Z", "2026-04-04T15:15Z", "2026-04-04T16:15Z"}},
  };
  for (const Change& change : changes) {
    for (const char* always : {"*", "*/1", "0-23", "0-23/1", "0-11,12-23", "23,0-22",
                               "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23"}) {
      const std::string days = std::string(always) + " * * *";
      EXPECT_EQ(Ticks("15,45 " + days, change.zone, change.after, 4), change.half_hourly)
          << change.what << ", " << always;
      EXPECT_EQ(Ticks("45 " + days, change.zone, change.after, 3), change.hourly)
          << change.what << ", " << always;
    }
  }
}

// By its hours, not by how they are spelled.
TEST(NextTick, SomeHoursTickOnceEachHoweverTheyAreSpelled) {
  for (const char* even : {"*/2", "0-23/2", "0,2,4,6,8,10,12,14,16,18,20,22"}) {
    const std::string expression = "30 " + std::string(even) + " * * *";
    EXPECT_EQ(Ticks(expression, "Europe/Berlin", "2026-03-29T00:00:00Z", 2),
              (Texts{"2026-03-29T01:00Z", "2026-03-29T02:30Z"}))
        << even;
    EXPECT_EQ(Ticks(expression, "Europe/Berlin", "2026-10-25T00:00:00Z", 2),
              (Texts{"2026-10-25T00:30Z", "2026-10-25T03:30Z"}))
        << even;
  }
}

std::string Latest(const std::string& expression, const std::string& zone, const std::string& from,
                   const std::string& until) {
  return Utc(
      LatestTick(*CronExpression::Parse(expression), *FindTimeZone(zone), At(from), At(until)));
}

TEST(LatestTick, IsTheLastOfTheRangeBothEndsIncluded) {
  EXPECT_EQ(Latest("0 6 * * *", "UTC", "2025-12-01T06:00:00Z", "2025-12-09T07:00:00Z"),
            "2025-12-09T06:00Z");
  EXPECT_EQ(Latest("0 6 * * *", "UTC", "2025-12-01T06:00:00Z", "2025-12-09T06:00:00Z"),
            "2025-12-09T06:00Z");
  EXPECT_EQ(Latest("0 6 * * *", "UTC", "2025-12-09T06:00:00Z", "2025-12-09T06:00:00Z"),
            "2025-12-09T06:00Z");
  EXPECT_EQ(Latest("0 6 * * *", "UTC", "2025-12-09T06:00:01Z", "2025-12-10T05:59:59Z"), "none");
  EXPECT_EQ(Latest("0 6 1 1 *", "UTC", "2020-01-01T00:00:00Z", "2025-12-10T05:59:59Z"),
            "2025-01-01T06:00Z");
}

TEST(LatestTick, AgreesWithNextTickAroundChangesOfClocks) {
  for (const char* expression : {"30 2 * * *", "*/20 * * * *", "0,30 2 * * *", "5 */2 * * *"}) {
    for (const char* from : {"2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z"}) {
      const auto cron = *CronExpression::Parse(expression);
      const auto zone = *FindTimeZone("Europe/Berlin");
      std::optional<absl::Time> previous, tick = NextTick(cron, zone, At(from));
      for (int i = 0; i < 120; ++i) {
        EXPECT_EQ(LatestTick(cron, zone, At(from), *tick), tick) << expression;
        if (previous) {
          EXPECT_EQ(LatestTick(cron, zone, At(from), *tick - absl::Seconds(1)), previous)
              << expression;
        }
        previous = tick;
        tick = NextTick(cron, zone, *tick);
      }
    }
  }
}

TEST(FindTimeZone, KnowsIanaNamesAndRefusesPathsAndRubbish) {
  for (const char* name :
       {"", "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"}) {
    EXPECT_TRUE(FindTimeZone(name).ok()) << name;
  }
  for (const char* name : {"Mars/Olympus", "/etc/passwd", "../../etc/passwd", "localtime",
                           ":Europe/Berlin", "Europe", "Europe/Berlin\n"}) {
    EXPECT_EQ(FindTimeZone(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

TEST(TimeZoneDatabaseDeathTest, AMachineWithoutOneIsToldWhatToInstall) {
  // In another process, which has loaded no zone yet.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setenv("TZDIR", "/nonexistent", 1);
        std::fputs(CheckTimeZoneDatabase().ToString().c_str(), stderr);
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0), "install the package tzdata");
  EXPECT_TRUE(CheckTimeZoneDatabase().ok());
}

}  // namespace
}  // namespace fleetcast::inference
