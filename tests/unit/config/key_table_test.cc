#include "services/config/domain/key_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "services/config/domain/canonical.h"
#include "services/config/domain/nearest_key.h"

namespace fleetcast::config {
namespace {

TEST(KeyTable, EveryKeyIsNamedOnceAndReadsBackWhatItSets) {
  std::set<std::string> paths;
  for (const Key& key : CircuitKeys()) {
    EXPECT_TRUE(paths.insert(key.path).second) << key.path;
    EXPECT_FALSE(key.help.empty()) << key.path;
    EXPECT_FALSE(IsSection(key.path)) << key.path;
    if (!key.fallback) continue;
    CircuitConfig config;
    key.set(config, *key.fallback);
    EXPECT_EQ(key.get(config), *key.fallback) << key.path;
  }
}

TEST(KeyTable, EveryDefaultIsWithinItsOwnRange) {
  for (const Key& key : CircuitKeys()) {
    if (!key.fallback) continue;
    std::vector<double> numbers;
    if (const auto* integer = std::get_if<std::int64_t>(&*key.fallback))
      numbers = {static_cast<double>(*integer)};
    if (const auto* levels = std::get_if<std::vector<double>>(&*key.fallback)) numbers = *levels;
    for (const double number : numbers) EXPECT_TRUE(key.range.Contains(number)) << key.path;
  }
}

TEST(KeyTable, SectionsAndTheirChildrenComeFromThePaths) {
  EXPECT_TRUE(IsSection(""));
  EXPECT_TRUE(IsSection("training.hyperparameters"));
  EXPECT_FALSE(IsSection("training.hyper"));
  EXPECT_EQ(ChildrenOf(""),
            (std::vector<std::string>{"plant_id", "circuit_id", "training", "deployment"}));
  EXPECT_EQ(ChildrenOf("training.forecast"),
            (std::vector<std::string>{"horizon", "interval_levels"}));
}

TEST(KeyTable, NumbersArePrintedShortestAndWholeOnesWithoutPoint) {
  EXPECT_EQ(NumberText(50.0), "50");
  EXPECT_EQ(NumberText(0.1), "0.1");
  EXPECT_EQ(NumberText(1e9), "1000000000");
  EXPECT_EQ(NumberText(1e-5), "1e-05");
  EXPECT_EQ(NumberText(-1), "-1");
}

TEST(KeyTable, RangeTextSaysWhetherTheBoundsBelongToIt) {
  EXPECT_EQ((ValueRange{0, 1, false, true}).Text(), "at least 0 and below 1");
  EXPECT_EQ((ValueRange{0, 1, true, false}).Text(), "above 0 and at most 1");
  EXPECT_FALSE((ValueRange{0, 1, true, true}).Contains(0));
  EXPECT_FALSE((ValueRange{0, 1, true, true}).Contains(1));
}

TEST(NearestKey, UnknownKeyIsAnsweredWithTheNearestKnownOne) {
  EXPECT_EQ(UnknownKeyRemedy("training.hyperparameters", "lstm_unit"),
            "did you mean `lstm_units`?");
  EXPECT_EQ(UnknownKeyRemedy("training.hyperparameters", "Learning-Rate"),
            "did you mean `learning_rate`?");
  EXPECT_EQ(UnknownKeyRemedy("", "epochs"), "it belongs at `training.hyperparameters.epochs`");
  EXPECT_EQ(UnknownKeyRemedy("training.forecast", "colour"),
            "leave it out; the keys here are horizon, interval_levels");
  EXPECT_EQ(UnknownKeyRemedy("training.forecast", std::string(10'000, 'h')),
            "leave it out; the keys here are horizon, interval_levels");
}

TEST(Canonical, JsonHoldsTheIdsAndTheScopesKeysInTheTablesOrder) {
  CircuitConfig config;
  config.plant_id = "P001";
  config.circuit_id = "C\"1";
  config.deployment.error_threshold = -1;
  EXPECT_EQ(CanonicalJson(config, KeyScope::kDeployment),
            R"({"plant_id":"P001","circuit_id":"C\"1","deployment.compute_instance_type":"",)"
            R"("deployment.mini_batch_size":0,"deployment.timeout_minutes":0,)"
            R"("deployment.instance_count":0,"deployment.max_concurrency_per_instance":0,)"
            R"("deployment.error_threshold":-1,"deployment.retry_settings.max_retries":0,)"
            R"("deployment.retry_settings.timeout":0,"deployment.fallback":""})");
}

TEST(Canonical, TrainingAndDeploymentValuesMoveTheirOwnHashOnly) {
  CircuitConfig config;
  const std::string training = TrainingHash(config), deployment = DeploymentHash(config);
  for (const Key& key : CircuitKeys()) {
    if (key.type != KeyType::kInteger) continue;
    CircuitConfig changed;
    key.set(changed, Value(std::int64_t{7}));
    EXPECT_EQ(TrainingHash(changed) != training, key.scope == KeyScope::kTraining) << key.path;
    EXPECT_EQ(DeploymentHash(changed) != deployment, key.scope == KeyScope::kDeployment)
        << key.path;
  }
}

}  // namespace
}  // namespace fleetcast::config
