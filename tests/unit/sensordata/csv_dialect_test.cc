// CSV files as plants, historians and spreadsheets write them: what is found in each, and what is
// refused because it can be read in two ways.
#include "common/sensordata/csv_dialect.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/sensordata/csv_file.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kNewYear = 1'767'225'600;  // 2026-01-01T00:00:00Z
constexpr std::int64_t kHour = 3600;

struct Readable {
  std::string name, text;
  std::vector<std::string> columns;
  std::vector<std::int64_t> unix_seconds;
  std::vector<double> values;
  CsvOptions options = {};
};

const std::vector<std::int64_t> kTwoHours = {kNewYear - kHour, kNewYear};

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

const std::vector<Readable>& ReadableFiles() {
  static const auto* const files = new std::vector<Readable>{
      {"an unnamed index of times, as pandas writes it",
       ",OT,HUFL\n2025-12-31 23:00:00,1.5,2\n2026-01-01 00:00:00,3,4\n",
       {"OT", "HUFL"},
       kTwoHours,
       {1.5, 2, 3, 4}},
      {"an unnamed counter before the time, as pandas writes it",
       ",date,OT\n0,2025-12-31 23:00:00,1.5\n1,2026-01-01 00:00:00,3\n",
       {"OT"},
       kTwoHours,
       {1.5, 3}},
      {"semicolons, decimal commas and the day first",
       "Zeit;Temperatur;Druck\n31.12.2025 23:00;1,5;-2\n01.01.2026 00:00;3,25;4\n",
       {"Temperatur", "Druck"},
       kTwoHours,
       {1.5, -2, 3.25, 4}},
      {"semicolons, decimal commas and commas in names",
       "Zeit;Temperatur, innen;Druck, bar\n31.12.2025 23:00;1,5;2,5\n1.1.2026 0:00;3,5;4,5\n",
       {"Temperatur, innen", "Druck, bar"},
       kTwoHours,
       {1.5, 2.5, 3.5, 4.5}},
      {"semicolons and decimal points",
       "t;a\n2025-12-31 23:00;1.234\n2026-01-01 00:00;2\n",
       {"a"},
       kTwoHours,
       {1.234, 2}},
      {"three decimals after a comma, which no comma separates",
       "t;a\n2025-12-31 23:00;1,234\n2026-01-01 00:00;2,500\n",
       {"a"},
       kTwoHours,
       {1.234, 2.5}},
      {"decimal commas in quotes between commas",
       "t,a\n2025-12-31 23:00,\"1,5\"\n2026-01-01 00:00,\"2\"\n",
       {"a"},
       kTwoHours,
       {1.5, 2}},
      {"tabs",
       "t\ta\tb\n2025-12-31 23:00\t1\t\"2\"\n2026-01-01 00:00\t\t4\n",
       {"a", "b"},
       kTwoHours,
       {1, 2, -1, 4}},
      {"pipes", "t|a\n2025-12-31 23:00|1\n2026-01-01 00:00|2\n", {"a"}, kTwoHours, {1, 2}},
      {"the separator that Excel declares",
       "sep=;\nt;a\n2025-12-31 23:00;1\n2026-01-01 00:00;2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"quoted names between semicolons",
       "\"t\";\"a\"\n\"2025-12-31 23:00\";\"1,5\"\n\"2026-01-01 00:00\";\"2,5\"\n",
       {"a"},
       kTwoHours,
       {1.5, 2.5}},
      {"separators at the end of each line",
       "t;a;b;\n2025-12-31 23:00;1;2;\n2026-01-01 00:00;3;4;\n",
       {"a", "b"},
       kTwoHours,
       {1, 2, 3, 4}},
      {"separators at the end of rows only",
       "t;a\n2025-12-31 23:00;1;\n2026-01-01 00:00;2;;\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"separators at the end of the header only",
       "t,a,,\n2025-12-31 23:00,1\n2026-01-01 00:00,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"a column without a name",
       "t,,a\n2025-12-31 23:00,x,1\n2026-01-01 00:00,y,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"epoch seconds", "ts,a\n1767222000,1\n1767225600,2\n", {"a"}, kTwoHours, {1, 2}},
      {"epoch seconds as a float",
       "ts,a\n1767222000.0,1\n1767225600.5,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"epoch milliseconds", "ts,a\n1767222000000,1\n1767225600999,2\n", {"a"}, kTwoHours, {1, 2}},
      {"epoch nanoseconds",
       "ts,a\n1767222000000000000,1\n1767225600000000000,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"epoch milliseconds and decimal commas",
       "ts;a\n1767222000000;1,5\n1767225600000;2\n",
       {"a"},
       kTwoHours,
       {1.5, 2}},
      {"UTC behind the time",
       "t,a\n2025-12-31 23:00:00 UTC,1\n2026-01-01 00:00:00 UTC,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"the time in the second column",
       "tag,when,value\nP7,2025-12-31 23:00,1\nP7,2026-01-01,2\n",
       {"value"},
       kTwoHours,
       {1, 2}},
      {"the time in the last column, in epoch seconds",
       "a,b,ts\n5,1,1767222000\n6,2,1767225600\n",
       {"a", "b"},
       kTwoHours,
       {5, 1, 6, 2}},
      {"date and time of day in columns of their own",
       "Datum;Uhrzeit;a\n31.12.2025;23:00;1,5\n01.01.2026;00:00;2\n",
       {"a"},
       kTwoHours,
       {1.5, 2}},
      {"days alone",
       "t,a\n2025-12-31,1\n2026-01-01,2\n",
       {"a"},
       {kNewYear - 24 * kHour, kNewYear},
       {1, 2}},
      {"the month first, told by a day above 12",
       "t,a\n12/31/2025 11:00 PM,1\n1/1/2026 12:00 AM,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"the day first, told by a day above 12",
       "t,a\n31/12/2025 23:00,1\n1/1/2026 0:00,2\n",
       {"a"},
       kTwoHours,
       {1, 2}},
      {"the month first, told by a setting",
       "t,a\n01/02/2026 00:00,1\n",
       {"a"},
       {kNewYear + 24 * kHour},
       {1},
       {.time_format = TimeFormat::kMonthFirst}},
      {"the day first, told by a setting",
       "t,a\n02/01/2026 00:00,1\n",
       {"a"},
       {kNewYear + 24 * kHour},
       {1},
       {.time_format = TimeFormat::kDayFirst}},
      {"thousandths in quotes, told by a setting",
       "t,a\n2026-01-01,\"1,234\"\n",
       {"a"},
       {kNewYear},
       {1.234},
       {.decimal = ','}},
      {"seconds since 1970 before 1990, told by a setting",
       "t,a\n0,1\n60,2\n",
       {"a"},
       {0, 60},
       {1, 2},
       {.time_format = TimeFormat::kEpochSeconds}},
      {"one of two columns of times, told by a setting",
       "id,begin,end,a\n1,2025-12-31 22:00,2025-12-31 23:00,1\n2,2025-12-31 23:00,2026-01-01,2\n",
       {"id", "a"},
       kTwoHours,
       {1, 1, 2, 2},
       {.time_column = "end"}},
      {"words for missing cells",
       "t,a\n2025-12-31 23:00,Bad Input\n2026-01-01,-\n",
       {"a"},
       kTwoHours,
       {-1, -1},
       {.missing = {"Bad Input"}}},
      {"a wall clock in winter",
       "t;a\n01.01.2026 00:00;1\n01.01.2026 01:00;2\n",
       {"a"},
       kTwoHours,
       {1, 2},
       {.time_zone = Berlin()}},
      {"a wall clock beside offsets",
       "t,a\n2025-12-31T23:00Z,1\n2026-01-01T01:00+01:00,2\n",
       {"a"},
       kTwoHours,
       {1, 2},
       {.time_zone = Berlin()}},
      {"whole numbers for a while, then commas",
       [] {
         std::string text = "t;a\n";
         for (int i = 0; i < 300; ++i) text += "2025-12-31 23:00;1\n";
         return text + "2026-01-01 00:00;1,5\n";
       }(),
       {"a"},
       [] {
         std::vector<std::int64_t> times(300, kNewYear - kHour);
         times.push_back(kNewYear);
         return times;
       }(),
       [] {
         std::vector<double> values(300, 1);
         values.push_back(1.5);
         return values;
       }()},
  };
  return *files;
}

TEST(CsvDialect, FilesAsPlantsWriteThemAreRead) {
  for (const Readable& file : ReadableFiles()) {
    SCOPED_TRACE(file.name);
    const auto table =
        ParseCsv(file.text, "S1.csv", {.sensor_id = "S1"}, {.csv = file.options, .quality = {}});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(table->readings.columns, file.columns);
    EXPECT_EQ(table->readings.unix_seconds, file.unix_seconds);
    std::vector<double> values = table->readings.values;
    for (double& value : values)
      if (value != value) value = -1;
    EXPECT_EQ(values, file.values);
  }
}

struct Refusable {
  std::string name, text, line, says;
  CsvOptions options = {};
};

TEST(CsvDialect, WhatCanBeReadInTwoWaysIsRefusedWithTheSettingThatDecides) {
  const std::vector<Refusable> files = {
      {"day and month", "t,a\n01/02/2026 00:00,1\n02/02/2026 00:00,2\n", "1",
       "sensor-csv-time-format to day_first or month_first"},
      {"two columns of times", "id,begin,end,a\nx,2025-12-31,2026-01-01,1\n", "1",
       "sensor-csv-time-column"},
      {"a comma that may group thousands", "t,a\n2026-01-01,\"1,234\"\n2026-01-02,\"2,500\"\n", "1",
       "sensor-csv-decimal"},
      {"points and commas", "t;a;b\n2026-01-01;1.5;2,5\n", "1",
       "a point (column \"a\") and with a comma (column \"b\")"},
      {"two separators", "t,a;t\n2026-01-01,5;2026-01-01\n", "1", "sensor-csv-separator"},
      {"thousands in groups", "t;a\n2026-01-01;1,5\n2026-01-02;1.234,5\n", "3", "not grouped"},
      {"another decimal sign than the setting's",
       "t;a\n2026-01-01;1,5\n",
       "2",
       "sensor-csv-decimal",
       {.decimal = '.'}},
      {"a column of times that is not there",
       "t,a\n2026-01-01,1\n",
       "1",
       "sensor-csv-time-column",
       {.time_column = "when"}},
      {"no column of times", "n,a\n1,1\n2,2\n", "2", "sensor-csv-time-column"},
      {"another format of times than the setting's",
       "t,a\n2026-01-01,1\n",
       "2",
       "sensor-csv-time-format",
       {.time_format = TimeFormat::kDayFirst}},
      {"an hour that a clock leaves out",
       "t,a\n2025-03-30 01:00,1\n2025-03-30 02:00,2\n",
       "3",
       "does not exist in Europe/Berlin",
       {.time_zone = Berlin()}},
  };
  for (const Refusable& file : files) {
    SCOPED_TRACE(file.name);
    const auto status =
        ParseCsv(file.text, "S1.csv", {.sensor_id = "S1"}, {.csv = file.options, .quality = {}})
            .status();
    EXPECT_EQ(ReasonOf(status), "SENSOR_DATA_MALFORMED") << status;
    ASSERT_TRUE(DetailsOf(status));
    EXPECT_EQ(DetailsOf(status)->metadata["line"], file.line) << status;
    EXPECT_NE(status.message().find(file.says), absl::string_view::npos) << status;
  }
}

TEST(CsvDialect, IsTheSameForAFewRowsAsForAll) {
  const std::string text = "Zeit;a\n31.12.2025 23:00;1,5\n01.01.2026 00:00;2,5\n";
  const auto all = ParseCsv(text, "S1.csv", {.sensor_id = "S1"});
  const auto last = ParseCsv(text, "S1.csv", {.sensor_id = "S1", .last_rows = 1});
  EXPECT_EQ(last->readings.values, std::vector<double>{2.5});
  EXPECT_EQ(last->dialect.decimal, all->dialect.decimal);
  EXPECT_EQ(last->dialect.time_format, all->dialect.time_format);
}

}  // namespace
}  // namespace fleetcast::sensordata
