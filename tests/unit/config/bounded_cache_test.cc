#include "services/config/domain/bounded_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"

namespace fleetcast::config {
namespace {

struct Item {
  int number = 0;
  std::size_t bytes = 1000;
  [[nodiscard]] std::size_t ApproximateBytes() const { return bytes; }
};

std::shared_ptr<const Item> Make(int number, std::size_t bytes = 1000) {
  return std::make_shared<const Item>(Item{number, bytes});
}

TEST(BoundedCache, LeastRecentlyUsedGoesFirstAndTheBoundHolds) {
  BoundedCache<Item> cache(3 * 1400);
  cache.Insert("a", Make(1));
  cache.Insert("b", Make(2));
  cache.Insert("c", Make(3));
  EXPECT_NE(cache.Find("a"), nullptr);
  cache.Insert("d", Make(4));
  EXPECT_EQ(cache.Find("b"), nullptr);
  EXPECT_EQ(cache.Find("a")->number, 1);
  EXPECT_LE(cache.bytes(), 3u * 1400);
}

TEST(BoundedCache, ValueBeyondTheBoundIsNotKeptAndEvictsNothing) {
  BoundedCache<Item> cache(3000);
  cache.Insert("a", Make(1));
  cache.Insert("huge", Make(2, 5000));
  EXPECT_EQ(cache.Find("huge"), nullptr);
  EXPECT_NE(cache.Find("a"), nullptr);
}

TEST(BoundedCache, FirstOfTwoValuesOfOneKeyStays) {
  BoundedCache<Item> cache(10'000);
  cache.Insert("a", Make(1));
  cache.Insert("a", Make(2));
  EXPECT_EQ(cache.Find("a")->number, 1);
}

TEST(BoundedCache, EvictedValueLivesOnForWhoeverHoldsIt) {
  BoundedCache<Item> cache(1500);
  cache.Insert("a", Make(1));
  const auto held = cache.Find("a");
  cache.Insert("b", Make(2));
  EXPECT_EQ(cache.Find("a"), nullptr);
  EXPECT_EQ(held->number, 1);
}

using Made = absl::StatusOr<std::shared_ptr<const Item>>;

TEST(BoundedCache, WhatIsThereIsNotMadeAgainAndAnErrorIsNotKept) {
  BoundedCache<Item> cache(10'000);
  int made = 0;
  const auto make = [&]() -> Made {
    if (++made == 1) return absl::UnavailableError("not now");
    return Make(made);
  };
  EXPECT_EQ(cache.FindOrMake("a", make).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ((*cache.FindOrMake("a", make))->number, 2);
  EXPECT_EQ((*cache.FindOrMake("a", make))->number, 2);
  EXPECT_EQ(made, 2);
}

TEST(BoundedCache, CallersAtOnceShareTheOneMaking) {
  BoundedCache<Item> cache(10'000);
  std::atomic<int> made = 0;
  absl::Notification began, may_end;
  const auto make = [&]() -> Made {
    if (++made == 1) {
      began.Notify();
      may_end.WaitForNotification();
    }
    return Make(made);
  };
  std::vector<std::thread> callers;
  const auto call = [&] { EXPECT_EQ((*cache.FindOrMake("a", make))->number, 1); };
  callers.emplace_back(call);
  began.WaitForNotification();
  // Another key is not held up.
  EXPECT_TRUE(cache.FindOrMake("b", [&]() -> Made { return Make(7); }).ok());
  absl::BlockingCounter coming(4);
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&] {
      coming.DecrementCount();
      call();
    });
  coming.Wait();
  may_end.Notify();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(made, 1);
}

}  // namespace
}  // namespace fleetcast::config
