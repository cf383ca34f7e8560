#include "services/inference/domain/deployment.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/inference/domain/deployer.h"
#include "tests/support/inference/fake_inference.h"

namespace fleetcast::inference {
namespace {

ModelVersion Trained() {
  return {.version = 12,
          .tags = {{"plant_id", "P001"},
                   {"circuit_id", "C001"},
                   {"environment_version", "1.5.0"},
                   {"git_commit_sha", "abc123"}},
          .artifact_sha256 = std::string(64, 'a'),
          .environment = "environments/custom-lstm-env/versions/1.5.0"};
}

TEST(MakeDeployment, HasTheTagsAndVariablesOfTheDesign) {
  const auto deployment = MakeDeployment(Trained(), {});
  ASSERT_TRUE(deployment.ok()) << deployment.status();
  EXPECT_EQ(deployment->environment_variables,
            (std::map<std::string, std::string>{{"PLANT_ID", "P001"}, {"CIRCUIT_ID", "C001"}}));
  EXPECT_EQ(deployment->tags,
            (std::map<std::string, std::string>{{"plant_id", "P001"},
                                                {"circuit_id", "C001"},
                                                {"model_version", "12"},
                                                {"environment_version", "1.5.0"}}));
}

TEST(MakeDeployment, RefusesAVersionThatNamesNoCircuitOrHasNoArtifact) {
  ModelVersion untagged = Trained();
  untagged.tags.erase("circuit_id");
  EXPECT_EQ(ReasonOf(MakeDeployment(untagged, {}).status()), "MODEL_VERSION_UNTAGGED");
  ModelVersion empty = Trained();
  empty.artifact_sha256.clear();
  EXPECT_EQ(ReasonOf(MakeDeployment(empty, {}).status()), "MODEL_VERSION_WITHOUT_ARTIFACT");
}

class OneVersionRegistry final : public ModelRegistry {
 public:
  absl::StatusOr<ModelVersion> GetModelVersion(std::int64_t number) override {
    if (number != version.version) return ResourceNotFound("ModelVersion", "that", "train");
    return version;
  }
  absl::StatusOr<std::string> DownloadArtifact(const std::string&, absl::Duration) override {
    return absl::UnimplementedError("not asked for here");
  }
  ModelVersion version = Trained();
};

class RecordingCatalog final : public CircuitCatalog {
 public:
  absl::StatusOr<DeploymentSettings> GetDeploymentSettings(const CircuitId& circuit,
                                                           const std::string& revision) override {
    asked.push_back(CircuitResource(circuit) + "@" + revision);
    return DeploymentSettings{.plant_display_name = "Plant", .timeout = absl::Minutes(5)};
  }
  std::vector<std::string> asked;
};

TEST(Deployer, ReadsTheConfigurationAtTheVersionsCommitUnlessToldOtherwise) {
  testing::FakeClock clock;
  FakeLedger ledger(clock);
  FakeDeploymentStore store(ledger);
  OneVersionRegistry registry;
  RecordingCatalog catalog;
  Deployer deployer(registry, catalog, store);
  EXPECT_TRUE(deployer.Deploy({"1", "Deploy", "a"}, {.model_version = 12}).ok());
  EXPECT_TRUE(
      deployer.Deploy({"2", "Deploy", "b"}, {.model_version = 12, .revision = "main"}).ok());
  EXPECT_EQ(catalog.asked, (std::vector<std::string>{"plants/P001/circuits/C001@abc123",
                                                     "plants/P001/circuits/C001@main"}));
  registry.version.tags.erase("git_commit_sha");
  EXPECT_EQ(ReasonOf(deployer.Deploy({"3", "Deploy", "c"}, {.model_version = 12}).status()),
            "MODEL_VERSION_UNTAGGED");
  EXPECT_EQ(deployer.Deploy({"4", "Deploy", "d"}, {.model_version = 13}).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fleetcast::inference
