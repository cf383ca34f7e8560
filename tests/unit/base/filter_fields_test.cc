#include "common/base/filter_fields.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <map>

#include "common/base/status.h"

namespace fleetcast {
namespace {

const FilterFields& Fields() {
  static const FilterFields fields = {{"plant_id"},
                                      {"version", FilterKind::kInteger},
                                      {"create_time", FilterKind::kTime},
                                      {"cutoff_date", FilterKind::kDate},
                                      {"state", FilterKind::kWord, {"RUNNING", "FAILED"}, "STATE_"},
                                      {"tags.serial"},
                                      {"tags.*", FilterKind::kValue},
                                      {"metrics.*", FilterKind::kNumber}};
  return fields;
}

// The literal as stores compare it, or the message.
std::string Literal(const std::string& text) {
  const auto filter = ParseFilter(text, Fields());
  return filter.ok() ? (*filter)->value : std::string(filter.status().message());
}

bool IsInvalid(const std::string& text) {
  return ReasonOf(ParseFilter(text, Fields()).status()) == "INVALID_FILTER";
}

bool SelectsByFields(const std::string& text, const std::map<std::string, std::string>& row) {
  const auto filter = ParseFilter(text, Fields());
  EXPECT_TRUE(filter.ok()) << filter.status();
  return Matches(**filter, [&](const std::string& field) -> std::optional<std::string> {
    const auto found = row.find(field);
    if (found == row.end()) return std::nullopt;
    return found->second;
  });
}

TEST(FilterFieldsTest, AnUnknownFieldIsToldWithTheKnownOnes) {
  EXPECT_EQ(Literal("version = 1 AND NOT colour = red"),
            "filter: unknown field \"colour\"; the fields are plant_id, version, create_time, "
            "cutoff_date, state, tags.*, metrics.*");
  EXPECT_TRUE(IsInvalid("tags.\"\" = x"));
  EXPECT_TRUE(IsInvalid("tags = x"));
}

TEST(FilterFieldsTest, TimesAreInstantsWhateverTheirZoneAndFraction) {
  EXPECT_EQ(Literal("create_time >= \"2025-12-09T09:30:00+01:00\""), "2025-12-09T08:30:00.000000Z");
  EXPECT_EQ(Literal("create_time > 2025-12-09T08:30:07.5Z"), "2025-12-09T08:30:07.500000Z");
  EXPECT_EQ(Literal("create_time < 2025-12-09"), "2025-12-09T00:00:00.000000Z");
  EXPECT_TRUE(SelectsByFields("create_time >= \"2025-12-09T09:30:00+01:00\"",
                              {{"create_time", "2025-12-09T08:30:00.000000Z"}}));
}

TEST(FilterFieldsTest, WhatIsNoTimeIsRefused) {
  for (const char* literal : {"yesterday", "\"\"", "infinite-future", "2025-13-01",
                              "2025-12-09T08:30:00", "\"99999-01-01T00:00:00Z\"", "17"})
    EXPECT_TRUE(IsInvalid(std::string("create_time > ") + literal)) << literal;
  EXPECT_TRUE(IsInvalid("create_time:2025"));
  EXPECT_FALSE(IsInvalid("create_time:*"));
}

TEST(FilterFieldsTest, DaysAreDaysThatThereAre) {
  EXPECT_EQ(Literal("cutoff_date > 2025-12-09"), "2025-12-09");
  EXPECT_TRUE(SelectsByFields("cutoff_date >= \"2025-12-09\"", {{"cutoff_date", "2025-12-10"}}));
  for (const char* literal : {"yesterday", "\"\"", "2025-13-01", "2025-02-30", "\"2025-12- 9\"",
                              "2025-12-9", "2025-12-09T00:00:00Z", "17"})
    EXPECT_TRUE(IsInvalid(std::string("cutoff_date > ") + literal)) << literal;
  EXPECT_TRUE(IsInvalid("cutoff_date:2025"));
  EXPECT_FALSE(IsInvalid("cutoff_date:*"));
}

TEST(FilterFieldsTest, WordsAreTakenAsTheApiSpellsThemAndInAnyCase) {
  for (const char* literal : {"FAILED", "failed", "STATE_FAILED", "\"state_Failed\""})
    EXPECT_EQ(Literal(std::string("state = ") + literal), "FAILED");
  for (const char* text : {"state = BROKEN", "state < FAILED", "state:FAIL", "state = \"\""})
    EXPECT_TRUE(IsInvalid(text)) << text;
  EXPECT_TRUE(SelectsByFields("state != failed", {{"state", "RUNNING"}}));
}

TEST(FilterFieldsTest, AValueIsNotOrderedByANumberThatIsReadAsText) {
  for (const char* literal : {"1e400", "-1e999", "1e-400", ".5", "1."})
    EXPECT_TRUE(IsInvalid(std::string("tags.score > ") + literal)) << literal;
  EXPECT_EQ(Literal("tags.score > \"1e400\""), "1e400");
  EXPECT_EQ(Literal("tags.git_commit = 1234567e8901"), "1234567e8901");
  EXPECT_FALSE(SelectsByFields("tags.score > 5", {{"tags.score", "1e400"}})) << "by bytes";
}

TEST(FilterFieldsTest, NumbersOutsideDoubleAreRefused) {
  for (const char* literal : {"1e400", "-1e999", "inf", "nan", "low", "\"\"", "0x10"})
    EXPECT_TRUE(IsInvalid(std::string("metrics.mae < ") + literal)) << literal;
  EXPECT_EQ(Literal("metrics.mae < \"0.20\""), "0.2");
  EXPECT_EQ(Literal("metrics.mae > 1e-400"), "0");
  EXPECT_TRUE(SelectsByFields("metrics.mae < 1e300", {{"metrics.mae", FilterText(1e299)}}));
}

TEST(FilterFieldsTest, IntegersAreExact) {
  EXPECT_TRUE(SelectsByFields("version > 9007199254740992", {{"version", "9007199254740993"}}));
  for (const char* literal : {"2.5", "1e3", "9223372036854775808", "x"})
    EXPECT_TRUE(IsInvalid(std::string("version = ") + literal)) << literal;
}

TEST(FilterFieldsTest, EqualityAndOrderMeanTheSame) {
  for (const char* stored : {"0.2", "0.20", "2e-1"}) {
    EXPECT_TRUE(SelectsByFields("tags.mae = 0.20", {{"tags.mae", stored}}));
    EXPECT_TRUE(SelectsByFields("tags.mae >= 0.20 AND tags.mae <= 0.20", {{"tags.mae", stored}}));
    EXPECT_FALSE(SelectsByFields("tags.mae != 0.20", {{"tags.mae", stored}}));
  }
  EXPECT_FALSE(SelectsByFields("tags.mae = \"0.20\"", {{"tags.mae", "0.2"}}))
      << "quotes make it a text";
  EXPECT_FALSE(
      SelectsByFields("tags.mae >= \"0.20\" AND tags.mae <= \"0.20\"", {{"tags.mae", "0.2"}}));
}

TEST(FilterFieldsTest, IdsAreTextsEvenWhereTheyAreDigits) {
  EXPECT_FALSE(SelectsByFields("plant_id = 1", {{"plant_id", "01"}}));
  EXPECT_FALSE(SelectsByFields("tags.serial = 1", {{"tags.serial", "01"}}));
  EXPECT_TRUE(SelectsByFields("tags.other = 1", {{"tags.other", "01"}}));
}

TEST(FilterFieldsTest, EveryKeyCanBeAskedFor) {
  EXPECT_TRUE(SelectsByFields("metrics.\"val/loss\" < 1", {{"metrics.val/loss", "0.5"}}));
  EXPECT_TRUE(SelectsByFields("tags.\"team/owner\" = ada", {{"tags.team/owner", "ada"}}));
  EXPECT_TRUE(SelectsByFields("tags.\"a..b\" = x AND tags.a.'b.' = y",
                              {{"tags.a..b", "x"}, {"tags.a.b.", "y"}}));
}

TEST(FilterTextTest, GivesTheValueBackExactly) {
  for (const double number : {0.1, 1.0 / 3, 1e300, -2.5e-310, 0.0}) {
    EXPECT_EQ(std::strtod(FilterText(number).c_str(), nullptr), number);
  }
  EXPECT_EQ(FilterText(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_LT(FilterText(absl::FromUnixMicros(-1)), FilterText(absl::FromUnixMicros(0)));
}

}  // namespace
}  // namespace fleetcast
