#include "common/sensordata/step_parts.h"

#include <gtest/gtest.h>

#include <random>

#include "common/sensordata/profile.h"
#include "tests/unit/sensordata/readings.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kHour = 3600, kFive = 300, kOneDay = 86'400;

// Times at `step` over `duration`, beginning where `times` ends.
void Extend(std::vector<std::int64_t>& times, std::int64_t step, std::int64_t duration) {
  const std::int64_t begin = times.empty() ? 0 : times.back();
  for (std::int64_t time = step; time <= duration; time += step) times.push_back(begin + time);
}

struct Phase {
  std::int64_t step, duration;
};

struct StepCase {
  std::string name;
  std::vector<Phase> phases;
  std::vector<std::int64_t> steps;  // of the parts that are found
  std::int64_t grid_begins;         // the phase with whose first row the grid begins
};

TEST(StepParts, AreNamedAndTheGridBeginsWhereItIsWorthHaving) {
  for (const StepCase& c : std::vector<StepCase>{
           {"never changes", {{kHour, 90 * kOneDay}}, {kHour}, 0},
           {"from an hour to five minutes",
            {{kHour, 150 * kOneDay}, {kFive, 60 * kOneDay}},
            {kHour, kFive},
            1},
           {"from five minutes to an hour, whose grid takes all",
            {{kFive, 150 * kOneDay}, {kHour, 60 * kOneDay}},
            {kFive, kHour},
            0},
           {"an hour's step for a week between fine ones",
            {{kFive, 100 * kOneDay}, {kHour, 7 * kOneDay}, {kFive, 50 * kOneDay}},
            {kFive, kHour, kFive},
            0},
           {"a fine week long ago, coarse for long, fine again",
            {{kFive, 7 * kOneDay}, {kHour, 100 * kOneDay}, {kFive, 50 * kOneDay}},
            {kFive, kHour, kFive},
            2},
           {"a fine day between coarse ones",
            {{kHour, 100 * kOneDay}, {kFive, kOneDay}, {kHour, 50 * kOneDay}},
            {kHour, kFive, kHour},
            0},
           {"three steps",
            {{kOneDay, 300 * kOneDay}, {kHour, 100 * kOneDay}, {60, 20 * kOneDay}},
            {kOneDay, kHour, 60},
            2},
           {"too few rows to be a change", {{kHour, 100 * kOneDay}, {kFive, kHour}}, {kHour}, 0},
       }) {
    SCOPED_TRACE(c.name);
    std::vector<std::int64_t> times = {0};
    std::vector<std::int64_t> begins;
    for (const Phase& phase : c.phases) {
      begins.push_back(times.back());
      Extend(times, phase.step, phase.duration);
    }
    const std::vector<StepPart> parts = StepParts(times);
    std::vector<std::int64_t> steps;
    for (const StepPart& part : parts) steps.push_back(part.step_seconds);
    EXPECT_EQ(steps, c.steps);
    if (parts.size() == begins.size()) {
      for (std::size_t i = 0; i < parts.size(); ++i)
        EXPECT_EQ(times[parts[i].first_row], begins[i]);
    }
    EXPECT_EQ(times[FirstRowOnGrid(parts, times)], begins[static_cast<std::size_t>(c.grid_begins)]);
  }
}

TEST(StepParts, GapsAndMissingRowsAreNoChangesOfTheStep) {
  std::mt19937 random(7);
  for (const double share : {0.1, 0.25, 0.5}) {
    std::vector<std::int64_t> times;
    for (int i = 0; i < 9000; ++i)
      if (std::generate_canonical<double, 53>(random) >= share) times.push_back(i * kHour);
    EXPECT_EQ(StepParts(times).size(), 1U) << share;
  }
  std::vector<std::int64_t> hours_of_work;
  for (int day = 0; day < 200; ++day)
    for (int hour = 8; hour < 16; ++hour)
      if (day % 7 < 5) hours_of_work.push_back(day * kOneDay + hour * kHour);
  ASSERT_EQ(StepParts(hours_of_work).size(), 1U);
  EXPECT_EQ(StepParts(hours_of_work).front().step_seconds, kHour);
}

TEST(StepParts, JitterAndDuplicatesAreNoChangesOfTheStep) {
  std::mt19937 random(7);
  std::vector<std::int64_t> times;
  for (int i = 0; i < 5000; ++i) {
    times.push_back(i * 60 + static_cast<std::int64_t>(random() % 11));
    if (i % 50 == 0) times.push_back(times.back());
  }
  EXPECT_EQ(StepParts(times).size(), 1U);
  EXPECT_TRUE(StepParts({5, 5, 5}).empty());
  EXPECT_EQ(StepParts({5, 5, 7}).size(), 1U);
}

TEST(StepParts, AreToldOfInTheProfileWithTheirDate) {
  RawReadings readings = OneColumn({});
  readings.unix_seconds = {0};
  Extend(readings.unix_seconds, kHour, 100 * kOneDay);
  Extend(readings.unix_seconds, kFive, 50 * kOneDay);
  for (std::size_t i = 0; i < readings.rows(); ++i)
    readings.values.push_back(static_cast<double>(i % 97));
  const auto profile = ProfileReadings(readings);
  EXPECT_EQ(profile->step_seconds, kFive);
  ASSERT_EQ(profile->issues.size(), 1U);
  EXPECT_EQ(profile->issues[0].kind, DataIssue::Kind::kStepChange);
  EXPECT_EQ(
      profile->issues[0].message,
      "the step changes once, from 3600 s to 300 s at 1970-04-11T00:00:00Z; the 2400 rows before "
      "1970-04-11T00:00:00Z are left out, the grid of 300 s begins there");
  const auto grid = RegularGrid(readings);
  EXPECT_EQ(grid->unix_seconds.front(), 100 * kOneDay);
  EXPECT_EQ(grid->rows(), 50U * 288 + 1);
}

}  // namespace
}  // namespace fleetcast::sensordata
