#include "services/inference/domain/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(DecideTick, MakesUpATickThatIsMissedByAtMostTheCatchUpWindow) {
  struct Scenario {
    const char* name;
    absl::Duration window, late;
    bool swept;
    const char* missed;  // what the schedule then says; "": nothing
  };
  const Scenario scenarios[] = {
      {"on time", absl::Hours(1), absl::ZeroDuration(), true, ""},
      {"within the window", absl::Hours(1), absl::Minutes(59), true, ""},
      {"at its end", absl::Hours(1), absl::Hours(1), true, ""},
      {"after it", absl::Hours(1), absl::Minutes(61), false,
       "nobody took the tick of 2025-12-09 06:00 UTC for 1h1m, and its catch-up window is 1h"},
      {"no window", absl::InfiniteDuration(), absl::Hours(23), true, ""},
      {"days later", absl::Hours(1), absl::Hours(24 * 3) + absl::Minutes(30), true,
       "nobody took the tick of 2025-12-11 06:00 UTC before that of 2025-12-12 06:00 UTC came: "
       "only the latest is made up"},
      {"days and hours later", absl::Hours(1), absl::Hours(24 * 3 + 2), false,
       "nobody took the tick of 2025-12-12 06:00 UTC for 2h, and its catch-up window is 1h"},
  };
  for (const Scenario& scenario : scenarios) {
    Schedule schedule = Daily();
    schedule.spec.catch_up_window = scenario.window;
    const TickDecision decision = *DecideTick(schedule, kSix + scenario.late);
    EXPECT_EQ(decision.tick.has_value(), scenario.swept) << scenario.name;
    EXPECT_EQ(decision.missed ? decision.missed->message : "", scenario.missed) << scenario.name;
    EXPECT_EQ(decision.missed ? decision.missed->reason : "MISSED", "MISSED") << scenario.name;
    EXPECT_GT(decision.next_tick, kSix + scenario.late) << scenario.name;
  }
}

TEST(DueTime, IsTheSameForEveryReplicaAndSpreadOverTheJitter) {
  const ScheduleSpec spec{.cron = "0 6 * * *", .jitter = absl::Minutes(10)};
  EXPECT_EQ(DueTime("daily", {}, kSix), kSix) << "no jitter";
  absl::Duration least = absl::InfiniteDuration(), most = absl::ZeroDuration();
  for (int i = 0; i < 200; ++i) {
    const absl::Time tick = kSix + i * absl::Hours(24);
    const absl::Duration delay = DueTime("daily", spec, tick) - tick;
    EXPECT_EQ(DueTime("daily", spec, tick) - tick, delay);
    EXPECT_GE(delay, absl::ZeroDuration());
    EXPECT_LT(delay, absl::Minutes(10));
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_LT(least, absl::Minutes(1));
  EXPECT_GT(most, absl::Minutes(9));
  EXPECT_NE(DueTime("daily", spec, kSix), DueTime("nightly", spec, kSix));
}

TEST(DecideTick, TakesATickWhenItsJitterHasPassedAndAsOfTheTick) {
  Schedule schedule = Daily();
  schedule.spec.jitter = absl::Hours(2);
  const absl::Time due = DueTime("daily", schedule.spec, kSix);
  ASSERT_GT(due, kSix);
  const TickDecision early = *DecideTick(schedule, due - absl::Milliseconds(1));
  EXPECT_FALSE(early.tick || early.missed);
  EXPECT_EQ(early.next_tick, kSix);
  EXPECT_EQ(early.due_time, due);
  const TickDecision taken = *DecideTick(schedule, due);
  EXPECT_EQ(taken.tick, kSix);
  EXPECT_EQ(taken.next_tick, kSix + absl::Hours(24));
  EXPECT_EQ(taken.due_time, DueTime("daily", schedule.spec, taken.next_tick));
  // The window counts from when it was due.
  schedule.spec.catch_up_window = absl::Minutes(5);
  EXPECT_TRUE(DecideTick(schedule, due + absl::Minutes(5))->tick);
  EXPECT_FALSE(DecideTick(schedule, due + absl::Minutes(6))->tick);
}

TEST(DecideTick, LeavesATickWhoseJitterHasNotPassedToItsTime) {
  Schedule schedule = Daily();
  schedule.spec.cron = "*/5 * * * *";
  schedule.spec.jitter = absl::Minutes(4);
  const absl::Time last = kSix + absl::Minutes(20);
  const absl::Time now = DueTime("daily", schedule.spec, last) - absl::Milliseconds(1);
  ASSERT_GE(now, last);
  const TickDecision decision = *DecideTick(schedule, now);
  EXPECT_EQ(decision.tick, last - absl::Minutes(5));
  EXPECT_EQ(decision.next_tick, last);
  EXPECT_EQ(decision.due_time, DueTime("daily", schedule.spec, last));
}

TEST(DecideOverlap, DoesWhatThePolicySaysWhileAnEarlierSweepRuns) {
  const std::vector<OpenSweep> none, one = {{"s1", kSix}},
                                     two = {{"s1", kSix}, {"s2", kSix + absl::Hours(1)}};
  struct Scenario {
    OverlapPolicy policy;
    const std::vector<OpenSweep>& open;
    bool sweeps;
    std::vector<std::string> replaced;
  };
  const Scenario scenarios[] = {
      {OverlapPolicy::kSkip, none, true, {}},
      {OverlapPolicy::kSkip, one, false, {}},
      {OverlapPolicy::kSkip, two, false, {}},
      {OverlapPolicy::kQueue, none, true, {}},
      {OverlapPolicy::kQueue, two, true, {}},
      {OverlapPolicy::kReplace, none, true, {}},
      {OverlapPolicy::kReplace, one, true, {"s1"}},
      {OverlapPolicy::kReplace, two, true, {"s1", "s2"}},
  };
  const absl::Time tick = kSix + absl::Hours(2);
  for (const Scenario& scenario : scenarios) {
    const OverlapDecision decision = DecideOverlap(scenario.policy, tick, scenario.open);
    const std::string name =
        Word(scenario.policy) + " beside " + std::to_string(scenario.open.size());
    EXPECT_EQ(!decision.skipped, scenario.sweeps) << name;
    EXPECT_EQ(decision.replaced, scenario.replaced) << name;
    if (!decision.skipped) continue;
    EXPECT_EQ(decision.skipped->tick, tick) << name;
    EXPECT_EQ(decision.skipped->reason, "OVERLAP") << name;
    EXPECT_EQ(decision.skipped->message,
              "sweeps/s1 of the tick of 2025-12-09 06:00 UTC had not ended at the tick of "
              "2025-12-09 08:00 UTC");
  }
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

TEST(ValidateSchedule, BoundsTheCatchUpWindowAndTheJitter) {
  struct Scenario {
    const char* cron;
    absl::Duration window, jitter;
    const char* field;  // at fault; "": none
  };
  for (const Scenario& scenario : {
           Scenario{"0 6 * * *", absl::InfiniteDuration(), absl::ZeroDuration(), ""},
           Scenario{"0 6 * * *", absl::Minutes(1), absl::Hours(23), ""},
           Scenario{"0 6 * * *", absl::Seconds(59), absl::ZeroDuration(),
                    "schedule.catch_up_window"},
           Scenario{"0 6 * * *", -absl::Hours(1), absl::ZeroDuration(), "schedule.catch_up_window"},
           Scenario{"0 6 * * *", absl::InfiniteDuration(), absl::Hours(24), "schedule.jitter"},
           Scenario{"*/15 * * * *", absl::InfiniteDuration(), absl::Minutes(15), "schedule.jitter"},
           Scenario{"*/15 * * * *", absl::InfiniteDuration(), absl::Minutes(14), ""},
           Scenario{"0 6 * * *", absl::InfiniteDuration(), -absl::Seconds(1), "schedule.jitter"},
       }) {
    const absl::Status status = ValidateSchedule(
        {.cron = scenario.cron, .catch_up_window = scenario.window, .jitter = scenario.jitter});
    const auto details = DetailsOf(status);
    ASSERT_EQ(status.ok(), std::string(scenario.field).empty()) << status;
    if (status.ok()) continue;
    ASSERT_TRUE(details && details->field_violations.size() == 1) << status;
    EXPECT_EQ(details->field_violations[0].field, scenario.field);
  }
}

}  // namespace
}  // namespace fleetcast::inference
