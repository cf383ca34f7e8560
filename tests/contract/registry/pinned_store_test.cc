// Data asset and environment versions: what training pins, and so never changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "common/base/sha256.h"
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
  ASSERT_TRUE(assets().Pin(Request("CreateDataAssetVersion"), wanted).ok());
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

TEST_P(PinnedStoreTest, ReturnsADataAssetVersionOfTheSameReadingAndNumbersOthers) {
  auto wanted = testing::CompleteDataAssetVersion();
  const std::string date = wanted.name.version;
  const auto first = assets().Pin(Request("CreateDataAssetVersion"), wanted);
  wanted.source_uri = "elsewhere";
  const auto second = assets().Pin(Request("CreateDataAssetVersion"), wanted);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->source_uri, first->source_uri);
  EXPECT_EQ(second->name, first->name);
  wanted.fingerprint = std::string(64, '0');
  wanted.row_count += 5;
  const auto request = Request("CreateDataAssetVersion");
  const auto late = assets().Pin(request, wanted);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->name.version, date + ".2");
  wanted.sensor_id = "another";
  EXPECT_EQ(assets().Pin(Request("CreateDataAssetVersion"), wanted)->name.version, date + ".3");
  // The first answer of a request stays.
  wanted.sensor_id = late->sensor_id;
  const auto again = assets().Pin(request, wanted);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name, late->name);
  EXPECT_EQ(again->compared_with, date);
  ASSERT_EQ(again->differences.size(), 1u);
  EXPECT_EQ(again->differences[0].kind, DataDifference::Kind::kLateReadings);
  EXPECT_EQ(again->differences[0].count, 5);
  EXPECT_EQ(again->differences[0].message, late->differences[0].message);
  EXPECT_EQ(again->ml_table, wanted.ml_table);
}

TEST_P(PinnedStoreTest, ManyWhoPinAtOnceAgreeOnWhatEachReadingIsCalled) {
  constexpr int kReadings = 4, kCallers = 4;
  std::vector<std::thread> callers;
  std::vector<std::vector<std::string>> names(kCallers, std::vector<std::string>(kReadings));
  for (int caller = 0; caller < kCallers; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kReadings; ++i) {
        auto reading = testing::CompleteDataAssetVersion();
        const int which = (i + caller) % kReadings;
        reading.fingerprint = std::string(64, static_cast<char>('0' + which));
        const auto pinned = assets().Pin(Request("CreateDataAssetVersion"), reading);
        EXPECT_TRUE(pinned.ok()) << pinned.status();
        if (pinned.ok()) names[caller][which] = pinned->name.version;
      }
    });
  for (std::thread& caller : callers) caller.join();
  for (const auto& of_caller : names) EXPECT_EQ(of_caller, names[0]);
  const std::string date = testing::CompleteDataAssetVersion().name.version;
  EXPECT_THAT(names[0],
              ::testing::UnorderedElementsAre(date, date + ".2", date + ".3", date + ".4"));
}

TEST_P(PinnedStoreTest, ListsDataAssetVersionsByAssetAndLatestDateFirst) {
  for (const char* name : {"b/2025-01-01", "a/2025-03-01", "a/2025-02-01", "c/2025-01-01"}) {
    auto version = testing::CompleteDataAssetVersion();
    version.name = {std::string(name, 1), name + 2};
    ASSERT_TRUE(assets().Pin(Request("CreateDataAssetVersion"), version).ok());
  }
  for (int reading = 2; reading <= 11; ++reading) {
    auto version = testing::CompleteDataAssetVersion();
    version.name = {"b", "2025-01-01"};
    version.row_count += reading;
    version.fingerprint = Sha256Hex(std::to_string(reading));
    ASSERT_TRUE(assets().Pin(Request("CreateDataAssetVersion"), version).ok());
  }
  std::vector<std::string> names;
  PageRequest page{.size = 3, .after = {}};
  do {
    const auto versions = assets().List("-", page);
    ASSERT_TRUE(versions.ok()) << versions.status();
    for (const auto& version : versions->items) {
      names.push_back(version.name.asset_id + "/" + version.name.version);
    }
    page.after = versions->next_after;
  } while (!page.after.empty() && names.size() < 20);
  EXPECT_EQ(names, (std::vector<std::string>{"a/2025-03-01", "a/2025-02-01", "b/2025-01-01.11",
                                             "b/2025-01-01.10", "b/2025-01-01.9", "b/2025-01-01.8",
                                             "b/2025-01-01.7", "b/2025-01-01.6", "b/2025-01-01.5",
                                             "b/2025-01-01.4", "b/2025-01-01.3", "b/2025-01-01.2",
                                             "b/2025-01-01", "c/2025-01-01"}));
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
