#include "services/inference/domain/cron.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

std::vector<int> Hours(const std::string& text) {
  const auto cron = CronExpression::Parse(text);
  std::vector<int> hours;
  for (int hour = 0; cron.ok() && hour < 24; ++hour) {
    if (cron->MatchesHour(hour)) hours.push_back(hour);
  }
  return hours;
}

TEST(CronExpression, TakesNumbersRangesListsAndSteps) {
  EXPECT_EQ(Hours("0 6 * * *"), (std::vector<int>{6}));
  EXPECT_EQ(Hours("0 8-11 * * *"), (std::vector<int>{8, 9, 10, 11}));
  EXPECT_EQ(Hours("0 1,23,5 * * *"), (std::vector<int>{1, 5, 23}));
  EXPECT_EQ(Hours("0 */6 * * *"), (std::vector<int>{0, 6, 12, 18}));
  EXPECT_EQ(Hours("0 8-18/5 * * *"), (std::vector<int>{8, 13, 18}));
  EXPECT_EQ(Hours("0 0-4/2,20 * * *"), (std::vector<int>{0, 2, 4, 20}));
  EXPECT_EQ(Hours(" 0\t6   *  * * "), (std::vector<int>{6}));
}

TEST(CronExpression, KnowsTheShortestTimeBetweenItsTicks) {
  const std::pair<const char*, absl::Duration> cases[] = {
      {"* * * * *", absl::Minutes(1)},     {"*/15 * * * *", absl::Minutes(15)},
      {"0,50 * * * *", absl::Minutes(10)}, {"0 6 * * *", absl::Hours(24)},
      {"0 6,14,22 * * *", absl::Hours(8)}, {"30 0,23 * * MON", absl::Hours(1)},
      {"59 0-23 * * *", absl::Hours(1)},
  };
  for (const auto& [expression, gap] : cases)
    EXPECT_EQ(CronExpression::Parse(expression)->ShortestGap(), gap) << expression;
}

struct DayCase {
  const char* expression;
  absl::CivilDay day;
  bool matches;
};

TEST(CronExpression, KnowsItsDays) {
  const absl::CivilDay monday(2025, 12, 8), friday(2025, 12, 12), sunday(2025, 12, 14);
  const DayCase cases[] = {
      {"0 0 * * MON-FRI", monday, true},
      {"0 0 * * mon-fri", friday, true},
      {"0 0 * * MON-FRI", sunday, false},
      {"0 0 * * 0", sunday, true},
      {"0 0 * * 7", sunday, true},
      {"0 0 * * FRI-SUN", sunday, true},
      {"0 0 * * FRI-SUN", friday, true},
      {"0 0 * * FRI-SUN", monday, false},
      {"0 0 * * 6-7", sunday, true},
      {"0 0 * DEC *", monday, true},
      {"0 0 * jan-mar *", monday, false},
      {"0 0 8 * *", monday, true},
      {"0 0 1,15 * *", monday, false},
      // Both day fields restricted: either will do.
      {"0 0 12 * MON", monday, true},
      {"0 0 12 * MON", friday, true},
      {"0 0 12 * MON", sunday, false},
      // A step counts as unrestricted, as in Vixie cron.
      {"0 0 */2 * MON", monday, false},
      {"0 0 29 2 *", absl::CivilDay(2028, 2, 29), true},
  };
  for (const DayCase& test : cases) {
    const auto cron = CronExpression::Parse(test.expression);
    ASSERT_TRUE(cron.ok()) << test.expression << ": " << cron.status();
    EXPECT_EQ(cron->MatchesDay(test.day), test.matches) << test.expression << " on " << test.day;
  }
}

struct MistakeCase {
  const char* expression;
  const char* says;
};

TEST(CronExpression, NamesTheMistakeAndWhatWouldBeRight) {
  const MistakeCase cases[] = {
      {"", "0 fields; write five"},
      {"0 6 * *", "4 fields; write five"},
      {"0 0 6 * * *", "6 fields; write five"},
      {"@daily", "1 fields; write five"},
      {"60 * * * *", "minute field \"60\": 60 is outside 0-59"},
      {"* 24 * * *", "hour field \"24\": 24 is outside 0-23"},
      {"* * 0 * *", "day of month field \"0\": 0 is outside 1-31"},
      {"* * * 13 *", "month field \"13\""},
      {"* * * * 8", "day of week field \"8\": 8 is outside 0-7"},
      {"* * * FOO *", "month field \"FOO\": that is no value"},
      {"* * * * MOON", "names SUN-SAT"},
      {"5/10 * * * *", "a step needs a range: write 5-59/10"},
      {"*/0 * * * *", "the step must be a number of at least 1"},
      {"*/x * * * *", "the step must be"},
      {"*/ * * * *", "the step must be"},
      {"10-5 * * * *", "the range ends before it begins"},
      {"1,,2 * * * *", "an entry of the list is empty"},
      {"-5 * * * *", "a value is missing"},
      {"1- * * * *", "a value is missing"},
      {"+1 * * * *", "that is no value"},
      {"99999999999 * * * *", "that is no value"},
      {"0 0 31 2 *", "no date matches"},
      {"0 0 31 4,6,9,11 *", "no date matches"},
  };
  for (const MistakeCase& test : cases) {
    const auto cron = CronExpression::Parse(test.expression);
    ASSERT_FALSE(cron.ok()) << test.expression;
    const auto details = DetailsOf(cron.status());
    ASSERT_TRUE(details && details->field_violations.size() == 1) << test.expression;
    EXPECT_EQ(details->reason, "CRON_INVALID");
    EXPECT_EQ(details->field_violations[0].field, "schedule.cron");
    EXPECT_NE(details->field_violations[0].description.find(test.says), std::string::npos)
        << test.expression << " says: " << details->field_violations[0].description;
  }
}

}  // namespace
}  // namespace fleetcast::inference
