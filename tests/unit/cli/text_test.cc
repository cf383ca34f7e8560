#include "cli/output/text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/match.h"
#include "cli/time_input.h"

namespace fleetcast::cli {
namespace {

const absl::Time kTextNow = absl::FromUnixSeconds(1'765'238'400);  // 2025-12-09 00:00 UTC

TEST(TimeAgo, SpeaksOfPastAndFutureInOneUnit) {
  EXPECT_EQ(TimeAgo(kTextNow - absl::Milliseconds(300), kTextNow), "just now");
  EXPECT_EQ(TimeAgo(kTextNow - absl::Seconds(59), kTextNow), "59s ago");
  EXPECT_EQ(TimeAgo(kTextNow - absl::Seconds(125), kTextNow), "2m ago");
  EXPECT_EQ(TimeAgo(kTextNow - absl::Hours(47), kTextNow), "47h ago");
  EXPECT_EQ(TimeAgo(kTextNow - absl::Hours(49), kTextNow), "2d ago");
  EXPECT_EQ(TimeAgo(kTextNow + absl::Minutes(4), kTextNow), "in 4m");
}

TEST(TimeAgo, NamesTheDateOfLongAgo) {
  EXPECT_EQ(TimeAgo(kTextNow - absl::Hours(24 * 90), kTextNow), "2025-09-10");
}

TEST(TimeAgo, IsADashForATimeThatWasNeverSet) {
  EXPECT_EQ(TimeAgo(absl::UnixEpoch(), kTextNow), "-");
}

TEST(DurationText, KeepsTwoUnitsAtMost) {
  EXPECT_EQ(DurationText(absl::Milliseconds(430)), "0.4s");
  EXPECT_EQ(DurationText(absl::Seconds(12)), "12s");
  EXPECT_EQ(DurationText(absl::Seconds(200)), "3m 20s");
  EXPECT_EQ(DurationText(absl::Minutes(125)), "2h 05m");
  EXPECT_EQ(DurationText(absl::Hours(99)), "4d 3h");
}

TEST(NumberText, KeepsFourSignificantDigits) {
  EXPECT_EQ(NumberText(0.12345), "0.1235");
  EXPECT_EQ(NumberText(12.345), "12.35");
  EXPECT_EQ(NumberText(1234.5), "1234");
  EXPECT_EQ(NumberText(-0.5), "-0.5000");
  EXPECT_EQ(NumberText(0), "0.0000");
  EXPECT_EQ(NumberText(1e-7), "1.000e-07");
  EXPECT_EQ(NumberText(std::nan("")), "-");
}

TEST(PercentText, CarriesItsSign) {
  EXPECT_EQ(PercentText(0.234), "+23.4%");
  EXPECT_EQ(PercentText(-0.05), "-5.0%");
  EXPECT_EQ(PercentText(std::nan("")), "-");
}

TEST(BytesText, UsesDecimalUnits) {
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(1'234'000), "1.2 MB");
}

TEST(Shorten, CutsByColumnsNotByBytes) {
  EXPECT_EQ(DisplayWidth("Größe"), 5U);
  EXPECT_EQ(Shorten("Größe", 5), "Größe");
  EXPECT_EQ(Shorten("Größen", 5), "Größ…");
}

TEST(OneLine, NamesWhatWouldSteerTheTerminalAndTakesNewlinesOut) {
  EXPECT_EQ(OneLine("a\x1b[31mb\nc\u009b2J\xff"), "a\\x1B[31mb c\\u009B2J\\xFF");
}

TEST(ParseTime, ReadsADateAsItsEndAndTimesAsUtc) {
  EXPECT_EQ(ParseTime("--as-of", "2025-12-09").value(),
            absl::FromUnixSeconds(1'765'238'400 + 86'399));
  EXPECT_EQ(ParseTime("--since", "2025-12-09", DayMeans::kItsBeginning).value(), kTextNow);
  EXPECT_EQ(ParseTime("--as-of", "2025-12-09 13:00").value(), kTextNow + absl::Hours(13));
  EXPECT_EQ(ParseTime("--as-of", "2025-12-09T13:00:00+01:00").value(), kTextNow + absl::Hours(12));
  EXPECT_EQ(ParseTime("--as-of", "yesterday").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(ParseTime("--as-of", "yesterday").status().message(),
                                "the end of that day"));
  EXPECT_TRUE(absl::StrContains(
      ParseTime("--from", "yesterday", DayMeans::kItsBeginning).status().message(),
      "the beginning of that day"));
}

}  // namespace
}  // namespace fleetcast::cli
