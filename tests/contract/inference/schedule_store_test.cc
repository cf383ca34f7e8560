#include "services/inference/domain/schedule_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "services/inference/domain/ticker.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

const ScheduleSpec kEveryMinute{.display_name = "often",
                                .cron = "* * * * *",
                                .time_zone = "Europe/Berlin",
                                .plant_ids = {"P001"}};

TEST_F(InferenceContract, AScheduleIsKeptAsItWasMade) {
  DeployFleet();
  const auto made = schedules_.Create(NewRequest(), "often", kEveryMinute);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->spec.display_name, "often");
  EXPECT_EQ(made->spec.cron, "* * * * *");
  EXPECT_EQ(made->spec.time_zone, "Europe/Berlin");
  EXPECT_EQ(made->spec.plant_ids, (std::vector<std::string>{"P001"}));
  EXPECT_FALSE(made->paused);
  EXPECT_TRUE(made->next_tick);
  EXPECT_FALSE(made->last_tick);
  EXPECT_EQ(ReasonOf(schedules_.Create(NewRequest(), "often", kEveryMinute).status()),
            "SCHEDULE_EXISTS");
}

TEST_F(InferenceContract, ADueScheduleMakesOneSweepAsOfItsTick) {
  DeployFleet();
  ASSERT_TRUE(schedules_.Create(NewRequest(), "often", kEveryMinute).ok());
  PassTime(absl::Minutes(3));
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 1);
  EXPECT_EQ(TickOnce(schedules_)->sweeps, 0);
  const Schedule schedule = *schedules_.Get("often");
  ASSERT_TRUE(schedule.last_tick);
  EXPECT_GT(*schedule.next_tick, *schedule.last_tick);
  const auto sweeps = sweeps_.List({}, {})->items;
  ASSERT_EQ(sweeps.size(), 1U);
  EXPECT_EQ(sweeps[0].group.id, schedule.last_sweep_id);
  EXPECT_EQ(sweeps[0].pin.schedule_id, "often");
  EXPECT_EQ(sweeps[0].pin.tick, schedule.last_tick);
  EXPECT_EQ(sweeps[0].pin.as_of, schedule.last_tick);
  EXPECT_EQ(sweeps[0].group.counts.total(), 2);
}

TEST_F(InferenceContract, TwoReplicasThatSawTheSameTickMakeOneSweep) {
  ASSERT_TRUE(schedules_.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  PassTime(absl::Minutes(2));
  const auto due = schedules_.Due();
  ASSERT_EQ(due->schedules.size(), 1U);
  const TickDecision decision = *DecideTick(due->schedules[0], due->now);
  ASSERT_TRUE(decision.tick);
  EXPECT_NE(schedules_.Tick(due->schedules[0], decision)->sweep_id, "");
  const auto second = schedules_.Tick(due->schedules[0], decision);
  EXPECT_FALSE(second->taken);
  EXPECT_EQ(second->sweep_id, "");
  EXPECT_EQ(sweeps_.List({}, {})->items.size(), 1U);
}

TEST_F(InferenceContract, AScheduleMadeAnewDoesNotAnswerATickTwice) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(schedules_.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
    PassTime(absl::Minutes(2));
    Schedule due = schedules_.Due()->schedules.at(0);
    const absl::Time tick = absl::FromUnixSeconds(1'765'321'200);
    const auto outcome = schedules_.Tick(due, {.tick = tick, .next_tick = tick + absl::Minutes(1)});
    EXPECT_EQ(outcome->sweep_id.empty(), i == 1);
    ASSERT_TRUE(schedules_.Delete(NewRequest(), "often", "").ok());
  }
  EXPECT_EQ(sweeps_.List({}, {})->items.size(), 1U);
}

TEST_F(InferenceContract, AScheduleChangedMeanwhileDoesNotTick) {
  ScheduleStore& store = schedules_;
  ASSERT_TRUE(store.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  PassTime(absl::Minutes(2));
  const auto due = store.Due();
  ASSERT_TRUE(store.SetPaused(NewRequest(), "often", true).ok());
  EXPECT_FALSE(store.Tick(due->schedules[0], *DecideTick(due->schedules[0], due->now))->taken);
  EXPECT_TRUE(store.Due()->schedules.empty());
  EXPECT_FALSE(store.Get("often")->next_tick);
  const auto resumed = store.SetPaused(NewRequest(), "often", false);
  EXPECT_FALSE(resumed->paused);
  EXPECT_TRUE(resumed->next_tick);
  EXPECT_TRUE(store.Due()->schedules.empty());
}

TEST_F(InferenceContract, AnUpdateChangesTheNamedFieldsAndTheEtag) {
  DeployFleet();
  ScheduleStore& store = schedules_;
  const auto made = store.Create(NewRequest(), "often", kEveryMinute);
  const std::string etag = absl::StrCat(made->revision);
  const auto changed = store.Update(NewRequest(), "often", {.cron = "0 6 * * *", .etag = etag});
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->spec.cron, "0 6 * * *");
  EXPECT_EQ(changed->spec.display_name, "often");
  EXPECT_EQ(
      ReasonOf(store.Update(NewRequest(), "often", {.cron = "1 6 * * *", .etag = etag}).status()),
      "ETAG_MISMATCH");
  EXPECT_EQ(store.Update(NewRequest(), "often", {.cron = "nonsense"}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store.Update(NewRequest(), "none", {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.Get("often")->spec.cron, "0 6 * * *");
}

TEST_F(InferenceContract, ATriggerIsNoTick) {
  DeployFleet();
  ScheduleStore& store = schedules_;
  ASSERT_TRUE(store.Create(NewRequest(), "often", kEveryMinute).ok());
  ASSERT_TRUE(store.SetPaused(NewRequest(), "often", true).ok());
  for (int i = 0; i < 2; ++i) {
    const auto sweep = store.Trigger(NewRequest(), "often");
    ASSERT_TRUE(sweep.ok()) << sweep.status();
    EXPECT_EQ(sweep->pin.schedule_id, "often");
    EXPECT_FALSE(sweep->pin.tick);
    EXPECT_FALSE(sweep->pin.as_of);
    EXPECT_EQ(sweep->group.counts.total(), 2);
  }
  EXPECT_FALSE(store.Get("often")->last_tick);
  EXPECT_EQ(store.Trigger(NewRequest(), "none").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(InferenceContract, SchedulesAreListedAndDeleted) {
  ScheduleStore& store = schedules_;
  for (const char* id : {"b", "a", "c"}) {
    ASSERT_TRUE(store.Create(NewRequest(), id, {.cron = "0 6 * * *"}).ok());
  }
  const auto first = store.List({.size = 2});
  ASSERT_EQ(first->items.size(), 2U);
  EXPECT_EQ(first->items[0].id, "a");
  EXPECT_EQ(store.List({.size = 2, .after = first->next_after})->items[0].id, "c");
  EXPECT_EQ(store.Delete(NewRequest(), "a", "0").code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(store.Delete(NewRequest(), "a", "").ok());
  EXPECT_EQ(store.Delete(NewRequest(), "a", "").code(), absl::StatusCode::kNotFound);
}

TEST_F(InferenceContract, AScheduleOfAPlantWithoutEndpointIsRefused) {
  DeployFleet();
  const ScheduleSpec unknown{.cron = "0 6 * * *", .plant_ids = {"P001", "P009"}};
  EXPECT_EQ(schedules_.Create(NewRequest(), "daily", unknown).status().code(),
            absl::StatusCode::kNotFound);
  ASSERT_TRUE(schedules_.Create(NewRequest(), "daily", {.cron = "0 6 * * *"}).ok());
  EXPECT_EQ(
      schedules_.Update(NewRequest(), "daily", {.plant_ids = unknown.plant_ids}).status().code(),
      absl::StatusCode::kNotFound);
}

TEST_F(InferenceContract, APlantThatIsCalledNullIsAPlant) {
  DeployFleet();
  const ScheduleSpec spec{.cron = "* * * * *", .plant_ids = {"null"}};
  EXPECT_EQ(schedules_.Create(NewRequest(), "often", spec).status().code(),
            absl::StatusCode::kNotFound);
  Deploy({"null", "C001"});
  ASSERT_TRUE(schedules_.Create(NewRequest(), "often", spec).ok());
  EXPECT_EQ(schedules_.Trigger(NewRequest(), "often")->group.counts.total(), 1)
      << "not the whole fleet";
}

TEST_F(InferenceContract, RepeatedRequestsForSchedulesGetTheirFirstAnswers) {
  ScheduleStore& store = schedules_;
  const auto made = store.Create(Request("create"), "often", {.cron = "0 6 * * *"});
  const auto changed = store.Update(Request("update"), "often", {.cron = "0 7 * * *"});
  ASSERT_TRUE(store.SetPaused(Request("pause"), "often", true).ok());
  const auto sweep = store.Trigger(Request("trigger"), "often");
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  ASSERT_TRUE(store.Delete(Request("delete"), "often", "").ok());

  const auto made_again = store.Create(Request("create"), "often", {.cron = "0 6 * * *"});
  ASSERT_TRUE(made_again.ok()) << made_again.status();
  EXPECT_EQ(made_again->revision, made->revision);
  EXPECT_EQ(made_again->spec.cron, "0 6 * * *");
  EXPECT_EQ(made_again->next_tick, made->next_tick);
  EXPECT_EQ(made_again->create_time, made->create_time);
  EXPECT_FALSE(made_again->last_tick);
  const auto changed_again = store.Update(Request("update"), "often", {.cron = "0 7 * * *"});
  EXPECT_EQ(changed_again->revision, changed->revision);
  const auto paused_again = store.SetPaused(Request("pause"), "often", true);
  EXPECT_TRUE(paused_again->paused);
  EXPECT_FALSE(paused_again->next_tick);
  EXPECT_EQ(store.Trigger(Request("trigger"), "often")->group.id, sweep->group.id);
  EXPECT_TRUE(store.Delete(Request("delete"), "often", "").ok());
}

TEST_F(InferenceContract, AScheduleWhoseTimeZoneIsMissingHereIsLeftAndTheOthersTick) {
  for (const char* id : {"abroad", "here"}) {
    ASSERT_TRUE(schedules_.Create(NewRequest(), id, {.cron = "* * * * *"}).ok());
  }
  const absl::Status moved = db::RunInTransaction(pool_, [](pqxx::work& work) {
    work.exec(
        "UPDATE inference.schedules SET time_zone = 'Mars/Olympus' WHERE schedule_id = 'abroad'");
    return absl::OkStatus();
  });
  ASSERT_TRUE(moved.ok()) << moved;
  PassTime(absl::Minutes(2));
  const auto look = TickOnce(schedules_);
  ASSERT_TRUE(look.ok()) << look.status();
  EXPECT_EQ(look->sweeps, 1);
  ASSERT_EQ(look->troubles.size(), 1U);
  EXPECT_EQ(look->troubles.begin()->first, "abroad");
  EXPECT_EQ(look->next, schedules_.Get("here")->next_tick);
  const Schedule left = *schedules_.Get("abroad");
  ASSERT_TRUE(left.next_tick);
  EXPECT_LE(*left.next_tick, look->now) << "a replica that knows the zone can still tick it";
}

TEST_F(InferenceContract, AnActiveScheduleCannotBeWithoutItsNextTick) {
  ASSERT_TRUE(schedules_.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  const absl::Status lost = db::RunInTransaction(pool_, [](pqxx::work& work) {
    work.exec("UPDATE inference.schedules SET next_tick = NULL");
    return absl::OkStatus();
  });
  EXPECT_EQ(lost.code(), absl::StatusCode::kFailedPrecondition) << lost;
}

}  // namespace
}  // namespace fleetcast::inference
