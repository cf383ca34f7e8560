#include "services/inference/domain/names.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/awkward_ids.h"

namespace fleetcast::inference {
namespace {

TEST(Names, AreThoseOfTheDesign) {
  const CircuitId circuit{"P001", "C001"};
  EXPECT_EQ(EndpointResource("P001"), "batchEndpoints/batch-endpoint-plant-P001");
  EXPECT_EQ(DeploymentResource(circuit),
            "batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C001");
  EXPECT_EQ(ModelVersionResource(12), "models/sensor-model/versions/12");
  EXPECT_EQ(InvocationResource({"01abc", circuit}), "sweeps/01abc/invocations/P001.C001");
  EXPECT_EQ(ForecastResource(circuit, absl::FromUnixSeconds(1'765'321'200), 12),
            "plants/P001/circuits/C001/forecasts/20251209T230000Z-v12");
  EXPECT_EQ(ForecastResource(circuit, absl::FromUnixSeconds(1'765'321'200), 0),
            "plants/P001/circuits/C001/forecasts/20251209T230000Z-naive");
}

TEST(Names, ReadBack) {
  EXPECT_EQ(*ParseDeployment("name", DeploymentResource({"P-1", "C_2"})),
            (CircuitId{"P-1", "C_2"}));
  EXPECT_EQ(*ParseEndpoint("name", EndpointResource("P001")), "P001");
  EXPECT_EQ(*ParseEndpointOrAll("parent", "batchEndpoints/-"), "");
  EXPECT_EQ(*ParseModelVersion("model_version", "models/sensor-model/versions/12"), 12);
  EXPECT_EQ(*ParseCircuitOrAll("parent", "plants/-/circuits/-"), CircuitId{});
  EXPECT_EQ(*ParseCircuitOrAll("parent", "plants/P001/circuits/-"), (CircuitId{"P001", ""}));
  EXPECT_EQ(*ParseInvocation("name", "sweeps/01abc/invocations/P-1.C-1"),
            (InvocationName{"01abc", {"P-1", "C-1"}}));
}

TEST(Names, OfForecastsReadBackAndNoOtherSpelling) {
  for (const std::int64_t version : {0, 1, 12}) {
    const ForecastName name{{"P-1", "C_2"}, absl::FromUnixSeconds(1'765'321'200), version};
    EXPECT_EQ(*ParseForecast("name", ForecastResource(name.circuit, name.issue_time, version)),
              name);
  }
  for (const char* id : {"20251209T230000Z", "20251209T230000Z-", "20251209T230000Z-v",
                         "20251209T230000Z-v0", "20251209T230000Z-v01", "20251209T230000Z-v1x",
                         "20251309T230000Z-v1", "20251209T230000Z-naive2", "naive", "-naive"}) {
    EXPECT_FALSE(
        ParseForecast("name", std::string("plants/P001/circuits/C001/forecasts/") + id).ok())
        << id;
  }
}

TEST(Names, OfTheLongestIdsReadBack) {
  const CircuitId circuit{std::string(63, 'P'), std::string(63, 'C')};
  EXPECT_EQ(*ParseEndpoint("name", EndpointResource(circuit.plant_id)), circuit.plant_id);
  EXPECT_EQ(*ParseDeployment("name", DeploymentResource(circuit)), circuit);
  const InvocationName invocation{std::string(63, 's'), circuit};
  EXPECT_EQ(*ParseInvocation("name", InvocationResource(invocation)), invocation);
}

// Every name that is given out is taken back, and no two are the same.
TEST(Names, OfAwkwardIdsReadBackAndAreTold) {
  std::set<std::string> names;
  for (const auto& [plant, circuit_id] : fleetcast::testing::AwkwardCircuits()) {
    const CircuitId circuit{plant, circuit_id};
    EXPECT_EQ(*ParseEndpoint("name", EndpointResource(plant)), plant);
    EXPECT_EQ(*ParseDeployment("name", DeploymentResource(circuit)), circuit);
    EXPECT_EQ(*ParseCircuit("name", CircuitResource(circuit)), circuit);
    EXPECT_EQ(*ParseStatus("name", StatusResource(circuit)), circuit);
    EXPECT_EQ(*ParsePlantOrAll("parent", "plants/" + plant), plant);
    const InvocationName invocation{"01abc", circuit};
    EXPECT_EQ(*ParseInvocation("name", InvocationResource(invocation)), invocation);
    for (const std::string& name :
         {DeploymentResource(circuit), CircuitResource(circuit), StatusResource(circuit),
          InvocationResource(invocation), ReleaseStepResource("01abc", circuit),
          ForecastResource(circuit, absl::FromUnixSeconds(1'765'321'200), 12)})
      EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(Names, RefuseWhatIsNoneOfThem) {
  EXPECT_FALSE(ParseEndpoint("name", "batchEndpoints/P001").ok());
  EXPECT_FALSE(ParseEndpoint("name", "batchEndpoints/batch-endpoint-plant-").ok());
  EXPECT_FALSE(ParseEndpoint("name", "batchEndpoints/-").ok());
  EXPECT_FALSE(ParseDeployment("name", "batchEndpoints/batch-endpoint-plant-P001").ok());
  EXPECT_FALSE(ParseDeployment("name",
                               "batchEndpoints/batch-endpoint-plant-P001/deployments/"
                               "deployment-circuit-../x")
                   .ok());
  for (const char* name : {"models/other/versions/1", "models/sensor-model/versions/0",
                           "models/sensor-model/versions/01", "models/sensor-model/versions/x",
                           "models/sensor-model/versions/99999999999999999999"}) {
    EXPECT_FALSE(ParseModelVersion("model_version", name).ok()) << name;
  }
}

}  // namespace
}  // namespace fleetcast::inference
