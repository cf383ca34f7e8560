#include "services/inference/domain/deployment.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

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

// A circuit whose sensor changed keeps its champion, which knows the old one.
TEST(MakeDeployment, AVersionReadsTheSensorThatItWasTrainedOn) {
  ModelVersion version = Trained();
  EXPECT_EQ(MakeDeployment(version, {.sensor_id = "NEW"})->settings.sensor_id, "NEW");
  version.tags["sensor_id"] = "OLD";
  EXPECT_EQ(MakeDeployment(version, {.sensor_id = "NEW"})->settings.sensor_id, "OLD");
}

TEST(MakeDeployment, ACutoffDateBeyondWhatWasReadIsNotBelieved) {
  ModelVersion version = Trained();
  version.tags["cutoff_date"] = "2034-01-01";
  EXPECT_EQ(MakeDeployment(version, {})->cutoff_date, "2034-01-01") << "before versions said it";
  version.tags["last_reading"] = "2025-12-16T23:00:00Z";
  EXPECT_EQ(MakeDeployment(version, {})->cutoff_date, "2025-12-16");
  version.tags["cutoff_date"] = "2025-12-09";
  EXPECT_EQ(MakeDeployment(version, {})->cutoff_date, "2025-12-09");
}

TEST(MakeDeployment, RefusesAVersionThatNamesNoCircuitOrHasNoArtifact) {
  ModelVersion untagged = Trained();
  untagged.tags.erase("circuit_id");
  EXPECT_EQ(ReasonOf(MakeDeployment(untagged, {}).status()), "MODEL_VERSION_UNTAGGED");
  ModelVersion empty = Trained();
  empty.artifact_sha256.clear();
  EXPECT_EQ(ReasonOf(MakeDeployment(empty, {}).status()), "MODEL_VERSION_WITHOUT_ARTIFACT");
}

}  // namespace
}  // namespace fleetcast::inference
