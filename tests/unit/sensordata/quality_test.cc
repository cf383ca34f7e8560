#include "common/sensordata/quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/base/status.h"
#include "common/sensordata/csv_file.h"

namespace fleetcast::sensordata {
namespace {

TEST(Quality, IsSaidInWordsAndInCodes) {
  struct Case {
    std::string cell;
    QualityCodes codes;
    std::optional<Quality> quality;
  };
  using enum QualityCodes;
  for (const Case& c : std::vector<Case>{{"Good", kNone, Quality::kGood},
                                         {"GOOD", kOpcUa, Quality::kGood},
                                         {"GoodLocalOverride", kNone, Quality::kGood},
                                         {"uncertain (last usable)", kNone, Quality::kUncertain},
                                         {"BadNoCommunication", kOpcDa, Quality::kBad},
                                         {"", kNone, Quality::kGood},
                                         {"A", kNone, std::nullopt},
                                         {"192", kNone, std::nullopt},
                                         {"98.5", kOpcDa, std::nullopt},
                                         {"0", kOpcUa, Quality::kGood},
                                         {"1073741824", kOpcUa, Quality::kUncertain},
                                         {"0x40000000", kOpcUa, Quality::kUncertain},
                                         {"2147483648", kOpcUa, Quality::kBad},
                                         {"-2147483648", kOpcUa, Quality::kBad},
                                         {"0x80000000", kOpcUa, Quality::kBad},
                                         {"192", kOpcDa, Quality::kGood},
                                         {"216", kOpcDa, Quality::kGood},
                                         {"64", kOpcDa, Quality::kUncertain},
                                         {"0", kOpcDa, Quality::kBad},
                                         {"24", kOpcDa, Quality::kBad}}) {
    EXPECT_EQ(ParseQuality(c.cell, {.codes = c.codes}), c.quality) << c.cell;
  }
  EXPECT_EQ(ParseQuality("Uncertain", {.accept_uncertain = false}), Quality::kBad);
  EXPECT_EQ(ParseQuality("Good", {.accept_uncertain = false}), Quality::kGood);
}

constexpr Quality kGood = Quality::kGood, kUncertain = Quality::kUncertain, kBad = Quality::kBad;

struct Case {
  std::string name, text;
  std::vector<std::string> columns;
  std::vector<double> values;  // NaN as -1
  std::vector<Quality> quality;
  QualityPolicy policy = {};
  std::vector<std::string> asked = {};
};

TEST(Quality, MasksReadingsByThePolicy) {
  const std::vector<Case> cases = {
      {"of the row",
       "t,a,b,Quality\n2025-12-09,1,2,Good\n2025-12-10,3,4,Bad\n2025-12-11,5,6,Uncertain\n",
       {"a", "b"},
       {1, 2, -1, -1, 5, 6},
       {kGood, kGood, kBad, kBad, kUncertain, kUncertain}},
      {"of a column",
       "t,a,b,a_quality\n2025-12-09,1,2,Good\n2025-12-10,3,4,Bad\n",
       {"a", "b"},
       {1, 2, -1, 4},
       {kGood, kGood, kBad, kGood}},
      {"of the row and of a column, the worse counts",
       "t,a,b.quality,b,quality\n2025-12-09,1,Uncertain,2,Good\n2025-12-10,3,Good,4,Bad\n",
       {"a", "b"},
       {1, 2, -1, -1},
       {kGood, kUncertain, kBad, kBad}},
      {"where the columns are asked for by name",
       "t,quality,a,b\n2025-12-09,Bad,1,2\n",
       {"b"},
       {-1},
       {kBad},
       {},
       {"b"}},
      {"uncertain readings are masked where the policy says so",
       "t,a,quality\n2025-12-09,1,Uncertain\n",
       {"a"},
       {-1},
       {kBad},
       {.accept_uncertain = false}},
      {"codes of OPC DA",
       "t,a,quality\n2025-12-09,1,192\n2025-12-10,2,0\n",
       {"a"},
       {1, -1},
       {kGood, kBad},
       {.codes = QualityCodes::kOpcDa}},
      {"a column of another name",
       "t,a,status\n2025-12-09,1,Bad\n",
       {"a"},
       {-1},
       {kBad},
       {.column = "status"}},
      {"numbers that nothing explains stay a column",
       "t,a,quality\n2025-12-09,1,98\n2025-12-10,2,97\n",
       {"a", "quality"},
       {1, 98, 2, 97},
       {}},
      {"a column that is asked for is read, not heeded",
       "t,a,quality\n2025-12-09,1,0\n",
       {"quality"},
       {0},
       {},
       {.codes = QualityCodes::kOpcDa},
       {"quality"}},
      {"no column of quality is wanted",
       "t,a,quality\n2025-12-09,1,Bad\n",
       {"a"},
       {1},
       {},
       {.column = ""}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto table = ParseCsv(c.text, "S1.csv", {.sensor_id = "S1", .columns = c.asked},
                                {.csv = {}, .quality = c.policy});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(table->readings.columns, c.columns);
    std::vector<double> values = table->readings.values;
    for (double& value : values)
      if (std::isnan(value)) value = -1;
    EXPECT_EQ(values, c.values);
    EXPECT_EQ(table->readings.quality, c.quality);
  }
}

TEST(Quality, WhatSaysNothingOfItIsMalformedAndNamed) {
  const auto status = ParseCsv("t,a,quality\n2025-12-09,1,Good\n2025-12-10,1,grade A\n", "S1.csv",
                               {.sensor_id = "S1", .columns = {"a"}})
                          .status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_DATA_MALFORMED");
  EXPECT_EQ(DetailsOf(status)->metadata["line"], "3");
  EXPECT_NE(status.message().find("sensor-quality-column"), absl::string_view::npos) << status;
}

}  // namespace
}  // namespace fleetcast::sensordata
