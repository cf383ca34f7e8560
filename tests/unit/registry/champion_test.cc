#include "services/registry/domain/champion.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/registry/model_versions.h"

namespace fleetcast::registry {
namespace {

const CircuitName kCircuit{"sensor-model", "P001", "C001"};
const ChampionCause kCause{"trainer", "better", {{"mae", "0.41"}}};

ChampionEvent Event(std::int64_t event, std::int64_t version, std::int64_t beneath) {
  ChampionEvent made;
  made.event = event;
  made.circuit = kCircuit;
  made.version = version;
  made.beneath = beneath;
  return made;
}

TEST(Champion, IsSetWhereTheCircuitHasNone) {
  const auto event = DecidePromotion(kCircuit, std::nullopt, 5, 0, kCause);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ((*event)->version, 5);
  EXPECT_EQ((*event)->replaced_version, 0);
  EXPECT_EQ((*event)->beneath, 0);
  EXPECT_EQ((*event)->cause.reason, "better");
}

TEST(Champion, StacksOnTheOneItReplaces) {
  const auto event = DecidePromotion(kCircuit, Event(31, 5, 0), 7, 5, kCause);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ((*event)->replaced_version, 5);
  EXPECT_EQ((*event)->beneath, 31);
}

TEST(Champion, IsNotSetOverOneThatTheCallerDidNotExpect) {
  for (const std::int64_t expected : {0, 4, 7}) {
    const auto event = DecidePromotion(kCircuit, Event(31, 5, 0), 7, expected, kCause);
    EXPECT_EQ(event.status().code(), absl::StatusCode::kAborted);
    EXPECT_EQ(ReasonOf(event.status()), "CHAMPION_CHANGED");
    EXPECT_EQ(DetailsOf(event.status())->metadata.at("current_version"), "5");
  }
  EXPECT_EQ(ReasonOf(DecidePromotion(kCircuit, std::nullopt, 7, 5, kCause).status()),
            "CHAMPION_CHANGED");
}

TEST(Champion, SetAgainIsNoEvent) {
  const auto event = DecidePromotion(kCircuit, Event(31, 5, 0), 5, 5, kCause);
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(event->has_value());
}

TEST(Champion, RollsBackToWhatLiesBeneathAndFurtherFromThere) {
  // 5 was replaced by 7, 7 by 9.
  const ChampionEvent five = Event(31, 5, 0);
  const ChampionEvent seven = Event(32, 7, 31);
  const ChampionEvent nine = Event(33, 9, 32);
  const auto to_seven = DecideRollback(nine, seven, 9, kCause);
  ASSERT_TRUE(to_seven.ok());
  EXPECT_EQ(to_seven->kind, ChampionEventKind::kRolledBack);
  EXPECT_EQ(to_seven->version, 7);
  EXPECT_EQ(to_seven->replaced_version, 9);
  EXPECT_EQ(to_seven->beneath, 31);
  const auto to_five = DecideRollback(*to_seven, five, 7, kCause);
  ASSERT_TRUE(to_five.ok());
  EXPECT_EQ(to_five->version, 5);
  EXPECT_EQ(to_five->beneath, 0);
}

TEST(Champion, TheFirstOfACircuitCannotBeRolledBack) {
  const auto event = DecideRollback(Event(31, 5, 0), std::nullopt, 5, kCause);
  EXPECT_EQ(event.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(event.status()), "NO_PREVIOUS_CHAMPION");
}

TEST(Champion, IsNotRolledBackFromOneThatTheCallerDidNotExpect) {
  EXPECT_EQ(ReasonOf(DecideRollback(Event(33, 9, 32), Event(32, 7, 31), 7, kCause).status()),
            "CHAMPION_CHANGED");
}

TEST(Champion, MustBeAVersionOfItsCircuit) {
  const ModelVersionName version{"sensor-model", 5};
  EXPECT_TRUE(CheckVersionOfCircuit(version, testing::RequiredTags(), kCircuit).ok());
  EXPECT_EQ(
      ReasonOf(CheckVersionOfCircuit(version, testing::RequiredTags("P001", "C002"), kCircuit)),
      "CHAMPION_OF_OTHER_CIRCUIT");
  const absl::Status base =
      CheckVersionOfCircuit({"plant-base", 5}, testing::CompletePlantBase().tags, kCircuit);
  EXPECT_EQ(ReasonOf(base), "CHAMPION_OF_OTHER_CIRCUIT");
  EXPECT_EQ(base.message(),
            "models/plant-base/versions/5 is the base of plant P001, which circuits start from "
            "(`training.base_version`), and cannot be champion of plant P001, circuit C001");
}

TEST(Champion, NeedsAReason) {
  EXPECT_TRUE(CheckChampionCause(kCause, 0).ok());
  EXPECT_FALSE(CheckChampionCause({"trainer", "", {}}, 0).ok());
  EXPECT_FALSE(CheckChampionCause(kCause, -1).ok());
}

}  // namespace
}  // namespace fleetcast::registry
