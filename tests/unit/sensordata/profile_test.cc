#include "common/sensordata/profile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/status.h"
#include "tests/unit/sensordata/readings.h"

namespace fleetcast::sensordata {
namespace {

using Kind = DataIssue::Kind;

// Count of the one issue of a kind; 0 if there is none.
std::int64_t CountOf(const DataProfile& profile, Kind kind) {
  for (const DataIssue& issue : profile.issues) {
    if (issue.kind == kind) return issue.count;
  }
  return 0;
}

RawReadings Ramp(int rows) {
  RawReadings readings = OneColumn({});
  for (int i = 0; i < rows; ++i) {
    readings.unix_seconds.push_back(i * 60);
    readings.values.push_back(i);
  }
  return readings;
}

TEST(Profile, DescribesRowsAndColumns) {
  const auto profile = ProfileReadings(OneColumn({{0, 1}, {60, 2}, {120, 3}, {180, kNaN}}));
  ASSERT_TRUE(profile.ok());
  EXPECT_EQ(profile->row_count, 4);
  EXPECT_EQ(profile->first_unix_seconds, 0);
  EXPECT_EQ(profile->last_unix_seconds, 180);
  EXPECT_EQ(profile->step_seconds, 60);
  EXPECT_EQ(profile->columns[0].minimum, 1);
  EXPECT_EQ(profile->columns[0].maximum, 3);
  EXPECT_DOUBLE_EQ(profile->columns[0].mean, 2);
  EXPECT_NEAR(profile->columns[0].standard_deviation, 0.8165, 1e-4);
  EXPECT_EQ(profile->columns[0].missing, 1);
}

TEST(Profile, NeedsTwoDistinctTimestamps) {
  for (const RawReadings& readings :
       {OneColumn({}), OneColumn({{5, 1}}), OneColumn({{5, 1}, {5, 2}, {5, 3}})}) {
    EXPECT_EQ(ReasonOf(ProfileReadings(readings).status()), "DATA_TOO_FEW_ROWS");
  }
  EXPECT_TRUE(ProfileReadings(OneColumn({{0, 1}, {60, 2}})).ok());
}

TEST(Profile, FindsNothingWrongWithGoodRows) {
  EXPECT_TRUE(ProfileReadings(Ramp(100))->issues.empty());
}

TEST(Profile, NamesEachIrregularityAndItsTreatment) {
  RawReadings readings = Ramp(200);
  readings.values[10] = kInfinity;
  readings.unix_seconds[20] = readings.unix_seconds[19];  // a duplicate, and a gap where 20 was
  std::swap(readings.unix_seconds[30], readings.unix_seconds[31]);
  readings.unix_seconds[40] += 7;
  for (std::size_t i = 100; i < 130; ++i) readings.values[i] = 5;
  const auto profile = ProfileReadings(readings);
  ASSERT_TRUE(profile.ok());
  EXPECT_EQ(CountOf(*profile, Kind::kNonFinite), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kDuplicateTimestamp), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kGap), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kOutOfOrder), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kOffGrid), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kStuckSensor), 30);
  EXPECT_EQ(CountOf(*profile, Kind::kConstantColumn), 0);
  for (const DataIssue& issue : profile->issues) {
    EXPECT_NE(issue.message.find("first at 1970-01-01T"), std::string::npos) << issue.message;
    EXPECT_NE(issue.message.find("; "), std::string::npos) << issue.message;
  }
}

TEST(Profile, CallsAColumnConstantAndNotStuckWhereItNeverMoves) {
  RawReadings readings = Ramp(100);
  std::fill(readings.values.begin(), readings.values.end(), 3.0);
  const auto profile = ProfileReadings(readings);
  EXPECT_EQ(CountOf(*profile, Kind::kConstantColumn), 100);
  EXPECT_EQ(CountOf(*profile, Kind::kStuckSensor), 0);
}

TEST(Profile, DoesNotCallASwitchStuckThatRarelyMoves) {
  RawReadings readings = Ramp(400);
  for (std::size_t i = 0; i < 400; ++i) readings.values[i] = i / 20 % 2 == 0 ? 0 : 1;
  EXPECT_EQ(CountOf(*ProfileReadings(readings), Kind::kStuckSensor), 0);
}

TEST(Profile, SeesALocalClocksSpringAndAutumnAsGapAndDuplicates) {
  RawReadings readings = Ramp(100);
  for (std::size_t i = 20; i < 60; ++i) readings.unix_seconds[i] += 60;  // one minute skipped …
  const auto profile = ProfileReadings(readings);                        // … and one told twice
  EXPECT_EQ(CountOf(*profile, Kind::kGap), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kDuplicateTimestamp), 1);
  EXPECT_EQ(CountOf(*profile, Kind::kOffGrid), 0);
}

TEST(Profile, HasNoMoreIssuesForAThousandColumnsThanForMany) {
  RawReadings readings;
  for (int column = 0; column < 1000; ++column)
    readings.columns.push_back("c" + std::to_string(column));
  for (int row = 0; row < 3; ++row) {
    readings.unix_seconds.push_back(60 * row);
    for (int column = 0; column < 1000; ++column) readings.values.push_back(row < 2 ? 1 : kNaN);
  }
  const auto profile = ProfileReadings(readings);
  ASSERT_EQ(profile->issues.size(), 42U);  // of two kinds
  EXPECT_EQ(profile->issues[19].column, "c19");
  EXPECT_EQ(profile->issues[20].kind, Kind::kNonFinite);
  EXPECT_EQ(profile->issues[20].count, 980);
  EXPECT_EQ(profile->issues[20].message, "and so in 980 further columns, 980 in all");
  EXPECT_EQ(profile->issues[41].kind, Kind::kConstantColumn);
  EXPECT_LT(MlTableDocument("x.csv", *profile, "2025-12-09").size(), 256U * 1024);
}

TEST(Fingerprint, DependsOnEveryCellAndTimestamp) {
  const std::string before = ProfileReadings(Ramp(100))->fingerprint;
  EXPECT_EQ(before.size(), 64U);
  RawReadings changed = Ramp(100);
  changed.values[50] += 1e-12;
  EXPECT_NE(ProfileReadings(changed)->fingerprint, before);
  changed = Ramp(100);
  changed.unix_seconds[99] += 1;
  EXPECT_NE(ProfileReadings(changed)->fingerprint, before);
  changed = Ramp(100);
  changed.columns[0] = "other";
  EXPECT_NE(ProfileReadings(changed)->fingerprint, before);
}

TEST(Fingerprint, DoesNotDependOnTheOrderOfColumnsAndRowsOrOnTheKindOfNan) {
  const RawReadings one{.columns = {"a", "b"}, .unix_seconds = {0, 60}, .values = {1, kNaN, 0, 4}};
  const RawReadings other{
      .columns = {"b", "a"}, .unix_seconds = {60, 0}, .values = {4, -0.0, -kNaN, 1}};
  EXPECT_EQ(ProfileReadings(one)->fingerprint, ProfileReadings(other)->fingerprint);
}

TEST(Fingerprint, DependsOnWhichOfTwoRowsWithOneTimestampIsTheLast) {
  const auto one = ProfileReadings(OneColumn({{0, 1}, {60, 2}, {60, 3}}));
  const auto other = ProfileReadings(OneColumn({{0, 1}, {60, 3}, {60, 2}}));
  EXPECT_NE(one->fingerprint, other->fingerprint);
}

TEST(Fingerprint, StaysWhatItWas) {  // published data assets refer to it
  EXPECT_EQ(ProfileReadings(OneColumn({{0, 1.5}, {60, kNaN}}))->fingerprint,
            "94d5b23402563e2a67bd5c142269cda98331d7e498cc6bb3073372d6b48579b5");
}

TEST(MlTable, IsOneDocumentWhateverNamesHold) {
  RawReadings readings = Ramp(10);
  readings.columns[0] = "odd\": {name}\n";
  const std::string text =
      MlTableDocument("/data/a \"b\".csv", *ProfileReadings(readings), "2025-12-09");
  EXPECT_NE(text.find("type: mltable\n"), std::string::npos);
  EXPECT_NE(text.find("  - file: \"/data/a \\\"b\\\".csv\"\n"), std::string::npos);
  EXPECT_NE(text.find("    - name: \"odd\\\": {name}\\x0A\"\n"), std::string::npos);
  EXPECT_NE(text.find("  cutoff_date: \"2025-12-09\"\n"), std::string::npos);
  EXPECT_NE(text.find("  row_count: 10\n"), std::string::npos);
}

TEST(MlTable, OfManySensorsNamesThemAllAsFarAsADocumentMayGo) {
  const std::string text = MlTableOfFiles({"/data/a.csv", "/data/b \"c\".csv"}, "5a", "2025-12-09");
  EXPECT_NE(text.find("  - file: \"/data/a.csv\"\n  - file: \"/data/b \\\"c\\\".csv\"\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  sha256: \"5a\"\n  sensors: 2\n"), std::string::npos) << text;
  const std::vector<std::string> many(10'000, std::string(100, 'x'));
  EXPECT_LT(MlTableOfFiles(many, "5a", "2025-12-09").size(), 256U * 1024);
}

}  // namespace
}  // namespace fleetcast::sensordata
