#include "services/registry/domain/lineage.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/contract/registry/stores.h"

namespace fleetcast::registry {
namespace {

class LineageTest : public StoreTest {
 protected:
  LineageTest() {
    AddReferences();
    auto version = testing::CompleteModelVersion();
    version.training_job = "trainingRuns/01h/jobs/P001-C001";
    EXPECT_TRUE(stores_->versions().Create(Request("CreateModelVersion"), version).ok());
    AddVersion();
  }

  absl::StatusOr<Lineage> Read(const std::string& name) {
    LineageReader reader(&stores_->experiments(), &stores_->versions(), &stores_->champions(),
                         &stores_->artifacts(), &stores_->data_assets(), &stores_->environments());
    return reader.Read(name);
  }

  // The subjects of the edges with this relation, as one line.
  static std::string Subjects(const absl::StatusOr<Lineage>& lineage, LineageRelation relation) {
    if (!lineage.ok()) return lineage.status().ToString();
    std::string subjects;
    for (const LineageEdge& edge : lineage->edges) {
      if (edge.relation == relation) subjects += edge.subject + " ";
    }
    return subjects;
  }
};
FLEETCAST_ON_BOTH_BACKENDS(LineageTest);

TEST_P(LineageTest, LeadsFromAVersionToItsCommitDataEnvironmentRunJobAndArtifact) {
  ASSERT_TRUE(stores_->champions()
                  .Promote(Request("SetChampion"), {"sensor-model", "P001", "C001"}, 1, 0,
                           {"trainer", "better", {}})
                  .ok());
  const auto lineage = Read("models/sensor-model/versions/1");
  ASSERT_TRUE(lineage.ok()) << lineage.status();
  std::vector<std::string> objects;
  for (const LineageEdge& edge : lineage->edges) {
    EXPECT_EQ(edge.subject, "models/sensor-model/versions/1");
    objects.push_back(edge.object);
  }
  EXPECT_EQ(objects, (std::vector<std::string>{
                         "commits/" + std::string(40, 'c'),
                         "dataAssets/plant_P001_circuit_C001/versions/2025-12-09",
                         "environments/custom-lstm-env/versions/1.5.0",
                         "experiments/plant_P001_circuit_C001/runs/r1",
                         "trainingRuns/01h/jobs/P001-C001", "artifacts/" + std::string(64, 'a'),
                         "models/sensor-model/plants/P001/circuits/C001/champion"}));
  EXPECT_EQ(lineage->edges[1].details.at("fingerprint"), std::string(64, 'f'));
  EXPECT_EQ(lineage->edges[2].details.at("libtorch"), "1.13.1");
  EXPECT_EQ(lineage->edges.back().details.at("reason"), "better");
}

TEST_P(LineageTest, LeadsFromWhatAModelWasMadeOfToTheModelsNewestFirst) {
  const std::string both = "models/sensor-model/versions/2 models/sensor-model/versions/1 ";
  EXPECT_EQ(Subjects(Read("dataAssets/plant_P001_circuit_C001/versions/2025-12-09"),
                     LineageRelation::kTrainedOn),
            both);
  EXPECT_EQ(
      Subjects(Read("environments/custom-lstm-env/versions/1.5.0"), LineageRelation::kTrainedIn),
      both);
  EXPECT_EQ(Subjects(Read("artifacts/" + std::string(64, 'a')), LineageRelation::kStoredAs), both);
  EXPECT_EQ(
      Subjects(Read("experiments/plant_P001_circuit_C001/runs/r1"), LineageRelation::kProducedBy),
      both);
}

TEST_P(LineageTest, LeadsFromARunToItsArtifacts) {
  const RunName run{"plant_P001_circuit_C001", "r1"};
  ASSERT_TRUE(stores_->artifacts()
                  .Record(Request("UploadArtifact"),
                          {.sha256 = std::string(64, 'b'), .file_name = "report.html"}, run)
                  .ok());
  const auto lineage = Read(run.Text());
  ASSERT_TRUE(lineage.ok()) << lineage.status();
  EXPECT_EQ(lineage->edges.at(0).relation, LineageRelation::kLogged);
  EXPECT_EQ(lineage->edges.at(0).object, "artifacts/" + std::string(64, 'b'));
}

TEST_P(LineageTest, LeadsFromAPlantsBaseToTheDataOfAllItsCircuitsAndToWhatStartedFromIt) {
  const std::string data = "dataAssets/plant_P001_circuit_C00";
  const RunName run{"plant_P001_circuit_C001", "r1"};
  ASSERT_TRUE(stores_->experiments()
                  .LogBatch(Request("LogBatch"), run,
                            {.params = {{"trained_on", data + "1/versions/2025-12-09," + data +
                                                           "2/versions/2025-12-09"},
                                        {"trained_on.2", data + "3/versions/2025-12-08.2"}}})
                  .ok());
  ASSERT_TRUE(
      stores_->versions().Create(Request("CreateModelVersion"), testing::CompletePlantBase()).ok());
  auto started = testing::CompleteModelVersion();
  started.tags["base_version"] = "1";
  ASSERT_TRUE(stores_->versions().Create(Request("CreateModelVersion"), started).ok());

  const auto lineage = Read("models/plant-base/versions/1");
  ASSERT_TRUE(lineage.ok()) << lineage.status();
  std::vector<std::string> trained_on;
  for (const LineageEdge& edge : lineage->edges)
    if (edge.relation == LineageRelation::kTrainedOn) trained_on.push_back(edge.object);
  EXPECT_EQ(trained_on, (std::vector<std::string>{
                            data + "1/versions/2025-12-09", data + "1/versions/2025-12-09",
                            data + "2/versions/2025-12-09", data + "3/versions/2025-12-08.2"}))
      << "its own asset, then those of its circuits";
  EXPECT_EQ(Subjects(lineage, LineageRelation::kStartedFrom), "models/sensor-model/versions/3 ");
  const auto version = Read("models/sensor-model/versions/3");
  ASSERT_TRUE(version.ok()) << version.status();
  EXPECT_EQ(std::count_if(version->edges.begin(), version->edges.end(),
                          [](const LineageEdge& edge) {
                            return edge.relation == LineageRelation::kStartedFrom &&
                                   edge.object == "models/plant-base/versions/1";
                          }),
            1);
}

TEST_P(LineageTest, SaysWhatDoesNotExistAndWhatHasNoLineage) {
  for (const std::string& name :
       {std::string("models/sensor-model/versions/9"), std::string("experiments/e/runs/none"),
        std::string("environments/custom-lstm-env/versions/9"),
        std::string("dataAssets/a/versions/2025-01-01"), "artifacts/" + std::string(64, '0')}) {
    EXPECT_EQ(Read(name).status().code(), absl::StatusCode::kNotFound) << name;
  }
  for (const char* name : {"", "plants/P001", "models/sensor-model"}) {
    EXPECT_EQ(Read(name).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

}  // namespace
}  // namespace fleetcast::registry
