#include "common/sensordata/csv_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

absl::StatusOr<RawReadings> Parse(const std::string& text, ReadRequest request = {}) {
  request.sensor_id = "S1";
  return ParseCsv(text, "S1.csv", request);
}

TEST(CsvFile, ToleratesByteOrderMarkCrlfQuotesAndBlanks) {
  const auto readings = Parse(
      "\xEF\xBB\xBF\"time\", \"a \"\"b\"\"\" ,c\r\n"
      "\"2025-12-09 10:00:00\", \"1.5\" , +2\r\n"
      "\r\n"
      "2025-12-09 11:00:00,-3e2,.5");  // no newline at the end
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
       std::vector<Case>{{"", "0", "empty"},
                         {"t\n", "1", "one column"},
                         {"t,a,a\n", "1", "twice"},
                         {"t,,a\n", "1", "no name"},
                         {"t;a\n2025-12-09;1\n", "1", "commas"},
                         {"2025-12-09 10:00:00,1\n", "1", "header"},
                         {"t,a\n2025-12-09,1\nyesterday,2\n", "3", "timestamp"},
                         {"t,a\n\n2025-12-09,1x\n", "3", "column \"a\""},
                         {"t,a\n2025-12-09,\"1\n", "2", "quote"},
                         {"t,a\n2025-12-09,\"1\"2\n", "2", "quote"},
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

TEST(CsvFile, AColumnThatNobodyCanNameIsInNobodysWay) {
  const std::string text = kLatinHeader +
                           "2025-12-09,1,21 \xB0"
                           "C,2\n";
  const auto every = Parse(text);
  ASSERT_TRUE(every.ok()) << every.status();
  EXPECT_EQ(every->columns, (std::vector<std::string>{"temperature", "load"}));
  EXPECT_EQ(every->values, (std::vector<double>{1, 2}));
  EXPECT_EQ(Parse(text, {.columns = {"load"}})->values, std::vector<double>{2});
  // Neither do two of them collide, nor does one with an escape sequence or NUL stand in the way.
  const std::string hostile("t,\xFF,\xFF,a\0b,\x1b[31m,good\n2025-12-09,x,x,x,x,5\n", 42);
  EXPECT_EQ(Parse(hostile)->columns, std::vector<std::string>{"good"});
}

TEST(CsvFile, AConfiguredColumnInAnotherEncodingIsMalformedAndNamed) {
  const auto status =
      Parse(kLatinHeader + "2025-12-09,1,2,3\n", {.columns = {"temperature", "T (°C)"}}).status();
  EXPECT_EQ(ReasonOf(status), "SENSOR_DATA_MALFORMED");
  EXPECT_EQ(DetailsOf(status)->metadata.at("line"), "1");
  EXPECT_EQ(DetailsOf(status)->metadata.at("column"),
            "T (\\xB0"
            "C)");
  EXPECT_NE(status.message().find("UTF-8"), absl::string_view::npos) << status;
  EXPECT_EQ(ReasonOf(Parse(kLatinHeader, {.columns = {"pressure"}}).status()),
            "SENSOR_COLUMN_MISSING");
  EXPECT_EQ(ReasonOf(Parse("t,\xB0,\xC4\n").status()), "SENSOR_DATA_MALFORMED");  // none is left
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
