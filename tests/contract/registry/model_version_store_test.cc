#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status.h"
#include "tests/contract/registry/stores.h"

namespace fleetcast::registry {
namespace {

class ModelVersionStoreTest : public StoreTest {
 protected:
  ModelVersionStoreTest() { AddReferences(); }

  ModelVersionStore& store() { return stores_->versions(); }

  std::vector<std::int64_t> Numbers(const std::string& filter,
                                    VersionOrder order = VersionOrder::kNewestFirst) {
    const auto versions = store().List(
        "sensor-model", {.page = {}, .filter = *ParseModelVersionFilter(filter)}, order);
    EXPECT_TRUE(versions.ok()) << versions.status();
    std::vector<std::int64_t> numbers;
    if (!versions.ok()) return numbers;
    for (const ModelVersion& version : versions->items) numbers.push_back(version.name.version);
    return numbers;
  }
};
FLEETCAST_ON_BOTH_BACKENDS(ModelVersionStoreTest);

TEST_P(ModelVersionStoreTest, KeepsAllThatAVersionIsMadeOf) {
  auto wanted = testing::CompleteModelVersion();
  wanted.training_job = "trainingRuns/01h/jobs/P001-C001";
  const auto created = store().Create(Request("CreateModelVersion"), wanted);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto read = store().Get({"sensor-model", 1});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->name.Text(), "models/sensor-model/versions/1");
  EXPECT_EQ(read->made_of.tags, wanted.tags);
  EXPECT_EQ(read->made_of.metrics, wanted.metrics);
  EXPECT_EQ(read->made_of.artifact_sha256, wanted.artifact_sha256);
  EXPECT_EQ(read->made_of.run, wanted.run);
  EXPECT_EQ(read->made_of.data_asset_version, wanted.data_asset_version);
  EXPECT_EQ(read->made_of.environment_version, wanted.environment_version);
  EXPECT_EQ(read->made_of.training_job, wanted.training_job);
  EXPECT_EQ(read->artifact_size_bytes, 3);
  EXPECT_EQ(read->update_time, read->create_time);
}

TEST_P(ModelVersionStoreTest, NumbersVersionsWithoutGapsThoughSomeAreRefused) {
  EXPECT_EQ(AddVersion(), 1);
  auto broken = testing::CompleteModelVersion();
  broken.artifact_sha256 = std::string(64, '9');
  EXPECT_FALSE(store().Create(Request("CreateModelVersion"), broken).ok());
  EXPECT_EQ(AddVersion(), 2);
}

TEST_P(ModelVersionStoreTest, NumbersPlantsBasesByThemselves) {
  const auto list = [&](const char* model) {
    return store().List(model, {.page = {}}, VersionOrder::kNewestFirst);
  };
  ASSERT_TRUE(list("plant-base").ok()) << list("plant-base").status();
  EXPECT_TRUE(list("plant-base")->items.empty());
  EXPECT_EQ(AddVersion(), 1);
  for (const std::int64_t number : {1, 2}) {
    const auto base = store().Create(Request("CreateModelVersion"), testing::CompletePlantBase());
    ASSERT_TRUE(base.ok()) << base.status();
    EXPECT_EQ(base->name, (ModelVersionName{"plant-base", number}));
  }
  EXPECT_EQ(AddVersion(), 2);
  EXPECT_EQ(list("plant-base")->items.size(), 2u);
  EXPECT_EQ(list("sensor-model")->items.size(), 2u);
  EXPECT_EQ(store().Get({"plant-base", 2})->made_of.tags.at("circuit_count"), "2");
  EXPECT_EQ(list("other").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(ModelVersionStoreTest, GivesARepeatedRequestItsFirstVersion) {
  const auto request = Request("CreateModelVersion");
  const auto first = store().Create(request, testing::CompleteModelVersion());
  AddVersion();
  const auto second = store().Create(request, testing::CompleteModelVersion());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->name.version, first->name.version);
}

TEST_P(ModelVersionStoreTest, GivesARepeatedRequestItsFirstAnswerThoughTheTagsHaveChanged) {
  const auto create = Request("CreateModelVersion"), of_job = Request("CreateModelVersion", "job");
  auto wanted = testing::CompleteModelVersion();
  wanted.training_job = "trainingRuns/01h/jobs/P001-C001";
  const auto created = store().Create(create, wanted);
  ASSERT_TRUE(created.ok()) << created.status();
  const auto change = Request("UpdateModelVersionTags");
  const TagChange first{.set = {{"note", "one"}}, .remove = {}, .etag = ""};
  const auto changed = store().UpdateTags(change, created->name, first);
  auto same_job = wanted;
  same_job.tags["mae"] = "0.5";
  const auto found = store().Create(of_job, same_job);
  ASSERT_TRUE(changed.ok() && found.ok());
  ASSERT_TRUE(store()
                  .UpdateTags(Request("UpdateModelVersionTags"), created->name,
                              {.set = {{"note", "two"}}, .remove = {}, .etag = ""})
                  .ok());
  const auto expect_same = [](const absl::StatusOr<ModelVersion>& again,
                              const ModelVersion& answer) {
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->made_of.tags, answer.made_of.tags);
    EXPECT_EQ(again->made_of.metrics, answer.made_of.metrics);
    EXPECT_EQ(again->Etag(), answer.Etag());
    EXPECT_EQ(again->create_time, answer.create_time);
    EXPECT_EQ(again->update_time, answer.update_time);
    EXPECT_EQ(again->artifact_size_bytes, answer.artifact_size_bytes);
  };
  expect_same(store().Create(create, wanted), *created);
  expect_same(store().UpdateTags(change, created->name, first), *changed);
  expect_same(store().Create(of_job, same_job), *found);
  EXPECT_EQ(store().Get(created->name)->made_of.tags.at("note"), "two");
}

TEST_P(ModelVersionStoreTest, FiftyCallersOfOneRequestGetOneVersion) {
  const auto request = Request("CreateModelVersion");
  std::vector<std::thread> callers;
  std::atomic<int> first = 0;
  for (int i = 0; i < 50; ++i) {
    callers.emplace_back([&] {
      const auto version = store().Create(request, testing::CompleteModelVersion());
      EXPECT_TRUE(version.ok()) << version.status();
      if (version.ok() && version->name.version == 1) ++first;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(first, 50);
  EXPECT_EQ(Numbers(""), (std::vector<std::int64_t>{1}));
}

// Of every three calls one is refused for what it refers to, one for its request id.
TEST_P(ModelVersionStoreTest, NumbersStayDenseWhileManyCreateAndManyFail) {
  constexpr int kCallers = 24, kCalls = 6;
  auto used = Request("CreateExperiment");
  ASSERT_TRUE(stores_->experiments().CreateExperiment(used, *NewExperiment("other", "")).ok());
  used.method = "CreateModelVersion";
  std::vector<std::thread> callers;
  absl::Mutex mutex;
  std::set<std::int64_t> numbers;
  int reused = 0, missing = 0;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      for (int k = 0; k < kCalls; ++k) {
        auto wanted = testing::CompleteModelVersion();
        if (i % 3 == 1) wanted.run.run_id = "nobody";
        const auto request = i % 3 == 2 ? used : Request("CreateModelVersion");
        const auto version = store().Create(request, wanted);
        absl::MutexLock lock(&mutex);
        if (version.ok()) numbers.insert(version->name.version);
        reused += ReasonOf(version.status()) == "REQUEST_ID_REUSED";
        missing += ReasonOf(version.status()) == "REFERENCE_MISSING";
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(reused, kCallers / 3 * kCalls);
  EXPECT_EQ(missing, kCallers / 3 * kCalls);
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kCallers / 3 * kCalls));
  EXPECT_EQ(*numbers.rbegin(), static_cast<std::int64_t>(numbers.size()));
}

TEST_P(ModelVersionStoreTest, GivesAJobThatHasAVersionThatOneWhateverTheRequest) {
  auto wanted = testing::CompleteModelVersion();
  wanted.training_job = "trainingRuns/01h/jobs/P001-C001";
  const auto first = store().Create(Request("CreateModelVersion"), wanted);
  wanted.tags["mae"] = "0.5";
  const auto request = Request("CreateModelVersion", "other");
  const auto second = store().Create(request, wanted);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(second->name.version, first->name.version);
  EXPECT_EQ(second->made_of.tags.at("mae"), "0.41");
  EXPECT_EQ(store().Create(request, wanted)->name.version, first->name.version);

  wanted.training_job = "trainingRuns/01h/jobs/P001-C002";
  EXPECT_EQ(store().Create(Request("CreateModelVersion"), wanted)->name.version, 2);
}

TEST_P(ModelVersionStoreTest, NamesTheReferenceThatDoesNotExist) {
  const std::pair<const char*, std::function<void(NewModelVersion&)>> cases[] = {
      {"model_version.artifact_sha256", [](auto& v) { v.artifact_sha256 = std::string(64, '9'); }},
      {"model_version.run", [](auto& v) { v.run.run_id = "none"; }},
      {"model_version.data_asset_version",
       [](auto& v) { v.data_asset_version.version = "2024-01-01"; }},
      {"model_version.environment_version", [](auto& v) { v.environment_version.version = "9"; }},
  };
  for (const auto& [field, spoil] : cases) {
    auto version = testing::CompleteModelVersion();
    spoil(version);
    const auto status = store().Create(Request("CreateModelVersion"), version).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << field;
    EXPECT_EQ(ReasonOf(status), "REFERENCE_MISSING");
    EXPECT_EQ(DetailsOf(status)->metadata.at("field"), field);
  }
  auto version = testing::CompleteModelVersion();
  version.model_id = "other-model";
  EXPECT_EQ(store().Create(Request("CreateModelVersion"), version).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(ModelVersionStoreTest, ListsNewestFirstInPagesAndOldestFirstIfAsked) {
  for (int i = 0; i < 5; ++i) AddVersion();
  const auto first =
      store().List("sensor-model", {.page = {.size = 2, .after = {}}}, VersionOrder::kNewestFirst);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->items[0].name.version, 5);
  EXPECT_GT(first->items[0].create_time, first->items[1].create_time);
  const auto second =
      store().List("sensor-model", {.page = {.size = 2, .after = first->next_after}},
                   VersionOrder::kNewestFirst);
  EXPECT_EQ(second->items.at(0).name.version, 3);
  EXPECT_EQ(Numbers("", VersionOrder::kOldestFirst), (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(store().List("other-model", {}, VersionOrder::kNewestFirst).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(ModelVersionStoreTest, ListsWhatTheFilterMatches) {
  AddVersion("P001", "C001");
  AddVersion("P001", "C002");
  AddVersion("P002", "C001");
  auto better = testing::CompleteModelVersion();
  better.metrics["mae"] = 0.125;
  better.tags["note"] = "fourth";
  ASSERT_TRUE(store().Create(Request("CreateModelVersion"), better).ok());
  using Expected = std::vector<std::int64_t>;
  EXPECT_EQ(Numbers(R"(tags.plant_id = "P001" AND tags.circuit_id = "C001")"), (Expected{4, 1}));
  EXPECT_EQ(Numbers("metrics.mae < 0.2"), (Expected{4}));
  EXPECT_EQ(Numbers("tags.plant_id = P001 AND NOT metrics.mae < 0.2"), (Expected{2, 1}));
  EXPECT_EQ(Numbers("version > 2"), (Expected{4, 3}));
  EXPECT_EQ(Numbers("tags.note:*"), (Expected{4}));
  EXPECT_EQ(Numbers("tags.note != fourth"), (Expected{3, 2, 1}));
  EXPECT_EQ(Numbers("metrics.none < 1"), (Expected{}));
  EXPECT_EQ(Numbers("NOT metrics.none < 1 AND version = 1"), (Expected{1}));
  EXPECT_EQ(Numbers("create_time > 2001-01-01 AND create_time < 2001-01-02"), (Expected{}));
}

TEST_P(ModelVersionStoreTest, ChangesTagsUnderTheEtag) {
  AddVersion();
  const ModelVersionName name{"sensor-model", 1};
  const std::string etag = store().Get(name)->Etag();
  const auto request = Request("UpdateModelVersionTags");
  const TagChange change{.set = {{"note", "good"}}, .remove = {}, .etag = etag};
  const auto changed = store().UpdateTags(request, name, change);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->made_of.tags.at("note"), "good");
  EXPECT_NE(changed->Etag(), etag);
  EXPECT_GT(changed->update_time, changed->create_time);
  EXPECT_TRUE(store().UpdateTags(request, name, change).ok());
  EXPECT_EQ(ReasonOf(store().UpdateTags(Request("UpdateModelVersionTags"), name, change).status()),
            "ETAG_MISMATCH");
  const auto removed = store().UpdateTags(Request("UpdateModelVersionTags"), name,
                                          {.set = {}, .remove = {"note"}, .etag = ""});
  EXPECT_FALSE(removed->made_of.tags.contains("note"));
  EXPECT_EQ(store()
                .UpdateTags(Request("UpdateModelVersionTags"), {"sensor-model", 9}, change)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fleetcast::registry
