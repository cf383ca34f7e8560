// How versions are numbered when several replicas make them, and when one of a batch cannot be.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/status.h"
#include "services/registry/storage/postgres_model_version_store.h"
#include "tests/integration/registry/registry_server.h"
#include "tests/support/registry/model_versions.h"

namespace fleetcast::registry {
namespace {

class VersionCreationTest : public RegistryServerTest {
 protected:
  VersionCreationTest() : pool_({.dsn = dsn_}) { AddReferences(); }

  NewVersionRequest NewRequest() {
    auto version = testing::CompleteModelVersion();
    version.artifact_sha256 = artifact_sha256_;
    return {{ids_.NewUuid(), "CreateModelVersion", "x"}, std::move(version)};
  }
  absl::StatusOr<ModelVersion> CreateAlone(const NewVersionRequest& request) {
    return CreateVersions(pool_, {&request})[0];
  }

  db::ConnectionPool pool_;
};

TEST_F(VersionCreationTest, TwoReplicasNumberDenselyTogether) {
  constexpr int kCallers = 16, kCalls = 8;
  db::ConnectionPool other_pool({.dsn = dsn_});
  PostgresModelVersionStore replicas[] = {PostgresModelVersionStore(&pool_),
                                          PostgresModelVersionStore(&other_pool)};
  absl::Mutex mutex;
  std::set<std::int64_t> numbers;
  std::vector<std::thread> callers;
  for (int i = 0; i < 2 * kCallers; ++i) {
    callers.emplace_back([&, i] {
      for (int k = 0; k < kCalls; ++k) {
        const auto [request, wanted] = NewRequest();
        const auto version = replicas[i % 2].Create(request, wanted);
        ASSERT_TRUE(version.ok()) << version.status();
        absl::MutexLock lock(&mutex);
        numbers.insert(version->name.version);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(numbers.size(), 2u * kCallers * kCalls);
  EXPECT_EQ(*numbers.rbegin(), 2 * kCallers * kCalls);
}

TEST_F(VersionCreationTest, TimesGrowWithTheNumbersWithinABatchToo) {
  std::vector<NewVersionRequest> requests;
  for (int i = 0; i < 5; ++i) requests.push_back(NewRequest());
  std::vector<const NewVersionRequest*> batch;
  for (const auto& request : requests) batch.push_back(&request);
  absl::Time before = absl::InfinitePast();
  std::int64_t number = 0;
  for (const auto& version : CreateVersions(pool_, batch)) {
    ASSERT_TRUE(version.ok()) << version.status();
    EXPECT_EQ(version->name.version, ++number);
    EXPECT_GT(version->create_time, before);
    before = version->create_time;
  }
  const auto next = CreateAlone(NewRequest());
  EXPECT_EQ(next->name.version, 6);
  EXPECT_GT(next->create_time, before);
}

TEST_F(VersionCreationTest, WhatPostgresCannotHoldFailsAloneAndTakesNoNumber) {
  const NewVersionRequest first = NewRequest(), last = NewRequest();
  NewVersionRequest poison = NewRequest();
  poison.version.tags["note"] = std::string("a\0b", 3);
  const auto versions = CreateVersions(pool_, {&first, &poison, &last});
  ASSERT_TRUE(versions[0].ok() && versions[2].ok()) << versions[0].status();
  EXPECT_FALSE(versions[1].ok());
  EXPECT_EQ(versions[0]->name.version, 1);
  EXPECT_EQ(versions[2]->name.version, 2);
}

TEST_F(VersionCreationTest, ARequestThatFailedInABatchCanBeSentAgain) {
  const NewVersionRequest sound = NewRequest();
  NewVersionRequest missing = NewRequest();
  missing.version.run.run_id = "later";
  const auto versions = CreateVersions(pool_, {&missing, &sound});
  EXPECT_EQ(ReasonOf(versions[0].status()), "REFERENCE_MISSING");
  ASSERT_TRUE(versions[1].ok()) << versions[1].status();
  CreateRun(missing.version.run.experiment_id, "later");
  const auto again = CreateAlone(missing);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->name.version, 2);
}

TEST_F(VersionCreationTest, OneJobsVersionsAndOneRequestsCallsGoIntoBatchesOfTheirOwn) {
  NewVersionRequest first = NewRequest(), second = NewRequest();
  EXPECT_TRUE(FitsVersionBatch({&first}, second));
  second.request.request_id = first.request.request_id;
  EXPECT_FALSE(FitsVersionBatch({&first}, second));
  second = NewRequest();
  first.version.training_job = second.version.training_job = "trainingRuns/1/jobs/a";
  EXPECT_FALSE(FitsVersionBatch({&first}, second));
  EXPECT_TRUE(FitsVersionBatch({}, second));
}

TEST(GroupCommitTest, CallsThatComeWhileABatchIsUnderWayShareTheNext) {
  absl::Notification first_runs, others_wait;
  std::vector<std::size_t> sizes;
  GroupCommit<int, int> doubled(
      100, [](const auto&, const int&) { return true; },
      [&](const GroupCommit<int, int>::Batch& batch) {
        sizes.push_back(batch.size());
        if (sizes.size() == 1) {
          first_runs.Notify();
          others_wait.WaitForNotification();
        }
        std::vector<int> results;
        for (const int* call : batch) results.push_back(2 * *call);
        return results;
      });
  std::vector<std::thread> callers;
  std::atomic<int> begun = 0;
  callers.emplace_back([&] { EXPECT_EQ(doubled.Do(1), 2); });
  first_runs.WaitForNotification();
  for (int i = 2; i <= 20; ++i) {
    callers.emplace_back([&, i] {
      ++begun;
      EXPECT_EQ(doubled.Do(i), 2 * i);
    });
  }
  while (begun < 19) std::this_thread::yield();
  others_wait.Notify();
  for (std::thread& caller : callers) caller.join();
  EXPECT_LE(sizes.size(), 20u);
  std::size_t calls = 0;
  for (const std::size_t size : sizes) calls += size;
  EXPECT_EQ(calls, 20u) << "each call is carried out once";
}

TEST(GroupCommitTest, WhatDoesNotFitWaitsForTheNextBatch) {
  std::vector<std::vector<int>> batches;
  GroupCommit<int, int> alone(
      2, [](const auto& batch, const int&) { return batch.empty(); },
      [&](const GroupCommit<int, int>::Batch& batch) {
        batches.push_back({});
        for (const int* call : batch) batches.back().push_back(*call);
        return batches.back();
      });
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) callers.emplace_back([&, i] { EXPECT_EQ(alone.Do(i), i); });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(batches.size(), 8u);
}

}  // namespace
}  // namespace fleetcast::registry
