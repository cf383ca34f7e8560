#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/base/status.h"
#include "tests/contract/registry/stores.h"

namespace fleetcast::registry {
namespace {

const CircuitName kCircuit{"sensor-model", "P001", "C001"};
const ChampionCause kCause{"trainer", "better than the naive forecasts", {{"mae", "0.41"}}};

class ChampionStoreTest : public StoreTest {
 protected:
  ChampionStoreTest() {
    AddReferences();
    for (int i = 0; i < 3; ++i) AddVersion();
  }

  ChampionStore& store() { return stores_->champions(); }

  absl::StatusOr<Champion> Promote(std::int64_t version, std::int64_t expected) {
    return store().Promote(Request("SetChampion"), kCircuit, version, expected, kCause);
  }
  absl::StatusOr<Champion> RollBack(std::int64_t expected) {
    return store().RollBack(Request("RollbackChampion"), kCircuit, expected, kCause);
  }
};
FLEETCAST_ON_BOTH_BACKENDS(ChampionStoreTest);

TEST_P(ChampionStoreTest, KeepsTheChampionWithItsCause) {
  EXPECT_EQ(store().Get(kCircuit).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Promote(1, 0).ok());
  const auto champion = store().Get(kCircuit);
  ASSERT_TRUE(champion.ok()) << champion.status();
  EXPECT_EQ(champion->event.version, 1);
  EXPECT_EQ(champion->event.cause.actor, "trainer");
  EXPECT_EQ(champion->event.cause.reason, kCause.reason);
  EXPECT_EQ(champion->event.cause.evidence, kCause.evidence);
  EXPECT_EQ(champion->previous_version, 0);
}

TEST_P(ChampionStoreTest, ChangesOnlyWhatTheCallerExpected) {
  ASSERT_TRUE(Promote(1, 0).ok());
  EXPECT_EQ(ReasonOf(Promote(2, 0).status()), "CHAMPION_CHANGED");
  EXPECT_EQ(store().Get(kCircuit)->event.version, 1);
  ASSERT_TRUE(Promote(2, 1).ok());
  EXPECT_EQ(store().Get(kCircuit)->event.version, 2);
}

TEST_P(ChampionStoreTest, RollsBackToTheFirstAndNoFurther) {
  ASSERT_TRUE(Promote(1, 0).ok());
  ASSERT_TRUE(Promote(2, 1).ok());
  ASSERT_TRUE(Promote(3, 2).ok());
  EXPECT_EQ(store().Get(kCircuit)->previous_version, 2);
  EXPECT_EQ(RollBack(3)->event.version, 2);
  EXPECT_EQ(store().Get(kCircuit)->previous_version, 1);
  EXPECT_EQ(RollBack(2)->event.version, 1);
  EXPECT_EQ(ReasonOf(RollBack(1).status()), "NO_PREVIOUS_CHAMPION");
  ASSERT_TRUE(Promote(3, 1).ok());
  EXPECT_EQ(store().Get(kCircuit)->previous_version, 1);

  const auto events = store().ListEvents(kCircuit, {});
  ASSERT_TRUE(events.ok());
  std::vector<std::pair<std::int64_t, std::int64_t>> history;
  for (const ChampionEvent& event : events->items) {
    history.emplace_back(event.replaced_version, event.version);
  }
  EXPECT_EQ(history, (std::vector<std::pair<std::int64_t, std::int64_t>>{
                         {1, 3}, {2, 1}, {3, 2}, {2, 3}, {1, 2}, {0, 1}}));
  EXPECT_EQ(events->items[1].kind, ChampionEventKind::kRolledBack);
}

TEST_P(ChampionStoreTest, RemovesAChampionAndBeginsAnewAfterIt) {
  const auto remove = [&](std::int64_t expected) {
    return store().Remove(Request("DeleteChampion"), kCircuit, expected, kCause);
  };
  EXPECT_EQ(remove(1).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Promote(1, 0).ok());
  ASSERT_TRUE(Promote(2, 1).ok());
  EXPECT_EQ(ReasonOf(remove(1).status()), "CHAMPION_CHANGED");
  const auto request = Request("DeleteChampion");
  const auto removed = store().Remove(request, kCircuit, 2, kCause);
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(removed->event.kind, ChampionEventKind::kRemoved);
  EXPECT_EQ(removed->event.replaced_version, 2);
  EXPECT_EQ(store().Get(kCircuit).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store().List(kCircuit.model_id, {})->items.empty());
  EXPECT_EQ(store().Remove(request, kCircuit, 2, kCause)->event.event, removed->event.event);

  ASSERT_TRUE(Promote(3, 0).ok());
  EXPECT_EQ(store().Get(kCircuit)->previous_version, 0);
  EXPECT_EQ(ReasonOf(RollBack(3).status()), "NO_PREVIOUS_CHAMPION");
  EXPECT_EQ(store().ListEvents(kCircuit, {})->items.size(), 4u);
}

TEST_P(ChampionStoreTest, AnswersARepeatedRequestWithTheChampionItMade) {
  const auto request = Request("SetChampion");
  ASSERT_TRUE(store().Promote(request, kCircuit, 1, 0, kCause).ok());
  ASSERT_TRUE(Promote(2, 1).ok());
  const auto again = store().Promote(request, kCircuit, 1, 0, kCause);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->event.version, 1);
  EXPECT_EQ(store().Get(kCircuit)->event.version, 2);
}

TEST_P(ChampionStoreTest, SettingThePresentChampionAgainLeavesNoEvent) {
  ASSERT_TRUE(Promote(1, 0).ok());
  ASSERT_TRUE(Promote(1, 1).ok());
  EXPECT_EQ(store().ListEvents(kCircuit, {})->items.size(), 1u);
}

TEST_P(ChampionStoreTest, RefusesVersionsOfOtherCircuitsAndNone) {
  const auto other = AddVersion("P001", "C002");
  EXPECT_EQ(ReasonOf(Promote(other, 0).status()), "CHAMPION_OF_OTHER_CIRCUIT");
  EXPECT_EQ(Promote(99, 0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(RollBack(1).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(ChampionStoreTest, LetsOneOfManyWin) {
  std::atomic<int> won = 0;
  std::vector<std::thread> callers;
  std::vector<MutatingRequest> requests;
  for (int i = 0; i < 6; ++i) requests.push_back(Request("SetChampion"));
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&, i] {
      const auto champion = store().Promote(requests[i], kCircuit, 1 + i % 3, 0, kCause);
      if (champion.ok()) ++won;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(store().ListEvents(kCircuit, {})->items.size(), 1u);
}

TEST_P(ChampionStoreTest, ListsByPlantAndCircuitInPages) {
  ASSERT_TRUE(Promote(1, 0).ok());
  const std::pair<const char*, const char*> others[] = {
      {"P002", "C001"}, {"P001", "C002"}, {"P010", "C001"}};
  for (const auto& [plant, circuit] : others) {
    const auto version = AddVersion(plant, circuit);
    ASSERT_TRUE(
        store()
            .Promote(Request("SetChampion"), {"sensor-model", plant, circuit}, version, 0, kCause)
            .ok());
  }
  std::vector<std::string> circuits;
  PageRequest page{.size = 3, .after = {}};
  do {
    const auto champions = store().List("sensor-model", {.page = page});
    ASSERT_TRUE(champions.ok()) << champions.status();
    for (const Champion& champion : champions->items) {
      circuits.push_back(champion.event.circuit.plant_id + champion.event.circuit.circuit_id);
    }
    page.after = champions->next_after;
  } while (!page.after.empty() && circuits.size() < 10);
  EXPECT_EQ(circuits, (std::vector<std::string>{"P001C001", "P001C002", "P002C001", "P010C001"}));

  const auto of_plant =
      store().List("sensor-model", {.page = {}, .filter = *ParseChampionFilter("plant_id = P001")});
  EXPECT_EQ(of_plant->items.size(), 2u);
  const auto by_version =
      store().List("sensor-model", {.page = {}, .filter = *ParseChampionFilter("version > 4")});
  EXPECT_EQ(by_version->items.size(), 2u);
  EXPECT_EQ(store().ListEvents({"sensor-model", "P001", "-"}, {})->items.size(), 2u);
  const auto first = store().ListEvents({"sensor-model", "-", "-"}, {.size = 3, .after = {}});
  EXPECT_EQ(first->items.size(), 3u);
  EXPECT_EQ(store()
                .ListEvents({"sensor-model", "-", "-"}, {.size = 3, .after = first->next_after})
                ->items.size(),
            1u);
}

}  // namespace
}  // namespace fleetcast::registry
