#include "services/registry/storage/metric_retention.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/db/transaction.h"
#include "tests/integration/registry/registry_server.h"

namespace fleetcast::registry {
namespace {

constexpr absl::Duration kKeep = absl::Hours(24 * 400);

class MetricRetentionTest : public RegistryServerTest {
 protected:
  MetricRetentionTest() : pool_({.dsn = dsn_}) { AddReferences(); }

  // A run with `points` of a metric, ended `days` ago; its name.
  std::string EndedRun(const std::string& id, int days, int points = 3) {
    const std::string name = CreateRun("plant_P001_circuit_C001", id).name();
    for (int logged = 0; logged < points; logged += 1000) {
      v1::LogBatchRequest batch;
      batch.set_request_id(NewRequestId());
      batch.set_name(name);
      for (int step = logged; step < std::min(points, logged + 1000); ++step) {
        auto* point = batch.add_metrics();
        point->set_key("loss");
        point->set_step(step);
        point->set_value(step);
      }
      v1::LogBatchResponse response;
      EXPECT_TRUE(experiments_->LogBatch(Context().get(), batch, &response).ok());
    }
    v1::FinishRunRequest finish;
    finish.set_request_id(NewRequestId());
    finish.set_name(name);
    finish.set_state(v1::Run::STATE_FINISHED);
    v1::Run run;
    EXPECT_TRUE(experiments_->FinishRun(Context().get(), finish, &run).ok());
    const absl::Status aged = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec_params(
          "UPDATE registry.runs SET end_time = now() - make_interval(days => $2)"
          " WHERE run_id = $1",
          id, days);
      return absl::OkStatus();
    });
    EXPECT_TRUE(aged.ok()) << aged;
    return name;
  }

  // Makes the run's version champion, and another one after it.
  void CrownAndReplace(const std::string& run) {
    auto request = VersionRequest();
    request.mutable_model_version()->set_run(run);
    v1::ModelVersion first, second;
    ASSERT_TRUE(models_->CreateModelVersion(Context().get(), request, &first).ok());
    ASSERT_TRUE(models_->CreateModelVersion(Context().get(), VersionRequest(), &second).ok());
    std::int64_t present = 0;
    for (const v1::ModelVersion& version : {first, second}) {
      v1::SetChampionRequest set;
      set.set_request_id(NewRequestId());
      set.set_plant_id("P001");
      set.set_circuit_id("C001");
      set.set_model_version(version.name());
      set.set_expected_current_version(present);
      set.set_reason("better");
      v1::Champion champion;
      ASSERT_TRUE(models_->SetChampion(Context().get(), set, &champion).ok());
      present = version.version();
    }
  }

  int Points(const std::string& run) {
    v1::ListMetricHistoryRequest request;
    request.set_parent(run);
    request.set_page_size(1000);
    v1::ListMetricHistoryResponse response;
    EXPECT_TRUE(experiments_->ListMetricHistory(Context().get(), request, &response).ok());
    return response.metrics_size();
  }

  // Transactions until nothing is left, at most 20.
  int Prune() {
    for (int transactions = 1; transactions <= 20; ++transactions) {
      const auto more = PruneMetricHistory(pool_, kKeep);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.value_or(false)) return transactions;
    }
    return -1;
  }

  db::ConnectionPool pool_;
};

TEST_F(MetricRetentionTest, RemovesOldHistoriesAndKeepsEachMetricsLatestValue) {
  const std::string old_run = EndedRun("old", 401), young_run = EndedRun("young", 399);
  const std::string running = CreateRun("plant_P001_circuit_C001", "running").name();
  EXPECT_GT(Prune(), 0);
  EXPECT_EQ(Points(old_run), 0);
  EXPECT_EQ(Points(young_run), 3);
  v1::GetRunRequest get;
  get.set_name(old_run);
  v1::Run run;
  ASSERT_TRUE(experiments_->GetRun(Context().get(), get, &run).ok());
  EXPECT_EQ(run.latest_metrics().at("loss"), 2);
}

TEST_F(MetricRetentionTest, KeepsTheHistoryOfARunThatEverMadeAChampion) {
  const std::string champions_run = EndedRun("champion", 500), other = EndedRun("other", 500);
  CrownAndReplace(champions_run);
  EXPECT_GT(Prune(), 0);
  EXPECT_EQ(Points(champions_run), 3);
  EXPECT_EQ(Points(other), 0);
}

TEST_F(MetricRetentionTest, WorksInSmallTransactions) {
  const std::string large = EndedRun("large", 500, kPrunedPointsAtOnce + 1);
  const auto more = PruneMetricHistory(pool_, kKeep);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_TRUE(*more);
  EXPECT_EQ(Points(large), 1);
  EXPECT_GT(Prune(), 0);
  EXPECT_EQ(Points(large), 0);
}

}  // namespace
}  // namespace fleetcast::registry
