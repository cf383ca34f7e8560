#include "services/config/domain/change.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "services/config/domain/canonical.h"

namespace fleetcast::config {
namespace {

CircuitConfig Config(const CircuitKey& key) {
  CircuitConfig config;
  config.plant_id = key.plant_id;
  config.circuit_id = key.circuit_id;
  config.training.cutoff_date = "2025-12-09";
  config.training.hyperparameters.epochs = 50;
  config.training.data_filters.feature_columns = {"a", "b"};
  config.deployment.timeout_minutes = 60;
  return config;
}

ResolvedCircuit Circuit(const CircuitConfig& config, const std::string& display_name = "Circuit") {
  auto plant = std::make_shared<PlantOutline>();
  plant->display_name = "Plant";
  plant->circuits.push_back(
      {.key = {config.plant_id, config.circuit_id}, .display_name = display_name});
  auto resolution = std::make_shared<CircuitResolution>();
  resolution->config = config;
  resolution->sources.resize(CircuitKeys().size());
  resolution->training_hash = TrainingHash(config);
  resolution->deployment_hash = DeploymentHash(config);
  return {{plant, plant->circuits.data()}, resolution};
}

ResolvedCircuit Sound(const std::string& plant, const std::string& circuit) {
  return Circuit(Config({plant, circuit}));
}

ResolvedCircuit Unsound(const std::string& plant, const std::string& circuit) {
  ResolvedCircuit unsound = Sound(plant, circuit);
  unsound.resolution = std::make_shared<const CircuitResolution>();
  return unsound;
}

std::vector<std::string> Texts(const CircuitChange& change) {
  std::vector<std::string> texts;
  for (const FieldChange& field : change.fields) texts.push_back(field.Text());
  return texts;
}

Fleet FleetOf(std::vector<ResolvedCircuit> circuits) {
  return {.readable = true, .complete = true, .circuits = std::move(circuits)};
}

TEST(DetectChanges, SameValuesAreNoChange) {
  EXPECT_TRUE(DetectChanges(FleetOf({Sound("P1", "C1")}), FleetOf({Sound("P1", "C1")})).empty());
}

TEST(DetectChanges, TrainingValueCallsForRetrainingAndSaysOldAndNew) {
  CircuitConfig config = Config({"P1", "C1"});
  config.training.hyperparameters.epochs = 80;
  config.training.data_filters.feature_columns = {"a"};
  config.deployment.timeout_minutes = 90;
  const auto changes = DetectChanges(FleetOf({Sound("P1", "C1")}), FleetOf({Circuit(config)}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, ChangeKind::kModified);
  EXPECT_EQ(changes[0].effect, ChangeEffect::kRetrain);
  EXPECT_EQ(Texts(changes[0]),
            (std::vector<std::string>{"training.hyperparameters.epochs: 50 -> 80",
                                      "training.data_filters.feature_columns: [a, b] -> [a]",
                                      "deployment.timeout_minutes: 60 -> 90"}));
}

TEST(DetectChanges, DeploymentValueAloneCallsForRedeployment) {
  CircuitConfig config = Config({"P1", "C1"});
  config.deployment.timeout_minutes = 90;
  const auto changes = DetectChanges(FleetOf({Sound("P1", "C1")}), FleetOf({Circuit(config)}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].effect, ChangeEffect::kRedeploy);
}

TEST(DetectChanges, NameForPeopleIsReportedAndCallsForNothing) {
  const ResolvedCircuit renamed = Circuit(Config({"P1", "C1"}), "Better");
  const auto changes = DetectChanges(FleetOf({Sound("P1", "C1")}), FleetOf({renamed}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].effect, ChangeEffect::kNone);
  EXPECT_EQ(Texts(changes[0]), (std::vector<std::string>{"circuit_name: Circuit -> Better"}));
  Fleet nameless = FleetOf({Sound("P1", "C1")});
  nameless.readable = false;
  EXPECT_TRUE(DetectChanges(nameless, FleetOf({renamed})).empty());
}

TEST(DetectChanges, NewCircuitIsTrainedAndOneThatIsGoneIsRetired) {
  const auto changes = DetectChanges(FleetOf({Sound("P1", "C1"), Sound("P2", "C1")}),
                                     FleetOf({Sound("P1", "C0"), Sound("P2", "C1")}));
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].key, (CircuitKey{"P1", "C0"}));
  EXPECT_EQ(changes[0].kind, ChangeKind::kAdded);
  EXPECT_EQ(changes[0].effect, ChangeEffect::kRetrain);
  EXPECT_EQ(changes[1].key, (CircuitKey{"P1", "C1"}));
  EXPECT_EQ(changes[1].kind, ChangeKind::kRemoved);
  EXPECT_EQ(changes[1].effect, ChangeEffect::kRetire);
  EXPECT_EQ(changes[1].cutoff_date, "2025-12-09");
}

TEST(DetectChanges, NobodyIsRetiredByAMasterListThatIsIncomplete) {
  Fleet head = FleetOf({});
  head.complete = false;
  EXPECT_TRUE(DetectChanges(FleetOf({Sound("P1", "C1")}), head).empty());
}

TEST(DetectChanges, UnsoundHeadIsNoChangeAndAMendedBaseIsTrained) {
  EXPECT_TRUE(DetectChanges(FleetOf({Sound("P1", "C1")}), FleetOf({Unsound("P1", "C1")})).empty());
  EXPECT_TRUE(DetectChanges(FleetOf({}), FleetOf({Unsound("P1", "C1")})).empty());
  const auto changes = DetectChanges(FleetOf({Unsound("P1", "C1")}), FleetOf({Sound("P1", "C1")}));
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, ChangeKind::kModified);
  EXPECT_EQ(changes[0].effect, ChangeEffect::kRetrain);
  EXPECT_TRUE(changes[0].fields.empty());
}

}  // namespace
}  // namespace fleetcast::config
