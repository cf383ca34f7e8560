#include "services/inference/domain/deployer.h"

#include "common/base/status.h"
#include "tests/contract/inference/inference_backend.h"
#include "tests/support/inference/fleet_fakes.h"

namespace fleetcast::inference {
namespace {

ModelVersion Trained() {
  return {.version = 12,
          .tags = {{"plant_id", "P001"}, {"circuit_id", "C001"}, {"git_commit_sha", "abc123"}},
          .artifact_sha256 = std::string(64, 'a'),
          .environment = "environments/custom-lstm-env/versions/1.5.0"};
}

class FewVersionsRegistry final : public FakeFleetRegistry {
 public:
  FewVersionsRegistry() { versions = {{12, Trained()}}; }
};

class RecordingCatalog final : public FakeFleetCatalog {
 public:
  absl::StatusOr<std::map<CircuitId, absl::StatusOr<DeploymentSettings>>> GetDeploymentSettings(
      const std::vector<CircuitId>& circuits, const std::string& revision) override {
    asked.push_back(revision);
    if (revision == unknown_revision) return ResourceNotFound("Revision", revision, "fetch it");
    std::map<CircuitId, absl::StatusOr<DeploymentSettings>> settings;
    for (const CircuitId& circuit : circuits) {
      asked.back() += " " + CircuitKey(circuit);
      if (circuit.circuit_id == "C009") {
        settings.emplace(circuit, ResourceNotFound("Circuit", "C009", "add it"));
      } else {
        settings.emplace(circuit, DeploymentSettings{.plant_display_name = "Plant"});
      }
    }
    return settings;
  }
  std::vector<std::string> asked;
  std::string unknown_revision;
};

class DeployerTest : public InferenceContract {
 protected:
  void Add(std::int64_t number, const std::string& circuit, const std::string& commit) {
    ModelVersion version = Trained();
    version.version = number;
    version.tags["circuit_id"] = circuit;
    version.tags["git_commit_sha"] = commit;
    registry_.versions[number] = version;
  }

  FewVersionsRegistry registry_;
  RecordingCatalog catalog_;
  Deployer deployer_{registry_, catalog_, deployments_};
};

TEST_F(DeployerTest, ReadsTheConfigurationAtTheVersionsCommitUnlessToldOtherwise) {
  EXPECT_TRUE(deployer_.Deploy(Request("1"), {.model_version = 12}).ok());
  EXPECT_TRUE(deployer_.Deploy(Request("2"), {.model_version = 12, .revision = "main"}).ok());
  EXPECT_EQ(catalog_.asked, (std::vector<std::string>{"abc123 P001.C001", "main P001.C001"}));
  registry_.versions[12].tags.erase("git_commit_sha");
  EXPECT_EQ(ReasonOf(deployer_.Deploy(Request("3"), {.model_version = 12}).status()),
            "MODEL_VERSION_UNTAGGED");
  EXPECT_EQ(deployer_.Deploy(Request("4"), {.model_version = 13}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(DeployerTest, GivesTheFirstAnswerToARepeatedRequestWhileTheRegistryIsAway) {
  const auto first = deployer_.Deploy(Request("1"), {.model_version = 12});
  const auto outcomes = deployer_.DeployAll(Request("2"), {{.model_version = 12}});
  registry_.away = true;
  ASSERT_TRUE(deployments_.Delete(Request("3"), {"P001", "C001"}, "").ok());
  const auto again = deployer_.Deploy(Request("1"), {.model_version = 12});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->revision, first->revision);
  const auto all_again = deployer_.DeployAll(Request("2"), {{.model_version = 12}});
  ASSERT_TRUE(all_again.ok()) << all_again.status();
  EXPECT_EQ(all_again->at(0).revision, outcomes->at(0).revision);
  EXPECT_EQ(deployer_.DeployAll(Request("4"), {{.model_version = 12}}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(DeployerTest, AsksForManyCircuitsAtOnceAndWhatIsWrongWithOneIsItsOwn) {
  Add(13, "C002", "abc123");
  Add(14, "C009", "abc123");
  Add(15, "C002", "abc123");
  Add(16, "C003", "gone");
  catalog_.unknown_revision = "gone";
  const auto outcomes = deployer_.DeployAll(Request("1"), {{.model_version = 12},
                                                           {.model_version = 13},
                                                           {.model_version = 14},
                                                           {.model_version = 15},
                                                           {.model_version = 16},
                                                           {.model_version = 99}});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  std::vector<std::string> reasons;
  for (const DeployOutcome& outcome : *outcomes) reasons.push_back(outcome.failure_reason);
  EXPECT_EQ(reasons, (std::vector<std::string>{"", "", "RESOURCE_NOT_FOUND", "CIRCUIT_REPEATED",
                                               "RESOURCE_NOT_FOUND", "RESOURCE_NOT_FOUND"}));
  EXPECT_EQ(catalog_.asked,
            (std::vector<std::string>{"abc123 P001.C001 P001.C002 P001.C009", "gone"}));
  EXPECT_EQ(deployments_.List("", {}, {})->items.size(), 2U);
}

}  // namespace
}  // namespace fleetcast::inference
