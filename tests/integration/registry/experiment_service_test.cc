#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "tests/integration/registry/registry_server.h"

namespace fleetcast::registry {
namespace {

class ExperimentServiceTest : public RegistryServerTest {
 protected:
  ExperimentServiceTest() : run_(CreateRun("plant_P001_circuit_C001", "r1")) {}

  v1::LogBatchRequest Batch() {
    v1::LogBatchRequest request;
    request.set_request_id(NewRequestId());
    request.set_name(run_.name());
    return request;
  }
  absl::Status Log(const v1::LogBatchRequest& request) {
    v1::LogBatchResponse response;
    return rpc::FromGrpc(experiments_->LogBatch(Context().get(), request, &response));
  }
  v1::Run Read() {
    v1::GetRunRequest request;
    request.set_name(run_.name());
    v1::Run run;
    EXPECT_TRUE(experiments_->GetRun(Context().get(), request, &run).ok());
    return run;
  }

  v1::Run run_;
};

TEST_F(ExperimentServiceTest, FollowsARunFromItsStartToItsEnd) {
  EXPECT_EQ(run_.state(), v1::Run::STATE_RUNNING);
  EXPECT_FALSE(run_.has_end_time());
  for (int epoch = 1; epoch <= 3; ++epoch) {
    auto batch = Batch();
    (*batch.mutable_params())["epochs"] = "3";
    (*batch.mutable_tags())["phase"] = "fit";
    auto* point = batch.add_metrics();
    point->set_key("loss");
    point->set_value(1.0 / epoch);
    point->set_step(epoch);
    ASSERT_TRUE(Log(batch).ok());
  }
  v1::FinishRunRequest finish;
  finish.set_request_id(NewRequestId());
  finish.set_name(run_.name());
  finish.set_state(v1::Run::STATE_FINISHED);
  v1::Run ended;
  ASSERT_TRUE(experiments_->FinishRun(Context().get(), finish, &ended).ok());
  EXPECT_TRUE(ended.has_end_time());
  EXPECT_EQ(ended.params().at("epochs"), "3");
  EXPECT_EQ(ended.latest_metrics().at("loss"), 1.0 / 3);

  v1::ListMetricHistoryRequest history;
  history.set_parent(run_.name());
  history.set_metric_key("loss");
  v1::ListMetricHistoryResponse points;
  ASSERT_TRUE(experiments_->ListMetricHistory(Context().get(), history, &points).ok());
  ASSERT_EQ(points.metrics_size(), 3);
  EXPECT_EQ(points.metrics(0).step(), 1);
  EXPECT_EQ(points.metrics(2).value(), 1.0 / 3);
  EXPECT_GT(points.metrics(0).time().seconds(), 0);

  EXPECT_EQ(ReasonOf(Log(Batch())), "RUN_ENDED");
}

TEST_F(ExperimentServiceTest, RefusesABadBatchWholeNamingTheField) {
  auto batch = Batch();
  (*batch.mutable_tags())["phase"] = "fit";
  auto* point = batch.add_metrics();
  point->set_key("loss");
  point->set_value(std::numeric_limits<double>::quiet_NaN());
  const absl::Status status = Log(batch);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "metrics[0].value");
  EXPECT_TRUE(Read().tags().empty());
}

TEST_F(ExperimentServiceTest, RefusesMoreThanABatchMayHold) {
  auto batch = Batch();
  for (int i = 0; i < 1001; ++i) batch.add_metrics()->set_key("loss");
  const absl::Status status = Log(batch);
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "metrics");
}

TEST_F(ExperimentServiceTest, RefusesWhatMutatesWithoutARequestId) {
  auto batch = Batch();
  batch.clear_request_id();
  const absl::Status status = Log(batch);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "request_id");
}

TEST_F(ExperimentServiceTest, RefusesToEndARunInNoTerminalState) {
  v1::FinishRunRequest finish;
  finish.set_request_id(NewRequestId());
  finish.set_name(run_.name());
  v1::Run run;
  const auto status = experiments_->FinishRun(Context().get(), finish, &run);
  EXPECT_EQ(DetailsOf(rpc::FromGrpc(status))->field_violations.at(0).field, "state");
}

TEST_F(ExperimentServiceTest, RefusesToCreateARunWithWhatAnotherMethodTakes) {
  v1::CreateRunRequest request;
  request.set_request_id(NewRequestId());
  request.set_parent("experiments/plant_P001_circuit_C001");
  request.set_run_id("r2");
  v1::Run& run = *request.mutable_run();
  (*run.mutable_params())["epochs"] = "3";
  (*run.mutable_latest_metrics())["loss"] = 0.1;
  run.set_state(v1::Run::STATE_FINISHED);
  run.set_state_reason("imported");
  v1::Run created;
  const auto status = rpc::FromGrpc(experiments_->CreateRun(Context().get(), request, &created));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details.has_value()) << status;
  for (const FieldViolation& violation : details->field_violations)
    fields.push_back(violation.field);
  EXPECT_EQ(fields, std::vector<std::string>(
                        {"run.params", "run.latest_metrics", "run.state", "run.state_reason"}));
  EXPECT_NE(status.message().find("LogBatch"), std::string::npos) << status;

  // What the server makes may come along, as it was read elsewhere.
  run.Clear();
  run.set_name("experiments/x/runs/y");
  run.set_state(v1::Run::STATE_RUNNING);
  (*run.mutable_tags())["phase"] = "fit";
  EXPECT_TRUE(experiments_->CreateRun(Context().get(), request, &created).ok());
  EXPECT_EQ(created.name(), "experiments/plant_P001_circuit_C001/runs/r2");
  EXPECT_EQ(created.tags().at("phase"), "fit");
}

TEST_F(ExperimentServiceTest, PagesThroughRunsAndRefusesATokenOfAnotherRequest) {
  for (const char* id : {"r2", "r3"}) CreateRun("plant_P001_circuit_C001", id);
  v1::ListRunsRequest request;
  request.set_parent("experiments/plant_P001_circuit_C001");
  request.set_page_size(2);
  v1::ListRunsResponse page;
  ASSERT_TRUE(experiments_->ListRuns(Context().get(), request, &page).ok());
  ASSERT_EQ(page.runs_size(), 2);
  EXPECT_EQ(page.runs(0).name(), "experiments/plant_P001_circuit_C001/runs/r3");
  ASSERT_FALSE(page.next_page_token().empty());
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(experiments_->ListRuns(Context().get(), request, &page).ok());
  ASSERT_EQ(page.runs_size(), 1);
  EXPECT_TRUE(page.next_page_token().empty());

  request.set_filter("state = FAILED");
  EXPECT_EQ(experiments_->ListRuns(Context().get(), request, &page).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_page_token();
  request.set_filter("colour = red");
  const auto status = rpc::FromGrpc(experiments_->ListRuns(Context().get(), request, &page));
  EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, "filter");
}

TEST_F(ExperimentServiceTest, FindsRunsByAnyKeyThatCanBeLogged) {
  auto batch = Batch();
  (*batch.mutable_params())["a..b"] = "1e400";
  (*batch.mutable_tags())["team/owner"] = "ada";
  auto* point = batch.add_metrics();
  point->set_key("val/loss");
  point->set_value(0.25);
  ASSERT_TRUE(Log(batch).ok());
  v1::ListRunsRequest request;
  request.set_parent("experiments/-");
  const auto count = [&](const std::string& filter) {
    request.set_filter(filter);
    v1::ListRunsResponse page;
    const grpc::Status status = experiments_->ListRuns(Context().get(), request, &page);
    EXPECT_TRUE(status.ok()) << filter << ": " << status.error_message();
    return page.runs_size();
  };
  EXPECT_EQ(count("metrics.\"val/loss\" < 0.3"), 1);
  EXPECT_EQ(count("tags.\"team/owner\" = ada"), 1);
  EXPECT_EQ(count("params.\"a..b\" = \"1e400\""), 1);
  EXPECT_EQ(count("params.\"a..b\" > 1"), 1) << "a text to a filter: by bytes";
  EXPECT_EQ(count("state = STATE_RUNNING AND create_time > 2001-01-01T00:00:00+01:00"), 1);
  EXPECT_EQ(count("state = failed"), 0);
  request.set_filter("state = BROKEN");
  v1::ListRunsResponse page;
  EXPECT_EQ(ReasonOf(rpc::FromGrpc(experiments_->ListRuns(Context().get(), request, &page))),
            "INVALID_FILTER");
}

TEST_F(ExperimentServiceTest, SaysThatARunIsMissingWithItsName) {
  v1::GetRunRequest request;
  request.set_name("experiments/none/runs/r1");
  v1::Run run;
  const auto status = rpc::FromGrpc(experiments_->GetRun(Context().get(), request, &run));
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DetailsOf(status)->resource_name, request.name());
}

}  // namespace
}  // namespace fleetcast::registry
