#include "common/sensordata/csv_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

absl::StatusOr<RawReadings> Parse(const std::string& text, ReadRequest request = {},
                                  const CsvFormat& format = {}) {
  request.sensor_id = "S1";
  auto table = ParseCsv(text, "S1.csv", request, format);
  if (!table.ok()) return table.status();
  return std::move(table->readings);
}

bool Has(const RawReadings& readings, DataIssue::Kind kind, const std::string& says) {
  return std::any_of(readings.issues.begin(), readings.issues.end(), [&](const DataIssue& issue) {
    return issue.kind == kind && issue.message.find(says) != std::string::npos;
  });
}

TEST(CsvFile, ToleratesByteOrderMarkCrlfQuotesAndBlanks) {
  const auto readings = Parse(
      "\xEF\xBB\xBF\"time\", \"a \"\"b\"\"\" ,c\r\n"
      "\"2025-12-09 10:00:00\", \"1.5\" , +2\r\n"
      "\r\n"
      "2025-12-09 11:00:00,-3e2,.5\n");
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->columns, (std::vector<std::string>{"a \"b\"", "c"}));
  EXPECT_EQ(readings->values, (std::vector<double>{1.5, 2, -300, 0.5}));
}

TEST(CsvFile, TakesEmptyCellsAndTheirUsualNamesAsMissing) {
  const auto readings = Parse(
      "t,a,b,c,d,e\n"
      "2025-12-09,,NaN,null,N/A,\n"
      "2025-12-10,na,-inf,Infinity,1,2\n");
  ASSERT_TRUE(readings.ok()) << readings.status();
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(std::isnan(readings->values[static_cast<size_t>(i)]));
  EXPECT_EQ(readings->values[6], -HUGE_VAL);
  EXPECT_EQ(readings->values[7], HUGE_VAL);
}

TEST(CsvFile, NamesFileLineAndColumnOfWhatIsMalformed) {
  struct Case {
    std::string text, line, says;
  };
  for (const Case& c :
       std::vector<Case>{{"", "1", "no whole line"},
                         {"t,a", "1", "no whole line"},  // nor is one finished
                         {"t\n", "1", "one column"},
                         {"t,a,a\n", "1", "twice"},
                         {"t a\n2025-12-09 1\n", "1", "separated by commas, semicolons"},
                         {"\xFF\xFEt,a\n", "1", "UTF-16"},
                         {"2025-12-09 10:00:00,1\n", "1", "header"},
                         {"t,a\n2025-12-09,1\nyesterday,2\n", "3", "timestamp"},
                         {"t,a\n2025-12-09,1\n,2\n", "3", "timestamp"},
                         {"t,a\n\n2025-12-09,1x\n", "3", "column \"a\""},
                         {"t,a\n2025-12-09,\"1\n", "2", "quote"},
                         {"t,a\n2025-12-09,\"1\"2\n", "2", "quote"},
                         {"\"t,a\n2025-12-09,1\n", "1", "quote"},
                         {"t,a\n2025-12-09,1,2\n", "2", "more fields"},
                         {"t,a,b\n2025-12-09,1\n", "2", "2 fields"},
                         {"t,a\n2025-12-09,1,5\n", "2", "more fields"},
                         {std::string("t,a\n2025-12-09,1\0\n", 18), "2", "no number"}}) {
    const auto readings = Parse(c.text);
    ASSERT_FALSE(readings.ok()) << c.text;
    EXPECT_EQ(ReasonOf(readings.status()), "SENSOR_DATA_MALFORMED");
    EXPECT_EQ(DetailsOf(readings.status())->metadata.at("line"), c.line) << c.text;
    EXPECT_EQ(DetailsOf(readings.status())->metadata.at("file"), "S1.csv");
    EXPECT_NE(readings.status().message().find(c.says), absl::string_view::npos)
        << readings.status();
  }
}

// In Latin-1, as many a machine writes it.
const std::string kLatinHeader =
    "Zeit (\xB0),temperature,T (\xB0"
    "C),load\n";

TEST(CsvFile, AHeaderInLatin1IsReadAsOne) {
  const std::string text = kLatinHeader + "2025-12-09,1,21,2\n";
  const auto every = Parse(text);
  ASSERT_TRUE(every.ok()) << every.status();
  EXPECT_EQ(every->columns, (std::vector<std::string>{"temperature", "T (°C)", "load"}));
  EXPECT_EQ(Parse(text, {.columns = {"T (°C)"}})->values, std::vector<double>{21});
  EXPECT_EQ(Parse("t,\x80/MWh,\x89\n2025-12-09,1,2\n")->columns,
            (std::vector<std::string>{"€/MWh", "‰"}));
}

TEST(CsvFile, AHeaderThatMustBeUtf8AndIsNotIsNamed) {
  const CsvFormat format{.csv = {.latin1 = false}, .quality = {}};
  const auto status =
      Parse(kLatinHeader + "2025-12-09,1,2,3\n", {.columns = {"temperature", "T (°C)"}}, format)
          .status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_DATA_MALFORMED");
  EXPECT_EQ(DetailsOf(status)->metadata.at("line"), "1");
  EXPECT_EQ(DetailsOf(status)->metadata.at("column"),
            "T (\\xB0"
            "C)");
  EXPECT_NE(status.message().find("UTF-8"), absl::string_view::npos) << status;
  EXPECT_EQ(Parse(kLatinHeader + "2025-12-09,1,x,2\n", {}, format)->columns,
            (std::vector<std::string>{"temperature", "load"}));
  EXPECT_EQ(ReasonOf(Parse(kLatinHeader, {.columns = {"pressure"}}).status()),
            "SENSOR_COLUMN_MISSING");
}

TEST(CsvFile, AColumnThatNobodyCanNameIsInNobodysWay) {
  const std::string hostile("t,\x81,\x81,a\0b,\x1b[31m,good\n2025-12-09,x,x,x,x,5\n", 42);
  EXPECT_EQ(Parse(hostile, {}, {.csv = {.latin1 = false}, .quality = {}})->columns,
            std::vector<std::string>{"good"});
  EXPECT_EQ(ReasonOf(Parse("t,\x1b,\x02\n").status()), "SENSOR_DATA_MALFORMED");  // none is left
}

TEST(CsvFile, ColumnsWithTextsAreLeftOutUnlessAskedFor) {
  const std::string text =
      "t,state,a,note\n"
      "2025-12-09 10:00,GOOD,1,\n"
      "2025-12-09 11:00,GOOD,2,checked by hand\n";
  const auto every = Parse(text);
  ASSERT_TRUE(every.ok()) << every.status();
  EXPECT_EQ(every->columns, std::vector<std::string>{"a"});
  EXPECT_EQ(every->values, (std::vector<double>{1, 2}));
  EXPECT_TRUE(Has(*every, DataIssue::Kind::kTextColumn, "'state' is left out: \"GOOD\" in line 2"));
  EXPECT_TRUE(Has(*every, DataIssue::Kind::kTextColumn, "'note' is left out: \"checked by hand\""));
  EXPECT_TRUE(Parse(text, {.columns = {"a"}})->issues.empty());
  const auto asked = Parse(text, {.columns = {"a", "state"}}).status();
  EXPECT_EQ(ReasonOf(asked), "SENSOR_DATA_MALFORMED");
  EXPECT_EQ(DetailsOf(asked)->metadata.at("line"), "2");
}

TEST(CsvFile, ALastLineWithoutItsNewlineIsLeftAloneAndSaid) {
  const std::string text = "t,a\n2014-02-19 15:25:00,97.2\n";
  for (const char* unfinished :
       {"2014-02-19 15:30:00,9", "2014-02-19 15", "2014-02-19 15:30:00,97.4"}) {
    const auto readings = Parse(text + unfinished);
    ASSERT_TRUE(readings.ok()) << readings.status();
    EXPECT_EQ(readings->values, std::vector<double>{97.2});
    EXPECT_TRUE(Has(*readings, DataIssue::Kind::kUnfinishedLine, unfinished));
  }
  EXPECT_TRUE(Parse(text)->issues.empty());
  EXPECT_TRUE(Parse(text + "  ")->issues.empty());
}

TEST(CsvFile, OfElevenHundredColumnsThoseAskedForAreRead) {
  std::string header = "t", row = "2025-12-09";
  for (int i = 0; i < 1100; ++i) {
    header += ",column_" + std::to_string(i);
    row += i % 2 == 0 ? "," + std::to_string(i) : ",text";
  }
  const auto readings = Parse(header + ",column_3,column_3\n" + row + ",x,x\n",
                              {.columns = {"column_8", "column_2"}});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->values, (std::vector<double>{8, 2}));
}

TEST(CsvFile, BytesOfACellOrATimestampAreNamedInTheError) {
  const auto cell = Parse(
                        "t,a\n2025-12-09,21 \xB0"
                        "C\n")
                        .status();
  EXPECT_EQ(cell.message(),
            "S1.csv line 2, column \"a\": \"21 \\xB0"
            "C\" is no number; leave a missing cell empty");
  const auto time = Parse("t,a\n9. M\xE4rz 2025,1\n").status();
  EXPECT_EQ(ReasonOf(time), "SENSOR_DATA_MALFORMED");
  EXPECT_NE(time.message().find("\"9. M\\xE4rz 2025\" is no timestamp"), absl::string_view::npos);
}

TEST(CsvFile, OfThreeHundredColumnsTwentyAreNamed) {
  std::string header = "t";
  for (int i = 0; i < 300; ++i) header += ",column_" + std::to_string(i);
  const auto status = Parse(header + "\n", {.columns = {"a"}}).status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_COLUMN_MISSING");
  const std::string message(status.message());
  EXPECT_NE(message.find("column_19 and 280 more"), std::string::npos) << message;
  EXPECT_LT(message.size(), 1000U);
}

TEST(CsvFile, MoreValuesOrColumnsThanAreReadAtOnceAreAnError) {
  const std::string text = "t,a,b\n2025-12-09,1,2\n2025-12-10,3,4\n";
  EXPECT_TRUE(Parse(text, {.max_values = 4}).ok());
  const auto status = Parse(text, {.max_values = 3}).status();
  EXPECT_EQ(ReasonOf(status), "DATA_TOO_LARGE");
  EXPECT_NE(status.message().find("3 values"), absl::string_view::npos) << status;
  EXPECT_TRUE(Parse(text, {.columns = {"b"}, .max_values = 2}).ok());
  std::string wide = "t";
  for (int i = 0; i < 10'001; ++i) wide += ",c" + std::to_string(i);
  EXPECT_EQ(ReasonOf(Parse(wide + "\n").status()), "SENSOR_DATA_MALFORMED");
}

TEST(CsvFile, DoesNotLookAtValuesOutsideTheRangeOrAtOtherColumns) {
  const std::string text =
      "t,a,b\n"
      "2025-12-09,1,text\n"
      "2025-12-10,broken,2\n";
  const auto readings =
      Parse(text, {.columns = {"a"}, .before_unix_seconds = ParseTimestamp("2025-12-10")});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->values, std::vector<double>{1});
}

TEST(CsvFile, GivesTheNewestRowsOfAFileOutOfOrder) {
  const auto readings =
      Parse("t,a\n2025-12-12,12\n2025-12-09,9\n2025-12-11,11\n2025-12-10,10\n", {.last_rows = 2});
  ASSERT_TRUE(readings.ok()) << readings.status();
  EXPECT_EQ(readings->values, (std::vector<double>{12, 11}));  // as they stand in the file
}

}  // namespace
}  // namespace fleetcast::sensordata
