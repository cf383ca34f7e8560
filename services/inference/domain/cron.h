// Cron expressions of five fields: minute, hour, day of month, month, day of week. Each takes `*`,
// numbers, ranges, lists and steps (`*/10`, `8-18/2`), months and days of week also names; Sunday
// is 0 or 7. Where both day fields are restricted, a day that matches either will do (as in
// Vixie cron).
#pragma once

#include <bitset>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace fleetcast::inference {

// Immutable; thread safe.
class CronExpression {
 public:
  // INVALID_ARGUMENT on field `schedule.cron` that names the cron field, its text and what it
  // takes; also for an expression that no date matches (`0 0 31 2 *`).
  [[nodiscard]] static absl::StatusOr<CronExpression> Parse(const std::string& text);

  [[nodiscard]] bool MatchesDay(absl::CivilDay day) const;
  [[nodiscard]] bool MatchesHour(int hour) const { return hours_[static_cast<std::size_t>(hour)]; }
  [[nodiscard]] bool MatchesMinute(int minute) const {
    return minutes_[static_cast<std::size_t>(minute)];
  }
  // Whatever the spelling (`*`, `*/1`, `0-23`): ticks follow elapsed time where clocks change.
  [[nodiscard]] bool any_hour() const { return hours_.all(); }
  // The shortest time between two ticks of days that follow one another, were all days to match.
  [[nodiscard]] absl::Duration ShortestGap() const;

 private:
  CronExpression() = default;
  [[nodiscard]] bool MatchesSomeDate() const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_of_month_;  // 1 to 31
  std::bitset<13> months_;         // 1 to 12
  std::bitset<8> days_of_week_;    // 0 to 6, Sunday first
  bool any_day_of_month_ = false, any_day_of_week_ = false;
};

}  // namespace fleetcast::inference
