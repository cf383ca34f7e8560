#include "services/inference/domain/schedule_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/inference/domain/ticker.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

const ScheduleSpec kEveryMinute{.display_name = "often",
                                .cron = "* * * * *",
                                .time_zone = "Europe/Berlin",
                                .plant_ids = {"P001"}};

TEST_P(InferenceContract, AScheduleIsKeptAsItWasMade) {
  const auto made = backend_->schedules().Create(NewRequest(), "often", kEveryMinute);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->spec.display_name, "often");
  EXPECT_EQ(made->spec.cron, "* * * * *");
  EXPECT_EQ(made->spec.time_zone, "Europe/Berlin");
  EXPECT_EQ(made->spec.plant_ids, (std::vector<std::string>{"P001"}));
  EXPECT_FALSE(made->paused);
  EXPECT_TRUE(made->next_tick);
  EXPECT_FALSE(made->last_tick);
  EXPECT_EQ(ReasonOf(backend_->schedules().Create(NewRequest(), "often", kEveryMinute).status()),
            "SCHEDULE_EXISTS");
}

TEST_P(InferenceContract, ADueScheduleMakesOneSweepAsOfItsTick) {
  DeployFleet();
  ASSERT_TRUE(backend_->schedules().Create(NewRequest(), "often", kEveryMinute).ok());
  RandomIdSource ids;
  backend_->PassTime(absl::Minutes(3));
  EXPECT_EQ(*TickOnce(backend_->schedules(), ids), 1);
  EXPECT_EQ(*TickOnce(backend_->schedules(), ids), 0);
  const Schedule schedule = *backend_->schedules().Get("often");
  ASSERT_TRUE(schedule.last_tick);
  EXPECT_GT(*schedule.next_tick, *schedule.last_tick);
  const auto sweeps = backend_->sweeps().List({}, {})->items;
  ASSERT_EQ(sweeps.size(), 1U);
  EXPECT_EQ(sweeps[0].id, schedule.last_sweep_id);
  EXPECT_EQ(sweeps[0].schedule_id, "often");
  EXPECT_EQ(sweeps[0].tick, schedule.last_tick);
  EXPECT_EQ(sweeps[0].as_of, schedule.last_tick);
  EXPECT_EQ(sweeps[0].counts.total(), 2);
}

TEST_P(InferenceContract, TwoReplicasThatSawTheSameTickMakeOneSweep) {
  ASSERT_TRUE(backend_->schedules().Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  backend_->PassTime(absl::Minutes(2));
  const auto due = backend_->schedules().Due();
  ASSERT_EQ(due->schedules.size(), 1U);
  const TickDecision decision = DecideTick(due->schedules[0], due->now);
  ASSERT_TRUE(decision.tick);
  EXPECT_TRUE(*backend_->schedules().Tick(due->schedules[0], decision, "one"));
  EXPECT_FALSE(*backend_->schedules().Tick(due->schedules[0], decision, "other"));
  EXPECT_EQ(backend_->sweeps().List({}, {})->items.size(), 1U);
}

TEST_P(InferenceContract, AScheduleChangedMeanwhileDoesNotTick) {
  ScheduleStore& store = backend_->schedules();
  ASSERT_TRUE(store.Create(NewRequest(), "often", {.cron = "* * * * *"}).ok());
  backend_->PassTime(absl::Minutes(2));
  const auto due = store.Due();
  ASSERT_TRUE(store.SetPaused(NewRequest(), "often", true).ok());
  EXPECT_FALSE(*store.Tick(due->schedules[0], DecideTick(due->schedules[0], due->now), "s1"));
  EXPECT_TRUE(store.Due()->schedules.empty());
  EXPECT_FALSE(store.Get("often")->next_tick);
  const auto resumed = store.SetPaused(NewRequest(), "often", false);
  EXPECT_FALSE(resumed->paused);
  EXPECT_TRUE(resumed->next_tick);
  EXPECT_TRUE(store.Due()->schedules.empty());
}

TEST_P(InferenceContract, AnUpdateChangesTheNamedFieldsAndTheEtag) {
  ScheduleStore& store = backend_->schedules();
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

TEST_P(InferenceContract, ATriggerIsNoTick) {
  DeployFleet();
  ScheduleStore& store = backend_->schedules();
  ASSERT_TRUE(store.Create(NewRequest(), "often", kEveryMinute).ok());
  ASSERT_TRUE(store.SetPaused(NewRequest(), "often", true).ok());
  for (const char* id : {"s1", "s2"}) {
    const auto sweep = store.Trigger(NewRequest(), "often", id);
    ASSERT_TRUE(sweep.ok()) << sweep.status();
    EXPECT_EQ(sweep->schedule_id, "often");
    EXPECT_FALSE(sweep->tick);
    EXPECT_FALSE(sweep->as_of);
    EXPECT_EQ(sweep->counts.total(), 2);
  }
  EXPECT_FALSE(store.Get("often")->last_tick);
  EXPECT_EQ(store.Trigger(NewRequest(), "none", "s3").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(InferenceContract, SchedulesAreListedAndDeleted) {
  ScheduleStore& store = backend_->schedules();
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

}  // namespace
}  // namespace fleetcast::inference
