#include "services/registry/domain/names.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/awkward_ids.h"

namespace fleetcast::registry {
namespace {

const std::string kSha(64, 'a');

TEST(RegistryNames, GoFromTextToIdsAndBack) {
  const std::string run = "experiments/plant_P001_circuit_C001/runs/01h-P001-C001-3";
  EXPECT_EQ(ParseRunName("name", run)->Text(), run);
  const std::string asset = "dataAssets/plant_P001_circuit_C001/versions/2025-12-09";
  EXPECT_EQ(ParseDataAssetVersionName("name", asset)->Text(), asset);
  const std::string environment = "environments/custom-lstm-env/versions/1.5.0";
  EXPECT_EQ(ParseEnvironmentVersionName("name", environment)->Text(), environment);
  const std::string version = "models/sensor-model/versions/12";
  EXPECT_EQ(ParseModelVersionName("name", version)->Text(), version);
  const std::string champion = "models/sensor-model/plants/P001/circuits/C001/champion";
  EXPECT_EQ(ParseChampionName("name", champion)->ChampionText(), champion);
  EXPECT_EQ(*ParseArtifactName("name", "artifacts/" + kSha), kSha);
}

// Every name that is given out is taken back.
TEST(RegistryNames, OfAwkwardIdsReadBack) {
  for (const auto& [plant, circuit] : fleetcast::testing::AwkwardCircuits()) {
    const std::string asset = "plant_" + plant + "_circuit_" + circuit;
    EXPECT_EQ(*ParseExperimentName("name", ExperimentNameText(asset)), asset);
    const RunName run{asset, "01h2xcejqtf2nbrexx3vqjhp41-3"};
    EXPECT_EQ(*ParseRunName("name", run.Text()), run);
    for (const char* version : {"2025-12-09", "2025-12-09.2", "2025-12-09.12"}) {
      const DataAssetVersionName name{asset, version};
      EXPECT_EQ(*ParseDataAssetVersionName("name", name.Text()), name);
    }
    const CircuitName champion{"sensor-model", plant, circuit};
    EXPECT_EQ(ParseChampionName("name", champion.ChampionText())->Text(), champion.Text());
    EXPECT_TRUE(
        CheckTrainingJobName(
            "training_job", "trainingRuns/01h2xcejqtf2nbrexx3vqjhp41/jobs/" + plant + "." + circuit)
            .ok());
  }
}

TEST(RegistryNames, AreRefusedWithTheFieldWhenMalformed) {
  const std::string long_id(256, 'a');
  for (const std::string& name :
       {std::string(""), std::string("experiments"), std::string("experiments/"),
        std::string("runs/a"), std::string("experiments/../runs"), std::string("experiments/a b"),
        std::string("experiments/-"), std::string("experiments/a/"), "experiments/" + long_id}) {
    const auto parsed = ParseExperimentName("parent", name);
    ASSERT_FALSE(parsed.ok()) << name;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(DetailsOf(parsed.status())->field_violations.at(0).field, "parent") << name;
  }
}

TEST(RegistryNames, KeepPathsInsideTheArtifactStore) {
  for (const std::string& id : {std::string("../../etc/passwd"), std::string("AB"),
                                std::string(64, 'A'), std::string(63, 'a') + "/"}) {
    EXPECT_FALSE(ParseArtifactName("name", "artifacts/" + id).ok()) << id;
  }
}

TEST(RegistryNames, NumberModelVersionsFromOne) {
  for (const char* id : {"0", "-1", "01", "1.0", "x", "", "99999999999999999999"}) {
    EXPECT_FALSE(ParseModelVersionName("name", std::string("models/m/versions/") + id).ok()) << id;
  }
}

TEST(RegistryNames, CallDataAssetVersionsByRealDates) {
  EXPECT_FALSE(ParseDataAssetVersionName("name", "dataAssets/a/versions/2025-02-30").ok());
  EXPECT_FALSE(ParseDataAssetVersionName("name", "dataAssets/a/versions/latest").ok());
}

TEST(RegistryNames, LetADashStandForAllInParentsOfLists) {
  EXPECT_EQ(*ParseExperimentParent("parent", "experiments/-"), "-");
  const auto all = ParseCircuitParent("parent", "models/sensor-model/plants/P001/circuits/-");
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->plant_id, "P001");
  EXPECT_EQ(all->circuit_id, "-");
}

TEST(RegistryNames, OfTrainingJobsMayBeAbsentButNotMalformed) {
  EXPECT_TRUE(CheckTrainingJobName("f", "").ok());
  EXPECT_TRUE(CheckTrainingJobName("f", "trainingRuns/01h/jobs/P001-C001").ok());
  EXPECT_FALSE(CheckTrainingJobName("f", "P001-C001").ok());
}

}  // namespace
}  // namespace fleetcast::registry
