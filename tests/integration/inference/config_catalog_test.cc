// What the config service says of names, over gRPC and from a real repository.
#include "services/inference/adapters/config_catalog.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/client.h"
#include "tests/support/config/followed_config.h"

namespace fleetcast::inference {
namespace {

using Plants = std::map<std::string, std::vector<std::string>>;

TEST(ConfigCatalog, NamesStandForWhatTheyAreNowOrNothingIsReadByThem) {
  config::testing::FollowedConfig config;
  ConfigCatalog catalog(rpc::Connect(config.address()));
  const std::vector<CircuitId> few = {{"P001", "C001"}}, many = {{"P001", "C001"},
                                                                 {"P001", "C002"},
                                                                 {"P001", "C003"},
                                                                 {"P001", "C004"}};
  const auto push = [&](const std::vector<std::string>& circuits) {
    return config.remote->Commit("main", config::testing::FleetFiles(Plants{{"P001", circuits}}));
  };
  const auto commit_of = [](const auto& settings) -> std::string {
    if (!settings.ok()) return settings.status().ToString();
    const auto& circuit = settings->begin()->second;
    return circuit.ok() ? circuit->commit : circuit.status().ToString();
  };
  const std::string first = push({"C001"});
  EXPECT_EQ(catalog.GetFleet("main")->commit, first);
  // Whatever was asked just before, by a name or by an id that is new.
  const std::string second = push({"C001", "C002", "C003", "C004"});
  EXPECT_EQ(catalog.GetFleet("main")->commit, second);
  const std::string third = push({"C001", "C002", "C003", "C004", "C005"});
  EXPECT_EQ(catalog.GetFleet(third)->circuits.size(), 5u);
  const std::string fourth = push({"C001", "C002", "C003", "C004"});
  EXPECT_EQ(commit_of(catalog.GetDeploymentSettings(few, "main")), fourth);
  const std::string fifth = push({"C001", "C002", "C003", "C004", "C005"});
  EXPECT_EQ(commit_of(catalog.GetDeploymentSettings(many, "main")), fifth);
  EXPECT_EQ(commit_of(catalog.GetDeploymentSettings(many, first)), first);
  const std::string sixth = push({"C001"});
  const auto kinship = catalog.GetKinship(fifth, "main");
  ASSERT_TRUE(kinship.ok()) << kinship.status();
  EXPECT_EQ(kinship->head_commit, sixth);
  EXPECT_EQ(kinship->merge_base_commit, fifth);
  EXPECT_TRUE(kinship->fresh.ok()) << kinship->fresh;

  config.remote.reset();
  for (const absl::Status& refused :
       {catalog.GetFleet("main").status(), catalog.GetDeploymentSettings(few, "main").status(),
        catalog.GetDeploymentSettings(many, "main").status()}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ReasonOf(refused), "REMOTE_REFUSED");  // no such folder
    EXPECT_NE(refused.message().find("\"main\" stands for now"), std::string::npos) << refused;
    EXPECT_NE(refused.message().find("nothing was changed"), std::string::npos) << refused;
    EXPECT_TRUE(DetailsOf(refused)->retry_after.has_value());
  }
  const auto stale = catalog.GetKinship(fifth, "main");
  ASSERT_TRUE(stale.ok()) << stale.status();
  EXPECT_EQ(stale->head_commit, sixth);
  EXPECT_EQ(ReasonOf(stale->fresh), "REMOTE_REFUSED");
  // A full id cannot have moved.
  EXPECT_EQ(catalog.GetFleet(sixth)->commit, sixth);
  EXPECT_EQ(commit_of(catalog.GetDeploymentSettings(few, fifth)), fifth);
  EXPECT_TRUE(catalog.GetKinship(fifth, sixth)->fresh.ok());
}

}  // namespace
}  // namespace fleetcast::inference
