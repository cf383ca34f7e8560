#include "services/inference/domain/schedule.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

const absl::Time kSix = absl::FromCivil(absl::CivilHour(2025, 12, 9, 6), absl::UTCTimeZone());

Schedule Daily() {
  Schedule schedule;
  schedule.id = "daily";
  schedule.spec.cron = "0 6 * * *";
  schedule.next_tick = kSix;
  return schedule;
}

TEST(DecideTick, DoesNothingBeforeTheTick) {
  const TickDecision decision = DecideTick(Daily(), kSix - absl::Seconds(1));
  EXPECT_FALSE(decision.tick);
  EXPECT_EQ(decision.next_tick, kSix);
}

TEST(DecideTick, TicksOnTimeAndMovesOn) {
  const TickDecision decision = DecideTick(Daily(), kSix);
  EXPECT_EQ(decision.tick, kSix);
  EXPECT_EQ(decision.next_tick, kSix + absl::Hours(24));
}

TEST(DecideTick, MakesUpOnlyTheLatestTickAfterADowntime) {
  const TickDecision decision = DecideTick(Daily(), kSix + absl::Hours(24 * 5 + 3));
  EXPECT_EQ(decision.tick, kSix + absl::Hours(24 * 5));
  EXPECT_EQ(decision.next_tick, kSix + absl::Hours(24 * 6));
}

TEST(DecideTick, LeavesAPausedScheduleAlone) {
  Schedule schedule = Daily();
  schedule.paused = true;
  EXPECT_FALSE(DecideTick(schedule, kSix + absl::Hours(1)).tick);
}

TEST(ValidateSchedule, ReportsEveryFieldAtFaultAtOnce) {
  const absl::Status status = ValidateSchedule({.display_name = std::string(201, 'x'),
                                                .cron = "61 * * * *",
                                                .time_zone = "Mars/Olympus",
                                                .plant_ids = {"P001", "no/plant"}});
  ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details);
  for (const FieldViolation& violation : details->field_violations) {
    fields.push_back(violation.field);
  }
  EXPECT_EQ(fields, (std::vector<std::string>{"schedule.cron", "schedule.time_zone",
                                              "schedule.display_name", "schedule.plant_ids[1]"}));
  EXPECT_TRUE(ValidateSchedule(Daily().spec).ok());
}

}  // namespace
}  // namespace fleetcast::inference
