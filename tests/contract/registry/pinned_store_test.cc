// Data asset and environment versions: what training pins, and so never changes.
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/contract/registry/stores.h"

namespace fleetcast::registry {
namespace {

class PinnedStoreTest : public StoreTest {
 protected:
  DataAssetStore& assets() { return stores_->data_assets(); }
  EnvironmentStore& environments() { return stores_->environments(); }
};
FLEETCAST_ON_BOTH_BACKENDS(PinnedStoreTest);

TEST_P(PinnedStoreTest, KeepsADataAssetVersionAsItWasRead) {
  const auto wanted = testing::CompleteDataAssetVersion();
  ASSERT_TRUE(assets().Create(Request("CreateDataAssetVersion"), wanted).ok());
  const auto read = assets().Get(wanted.name);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->sensor_id, wanted.sensor_id);
  EXPECT_EQ(read->source_uri, wanted.source_uri);
  EXPECT_EQ(read->fingerprint, wanted.fingerprint);
  EXPECT_EQ(read->row_count, 48);
  EXPECT_EQ(read->first_time, wanted.first_time);
  EXPECT_EQ(read->last_time, wanted.last_time);
  EXPECT_EQ(read->step_seconds, 3600);
  ASSERT_EQ(read->columns.size(), 1u);
  EXPECT_EQ(read->columns[0].column, "temperature");
  EXPECT_EQ(read->columns[0].mean, 4.1);
  EXPECT_EQ(read->columns[0].missing_count, 2);
  ASSERT_EQ(read->issues.size(), 1u);
  EXPECT_EQ(read->issues[0].count, 3);
  EXPECT_EQ(read->ml_table, wanted.ml_table);
}

TEST_P(PinnedStoreTest, ReturnsADataAssetVersionWithTheSameFingerprintAndRefusesAnother) {
  auto wanted = testing::CompleteDataAssetVersion();
  const auto first = assets().Create(Request("CreateDataAssetVersion"), wanted);
  wanted.source_uri = "elsewhere";
  const auto second = assets().Create(Request("CreateDataAssetVersion"), wanted);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->source_uri, first->source_uri);
  wanted.fingerprint = std::string(64, '0');
  EXPECT_EQ(ReasonOf(assets().Create(Request("CreateDataAssetVersion"), wanted).status()),
            "DATA_ASSET_CHANGED");
}

TEST_P(PinnedStoreTest, ListsDataAssetVersionsByAssetAndLatestDateFirst) {
  for (const char* name : {"b/2025-01-01", "a/2025-03-01", "a/2025-02-01", "c/2025-01-01"}) {
    auto version = testing::CompleteDataAssetVersion();
    version.name = {std::string(name, 1), name + 2};
    ASSERT_TRUE(assets().Create(Request("CreateDataAssetVersion"), version).ok());
  }
  std::vector<std::string> names;
  PageRequest page{.size = 1, .after = {}};
  do {
    const auto versions = assets().List("-", page);
    ASSERT_TRUE(versions.ok()) << versions.status();
    for (const auto& version : versions->items) {
      names.push_back(version.name.asset_id + "/" + version.name.version);
    }
    page.after = versions->next_after;
  } while (!page.after.empty() && names.size() < 10);
  EXPECT_EQ(names, (std::vector<std::string>{"a/2025-03-01", "a/2025-02-01", "b/2025-01-01",
                                             "c/2025-01-01"}));
  EXPECT_EQ(assets().List("a", {})->items.size(), 2u);
  EXPECT_EQ(assets().Get({"a", "2024-01-01"}).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(PinnedStoreTest, ReturnsAnEnvironmentVersionWithTheSameContentsAndRefusesOthers) {
  auto wanted = testing::CompleteEnvironmentVersion();
  const auto first = environments().Create(Request("CreateEnvironmentVersion"), wanted);
  const auto second = environments().Create(Request("CreateEnvironmentVersion"), wanted);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->create_time, first->create_time);
  EXPECT_EQ(environments().Get(wanted.name)->properties, wanted.properties);
  wanted.properties["libtorch"] = "2";
  EXPECT_EQ(ReasonOf(environments().Create(Request("CreateEnvironmentVersion"), wanted).status()),
            "ENVIRONMENT_VERSION_CHANGED");
}

TEST_P(PinnedStoreTest, ListsEnvironmentVersionsNewestFirst) {
  for (const char* version : {"1.5.0", "1.6.0", "1.5.1"}) {
    auto wanted = testing::CompleteEnvironmentVersion();
    wanted.name.version = version;
    ASSERT_TRUE(environments().Create(Request("CreateEnvironmentVersion"), wanted).ok());
  }
  const auto first = environments().List("custom-lstm-env", {.size = 2, .after = {}});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->items[0].name.version, "1.5.1");
  const auto rest = environments().List("-", {.size = 2, .after = first->next_after});
  ASSERT_EQ(rest->items.size(), 1u);
  EXPECT_EQ(rest->items[0].name.version, "1.5.0");
  EXPECT_TRUE(environments().List("other", {})->items.empty());
}

}  // namespace
}  // namespace fleetcast::registry
