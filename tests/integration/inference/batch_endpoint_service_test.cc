#include "common/base/status.h"
#include "tests/integration/inference/inference_stack.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

class BatchEndpointServiceTest : public InferenceStack {
 protected:
  BatchEndpointServiceTest() {
    InferenceSettings settings = Settings("api");
    settings.slots = 0;
    StartReplica(settings);
  }
};

TEST_F(BatchEndpointServiceTest, ADeploymentHasEveryPropertyAndTagOfTheDesign) {
  const std::string version = Register("P001", "C001");
  const auto deployed = Deploy(version);
  ASSERT_TRUE(deployed.ok()) << deployed.status();
  EXPECT_EQ(deployed->name(),
            "batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C001");
  EXPECT_EQ(deployed->display_name(), "Circuit C001");
  EXPECT_EQ(deployed->model(), version);
  EXPECT_EQ(deployed->environment(), "environments/custom-lstm-env/versions/1.5.0");
  EXPECT_EQ(deployed->compute(), "Standard_DS3_v2");
  EXPECT_EQ(deployed->instance_count(), 1);
  EXPECT_EQ(deployed->mini_batch_size(), 100);
  EXPECT_EQ(deployed->max_concurrency_per_instance(), 1);
  EXPECT_EQ(deployed->timeout().seconds(), 3600);
  EXPECT_EQ(deployed->environment_variables().at("PLANT_ID"), "P001");
  EXPECT_EQ(deployed->environment_variables().at("CIRCUIT_ID"), "C001");
  EXPECT_EQ(deployed->tags().at("plant_id"), "P001");
  EXPECT_EQ(deployed->tags().at("circuit_id"), "C001");
  EXPECT_EQ(deployed->tags().at("model_version"), "1");
  EXPECT_EQ(deployed->tags().at("environment_version"), "1.5.0");
  EXPECT_EQ(deployed->tags().count("deployed_at"), 1U);
  EXPECT_EQ(deployed->sensor_id(), "SENSOR_P001_C001");
  EXPECT_EQ(deployed->config_commit(), commit_);

  v1::GetBatchEndpointRequest request;
  request.set_name("batchEndpoints/batch-endpoint-plant-P001");
  const auto endpoint = rpc::Call<v1::BatchEndpoint>(kTimeout, [&](auto* context, auto* response) {
    return endpoints_->GetBatchEndpoint(context, request, response);
  });
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(endpoint->display_name(), "Plant P001");
  EXPECT_EQ(endpoint->deployment_count(), 1);
}

TEST_F(BatchEndpointServiceTest, ARepeatedRequestGetsItsFirstAnswerAlsoWhileConfigIsAway) {
  const std::string first = Register("P001", "C001"), second = Register("P001", "C001");
  const std::string request_id = NewRequestId();
  const auto deployed = Deploy(first, request_id);
  ASSERT_TRUE(Deploy(second).ok());
  config_server_.reset();
  const auto repeated = Deploy(first, request_id);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->SerializeAsString().size(), deployed->SerializeAsString().size());
  EXPECT_EQ(repeated->model(), first);
  EXPECT_EQ(repeated->etag(), deployed->etag());
  EXPECT_EQ(ReasonOf(Deploy(second, request_id).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Deploy(first).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(BatchEndpointServiceTest, ManyVersionsAreDeployedInOneCall) {
  v1::BatchDeployModelVersionsRequest request;
  request.set_request_id(NewRequestId());
  const auto call = [&] {
    return rpc::Call<v1::BatchDeployModelVersionsResponse>(
        kTimeout, [&](auto* context, auto* response) {
          return endpoints_->BatchDeployModelVersions(context, request, response);
        });
  };
  EXPECT_EQ(call().status().code(), absl::StatusCode::kInvalidArgument) << "no items";
  for (const auto& [plant, circuit] : {std::pair{"P001", "C001"}, std::pair{"P001", "C002"},
                                       std::pair{"P002", "C001"}, std::pair{"P003", "C001"}}) {
    request.add_items()->set_model_version(Register(plant, circuit));
  }
  request.add_items()->set_model_version("models/sensor-model/versions/999");
  const auto answer = call();
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->outcomes_size(), 5);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(answer->outcomes(i).model_version(), request.items(i).model_version());
    EXPECT_FALSE(answer->outcomes(i).has_failure()) << answer->outcomes(i).failure().message();
    EXPECT_FALSE(answer->outcomes(i).etag().empty());
  }
  EXPECT_EQ(answer->outcomes(2).deployment(),
            "batchEndpoints/batch-endpoint-plant-P002/deployments/deployment-circuit-C001");
  EXPECT_NE(answer->outcomes(3).failure().message().find("P003"), std::string::npos);
  EXPECT_EQ(answer->outcomes(4).failure().reason(), "RESOURCE_NOT_FOUND");
  EXPECT_EQ(call()->SerializeAsString(), answer->SerializeAsString());
}

TEST_F(BatchEndpointServiceTest, TheLongestIdsCanBeDeployedGotAndDeleted) {
  const std::string plant(63, 'p'), circuit(57, 'c');  // sensor ids have 128 at most
  commit_ = git_.Commit("main", config::testing::FleetFiles({{plant, {circuit}}}));
  const auto deployed = Deploy(Register(plant, circuit));
  ASSERT_TRUE(deployed.ok()) << deployed.status();
  v1::GetDeploymentRequest get;
  get.set_name(deployed->name());
  const auto found = rpc::Call<v1::Deployment>(kTimeout, [&](auto* context, auto* response) {
    return endpoints_->GetDeployment(context, get, response);
  });
  EXPECT_TRUE(found.ok()) << found.status();
  v1::InvokeDeploymentRequest invoke;
  invoke.set_request_id(NewRequestId());
  invoke.set_name(deployed->name());
  const auto invoked = rpc::Call<v1::Invocation>(kTimeout, [&](auto* context, auto* response) {
    return invocations_->InvokeDeployment(context, invoke, response);
  });
  ASSERT_TRUE(invoked.ok()) << invoked.status();
  EXPECT_TRUE(GetInvocation(invoked->name()).ok());
  v1::DeleteDeploymentRequest remove;
  remove.set_request_id(NewRequestId());
  remove.set_name(deployed->name());
  EXPECT_TRUE(rpc::Call<google::protobuf::Empty>(kTimeout, [&](auto* context, auto* response) {
                return endpoints_->DeleteDeployment(context, remove, response);
              }).ok());
}

TEST_F(BatchEndpointServiceTest, WhatDoesNotExistIsNamed) {
  const auto unknown = Deploy("models/sensor-model/versions/999");
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(unknown.status().message().find("999"), absl::string_view::npos);
  const auto unconfigured = Deploy(Register("P003", "C001"));
  EXPECT_EQ(unconfigured.status().code(), absl::StatusCode::kNotFound) << unconfigured.status();
  EXPECT_EQ(Deploy("models/other/versions/1").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(BatchEndpointServiceTest, DeploymentsAreListedWithFilterAndDeleted) {
  DeployFleet();
  v1::ListDeploymentsRequest list;
  list.set_parent("batchEndpoints/-");
  list.set_page_size(2);
  const auto call = [&] {
    return rpc::Call<v1::ListDeploymentsResponse>(kTimeout, [&](auto* context, auto* response) {
      return endpoints_->ListDeployments(context, list, response);
    });
  };
  const auto first = call();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->deployments_size(), 2);
  list.set_page_token(first->next_page_token());
  EXPECT_EQ(call()->deployments_size(), 1);
  list.set_filter("plant_id = P002");
  EXPECT_EQ(call().status().code(), absl::StatusCode::kInvalidArgument);  // another list's token
  list.clear_page_token();
  EXPECT_EQ(call()->deployments_size(), 1);

  v1::DeleteDeploymentRequest remove;
  remove.set_request_id(NewRequestId());
  remove.set_name("batchEndpoints/batch-endpoint-plant-P002/deployments/deployment-circuit-C001");
  const auto deleted =
      rpc::Call<google::protobuf::Empty>(kTimeout, [&](auto* context, auto* response) {
        return endpoints_->DeleteDeployment(context, remove, response);
      });
  EXPECT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(call()->deployments_size(), 0);
}

}  // namespace
}  // namespace fleetcast::inference
