#include "services/inference/domain/cron.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

struct FieldRule {
  const char* name;
  int minimum, maximum;
  std::vector<std::string> value_names;  // of minimum, minimum + 1, …
  bool seven_is_sunday = false;
};

const std::vector<FieldRule>& FieldRules() {
  static const auto* rules = new std::vector<FieldRule>{
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day of month", 1, 31, {}},
      {"month",
       1,
       12,
       {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
      {"day of week", 0, 7, {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}, true}};
  return *rules;
}

absl::Status Mistake(const FieldRule& rule, const std::string& text, const std::string& what) {
  std::string takes = absl::StrCat("it takes *, numbers ", rule.minimum, "-", rule.maximum);
  if (!rule.value_names.empty()) {
    absl::StrAppend(&takes, " or names ", rule.value_names.front(), "-", rule.value_names.back());
  }
  return InvalidField("schedule.cron",
                      absl::StrCat(rule.name, " field \"", text, "\": ", what, "; ", takes,
                                   ", ranges 1-5, lists 1,3 and steps */2"),
                      "CRON_INVALID");
}

absl::StatusOr<int> ParseValue(const FieldRule& rule, const std::string& text) {
  const std::string upper = absl::AsciiStrToUpper(text);
  for (std::size_t i = 0; i < rule.value_names.size(); ++i) {
    if (rule.value_names[i] == upper) return rule.minimum + static_cast<int>(i);
  }
  const bool digits = !text.empty() && text.size() <= 2 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  int value = 0;
  if (!digits || !absl::SimpleAtoi(text, &value)) {
    return Mistake(rule, text, text.empty() ? "a value is missing" : "that is no value");
  }
  if (value < rule.minimum || value > rule.maximum) {
    return Mistake(rule, text,
                   absl::StrCat(value, " is outside ", rule.minimum, "-", rule.maximum));
  }
  return value;
}

struct ValueRange {
  int first = 0, last = 0, step = 1;
};

// "*", "5" or "1-5", without the step.
absl::StatusOr<ValueRange> ParseBase(const FieldRule& rule, const std::string& text) {
  if (text == "*") {
    return ValueRange{rule.minimum, rule.seven_is_sunday ? 6 : rule.maximum, 1};
  }
  const std::size_t dash = text.find('-');
  FLEETCAST_ASSIGN_OR_RETURN(const int first, ParseValue(rule, text.substr(0, dash)));
  if (dash == std::string::npos) return ValueRange{first, first, 1};
  FLEETCAST_ASSIGN_OR_RETURN(int last, ParseValue(rule, text.substr(dash + 1)));
  if (rule.seven_is_sunday && last == 0 && first > 0) last = 7;  // FRI-SUN
  if (last < first) return Mistake(rule, text, "the range ends before it begins");
  return ValueRange{first, last, 1};
}

absl::StatusOr<ValueRange> ParseRange(const FieldRule& rule, const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string base = text.substr(0, slash);
  FLEETCAST_ASSIGN_OR_RETURN(ValueRange range, ParseBase(rule, base));
  if (slash == std::string::npos) return range;
  if (base != "*" && base.find('-') == std::string::npos) {
    return Mistake(
        rule, text,
        absl::StrCat("a step needs a range: write ", base, "-", rule.maximum, text.substr(slash)));
  }
  const std::string step = text.substr(slash + 1);
  const bool digits = !step.empty() && step.size() <= 2 &&
                      step.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || !absl::SimpleAtoi(step, &range.step) || range.step < 1) {
    return Mistake(rule, text, "the step must be a number of at least 1");
  }
  return range;
}

template <std::size_t N>
absl::Status ParseFieldInto(const FieldRule& rule, const std::string& text,
                            std::bitset<N>* values) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (const std::string& part : parts) {
    if (part.empty()) return Mistake(rule, text, "an entry of the list is empty");
    FLEETCAST_ASSIGN_OR_RETURN(const ValueRange range, ParseRange(rule, part));
    for (int value = range.first; value <= range.last; value += range.step) {
      values->set(static_cast<std::size_t>(rule.seven_is_sunday && value == 7 ? 0 : value));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CronExpression> CronExpression::Parse(const std::string& text) {
  const std::vector<std::string> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 5 || text.size() > 512) {
    return InvalidField("schedule.cron",
                        absl::StrCat("\"", text.substr(0, 80), "\" has ", fields.size(),
                                     " fields; write five: minute, hour, day of month, month, day "
                                     "of week, as in \"0 6 * * MON-FRI\""),
                        "CRON_INVALID");
  }
  const std::vector<FieldRule>& rules = FieldRules();
  CronExpression cron;
  FLEETCAST_RETURN_IF_ERROR(ParseFieldInto(rules[0], fields[0], &cron.minutes_));
  FLEETCAST_RETURN_IF_ERROR(ParseFieldInto(rules[1], fields[1], &cron.hours_));
  FLEETCAST_RETURN_IF_ERROR(ParseFieldInto(rules[2], fields[2], &cron.days_of_month_));
  FLEETCAST_RETURN_IF_ERROR(ParseFieldInto(rules[3], fields[3], &cron.months_));
  FLEETCAST_RETURN_IF_ERROR(ParseFieldInto(rules[4], fields[4], &cron.days_of_week_));
  cron.any_day_of_month_ = fields[2][0] == '*';
  cron.any_day_of_week_ = fields[4][0] == '*';
  if (!cron.MatchesSomeDate()) {
    return InvalidField("schedule.cron",
                        absl::StrCat("no date matches \"", text,
                                     "\": none of its months has such a day of month; choose "
                                     "another day"),
                        "CRON_INVALID");
  }
  return cron;
}

bool CronExpression::MatchesSomeDate() const {
  if (!any_day_of_week_ && !any_day_of_month_) return true;  // some week day always comes
  static constexpr int kLongest[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (std::size_t month = 1; month <= 12; ++month) {
    if (!months_[month]) continue;
    for (int day = 1; day <= kLongest[month]; ++day) {
      if (days_of_month_[static_cast<std::size_t>(day)]) return true;
    }
  }
  return false;
}

absl::Duration CronExpression::ShortestGap() const {
  constexpr int kMinutesOfDay = 24 * 60;
  int first = -1, last = -1, shortest = kMinutesOfDay;
  for (int minute = 0; minute < kMinutesOfDay; ++minute) {
    if (!MatchesHour(minute / 60) || !MatchesMinute(minute % 60)) continue;
    if (first < 0) first = minute;
    if (last >= 0) shortest = std::min(shortest, minute - last);
    last = minute;
  }
  return absl::Minutes(std::min(shortest, first + kMinutesOfDay - last));
}

bool CronExpression::MatchesDay(absl::CivilDay day) const {
  if (!months_[static_cast<std::size_t>(day.month())]) return false;
  const bool in_month = days_of_month_[static_cast<std::size_t>(day.day())];
  // absl counts from Monday, cron from Sunday.
  const auto weekday = (static_cast<std::size_t>(absl::GetWeekday(day)) + 1) % 7;
  const bool in_week = days_of_week_[weekday];
  if (any_day_of_month_ || any_day_of_week_) return in_month && in_week;
  return in_month || in_week;
}

}  // namespace fleetcast::inference
