// A calendar's file, from its text to a plant's times, or to diagnostics with exact places.
#include "services/config/domain/calendar_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/config/yaml/yaml_parser.h"

namespace fleetcast::config {
namespace {

CalendarFile Calendar(const std::string& text) {
  return ReadCalendarFile(ParseYaml(text), "config/calendars/P001.yml");
}

std::vector<std::string> Places(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics) {
    EXPECT_EQ(diagnostic.path, "config/calendars/P001.yml");
    EXPECT_FALSE(diagnostic.message.empty());
    EXPECT_FALSE(diagnostic.remedy.empty());
    lines.push_back(std::to_string(diagnostic.mark.line) + ":" +
                    std::to_string(diagnostic.mark.column) + " " + diagnostic.reason + " " +
                    diagnostic.field);
  }
  return lines;
}

TEST(CalendarFile, HasHolidaysShiftsAndMaintenanceInOrderAndJoined) {
  const CalendarFile file = Calendar(
      "holidays: [2025-12-26, \"2025-12-25\", 2025-12-25]\n"
      "shifts:\n"
      "  - {days: [tuesday, monday], from: \"06:00\", to: \"14:00\"}\n"
      "  - {days: [monday], from: \"14:00\", to: \"22:00\"}\n"
      "  - {days: [sunday], from: \"22:00\", to: \"06:00\"}\n"  // until Monday
      "maintenance:\n"
      "  - {from: \"2025-08-02 06:00\", to: \"2025-08-02 24:00\"}\n"
      "  - {from: \"2025-08-02 20:00\", to: \"2025-08-04 06:00\"}\n");
  EXPECT_TRUE(file.diagnostics.empty());
  EXPECT_EQ(file.local.holidays, (std::vector<std::int64_t>{20'447, 20'448}));
  EXPECT_EQ(file.local.shifts,
            (std::vector<Span>{{0, 1320}, {1440 + 360, 1440 + 840}, {6 * 1440 + 1320, 7 * 1440}}));
  constexpr std::int64_t kDay = 86'400, kAugust2 = 20'302 * kDay;
  EXPECT_EQ(file.local.maintenance,
            (std::vector<Span>{{kAugust2 + 6 * 3600, kAugust2 + 2 * kDay + 6 * 3600}}));
  // Berlin's summer is two hours ahead.
  EXPECT_EQ(CalendarIn("Europe/Berlin", file.local).maintenance[0].begin, kAugust2 + 4 * 3600);
  EXPECT_EQ(CalendarIn("", file.local).maintenance, file.local.maintenance);
  EXPECT_TRUE(Calendar("# nothing yet\n").diagnostics.empty());
}

TEST(CalendarFile, EachMistakeIsReportedAtItsLineAndColumn) {
  struct Case {
    const char* text;
    std::vector<std::string> expected;
  };
  for (const Case& c : std::vector<Case>{
           {"- a\n", {"1:1 WRONG_TYPE "}},
           {"holiday: []\n", {"1:1 UNKNOWN_KEY holiday"}},
           {"holidays: [2025-02-30]\n", {"1:12 INVALID_DATE holidays[0]"}},
           {"holidays: 2025-12-25\n", {"1:11 WRONG_TYPE holidays"}},
           {"shifts:\n  - {days: [mon], from: \"06:00\", to: \"07:00\"}\n",
            {"2:13 UNKNOWN_VALUE shifts[0].days[0]"}},
           {"shifts:\n  - {days: [monday], from: 06:00, to: \"07:00\"}\n",
            {"2:28 WRONG_TYPE shifts[0].from"}},
           {"shifts:\n  - {days: [monday], from: \"6 am\", to: \"24:01\"}\n",
            {"2:28 MALFORMED shifts[0].from", "2:40 MALFORMED shifts[0].to"}},
           {"shifts:\n  - {days: [monday], from: \"06:00\"}\n", {"2:5 MISSING_KEY shifts[0].to"}},
           {"shifts: [always]\n", {"1:10 WRONG_TYPE shifts[0]"}},
           {"maintenance:\n  - {from: \"2025-08-02 06:00\", to: \"2025-08-02 06:00\"}\n",
            {"2:5 OUT_OF_RANGE maintenance[0]"}},
           {"maintenance:\n  - {from: \"2025-08-32 06:00\", to: \"2025-08-02T06:00\"}\n",
            {"2:12 MALFORMED maintenance[0].from", "2:36 MALFORMED maintenance[0].to"}}}) {
    EXPECT_EQ(Places(Calendar(c.text).diagnostics), c.expected) << c.text;
  }
}

TEST(CalendarFile, ListWithoutEndIsRefused) {
  std::string text = "holidays:\n";
  for (int i = 0; i < 2001; ++i) text += "- 2025-12-25\n";
  EXPECT_EQ(Places(Calendar(text).diagnostics),
            std::vector<std::string>{"2:1 WRONG_LENGTH holidays"});
}

}  // namespace
}  // namespace fleetcast::config
