#include "cli/names.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

TEST(CircuitName, TakesTheShortAndTheFullForm) {
  EXPECT_EQ(CircuitName("P001/C001").value(), "plants/P001/circuits/C001");
  EXPECT_EQ(CircuitName("plants/P001/circuits/C001").value(), "plants/P001/circuits/C001");
}

TEST(CircuitName, RefusesAnythingElseAndShowsWhatIsRight) {
  for (const char* text : {"", "P001", "P001/", "/C001", "P001/C001/x", "plants/P001"}) {
    const auto name = CircuitName(text);
    ASSERT_FALSE(name.ok()) << text;
    EXPECT_EQ(name.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(name.status().message().find("P001/C001"), std::string::npos) << text;
  }
}

TEST(CircuitsName, TakesAPlantOrTheWholeFleetToo) {
  EXPECT_EQ(CircuitsName("P001").value(), "plants/P001/circuits/-");
  EXPECT_EQ(CircuitsName("plants/P001").value(), "plants/P001/circuits/-");
  EXPECT_EQ(CircuitsName("all").value(), "plants/-/circuits/-");
  EXPECT_EQ(CircuitsName("P001/C001").value(), "plants/P001/circuits/C001");
}

TEST(ModelVersionName, TakesANumber) {
  EXPECT_EQ(ModelVersionName("12").value(), "models/sensor-model/versions/12");
  EXPECT_EQ(ModelVersionName("v12").value(), "models/sensor-model/versions/12");
  EXPECT_EQ(ModelVersionName("models/m/versions/3").value(), "models/m/versions/3");
  EXPECT_EQ(ModelVersionName("plant-base/3").value(), "models/plant-base/versions/3");
  EXPECT_EQ(ShortVersion("models/plant-base/versions/3"), "plant-base/3");
  EXPECT_FALSE(ModelVersionName("plant-base/").ok());
  EXPECT_FALSE(ModelVersionName("latest").ok());
  EXPECT_FALSE(ModelVersionName("v").ok());
}

TEST(DeploymentName, IsMadeFromTheCircuit) {
  EXPECT_EQ(DeploymentName("P001/C001").value(),
            "batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C001");
}

TEST(NameIn, LeavesFullNamesAlone) {
  EXPECT_EQ(NameIn("trainingRuns", "01j"), "trainingRuns/01j");
  EXPECT_EQ(NameIn("trainingRuns", "trainingRuns/01j"), "trainingRuns/01j");
}

TEST(PlantIds, SplitsListsAndDropsTheCollection) {
  EXPECT_EQ(PlantIds({"P001, P002", "plants/P003"}),
            (std::vector<std::string>{"P001", "P002", "P003"}));
}

TEST(ShortNames, AreWhatPeopleTypeBack) {
  EXPECT_EQ(ShortCircuit("plants/P001/circuits/C001"), "P001/C001");
  EXPECT_EQ(ShortCircuit("models/sensor-model/plants/P001/circuits/C001/champion"), "P001/C001");
  EXPECT_EQ(ShortVersion("models/sensor-model/versions/12"), "v12");
  EXPECT_EQ(ShortVersion(""), "");
  EXPECT_EQ(LastPart("trainingRuns/01j"), "01j");
}

TEST(ShortDeployment, IsTheInverseOfTheDeploymentsName) {
  EXPECT_EQ(ShortDeployment(*DeploymentName("P-1/C-1")), "P-1/C-1");
  EXPECT_EQ(ShortDeployment("batchEndpoints/other"), "batchEndpoints/other");
}

}  // namespace
}  // namespace fleetcast::cli
