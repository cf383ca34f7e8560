// The trainer's view of the config service, over a real channel to one that answers in pages.
#include "services/trainer/adapters/config_catalog.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "tests/support/config/followed_config.h"

namespace fleetcast::trainer {
namespace {

// Page after page, whatever the revisions.
class PagedConfig final : public config::v1::ConfigService::Service {
 public:
  grpc::Status DetectChanges(grpc::ServerContext*, const config::v1::DetectChangesRequest* request,
                             config::v1::DetectChangesResponse* response) override {
    const std::string& token = request->page_token();
    const std::size_t page = token.empty() ? 0 : std::stoul(token);
    *response = pages.at(page);
    response->set_merge_base_commit("base");
    response->set_head_commit("head");
    if (page + 1 < pages.size()) response->set_next_page_token(std::to_string(page + 1));
    return grpc::Status::OK;
  }
  grpc::Status GetCircuit(grpc::ServerContext*, const config::v1::GetCircuitRequest* request,
                          config::v1::Circuit* response) override {
    EXPECT_EQ(request->revision(), "head");
    // Another replica has resolved it; this one may not have fetched it yet.
    EXPECT_TRUE(request->has_max_staleness());
    response->set_name(request->name());
    response->set_circuit_id(request->name().substr(request->name().rfind('/') + 1));
    return grpc::Status::OK;
  }
  std::vector<config::v1::DetectChangesResponse> pages;
};

config::v1::DetectChangesResponse Page(const std::vector<std::string>& circuits) {
  config::v1::DetectChangesResponse page;
  for (const std::string& circuit : circuits) {
    config::v1::CircuitChange& change = *page.add_changes();
    change.set_plant_id("P001");
    change.set_circuit_id(circuit);
    change.set_effect(config::v1::CircuitChange::EFFECT_RETRAIN);
  }
  return page;
}

class ConfigCatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = rpc::Server::Start({}, {&service_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  absl::StatusOr<ResolvedCircuits> Changed() {
    return ConfigCatalog(rpc::Connect(server_->address())).ChangedCircuits("main", "branch");
  }
  PagedConfig service_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(ConfigCatalogTest, EveryPageIsTrained) {
  service_.pages = {Page({"C001", "C002"}), Page({"C003"}), Page({})};
  const auto changed = Changed();
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->commit, "head");
  EXPECT_EQ(changed->merge_base_commit, "base");
  std::vector<std::string> ids;
  for (const CircuitConfig& circuit : changed->circuits) ids.push_back(circuit.circuit_id);
  EXPECT_EQ(ids, (std::vector<std::string>{"C001", "C002", "C003"}));
}

TEST_F(ConfigCatalogTest, AnErrorOnAnyPageStopsTheRun) {
  service_.pages = {Page({}), Page({"C001"})};
  service_.pages[0].add_diagnostics()->set_severity(config::v1::Diagnostic::SEVERITY_WARNING);
  config::v1::Diagnostic& error = *service_.pages[1].add_diagnostics();
  error.set_severity(config::v1::Diagnostic::SEVERITY_ERROR);
  error.set_path("config/plants/P001/C001.yml");
  error.set_line(12);
  const absl::Status refused = Changed().status();
  EXPECT_EQ(ReasonOf(refused), "CONFIGURATION_UNSOUND");
  EXPECT_EQ(DetailsOf(refused)->metadata.at("line"), "12");
}

TEST(ConfigCatalogOfARemote, NamesStandForWhatTheyAreNowOrNothingIsTrained) {
  using config::testing::CircuitPath;
  using config::testing::CircuitText;
  config::testing::FollowedConfig config;
  ConfigCatalog catalog(rpc::Connect(config.address()));
  config::testing::Files files = config::testing::FleetFiles({{"P001", {"C001"}}});
  const std::string first = config.remote->Commit("main", files);
  EXPECT_EQ(catalog.NamedCircuits({"plants/-/circuits/-"}, "main")->commit, first);
  EXPECT_EQ(catalog.ChangedCircuits("main", "main")->commit, first);
  // Whatever was asked just before.
  files[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 80"}});
  const std::string second = config.remote->Commit("main", files);
  EXPECT_EQ(catalog.NamedCircuits({"plants/-/circuits/-"}, "main")->commit, second);
  files[CircuitPath("P001", "C001")] = CircuitText("P001", "C001", {{"epochs: 50", "epochs: 90"}});
  const std::string third = config.remote->Commit("main", files);
  const auto changed = catalog.ChangedCircuits(first, "main");
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->commit, third);
  EXPECT_EQ(changed->circuits.size(), 1u);

  config.remote.reset();
  for (const absl::Status& refused :
       {catalog.NamedCircuits({"plants/-/circuits/-"}, "main").status(),
        catalog.ChangedCircuits(first, "main").status()}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ReasonOf(refused), "REMOTE_REFUSED");  // no such folder
    EXPECT_NE(refused.message().find("\"main\" stands for now"), std::string::npos) << refused;
    EXPECT_NE(refused.message().find("nothing was changed"), std::string::npos) << refused;
    EXPECT_TRUE(DetailsOf(refused)->retry_after.has_value());
  }
  // A full id cannot have moved.
  EXPECT_EQ(catalog.NamedCircuits({"plants/-/circuits/-"}, third)->commit, third);
  EXPECT_EQ(catalog.ChangedCircuits(first, third)->commit, third);
}

}  // namespace
}  // namespace fleetcast::trainer
