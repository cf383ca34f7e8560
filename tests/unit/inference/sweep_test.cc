#include "services/inference/domain/sweep.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

using workqueue::GroupState;

TEST(SweepPin, ReadsBackAsItWasWritten) {
  const SweepPin pin{.plant_ids = {"P001", "P002"},
                     .as_of = absl::FromUnixMicros(1'765'321'200'123'456),
                     .schedule_id = "daily",
                     .tick = absl::FromUnixSeconds(1'765'321'200),
                     .retry_of = "01h",
                     .missing_plants = {"P002"},
                     .replaced = {"01g"}};
  const Sweep sweep = SweepOf({.pin = ToJson(pin)});
  EXPECT_EQ(sweep.pin.plant_ids, pin.plant_ids);
  EXPECT_EQ(sweep.pin.as_of, pin.as_of);
  EXPECT_EQ(sweep.pin.schedule_id, pin.schedule_id);
  EXPECT_EQ(sweep.pin.tick, pin.tick);
  EXPECT_EQ(sweep.pin.retry_of, pin.retry_of);
  EXPECT_EQ(sweep.pin.missing_plants, pin.missing_plants);
  EXPECT_EQ(sweep.pin.replaced, pin.replaced);
}

TEST(SweepPin, OfAnotherReleaseIsReadWithDefaults) {
  const Sweep sweep = SweepOf({.pin = R"({"schedule_id": "daily", "colour": "red"})"});
  EXPECT_EQ(sweep.pin.schedule_id, "daily");
  EXPECT_FALSE(sweep.pin.as_of);
  EXPECT_TRUE(SweepOf({.pin = "7"}).pin.plant_ids.empty());
}

TEST(HeldInvocation, HasWhatItsPayloadPins) {
  const InvocationPin pin{.model_version = 12,
                          .artifact_sha256 = "abc",
                          .sensor_id = "S",
                          .timeout_seconds = 60,
                          .as_of = absl::FromUnixSeconds(1'000'000),
                          .ask_time = absl::FromUnixSeconds(2'000'000),
                          .fallback = Fallback::kNone,
                          .shape = {.target_column = "load",
                                    .horizon = 24,
                                    .interval_levels = {80, 97.5},
                                    .minimum = 0,
                                    .maximum = {}},
                          .earlier = EarlierVersion{11, "def"}};
  const auto held =
      HeldInvocationOf({.group_id = "01h", .name = "P-1.1-C", .payload = ToJson(pin)});
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->name, (InvocationName{"01h", {"P-1", "1-C"}}));
  EXPECT_EQ(held->pin.model_version, 12);
  EXPECT_EQ(held->pin.as_of, pin.as_of);
  EXPECT_EQ(held->pin.ask_time, pin.ask_time);
  EXPECT_EQ(held->pin.fallback, Fallback::kNone);
  EXPECT_EQ(held->pin.shape.target_column, "load");
  EXPECT_EQ(held->pin.shape.horizon, 24);
  EXPECT_EQ(held->pin.shape.interval_levels, pin.shape.interval_levels);
  EXPECT_EQ(held->pin.shape.minimum, 0);
  EXPECT_EQ(held->pin.shape.maximum, std::nullopt);
  EXPECT_EQ(held->pin.earlier->model_version, 11);
  EXPECT_EQ(held->pin.earlier->artifact_sha256, "def");
}

TEST(HeldInvocation, ThatAnEarlierReleasePinnedMayFallBackToWhatNeedsNoMore) {
  const auto held = HeldInvocationOf(
      {.name = "P.C",
       .payload = R"({"model_version": 3, "artifact_sha256": "abc", "sensor_id": "S"})"});
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->pin.fallback, Fallback::kEarlierVersionOrNaive);
  EXPECT_FALSE(held->pin.earlier);
  EXPECT_FALSE(held->pin.ask_time);
}

TEST(HeldInvocation, ThatCannotBeReadSaysSo) {
  for (const char* payload : {"7", "{}", R"({"model_version": "twelve"})",
                              R"({"model_version": 3, "artifact_sha256": "abc"})"}) {
    const auto held = HeldInvocationOf({.group_id = "01h", .name = "P.C", .payload = payload});
    EXPECT_EQ(ReasonOf(held.status()), "PAYLOAD_UNREADABLE") << payload;
  }
}

TEST(SweepReason, SaysHowItStands) {
  const auto reason = [](GroupState state, workqueue::Counts counts, bool paused = false) {
    return SweepReason({.group = {.state = state, .paused = paused, .counts = counts}, .pin = {}});
  };
  EXPECT_EQ(reason(GroupState::kQueued, {.queued = 3}),
            "3 invocations wait to be started; each says for what");
  EXPECT_EQ(reason(GroupState::kRunning, {.queued = 1, .running = 1, .succeeded = 2}, true),
            "2 of 4 invocations have ended, 1 are running; paused");
  EXPECT_EQ(reason(GroupState::kSucceeded, {}),
            "no deployment to invoke: deploy a model version first");
  EXPECT_EQ(reason(GroupState::kPartiallySucceeded, {.succeeded = 2, .failed = 1}),
            "1 of 3 invocations failed");
  EXPECT_EQ(reason(GroupState::kCancelled, {.succeeded = 1, .cancelled = 2}),
            "cancelled; 1 of 3 invocations had succeeded");
}

TEST(SweepReason, SaysForHowManySomethingStoodIn) {
  EXPECT_EQ(
      SweepReason(
          {.group = {.id = "01h", .state = GroupState::kSucceeded, .counts = {.succeeded = 5}},
           .pin = {},
           .on_fallback = 2}),
      "all 5 invocations succeeded; for 2 of 5 something stood in for the deployed version: "
      "`fleetcast sweep show 01h`");
}

// Nothing was forecast of what was asked for, or not all of it: no sweep of it is a success.
TEST(SweepOf, APlantOfWhichNothingIsDeployedIsNoSuccess) {
  struct Scenario {
    const char* name;
    GroupState of_invocations;
    workqueue::Counts counts;
    GroupState wanted;
    const char* reason;
  };
  const char* const missing =
      "nothing is deployed of P009: release or deploy circuits of it, or no longer ask for it "
      "(UpdateSchedule of schedules/daily)";
  for (const Scenario& scenario : {
           Scenario{"nothing else asked for", GroupState::kSucceeded, {}, GroupState::kFailed, ""},
           Scenario{"the others succeeded",
                    GroupState::kSucceeded,
                    {.succeeded = 2},
                    GroupState::kPartiallySucceeded,
                    "all 2 invocations succeeded; "},
           Scenario{"some of the others failed",
                    GroupState::kPartiallySucceeded,
                    {.succeeded = 1, .failed = 1},
                    GroupState::kPartiallySucceeded,
                    "1 of 2 invocations failed; "},
           Scenario{"all others failed",
                    GroupState::kFailed,
                    {.failed = 2},
                    GroupState::kFailed,
                    "2 of 2 invocations failed; "},
           Scenario{"cancelled",
                    GroupState::kCancelled,
                    {.cancelled = 2},
                    GroupState::kCancelled,
                    "cancelled; 0 of 2 invocations had succeeded; "},
           Scenario{"it runs",
                    GroupState::kRunning,
                    {.running = 1},
                    GroupState::kRunning,
                    "0 of 1 invocations have ended, 1 are running; "},
       }) {
    const SweepPin pin{
        .plant_ids = {"P001", "P009"}, .schedule_id = "daily", .missing_plants = {"P009"}};
    const Sweep sweep =
        SweepOf({.pin = ToJson(pin), .state = scenario.of_invocations, .counts = scenario.counts});
    EXPECT_EQ(sweep.group.state, scenario.wanted) << scenario.name;
    EXPECT_EQ(SweepReason(sweep), std::string(scenario.reason) + missing) << scenario.name;
  }
}

TEST(InvocationReason, SaysWhatAQueuedOneWaitsForAndWhoHoldsARunningOne) {
  Invocation invocation = InvocationOf({.name = "P.C", .state_reason = "put off"});
  EXPECT_EQ(InvocationReason(invocation), "put off");
  invocation.wait_reason = "waits for a free slot; before: put off";
  EXPECT_EQ(InvocationReason(invocation), "waits for a free slot; before: put off");
  invocation.task.state = workqueue::TaskState::kRunning;
  invocation.task.holder = "replica-1";
  EXPECT_EQ(InvocationReason(invocation), "held by replica-1");
}

TEST(ValidateAsOf, TakesNoTimeToCome) {
  const absl::Time now = absl::FromUnixSeconds(1'765'238'400);
  EXPECT_TRUE(ValidateAsOf(std::nullopt, now).ok());
  EXPECT_TRUE(ValidateAsOf(absl::UnixEpoch(), now).ok());
  EXPECT_TRUE(ValidateAsOf(now + absl::Seconds(30), now).ok()) << "clocks differ";
  EXPECT_EQ(ValidateAsOf(now + absl::Hours(1), now).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fleetcast::inference
