#include "services/inference/adapters/model_cache.h"

#include <gtest/gtest.h>

#include <map>

#include "common/base/status.h"
#include "tests/integration/inference/inference_stack.h"

namespace fleetcast::inference {
namespace {

class CountingRegistry final : public ModelRegistry {
 public:
  absl::StatusOr<ModelVersion> GetModelVersion(std::int64_t) override {
    return absl::UnimplementedError("not asked for here");
  }
  absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256, absl::Duration) override {
    ++downloads[sha256];
    if (damaged) return bytes + "damage";
    return bytes;
  }
  std::string bytes;
  bool damaged = false;
  std::map<std::string, int> downloads;
};

class ModelCacheTest : public ::testing::Test {
 protected:
  ModelCacheTest() { registry_.bytes = ModelBytes(); }
  CountingRegistry registry_;
};

TEST_F(ModelCacheTest, DownloadsAModelOnceWhileItIsKept) {
  ModelCache cache(registry_, 10 * registry_.bytes.size());
  const auto first = cache.Get("a", absl::Seconds(1));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(cache.Get("a", absl::Seconds(1))->get(), first->get());
  EXPECT_EQ(registry_.downloads["a"], 1);
}

TEST_F(ModelCacheTest, DropsTheLeastRecentlyUsedBeyondItsBound) {
  ModelCache cache(registry_, 2 * registry_.bytes.size());
  for (const char* sha256 : {"a", "b", "a", "c", "a", "b"}) {
    ASSERT_TRUE(cache.Get(sha256, absl::Seconds(1)).ok());
  }
  EXPECT_EQ(registry_.downloads["a"], 1);
  EXPECT_EQ(registry_.downloads["b"], 2);
}

TEST_F(ModelCacheTest, KeepsTheModelAskedForEvenIfItIsLargerThanTheBound) {
  ModelCache cache(registry_, 1);
  ASSERT_TRUE(cache.Get("a", absl::Seconds(1)).ok());
  ASSERT_TRUE(cache.Get("a", absl::Seconds(1)).ok());
  EXPECT_EQ(registry_.downloads["a"], 1);
}

TEST_F(ModelCacheTest, DoesNotKeepWhatDoesNotParse) {
  ModelCache cache(registry_, 10 * registry_.bytes.size());
  registry_.damaged = true;
  EXPECT_EQ(ReasonOf(cache.Get("a", absl::Seconds(1)).status()), "MODEL_FILE_CORRUPT");
  registry_.damaged = false;
  EXPECT_TRUE(cache.Get("a", absl::Seconds(1)).ok());
}

}  // namespace
}  // namespace fleetcast::inference
