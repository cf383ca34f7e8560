// Plants' bases on real services: trained, pinned by circuits' configurations, and told.
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "fleetcast/registry/v1/lineage_service.grpc.pb.h"
#include "tests/integration/trainer/trainer_stack.h"

namespace fleetcast::trainer {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);
constexpr char kPlantDefaults[] = "config/plants/P001/defaults.yml";

class PlantBaseTest : public TrainerStack {
 protected:
  // Three circuits of P001, of which C003 has two days of rows.
  PlantBaseTest() {
    WriteSensor("C001");
    WriteSensor("C002");
    WriteSensor("C003", 48);
    WriteSensorOf("SENSOR_P002_C001", 700);
    files_ = config::testing::FleetFiles({{"P001", {"C001", "C002", "C003"}}, {"P002", {"C001"}}});
    for (const auto& [plant, circuit] : {std::pair("P001", "C001"), std::pair("P001", "C002"),
                                         std::pair("P001", "C003"), std::pair("P002", "C001")})
      files_[config::testing::CircuitPath(plant, circuit)] = QuickCircuit(plant, circuit);
    head_ = git_.Commit("main", files_);
  }
  void Commit(const std::string& path, const std::string& text) {
    files_[path] = text;
    head_ = git_.Commit("main", files_, {head_});
  }

  Watched Train(const std::vector<std::string>& circuits, bool plant_base = false) {
    v1::CreateTrainingRunRequest request;
    request.set_request_id(NewRequestId());
    auto& selection = *request.mutable_training_run_spec()->mutable_circuit_selection();
    for (const std::string& circuit : circuits) selection.add_circuits(circuit);
    selection.set_revision("main");
    selection.set_plant_base(plant_base);
    const auto run = rpc::Call<v1::TrainingRun>(kTimeout, [&](auto* context, auto* response) {
      return stub_->CreateTrainingRun(context, request, response);
    });
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? WatchToEnd(run->name()) : Watched{};
  }
  registry::v1::ModelVersion Version(const std::string& name) {
    registry::v1::GetModelVersionRequest request;
    request.set_name(name);
    const auto stub =
        registry::v1::ModelService::NewStub(rpc::Connect(registry_server_->address()));
    const auto version =
        rpc::Call<registry::v1::ModelVersion>(kTimeout, [&](auto* context, auto* response) {
          return stub->GetModelVersion(context, request, response);
        });
    EXPECT_TRUE(version.ok()) << version.status();
    return version.value_or(registry::v1::ModelVersion{});
  }
  // What the version `name` leads to by this relation.
  std::set<std::string> Lineage(const std::string& name,
                                registry::v1::LineageEdge::Relation relation) {
    registry::v1::GetLineageRequest request;
    request.set_name(name);
    const auto stub =
        registry::v1::LineageService::NewStub(rpc::Connect(registry_server_->address()));
    const auto lineage =
        rpc::Call<registry::v1::Lineage>(kTimeout, [&](auto* context, auto* response) {
          return stub->GetLineage(context, request, response);
        });
    EXPECT_TRUE(lineage.ok()) << lineage.status();
    std::set<std::string> objects;
    if (!lineage.ok()) return objects;
    for (const auto& edge : lineage->edges())
      if (edge.subject() == name && edge.relation() == relation) objects.insert(edge.object());
    return objects;
  }

  Files files_;
  std::string head_;
};

const v1::TrainingJob& JobOf(const v1::TrainingRun& run,
                             const std::map<std::string, v1::TrainingJob>& jobs,
                             const std::string& id) {
  return jobs.at(absl::StrCat(run.name(), "/jobs/", id));
}

TEST_F(PlantBaseTest, IsTrainedAsAJobOfItsOwnAndPinnedByTheCircuitsThatStartFromIt) {
  // C004 is listed, and nobody can make anything of its file.
  files_[config::testing::CircuitPath("P001", "C004")] =
      config::testing::Edited(QuickCircuit("P001", "C004"), "epochs: 2", "epochs: many");
  Commit(
      "config/plants_circuits.yml",
      config::testing::FleetFiles({{"P001", {"C001", "C002", "C003", "C004"}}, {"P002", {"C001"}}})
          .at("config/plants_circuits.yml"));
  StartTrainer(Settings("replica-1"));
  const Watched of_plant = Train({"plants/P001/circuits/-"}, /*plant_base=*/true);
  ASSERT_EQ(of_plant.run.state(), v1::TrainingRun::STATE_SUCCEEDED)
      << of_plant.jobs.begin()->second.DebugString();
  EXPECT_TRUE(of_plant.run.spec().circuit_selection().plant_base());
  ASSERT_EQ(of_plant.jobs.size(), 1u);
  const v1::TrainingJob& base_job = JobOf(of_plant.run, of_plant.jobs, "P001");
  EXPECT_EQ(base_job.model_version(), "models/plant-base/versions/1");
  EXPECT_EQ(base_job.plant_id(), "P001");
  EXPECT_EQ(base_job.circuit(), "");
  EXPECT_FALSE(base_job.has_gate_outcome());
  EXPECT_EQ(base_job.progress().circuits_read(), 3);
  EXPECT_EQ(base_job.data_asset_version(), "dataAssets/plant_P001_base/versions/2025-12-09");
  ASSERT_EQ(base_job.data_warnings_size(), 2) << base_job.DebugString();
  EXPECT_EQ(base_job.data_warnings(0).substr(0, 17), "C003 is left out:");
  EXPECT_EQ(base_job.data_warnings(1).substr(0, 48),
            "C004 is left out: config/plants/P001/C004.yml:13");

  const registry::v1::ModelVersion base = Version(base_job.model_version());
  EXPECT_EQ(base.tags().at("plant_id"), "P001");
  EXPECT_EQ(base.tags().at("circuit_count"), "2");
  EXPECT_EQ(base.tags().at("git_commit_sha"), head_);
  EXPECT_EQ(base.run(), base_job.experiment_run());
  EXPECT_EQ(Lineage(base.name(), registry::v1::LineageEdge::RELATION_TRAINED_ON),
            (std::set<std::string>{"dataAssets/plant_P001_base/versions/2025-12-09",
                                   "dataAssets/plant_P001_circuit_C001/versions/2025-12-09",
                                   "dataAssets/plant_P001_circuit_C002/versions/2025-12-09"}));

  // What a cold circuit is told before it pins the base, and what it is after.
  const Watched cold = Train({"plants/P001/circuits/C003"});
  const v1::TrainingJob& refused = JobOf(cold.run, cold.jobs, "P001.C003");
  EXPECT_EQ(refused.failure().reason(), "DATA_TOO_FEW_ROWS");
  EXPECT_NE(refused.failure().message().find("training.base_version"), std::string::npos)
      << refused.failure().message();
  Commit(kPlantDefaults, "training:\n  base_version: 1\n");
  const Watched all = Train({"plants/P001/circuits/-"});
  ASSERT_EQ(all.run.state(), v1::TrainingRun::STATE_SUCCEEDED) << all.run.state_reason();
  for (const auto& [name, job] : all.jobs) {
    EXPECT_EQ(job.base_version(), base.name()) << name;
    const registry::v1::ModelVersion version = Version(job.model_version());
    EXPECT_EQ(version.tags().at("base_version"), "1");
    EXPECT_NE(job.members().find("the plant's base: "), std::string::npos) << job.members();
    EXPECT_EQ(Lineage(version.name(), registry::v1::LineageEdge::RELATION_STARTED_FROM),
              std::set<std::string>{base.name()});
  }
  const v1::TrainingJob& alone = JobOf(all.run, all.jobs, "P001.C003");
  EXPECT_NE(alone.remarks().find("BASE_ALONE"), std::string::npos) << alone.remarks();
  EXPECT_EQ(alone.gate_outcome().verdict(), v1::GateOutcome::VERDICT_NOT_COMPARABLE);
  EXPECT_EQ(alone.gate_outcome().test_windows(), 0);
  EXPECT_EQ(Version(alone.model_version()).tags().at("mae"), "");

  // The same pins give the same bytes: of the base, and of what starts from it.
  const Watched again = Train({"plants/P001/circuits/-"});
  for (const auto& [name, job] : again.jobs) {
    const v1::TrainingJob& before =
        JobOf(all.run, all.jobs, absl::StrCat("P001.", job.circuit_id()));
    EXPECT_EQ(Version(job.model_version()).artifact_sha256(),
              Version(before.model_version()).artifact_sha256())
        << name;
  }
  const Watched base_again = Train({"plants/P001/circuits/-"}, /*plant_base=*/true);
  const std::string second = base_again.jobs.begin()->second.model_version();
  EXPECT_EQ(second, "models/plant-base/versions/2");
  EXPECT_EQ(Version(second).artifact_sha256(), base.artifact_sha256());
}

TEST_F(PlantBaseTest, OfAnotherPlantOrThatIsNotThereFailsAtOnceWithTheRemedy) {
  StartTrainer(Settings("replica-1"));
  const Watched of_plants = Train({"plants/-/circuits/-"}, /*plant_base=*/true);
  ASSERT_EQ(of_plants.run.job_counts().succeeded(), 2) << of_plants.run.DebugString();
  const std::string of_p001 = JobOf(of_plants.run, of_plants.jobs, "P001").model_version();
  const std::string number = of_p001.substr(of_p001.rfind('/') + 1);
  struct Case {
    std::string version, reason;
  };
  for (const Case& c : {Case{number, "BASE_OF_OTHER_PLANT"}, Case{"99", "BASE_NOT_FOUND"}}) {
    Commit("config/plants/P002/defaults.yml",
           absl::StrCat("training:\n  base_version: ", c.version, "\n"));
    const Watched watched = Train({"plants/P002/circuits/C001"});
    const v1::TrainingJob& job = JobOf(watched.run, watched.jobs, "P002.C001");
    EXPECT_EQ(job.state(), v1::TrainingJob::STATE_FAILED);
    EXPECT_EQ(job.failure().kind(), workqueue::v1::Failure::KIND_CONFIGURATION);
    EXPECT_EQ(job.failure().reason(), c.reason);
    EXPECT_EQ(job.attempt_count(), 1);
    EXPECT_NE(job.failure().message().find("fleetcast training start --plant-base P002"),
              std::string::npos)
        << job.failure().message();
  }
}

TEST_F(PlantBaseTest, WithoutACircuitToLearnFromFailsWithItsCircuitsNames) {
  WriteSensorText("C001", "timestamp,temperature,pressure,vibration\n2025-12-01,not,a,number\n");
  WriteSensor("C002", 30);
  StartTrainer(Settings("replica-1"));
  const Watched watched = Train({"plants/P001/circuits/-"}, /*plant_base=*/true);
  const v1::TrainingJob& job = JobOf(watched.run, watched.jobs, "P001");
  EXPECT_EQ(job.state(), v1::TrainingJob::STATE_FAILED);
  EXPECT_EQ(job.failure().kind(), workqueue::v1::Failure::KIND_DATA);
  EXPECT_EQ(job.failure().reason(), "DATA_NO_CIRCUIT_USABLE");
  for (const char* circuit : {"C001 is left out: ", "C002 is left out: ", "C003 is left out: "})
    EXPECT_NE(job.failure().message().find(circuit), std::string::npos) << job.failure().message();
}

}  // namespace
}  // namespace fleetcast::trainer
