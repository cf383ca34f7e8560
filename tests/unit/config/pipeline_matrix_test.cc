#include "services/config/domain/pipeline_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"

namespace fleetcast::config {
namespace {

CircuitChange Retrain(const std::string& plant, const std::string& circuit) {
  return {.key = {plant, circuit},
          .cutoff_date = "2025-12-09",
          .kind = ChangeKind::kModified,
          .effect = ChangeEffect::kRetrain};
}

std::vector<CircuitChange> RetrainMany(int count) {
  std::vector<CircuitChange> changes;
  for (int i = 0; i < count; ++i) changes.push_back(Retrain("P1", "C" + std::to_string(1000 + i)));
  return changes;
}

TEST(PipelineMatrix, ListHoldsTheCircuitsToRetrainAloneAndInOrder) {
  EXPECT_EQ(MatrixJson({}), "[]");
  std::vector<CircuitChange> changes = {Retrain("P1", "C2"), Retrain("P1", "C3"),
                                        Retrain("P1", "C4"), Retrain("P1", "C5"),
                                        Retrain("P2", "C1")};
  changes[1].effect = ChangeEffect::kRedeploy;
  changes[2].effect = ChangeEffect::kRetire;
  changes[3].effect = ChangeEffect::kNone;
  EXPECT_EQ(MatrixJson(changes),
            R"([{"plant_id":"P1","circuit_id":"C2","cutoff_date":"2025-12-09"},)"
            R"({"plant_id":"P2","circuit_id":"C1","cutoff_date":"2025-12-09"}])");
}

TEST(PipelineMatrix, AzureReadsAnObjectOfNamedJobsAndGithubAListToInclude) {
  const std::vector<CircuitChange> changes = {Retrain("P001", "C001"), Retrain("P001", "C002")};
  EXPECT_EQ(
      MatrixShards(changes, MatrixFormat::kAzurePipelines, 256),
      (std::vector<std::string>{
          R"({"P001_C001":{"plant_id":"P001","circuit_id":"C001","cutoff_date":"2025-12-09"},)"
          R"("P001_C002":{"plant_id":"P001","circuit_id":"C002","cutoff_date":"2025-12-09"}})"}));
  EXPECT_EQ(MatrixShards(changes, MatrixFormat::kGithubActions, 256),
            (std::vector<std::string>{
                R"({"include":[{"plant_id":"P001","circuit_id":"C001","cutoff_date":"2025-12-09"},)"
                R"({"plant_id":"P001","circuit_id":"C002","cutoff_date":"2025-12-09"}]})"}));
}

TEST(PipelineMatrix, ShardsHoldEveryCircuitOnceAndNoneIsEmpty) {
  for (const auto& [count, size, shards] : std::vector<std::tuple<int, std::size_t, std::size_t>>{
           {0, 256, 0}, {1, 256, 1}, {256, 256, 1}, {257, 256, 2}, {600, 256, 3}, {5, 2, 3}}) {
    const std::vector<CircuitChange> changes = RetrainMany(count);
    for (const MatrixFormat format :
         {MatrixFormat::kAzurePipelines, MatrixFormat::kGithubActions}) {
      const auto made = MatrixShards(changes, format, size);
      ASSERT_EQ(made.size(), shards);
      std::vector<std::string> circuits;
      for (const std::string& shard : made) {
        const auto json = nlohmann::json::parse(shard);
        const auto& jobs = format == MatrixFormat::kGithubActions ? json.at("include") : json;
        EXPECT_GE(jobs.size(), 1u);
        EXPECT_LE(jobs.size(), size);
        for (const auto& job : jobs) circuits.push_back(job.at("circuit_id"));
      }
      ASSERT_EQ(circuits.size(), static_cast<std::size_t>(count));
      EXPECT_TRUE(std::is_sorted(circuits.begin(), circuits.end()));
    }
  }
}

TEST(PipelineMatrix, AzureKeyIsAJobNameAndTellsEveryTwoCircuitsApart) {
  EXPECT_EQ(AzureMatrixKey({"P001", "C001"}), "P001_C001");
  const std::string longest(63, 'A');
  const std::vector<CircuitKey> circuits = {{"P001", "C001"},
                                            {"P", "001_C001"},
                                            {"P001_C", "001"},
                                            {"P001-C", "001"},
                                            {"P001_C-", "1"},
                                            {"p001", "C001"},
                                            {"P001", "c001"},
                                            {"1", "C1"},
                                            {"P1", "C1"},
                                            {"9", "9"},
                                            {"P9", "9"},
                                            {longest, longest},
                                            {longest, "B"},
                                            {"B", longest},
                                            {"L-1", "C-1"},
                                            {"L_1", "C_1"},
                                            {longest, longest.substr(1)}};
  std::set<std::string> keys;
  for (const CircuitKey& circuit : circuits) {
    const std::string key = AzureMatrixKey(circuit);
    EXPECT_LE(key.size(), 100u) << key;
    EXPECT_TRUE(std::isalpha(static_cast<unsigned char>(key.front()))) << key;
    EXPECT_TRUE(std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_';
    })) << key;
    EXPECT_TRUE(keys.insert(absl::AsciiStrToLower(key)).second) << key;
  }
}

}  // namespace
}  // namespace fleetcast::config
