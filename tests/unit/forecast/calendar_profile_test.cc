#include "common/forecast/calendar_profile.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "tests/unit/forecast/series.h"

namespace fleetcast::forecast {
namespace {

constexpr std::int64_t kHour = 3600;

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

std::int64_t Local(int month, int day, int hour) {
  return absl::ToUnixSeconds(absl::FromCivil(absl::CivilHour(2025, month, day, hour), Berlin()));
}

// In Berlin's time: 80 within a shift, 20 otherwise, 0 in maintenance; two shifts from Monday to
// Friday. `first_day` is counted from January 6th, a Monday.
struct Plant {
  PlantCalendar calendar;
  TimeSeries series;
};

Plant PlantOf(std::size_t rows, std::vector<std::int64_t> holidays) {
  Plant plant;
  plant.calendar.time_zone = "Europe/Berlin";
  plant.calendar.holidays = std::move(holidays);
  for (std::int64_t day = 0; day < 5; ++day) {
    plant.calendar.shifts.push_back({day * 1440 + 360, day * 1440 + 1320});
  }
  plant.calendar.maintenance = {{Local(2, 12, 8), Local(2, 14, 20)},
                                {Local(6, 17, 6), Local(6, 18, 6)}};
  plant.series.columns = {"load"};
  const std::int64_t start = Local(1, 6, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int64_t time = start + kHour * static_cast<std::int64_t>(row);
    const absl::CivilSecond civil = absl::ToCivilSecond(absl::FromUnixSeconds(time), Berlin());
    const std::int64_t day = absl::CivilDay(civil) - absl::CivilDay(1970, 1, 1);
    const bool holiday =
        std::binary_search(plant.calendar.holidays.begin(), plant.calendar.holidays.end(), day);
    const bool weekday = absl::GetWeekday(civil) != absl::Weekday::saturday &&
                         absl::GetWeekday(civil) != absl::Weekday::sunday;
    const bool works = weekday && !holiday && civil.hour() >= 6 && civil.hour() < 22;
    double value = works ? 80 : 20;
    for (const Span& span : plant.calendar.maintenance) {
      if (time >= span.begin && time < span.end) value = 0;
    }
    plant.series.unix_seconds.push_back(time);
    plant.series.values.push_back(value + 2 * std::sin(0.7 * static_cast<double>(row)));
  }
  return plant;
}

std::int64_t DayOf(int month, int day) {
  return absl::CivilDay(2025, month, day) - absl::CivilDay(1970, 1, 1);
}

TEST(CalendarProfile, TellsWhatComesOnDaysOfEachKindInTheLocalTimeOfEachSeason) {
  const Plant plant = PlantOf(24 * 100, {DayOf(1, 20), DayOf(5, 1), DayOf(10, 27)});
  const auto profile =
      FitCalendarProfile(plant.calendar, plant.series.unix_seconds, plant.series.values, kHour);
  ASSERT_TRUE(profile.ok()) << profile.status();
  const double work = profile->At(Local(3, 4, 12)), rest = profile->At(Local(3, 4, 23));
  EXPECT_NEAR(work - rest, 60, 6);
  struct Case {
    const char* name;
    std::int64_t time;
    double expected;
  };
  for (const Case& c :
       {Case{"a Tuesday's first hour of work in winter", Local(3, 4, 6), work},
        Case{"and in summer", Local(7, 1, 6), work},
        Case{"the hour before in summer", Local(7, 1, 5), rest},
        Case{"a Saturday", Local(7, 5, 12), rest},
        Case{"a holiday that is still to come", Local(5, 1, 12), rest},
        Case{"the day after the clock goes back, a holiday", Local(10, 27, 12), rest},
        Case{"the day after that", Local(10, 28, 6), work},
        Case{"its last hour of rest", Local(10, 28, 5), rest},
        Case{"maintenance that is still to come", Local(6, 17, 12), rest - 20}}) {
    EXPECT_NEAR(profile->At(c.time), c.expected, 8) << c.name;
  }
}

TEST(CalendarProfile, OfAnUnknownTimeZoneIsRefusedByName) {
  const auto profile = FitCalendarProfile({.time_zone = "Europe/Bonn"}, {0, kHour}, {1, 2}, kHour);
  EXPECT_NE(profile.status().message().find("Europe/Bonn"), absl::string_view::npos);
}

ModelSpec PlantSpec(const Plant& plant, bool with_calendar) {
  ModelSpec spec = SmallSpec();
  spec.sequence_length = 24;
  spec.horizon = 24;
  spec.feature_columns = {"load"};
  if (with_calendar) spec.calendar = plant.calendar;
  return spec;
}

// Holidays in the test part, and one in training.
TEST(Calendar, HalvesTheErrorAroundHolidaysAndOutlivesItsFile) {
  const Plant plant = PlantOf(24 * 150, {DayOf(1, 20), DayOf(3, 13), DayOf(5, 15), DayOf(5, 29)});
  const auto without = Train(plant.series, PlantSpec(plant, false), {}, nullptr);
  const auto with = Train(plant.series, PlantSpec(plant, true), {}, nullptr);
  ASSERT_TRUE(without.ok() && with.ok()) << with.status();
  EXPECT_TRUE(with->uses_calendar);
  EXPECT_FALSE(without->uses_calendar);
  EXPECT_LT(with->test.mae, 0.5 * without->test.mae);

  const auto copy = Model::Parse(with->model.Serialize());
  ASSERT_TRUE(copy.ok()) << copy.status();
  TimeSeries history = plant.series;
  const std::size_t end = 24 * 129 - 1;  // the evening before May 15th
  history.unix_seconds.resize(end);
  history.values.resize(end);
  const auto forecast = copy->Forecast(history);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  EXPECT_EQ(forecast->values, with->model.Forecast(history)->values);
  for (const double value : forecast->values) EXPECT_NEAR(value, 20, 10);
  const auto evaluated = copy->Evaluate(plant.series, with->test_rows);
  ASSERT_TRUE(evaluated.ok()) << evaluated.status();
  EXPECT_EQ(evaluated->mae, with->test.mae);
}

TEST(Calendar, MaintenanceThatIsPlannedIsForecast) {
  const Plant plant = PlantOf(24 * 140, {});
  const auto trained = Train(plant.series, PlantSpec(plant, true), {}, nullptr);
  ASSERT_TRUE(trained.ok()) << trained.status();
  ASSERT_TRUE(trained->uses_calendar);
  Plant later = PlantOf(24 * 170, {});
  std::size_t end = 0;
  while (later.series.unix_seconds[end] < Local(6, 16, 20)) ++end;
  later.series.unix_seconds.resize(end);
  later.series.values.resize(end);
  const auto forecast = trained->model.Forecast(later.series);
  ASSERT_TRUE(forecast.ok()) << forecast.status();
  for (std::size_t step = 11; step < 24; ++step) EXPECT_LT(forecast->values[step], 15) << step;
}

// Noise in which no calendar can be seen: it has no influence, and this is said.
TEST(Calendar, ThatDoesNotHelpIsLeftOutByARemark) {
  ModelSpec spec = SmallSpec();
  TimeSeries series = DailyCycle(1200);
  double walk = 0;
  for (std::size_t row = 0; row < series.rows(); ++row) {
    walk += series.at(row, 2);
    series.values[row * 3] = walk;
  }
  const auto plain = Train(series, spec, {}, nullptr);
  spec.calendar = PlantCalendar{.time_zone = "Europe/Berlin"};
  const auto trained = Train(series, spec, {}, nullptr);
  ASSERT_TRUE(plain.ok() && trained.ok()) << trained.status();
  EXPECT_FALSE(trained->uses_calendar);
  ASSERT_FALSE(trained->remarks.empty());
  EXPECT_EQ(trained->remarks[0].kind, "CALENDAR_UNUSED");
  EXPECT_EQ(trained->test.mae, plain->test.mae);
}

}  // namespace
}  // namespace fleetcast::forecast
