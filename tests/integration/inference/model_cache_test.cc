#include "services/inference/adapters/model_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "common/base/notification.h"
#include "common/base/status.h"
#include "tests/integration/inference/inference_stack.h"
#include "tests/support/inference/fleet_fakes.h"

namespace fleetcast::inference {
namespace {

class CountingRegistry final : public FakeFleetRegistry {
 public:
  absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256, absl::Duration) override {
    {
      absl::MutexLock lock(&mutex);
      ++downloads[sha256];
    }
    if (before_answer) before_answer();
    if (stopped_downloads-- > 0) return absl::CancelledError("told to stop");
    if (damaged) return bytes + "damage";
    return bytes;
  }
  std::string bytes;
  bool damaged = false;
  std::atomic<int> stopped_downloads = 0;
  std::function<void()> before_answer;
  absl::Mutex mutex;
  std::map<std::string, int> downloads;
};

class ModelCacheTest : public ::testing::Test {
 protected:
  ModelCacheTest() { registry_.bytes = ModelBytes(); }
  [[nodiscard]] std::size_t RoomFor(std::size_t models) const {
    return models * (registry_.bytes.size() + ModelCache::kModelOverheadBytes);
  }
  CountingRegistry registry_;
};

TEST_F(ModelCacheTest, DownloadsAModelOnceWhileItIsKept) {
  ModelCache cache(registry_, RoomFor(10));
  const auto first = cache.Get("a", absl::Seconds(1));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(cache.Get("a", absl::Seconds(1))->get(), first->get());
  EXPECT_EQ(registry_.downloads["a"], 1);
}

TEST_F(ModelCacheTest, ASweepOverMoreModelsThanFitFindsThoseThatDo) {
  ModelCache cache(registry_, RoomFor(3));
  for (int sweep = 0; sweep < 4; ++sweep)
    for (const char* sha256 : {"a", "b", "c", "d", "e"})
      ASSERT_TRUE(cache.Get(sha256, absl::Seconds(1)).ok());
  EXPECT_EQ(registry_.downloads,
            (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}, {"d", 4}, {"e", 4}}));
}

TEST_F(ModelCacheTest, WhatNobodyAsksForAnyMoreMakesRoom) {
  ModelCache cache(registry_, RoomFor(2));
  for (const char* sha256 : {"a", "b"}) ASSERT_TRUE(cache.Get(sha256, absl::Seconds(1)).ok());
  for (int sweep = 0; sweep < 4; ++sweep)
    for (const char* sha256 : {"b", "c"}) ASSERT_TRUE(cache.Get(sha256, absl::Seconds(1)).ok());
  EXPECT_EQ(registry_.downloads["b"], 1);
  EXPECT_EQ(registry_.downloads["c"], 2);
}

TEST_F(ModelCacheTest, AModelThatIsLargerThanTheBoundIsUsedButNotKept) {
  ModelCache cache(registry_, 1);
  ASSERT_TRUE(cache.Get("a", absl::Seconds(1)).ok());
  ASSERT_TRUE(cache.Get("a", absl::Seconds(1)).ok());
  EXPECT_EQ(registry_.downloads["a"], 2);
}

TEST_F(ModelCacheTest, ThoseWhoAskForAModelAtOnceShareOneDownload) {
  ModelCache cache(registry_, RoomFor(10));
  absl::BlockingCounter asking(4);
  registry_.before_answer = [&] { asking.Wait(); };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      asking.DecrementCount();
      EXPECT_TRUE(cache.Get("a", absl::Seconds(60)).ok());
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry_.downloads["a"], 1);
}

TEST_F(ModelCacheTest, WhoWaitsForADownloadThatIsToldToStopDownloadsItself) {
  ModelCache cache(registry_, RoomFor(10));
  std::atomic<int> asking = 0;
  Notification both_ask;
  registry_.stopped_downloads = 1;
  registry_.before_answer = [&] { both_ask.WaitForNotification(); };
  std::atomic<int> stopped = 0, given = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      if (++asking == 2) both_ask.Notify();
      const auto model = cache.Get("a", absl::Seconds(60));
      stopped += absl::IsCancelled(model.status()) ? 1 : 0;
      given += model.ok() ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stopped, 1);
  EXPECT_EQ(given, 1);
}

TEST_F(ModelCacheTest, DoesNotKeepWhatDoesNotParse) {
  ModelCache cache(registry_, RoomFor(10));
  registry_.damaged = true;
  EXPECT_EQ(ReasonOf(cache.Get("a", absl::Seconds(1)).status()), "MODEL_FILE_CORRUPT");
  registry_.damaged = false;
  EXPECT_TRUE(cache.Get("a", absl::Seconds(1)).ok());
}

}  // namespace
}  // namespace fleetcast::inference
