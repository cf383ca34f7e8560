#include "services/inference/domain/deployer.h"

#include "common/base/status.h"
#include "tests/contract/inference/inference_backend.h"

namespace fleetcast::inference {
namespace {

class OneVersionRegistry final : public ModelRegistry {
 public:
  absl::StatusOr<ModelVersion> GetModelVersion(std::int64_t number) override {
    if (number != version.version) return ResourceNotFound("ModelVersion", "that", "train");
    return version;
  }
  absl::StatusOr<std::string> DownloadArtifact(const std::string&, absl::Duration) override {
    return absl::UnimplementedError("not asked for here");
  }
  ModelVersion version = {
      .version = 12,
      .tags = {{"plant_id", "P001"}, {"circuit_id", "C001"}, {"git_commit_sha", "abc123"}},
      .artifact_sha256 = std::string(64, 'a'),
      .environment = "environments/custom-lstm-env/versions/1.5.0"};
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

TEST_F(InferenceContract, ADeployerReadsTheConfigurationAtTheVersionsCommitUnlessToldOtherwise) {
  OneVersionRegistry registry;
  RecordingCatalog catalog;
  Deployer deployer(registry, catalog, deployments_);
  EXPECT_TRUE(deployer.Deploy(NewRequest(), {.model_version = 12}).ok());
  EXPECT_TRUE(deployer.Deploy(NewRequest(), {.model_version = 12, .revision = "main"}).ok());
  EXPECT_EQ(catalog.asked, (std::vector<std::string>{"plants/P001/circuits/C001@abc123",
                                                     "plants/P001/circuits/C001@main"}));
  registry.version.tags.erase("git_commit_sha");
  EXPECT_EQ(ReasonOf(deployer.Deploy(NewRequest(), {.model_version = 12}).status()),
            "MODEL_VERSION_UNTAGGED");
  EXPECT_EQ(deployer.Deploy(NewRequest(), {.model_version = 13}).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fleetcast::inference
