#include "common/sensordata/simulator/production.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;

std::int64_t DayOf(std::int64_t unix_seconds) {
  return (unix_seconds >= 0 ? unix_seconds : unix_seconds - (kSecondsOfDay - 1)) / kSecondsOfDay;
}

}  // namespace

Production::Production(const std::vector<std::int64_t>& holidays, double step_hours,
                       RandomStream& random)
    : holidays_(holidays),
      shift_begin_hour_(random.Happens(0.5) ? 6 : 5),
      shift_hours_(random.Happens(0.6) ? 16 : 12),
      idle_load_(random.Uniform(0.25, 0.4)),
      full_load_(random.Uniform(0.8, 0.95)),
      saturday_(random.Uniform(0.75, 0.95)),
      sunday_(random.Uniform(0.6, 0.85)),
      inertia_(std::exp(-step_hours / 1.2)),
      running_(idle_load_),
      orders_(0.05, 120, step_hours, random),
      pace_(0.05, 4, step_hours, random) {}

double Production::Planned(std::int64_t unix_seconds) const {
  const std::int64_t day = DayOf(unix_seconds);
  const double hour = static_cast<double>(unix_seconds - day * kSecondsOfDay) / 3600;
  const auto weekday = std::chrono::weekday(std::chrono::sys_days(std::chrono::days(day)));
  double factor = 1;
  if (weekday == std::chrono::Saturday) factor = saturday_;
  if (weekday == std::chrono::Sunday) factor = sunday_;
  if (std::binary_search(holidays_.begin(), holidays_.end(), day)) factor = 0.4;
  const double into_shift = hour - shift_begin_hour_;
  if (into_shift < 0 || into_shift >= shift_hours_) return idle_load_ * factor;
  const bool handover = shift_hours_ == 16 && into_shift >= 8 && into_shift < 9;
  return full_load_ * factor * (handover ? 0.9 : 1.0);
}

double Production::Load(std::int64_t unix_seconds, RandomStream& random) {
  const double orders = orders_.Next(random), pace = pace_.Next(random);
  const double planned = Planned(unix_seconds) + orders + pace;
  running_ = inertia_ * running_ + (1 - inertia_) * planned;
  return std::max(0.0, running_);
}

std::vector<std::int64_t> HolidaysOf(RandomStream random, std::int64_t first_day,
                                     std::int64_t last_day) {
  std::vector<std::int64_t> holidays;
  for (std::int64_t day = first_day; day <= last_day; ++day) {
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
    const auto month = static_cast<unsigned>(date.month());
    const auto of_month = static_cast<unsigned>(date.day());
    const bool festive =
        (month == 12 && (of_month == 25 || of_month == 26)) || (month == 1 && of_month == 1);
    const bool drawn = random.Happens(3.0 / 365);
    if (festive || drawn) holidays.push_back(day);
  }
  return holidays;
}

}  // namespace fleetcast::sensordata
