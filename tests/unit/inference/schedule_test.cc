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
  const TickDecision decision = *DecideTick(Daily(), kSix - absl::Seconds(1));
  EXPECT_FALSE(decision.tick);
  EXPECT_EQ(decision.next_tick, kSix);
}

TEST(DecideTick, TicksOnTimeAndMovesOn) {
  const TickDecision decision = *DecideTick(Daily(), kSix);
  EXPECT_EQ(decision.tick, kSix);
  EXPECT_EQ(decision.next_tick, kSix + absl::Hours(24));
}

TEST(DecideTick, MakesUpOnlyTheLatestTickAfterADowntime) {
  const TickDecision decision = *DecideTick(Daily(), kSix + absl::Hours(24 * 5 + 3));
  EXPECT_EQ(decision.tick, kSix + absl::Hours(24 * 5));
  EXPECT_EQ(decision.next_tick, kSix + absl::Hours(24 * 6));
}

TEST(DecideTick, CannotTellWithoutTheTimeZone) {
  Schedule schedule = Daily();
  schedule.spec.time_zone = "Mars/Olympus";
  EXPECT_EQ(ReasonOf(DecideTick(schedule, kSix + absl::Hours(1)).status()), "TIME_ZONE_UNKNOWN");
}

TEST(UntilNextLook, IsTheNextTickOrThePollWhicheverComesFirst) {
  const absl::Duration most = absl::Seconds(5);
  struct Scenario {
    const char* name;
    std::optional<absl::Time> next;
    double spread;
    absl::Duration wanted;
  };
  for (const Scenario& scenario : {
           Scenario{"no schedule", std::nullopt, 0, most},
           Scenario{"no schedule, spread", std::nullopt, 0.5, absl::Seconds(4.5)},
           Scenario{"a tick soon", kSix + absl::Seconds(2), 0.5, absl::Seconds(2)},
           Scenario{"a tick tomorrow", kSix + absl::Hours(24), 0, most},
           Scenario{"a tick that has come meanwhile", kSix - absl::Seconds(1), 0,
                    absl::ZeroDuration()},
       }) {
    EXPECT_EQ(UntilNextLook(kSix, scenario.next, most, scenario.spread), scenario.wanted)
        << scenario.name;
  }
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
