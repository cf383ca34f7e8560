// What ticks come to: overlap, catch-up, jitter, plants that are gone.
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "services/inference/domain/fleet_problem.h"
#include "services/inference/domain/schedule_store.h"
#include "services/inference/domain/ticker.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

using workqueue::GroupState;

class SchedulePolicy : public InferenceContract {
 protected:
  // A schedule of every minute whose first tick has made a sweep that has not ended.
  std::string MakeWithSweepUnderWay(OverlapPolicy policy) {
    DeployFleet();
    const auto made =
        schedules_.Create(NewRequest(), "often", {.cron = "* * * * *", .overlap_policy = policy});
    EXPECT_TRUE(made.ok()) << made.status();
    PassTime(absl::Minutes(5));
    EXPECT_EQ(TickOnce(schedules_)->sweeps, 1);
    return schedules_.Get("often")->last_sweep_id;
  }
  // Moves the next tick to the past, after the tick that the schedule had last.
  void NextTickComes() {
    const absl::Status moved = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(
          "UPDATE inference.schedules SET next_tick = date_trunc('minute', now()),"
          " last_tick = last_tick - interval '3 minutes'");
      work.exec(
          "UPDATE inference.task_groups SET pin = jsonb_set(pin, '{tick}', to_jsonb("
          "(pin ->> 'tick')::bigint - 180000000)) WHERE pin ->> 'tick' IS NOT NULL");
      return absl::OkStatus();
    });
    EXPECT_TRUE(moved.ok()) << moved;
  }
};

TEST_F(SchedulePolicy, SkipMakesNoSweepWhileOneRunsAndSaysSo) {
  const std::string running = MakeWithSweepUnderWay(OverlapPolicy::kSkip);
  NextTickComes();
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 0);
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 0);
  const Schedule schedule = *schedules_.Get("often");
  EXPECT_EQ(schedule.last_sweep_id, running);
  ASSERT_TRUE(schedule.last_skipped);
  EXPECT_GT(schedule.last_skipped->tick, *schedule.last_tick);
  EXPECT_EQ(schedule.last_skipped->reason, "OVERLAP");
  EXPECT_NE(schedule.last_skipped->message.find("sweeps/" + running), std::string::npos)
      << schedule.last_skipped->message;
  EXPECT_EQ(sweeps_.List({}, {})->items.size(), 1U);

  // Once it has ended, ticks make sweeps again.
  ASSERT_TRUE(sweeps_.Cancel(NewRequest(), running).ok());
  NextTickComes();
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 1);
}

TEST_F(SchedulePolicy, QueueMakesASweepBesideTheOneThatRuns) {
  const std::string running = MakeWithSweepUnderWay(OverlapPolicy::kQueue);
  NextTickComes();
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 1);
  EXPECT_FALSE(IsTerminal(sweeps_.Get(running)->group.state));
  EXPECT_NE(schedules_.Get("often")->last_sweep_id, running);
  const auto skipped = schedules_.Get("often")->last_skipped;
  EXPECT_TRUE(!skipped || skipped->reason == "MISSED") << "nothing but what passed before it";
}

TEST_F(SchedulePolicy, ReplaceCancelsTheOneThatRunsAndNamesIt) {
  const std::string running = MakeWithSweepUnderWay(OverlapPolicy::kReplace);
  const workqueue::FetchedTask held = Fetch();
  NextTickComes();
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 1);
  EXPECT_EQ(sweeps_.Get(running)->group.state, GroupState::kCancelled);
  EXPECT_FALSE(Succeed(held)) << "its holder stores nothing any more";
  const Sweep sweep = *sweeps_.Get(schedules_.Get("often")->last_sweep_id);
  EXPECT_EQ(sweep.pin.replaced, std::vector<std::string>{running});
  EXPECT_EQ(sweep.group.counts.queued, 3);
  const auto cancelled = sweeps_.ListInvocations(running, {}, {});
  ASSERT_TRUE(cancelled.ok() && !cancelled->items.empty()) << cancelled.status();
  EXPECT_NE(cancelled->items[0].task.state_reason.find("sweeps/" + sweep.group.id),
            std::string::npos)
      << cancelled->items[0].task.state_reason;
}

TEST_F(SchedulePolicy, ASweepByHandIsNoEarlierTick) {
  DeployFleet();
  ASSERT_TRUE(schedules_.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  ASSERT_TRUE(schedules_.Trigger(NewRequest(), "often").ok());
  PassTime(absl::Minutes(2));
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 1);
}

TEST_F(SchedulePolicy, ATickThatIsTooLateIsMissedAndSaysSo) {
  DeployFleet();
  ASSERT_TRUE(
      schedules_
          .Create(NewRequest(), "daily", {.cron = "0 0 1 1 *", .catch_up_window = absl::Hours(1)})
          .ok());
  const absl::Time tick = absl::FromCivil(
      absl::CivilYear(absl::ToCivilYear(absl::Now(), absl::UTCTimeZone())), absl::UTCTimeZone());
  const absl::Status moved = db::RunInTransaction(pool_, [&](pqxx::work& work) {
    work.exec("UPDATE inference.schedules SET next_tick = date_trunc('year', now(), 'UTC')");
    return absl::OkStatus();
  });
  ASSERT_TRUE(moved.ok()) << moved;
  if (absl::Now() - tick < absl::Hours(2)) GTEST_SKIP() << "the year is too young";
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 0);
  const Schedule schedule = *schedules_.Get("daily");
  ASSERT_TRUE(schedule.last_skipped);
  EXPECT_EQ(schedule.last_skipped->tick, tick);
  EXPECT_EQ(schedule.last_skipped->reason, "MISSED");
  EXPECT_GT(*schedule.next_tick, tick);
  EXPECT_TRUE(sweeps_.List({}, {})->items.empty());
}

TEST_F(SchedulePolicy, AJitteredTickWaitsForItsTimeWithoutBeingWritten) {
  DeployFleet();
  const auto made =
      schedules_.Create(NewRequest(), "hourly", {.cron = "0 * * * *", .jitter = absl::Minutes(30)});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->due_time, DueTime("hourly", made->spec, *made->next_tick));
  // The tick has come, its jitter has not passed.
  const auto set_due = [&](const char* due) {
    const absl::Status set = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(absl::StrCat("UPDATE inference.schedules SET due_time = ", due));
      return absl::OkStatus();
    });
    ASSERT_TRUE(set.ok()) << set;
  };
  set_due("now() + interval '1 minute'");
  EXPECT_TRUE(schedules_.Due()->schedules.empty());
  const auto next = schedules_.Due()->next;
  ASSERT_TRUE(next);
  EXPECT_EQ(next, schedules_.Get("hourly")->due_time);
  // One that an earlier program left behind is set right, and makes no sweep.
  set_due("now() - interval '1 minute'");
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 0);
  EXPECT_EQ(schedules_.Get("hourly")->due_time, made->due_time);
  EXPECT_EQ(schedules_.Get("hourly")->next_tick, made->next_tick);
}

TEST_F(SchedulePolicy, WhatWasSetIsKeptAndChangedByItself) {
  const auto made = schedules_.Create(NewRequest(), "hourly",
                                      {.cron = "0 * * * *",
                                       .overlap_policy = OverlapPolicy::kReplace,
                                       .catch_up_window = absl::Minutes(90),
                                       .jitter = absl::Seconds(150)});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->spec.overlap_policy, OverlapPolicy::kReplace);
  EXPECT_EQ(made->spec.catch_up_window, absl::Minutes(90));
  EXPECT_EQ(made->spec.jitter, absl::Seconds(150));
  const auto changed = schedules_.Update(
      Request("update"), "hourly",
      {.catch_up_window = absl::InfiniteDuration(), .jitter = absl::ZeroDuration()});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->spec.overlap_policy, OverlapPolicy::kReplace);
  EXPECT_EQ(changed->spec.catch_up_window, absl::InfiniteDuration());
  EXPECT_EQ(changed->spec.jitter, absl::ZeroDuration());
  EXPECT_EQ(changed->due_time, changed->next_tick);
  const auto again = schedules_.Update(
      Request("update"), "hourly",
      {.catch_up_window = absl::InfiniteDuration(), .jitter = absl::ZeroDuration()});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->spec.catch_up_window, absl::InfiniteDuration());
  EXPECT_EQ(again->spec.overlap_policy, OverlapPolicy::kReplace);
  EXPECT_EQ(again->due_time, changed->due_time);
}

TEST_F(SchedulePolicy, ATickThatIsDueOutlivesAChangeOfAnythingButTheClock) {
  ASSERT_TRUE(schedules_.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  PassTime(absl::Minutes(2));
  const absl::Time due = *schedules_.Get("often")->next_tick;
  EXPECT_EQ(schedules_.Update(NewRequest(), "often", {.display_name = "x"})->next_tick, due);
  EXPECT_GT(schedules_.Update(NewRequest(), "often", {.cron = "*/2 * * * *"})->next_tick, due);
}

TEST_F(SchedulePolicy, APlantWhoseLastDeploymentIsGoneMakesItsSweepsFail) {
  DeployFleet();
  ASSERT_TRUE(
      schedules_.Create(NewRequest(), "daily", {.cron = "* * * * *", .plant_ids = {"P001", "P002"}})
          .ok());
  ASSERT_TRUE(
      schedules_.Create(NewRequest(), "alone", {.cron = "* * * * *", .plant_ids = {"P002"}}).ok());
  ASSERT_TRUE(deployments_.Delete(NewRequest(), {"P002", "C001"}, "").ok());
  PassTime(absl::Minutes(2));
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 2);
  const Sweep alone = *sweeps_.Get(schedules_.Get("alone")->last_sweep_id);
  EXPECT_EQ(alone.group.state, GroupState::kFailed);
  EXPECT_EQ(alone.pin.missing_plants, std::vector<std::string>{"P002"});
  EXPECT_NE(SweepReason(alone).find("P002"), std::string::npos) << SweepReason(alone);
  const std::string both = schedules_.Get("daily")->last_sweep_id;
  EXPECT_EQ(sweeps_.Get(both)->group.state, GroupState::kQueued);
  ASSERT_TRUE(Succeed(Fetch()) && Succeed(Fetch()));
  EXPECT_EQ(sweeps_.Get(both)->group.state, GroupState::kPartiallySucceeded);

  const auto found = [&](const char* filter) {
    std::vector<std::string> ids;
    const auto parsed = ParseFilter(filter, SweepFilterFields());
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    const auto listed = sweeps_.List(*parsed, {});
    EXPECT_TRUE(listed.ok()) << listed.status();
    for (const Sweep& sweep : listed->items) ids.push_back(sweep.group.id);
    return ids;
  };
  EXPECT_EQ(found("state = FAILED"), std::vector<std::string>{alone.group.id});
  EXPECT_EQ(found("state = PARTIALLY_SUCCEEDED"), std::vector<std::string>{both});
  EXPECT_TRUE(found("state = SUCCEEDED").empty());
}

TEST_F(SchedulePolicy, SweepsByHandOfAPlantThatIsGoneFailToo) {
  DeployFleet();
  ASSERT_TRUE(deployments_.Delete(NewRequest(), {"P002", "C001"}, "").ok());
  const auto sweep = sweeps_.Create(Request("gone"), {.plant_ids = {"P002"}});
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->group.state, GroupState::kFailed);
  EXPECT_EQ(sweeps_.Create(Request("gone"), {.plant_ids = {"P002"}})->group.state,
            GroupState::kFailed)
      << "as the first answer";
  EXPECT_EQ(sweeps_.Create(NewRequest(), {.plant_ids = {"P009"}}).status().code(),
            absl::StatusCode::kNotFound)
      << "it never had one";
  EXPECT_EQ(ReasonOf(sweeps_.Retry(NewRequest(), sweep->group.id).status()), "NOTHING_TO_RETRY");
}

}  // namespace
}  // namespace fleetcast::inference
