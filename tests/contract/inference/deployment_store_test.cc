#include "services/inference/domain/deployment_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

TEST_F(InferenceContract, ADeploymentKeepsAllItsProperties) {
  const Deployment wanted = Of({"P001", "C001"}, 12);
  const auto stored = deployments_.Deploy(NewRequest(), wanted, "");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->circuit, wanted.circuit);
  EXPECT_EQ(stored->model_version, 12);
  EXPECT_EQ(stored->artifact_sha256, wanted.artifact_sha256);
  EXPECT_EQ(stored->environment, wanted.environment);
  EXPECT_EQ(stored->environment_variables, wanted.environment_variables);
  EXPECT_EQ(stored->settings.plant_display_name, "Plant P001");
  EXPECT_EQ(stored->settings.display_name, "Circuit \"C001\"");
  EXPECT_EQ(stored->settings.compute, "Standard_DS3_v2");
  EXPECT_EQ(stored->settings.timeout, absl::Minutes(60));
  EXPECT_EQ(stored->settings.max_retries, 2);
  EXPECT_EQ(stored->settings.error_threshold, -1);
  EXPECT_EQ(stored->settings.sensor_id, "SENSOR_P001_C001");
  EXPECT_EQ(stored->settings.commit, "abc123");
  EXPECT_EQ(stored->tags.at("plant_id"), "P001");
  EXPECT_EQ(stored->tags.at("deployed_at").size(), std::string("2025-12-09T00:00:00Z").size());
  EXPECT_EQ(deployments_.Get({"P001", "C001"})->revision, stored->revision);
}

TEST_F(InferenceContract, DeployingAgainReplacesTheDeploymentAndChangesItsEtag) {
  Deploy({"P001", "C001"}, 1);
  const Deployment first = *deployments_.Get({"P001", "C001"});
  Deploy({"P001", "C001"}, 2);
  const Deployment second = *deployments_.Get({"P001", "C001"});
  EXPECT_EQ(second.model_version, 2);
  EXPECT_NE(second.revision, first.revision);
  EXPECT_EQ(second.create_time, first.create_time);
  EXPECT_EQ(deployments_.List("", {}, {})->items.size(), 1U);
}

TEST_F(InferenceContract, AStaleEtagIsRefusedAndChangesNothing) {
  DeploymentStore& store = deployments_;
  const CircuitId circuit{"P001", "C001"};
  EXPECT_EQ(ReasonOf(store.Deploy(NewRequest(), Of(circuit, 1), "7").status()), "ETAG_MISMATCH");
  EXPECT_EQ(store.Get(circuit).status().code(), absl::StatusCode::kNotFound);
  Deploy(circuit, 1);
  const std::string etag = absl::StrCat(store.Get(circuit)->revision);
  ASSERT_TRUE(store.Deploy(NewRequest(), Of(circuit, 2), etag).ok());
  EXPECT_EQ(ReasonOf(store.Deploy(NewRequest(), Of(circuit, 3), etag).status()), "ETAG_MISMATCH");
  EXPECT_EQ(store.Delete(NewRequest(), circuit, etag).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store.Get(circuit)->model_version, 2);
}

TEST_F(InferenceContract, TheSameDeployRequestAgainDeploysNothingNew) {
  DeploymentStore& store = deployments_;
  const MutatingRequest request = Request("deploy once");
  const auto first = store.Deploy(request, Of({"P001", "C001"}, 1), "");
  const auto again = store.Deploy(request, Of({"P001", "C001"}, 1), "");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->revision, first->revision);
}

TEST_F(InferenceContract, ADeletedDeploymentLeavesItsEndpoint) {
  DeployFleet();
  DeploymentStore& store = deployments_;
  EXPECT_EQ(store.GetEndpoint("P001")->deployment_count, 2);
  EXPECT_EQ(store.GetEndpoint("P001")->display_name, "Plant P001");
  ASSERT_TRUE(store.Delete(NewRequest(), {"P002", "C001"}, "").ok());
  EXPECT_EQ(store.Delete(NewRequest(), {"P002", "C001"}, "").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.Get({"P002", "C001"}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store.GetEndpoint("P002")->deployment_count, 0);
  EXPECT_EQ(store.GetEndpoint("P003").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(InferenceContract, DeploymentsAndEndpointsAreListedPageByPage) {
  DeployFleet();
  Deploy({"P-1", "C001"}, 9);
  DeploymentStore& store = deployments_;
  std::vector<std::string> seen;
  PageRequest page{.size = 3};
  do {
    const auto found = store.List("", {}, page);
    ASSERT_TRUE(found.ok()) << found.status();
    for (const Deployment& deployment : found->items)
      seen.push_back(CircuitKey(deployment.circuit));
    page.after = found->next_after;
  } while (!page.after.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"P-1.C001", "P001.C001", "P001.C002", "P002.C001"}));
  EXPECT_EQ(store.List("P001", {}, {})->items.size(), 2U);
  const auto filter =
      *ParseFilter("tags.model_version = \"9\" AND model:versions/9", DeploymentFilterFields());
  ASSERT_EQ(store.List("", filter, {})->items.size(), 1U);
  EXPECT_TRUE(store.List("", *ParseFilter("tags.nothing = \"9\"", DeploymentFilterFields()), {})
                  ->items.empty());
  EXPECT_FALSE(ParseFilter("revision = 9", DeploymentFilterFields()).ok());
  const auto endpoints = store.ListEndpoints({.size = 2});
  ASSERT_EQ(endpoints->items.size(), 2U);
  EXPECT_EQ(store.ListEndpoints({.size = 2, .after = endpoints->next_after})->items.size(), 1U);
}

TEST_F(InferenceContract, RepeatedRequestsForDeploymentsGetTheirFirstAnswers) {
  DeploymentStore& store = deployments_;
  const CircuitId circuit{"P001", "C001"};
  EXPECT_FALSE(store.FirstDeployment(Request("first"))->has_value());
  const auto first = store.Deploy(Request("first"), Of(circuit, 1), "");
  ASSERT_TRUE(store.Deploy(NewRequest(), Of(circuit, 2), "").ok());
  for (int i = 0; i < 2; ++i) {
    const auto again = store.Deploy(Request("first"), Of(circuit, 1), "");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->model_version, 1);
    EXPECT_EQ(again->revision, first->revision);
    EXPECT_EQ(again->tags, first->tags);
    EXPECT_EQ(again->settings.timeout, first->settings.timeout);
    EXPECT_EQ(again->settings.display_name, first->settings.display_name);
    EXPECT_EQ(again->update_time, first->update_time);
    ASSERT_TRUE(store.FirstDeployment(Request("first"))->has_value());
    ASSERT_TRUE(store.Delete(Request("delete"), circuit, "").ok());
  }
  MutatingRequest other = Request("first");
  other.fingerprint = "another";
  EXPECT_EQ(ReasonOf(store.FirstDeployment(other).status()), "REQUEST_ID_REUSED");
}

TEST_F(InferenceContract, ManyAreDeployedAtOnceEachWithAnOutcomeOfItsOwn) {
  DeploymentStore& store = deployments_;
  Deploy({"P001", "C001"});
  const std::vector<DeployItem> items = {
      {.model_version = 7, .circuit = {"P002", "C001"}, .deployment = Of({"P002", "C001"}, 7)},
      {.model_version = 8,
       .circuit = {"P001", "C001"},
       .deployment = Of({"P001", "C001"}, 8),
       .etag = "stale"},
      {.model_version = 9, .circuit = {}, .deployment = absl::NotFoundError("no such version")},
      {.model_version = 10, .circuit = {"P001", "C002"}, .deployment = Of({"P001", "C002"}, 10)}};
  EXPECT_FALSE(store.FirstOutcomes(Request("all"))->has_value());
  const auto outcomes = store.DeployAll(Request("all"), items);
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  ASSERT_EQ(outcomes->size(), 4U);
  EXPECT_EQ(outcomes->at(0).revision, store.Get({"P002", "C001"})->revision);
  EXPECT_EQ(outcomes->at(1).failure_reason, "ETAG_MISMATCH");
  EXPECT_EQ(outcomes->at(1).circuit, (CircuitId{"P001", "C001"}));
  EXPECT_EQ(outcomes->at(2).failure_reason, "NOT_FOUND");
  EXPECT_EQ(outcomes->at(2).failure_message, "no such version");
  EXPECT_EQ(store.Get({"P001", "C001"})->model_version, 1);
  EXPECT_EQ(store.Get({"P001", "C002"})->model_version, 10);
  EXPECT_EQ(store.GetEndpoint("P002")->display_name, "Plant P002");
  ASSERT_TRUE(store.Delete(NewRequest(), {"P002", "C001"}, "").ok());
  const auto again = store.DeployAll(Request("all"), items);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->at(0).revision, outcomes->at(0).revision);
  EXPECT_EQ(again->at(2).failure_message, "no such version");
  EXPECT_FALSE(store.Get({"P002", "C001"}).ok());
  EXPECT_TRUE(store.FirstOutcomes(Request("all"))->has_value());
}

TEST_F(InferenceContract, TheVersionThatServedBeforeIsKnownUnlessARollbackTookItOut) {
  const CircuitId circuit{"P001", "C001"};
  const auto earlier = [&]() -> std::int64_t {
    const auto deployment = deployments_.Get(circuit);
    EXPECT_TRUE(deployment.ok()) << deployment.status();
    return deployment->earlier ? deployment->earlier->model_version : 0;
  };
  struct Step {
    std::int64_t deploy, then;
  };
  for (const Step& step : {Step{2, 0}, Step{2, 0}, Step{3, 2}, Step{3, 2}, Step{5, 3},
                           Step{3, 0},  // back from 5, which was bad
                           Step{6, 3}, Step{4, 3}, Step{2, 0}}) {
    Deploy(circuit, step.deploy);
    EXPECT_EQ(earlier(), step.then) << "after version " << step.deploy;
  }
}

TEST_F(InferenceContract, AnInvocationPinsWhatMayStandInForItsVersion) {
  Deployment deployment = Of({"P001", "C001"}, 2);
  ASSERT_TRUE(deployments_.Deploy(NewRequest(), deployment, "").ok());
  deployment.model_version = 3;
  deployment.artifact_sha256 = std::string(64, 'b');
  deployment.settings.fallback = Fallback::kNone;
  deployment.settings.shape = {.target_column = "load",
                               .horizon = 12,
                               .interval_levels = {80, 97.5},
                               .minimum = 0.5,
                               .maximum = {}};
  const auto deployed = deployments_.Deploy(NewRequest(), deployment, "");
  ASSERT_TRUE(deployed.ok()) << deployed.status();
  EXPECT_EQ(deployed->settings.fallback, Fallback::kNone);
  EXPECT_EQ(deployed->settings.shape.interval_levels, (std::vector<double>{80, 97.5}));
  InvokeFleet();
  const auto held = HeldInvocationOf(Fetch());
  ASSERT_TRUE(held.ok()) << held.status();
  EXPECT_EQ(held->pin.fallback, Fallback::kNone);
  EXPECT_EQ(held->pin.shape.target_column, "load");
  EXPECT_EQ(held->pin.shape.horizon, 12);
  EXPECT_EQ(held->pin.shape.minimum, 0.5);
  EXPECT_EQ(held->pin.shape.maximum, std::nullopt);
  EXPECT_EQ(held->pin.earlier->model_version, 2);
  EXPECT_EQ(held->pin.earlier->artifact_sha256, std::string(64, 'a'));
  EXPECT_TRUE(held->pin.ask_time);
}

}  // namespace
}  // namespace fleetcast::inference
