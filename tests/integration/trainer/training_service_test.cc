// The API over a real channel: what a client asks for and gets to see.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/integration/trainer/trainer_stack.h"

namespace fleetcast::trainer {
namespace {

using TrainingServiceTest = TrainerStack;
using config::testing::CircuitPath;

TEST_F(TrainingServiceTest, APullRequestTrainsWhatItChangesAndTheWatchTellsAllOfIt) {
  WriteSensor("C001");
  WriteSensor("C002");
  const std::string base =
      CommitFleet({{"C001", QuickCircuit("P001", "C001")}, {"C002", QuickCircuit("P001", "C002")}});
  Files changed = config::testing::FleetFiles({{"P001", {"C001", "C002"}}});
  changed[CircuitPath("P001", "C001")] =
      config::testing::Edited(QuickCircuit("P001", "C001"), "epochs: 2", "epochs: 3");
  changed[CircuitPath("P001", "C002")] = "# a comment\n" + QuickCircuit("P001", "C002");
  const std::string head = git_.Commit("my-branch", changed, {base});
  StartTrainer(Settings("replica-1"));

  v1::CreateTrainingRunRequest request;
  request.set_request_id(NewRequestId());
  auto& spec = *request.mutable_training_run_spec();
  spec.mutable_revision_range()->set_base_revision("main");
  spec.mutable_revision_range()->set_head_revision("my-branch");
  spec.mutable_pull_request()->set_number(17);
  spec.mutable_pull_request()->set_author("ada");
  const auto run = rpc::Call<v1::TrainingRun>(absl::Seconds(30), [&](auto* context, auto* reply) {
    return stub_->CreateTrainingRun(context, request, reply);
  });
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->commit(), head);
  EXPECT_EQ(run->job_counts().total(), 1);

  const Watched watched = WatchToEnd(run->name());
  EXPECT_TRUE(watched.events.front().has_training_run());
  ASSERT_TRUE(watched.events.back().has_training_run());
  EXPECT_EQ(watched.events.back().training_run().state(), v1::TrainingRun::STATE_SUCCEEDED);
  const std::string job_name = run->name() + "/jobs/P001.C001";
  ASSERT_TRUE(watched.jobs.contains(job_name));
  const v1::TrainingJob& job = watched.jobs.at(job_name);
  EXPECT_EQ(job.state(), v1::TrainingJob::STATE_SUCCEEDED) << job.DebugString();
  EXPECT_EQ(job.model_version(), "models/sensor-model/versions/1");
  EXPECT_EQ(job.attempt_count(), 1);
  EXPECT_NE(job.gate_outcome().verdict(), v1::GateOutcome::VERDICT_UNSPECIFIED);
  EXPECT_FALSE(job.gate_outcome().why().empty());

  const auto versions = Versions();
  ASSERT_EQ(versions.size(), 1u);
  const auto& tags = versions[0].tags();
  EXPECT_EQ(tags.at("pr_number"), "17");
  EXPECT_EQ(tags.at("pr_author"), "ada");
  EXPECT_EQ(tags.at("git_commit_sha"), head);
  EXPECT_EQ(versions[0].training_job(), job_name);
  EXPECT_EQ(versions[0].run(), job.experiment_run());
}

// Whatever a historian calls its sensors, and however often it changes its mind.
TEST_F(TrainingServiceTest, SensorsOfAnyNameTrainAndEachReadingIsAVersion) {
  const auto circuit_of = [this](const std::string& circuit, const std::string& sensor_id) {
    return config::testing::Edited(QuickCircuit("P001", circuit), "SENSOR_P001_" + circuit,
                                   sensor_id);
  };
  const std::map<std::string, std::string> sensors = {{"C001", "LINE1.TEMP.01"},
                                                      {"C002", "ns=2;s=Line1/Temp: 7 %2F"},
                                                      {"C003", std::string(256, 'x')}};
  std::map<std::string, std::string> circuits;
  for (const auto& [circuit, sensor] : sensors) {
    WriteSensorOf(sensor, 700);
    circuits[circuit] = circuit_of(circuit, sensor);
  }
  CommitFleet(circuits);
  StartTrainer(Settings("replica-1"));
  const auto train = [&](const std::vector<std::string>& of) {
    const auto run = Create(of);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? WatchToEnd(run->name()) : Watched{};
  };
  const Watched first = train({"-"});
  EXPECT_EQ(first.run.state(), v1::TrainingRun::STATE_SUCCEEDED) << first.run.state_reason();
  for (const auto& [name, job] : first.jobs) EXPECT_TRUE(job.data_warnings().empty()) << name;

  WriteSensorOf("LINE1.TEMP.01", 705);  // five older rows have come
  const Watched late = train({"C001"});
  ASSERT_EQ(late.jobs.size(), 1u);
  const v1::TrainingJob& job = late.jobs.begin()->second;
  EXPECT_EQ(job.state(), v1::TrainingJob::STATE_SUCCEEDED) << job.DebugString();
  EXPECT_EQ(job.data_asset_version(), "dataAssets/plant_P001_circuit_C001/versions/2025-12-09.2");
  ASSERT_EQ(job.data_warnings_size(), 1);
  EXPECT_NE(job.data_warnings(0).find("5 rows have come since 2025-12-09 was read"),
            std::string::npos)
      << job.data_warnings(0);
  EXPECT_NE(job.remarks().find("LATE_READINGS: 5"), std::string::npos) << job.remarks();

  circuits["C001"] =
      config::testing::Edited(circuit_of("C001", sensors.at("C002")), "2025-12-09", "2034-01-01");
  CommitFleet(circuits);
  const Watched future = train({"C001"});
  EXPECT_NE(future.run.state_reason().find("is in the future: P001/C001 (2034-01-01)"),
            std::string::npos)
      << future.run.state_reason();
  EXPECT_EQ(future.run.state(), v1::TrainingRun::STATE_SUCCEEDED);
  const auto versions = DataAssetVersions("C001");
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[0].cutoff_date(), "2034-01-01");
  EXPECT_EQ(versions[0].sensor_id(), sensors.at("C002"));
  EXPECT_EQ(versions[1].compared_with(), versions[2].name());
  EXPECT_EQ(versions[1].differences(0).kind(), registry::v1::DataDifference::KIND_LATE_READINGS);
  EXPECT_EQ(versions[2].cutoff_date(), "2025-12-09");
}

// Rule 1.
TEST_F(TrainingServiceTest, TheSameRequestSentFiftyTimesAtOnceMakesOneRun) {
  CommitFleet({{"C001", QuickCircuit("P001", "C001")}});
  StartApi();
  const std::string request_id = NewRequestId();
  std::vector<std::thread> callers;
  callers.reserve(50);
  std::vector<std::string> answers(50);
  for (int i = 0; i < 50; ++i)
    callers.emplace_back([&, i] {
      const auto run = Create({"C001"}, request_id);
      answers[i] = run.ok() ? run->name() : run.status().ToString();
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()).size(), 1u) << answers[0];
  v1::ListTrainingRunsRequest list;
  const auto runs = rpc::Call<v1::ListTrainingRunsResponse>(
      absl::Seconds(30),
      [&](auto* context, auto* reply) { return stub_->ListTrainingRuns(context, list, reply); });
  ASSERT_TRUE(runs.ok()) << runs.status();
  EXPECT_EQ(runs->training_runs_size(), 1);

  EXPECT_EQ(ReasonOf(Create({"-"}, request_id).status()), "REQUEST_ID_REUSED");
}

TEST_F(TrainingServiceTest, NothingToTrainIsASuccessThatSaysSo) {
  CommitFleet({{"C001", QuickCircuit("P001", "C001")}});
  StartApi();
  v1::CreateTrainingRunRequest request;
  request.set_request_id(NewRequestId());
  request.mutable_training_run_spec()->mutable_revision_range()->set_base_revision("main");
  request.mutable_training_run_spec()->mutable_revision_range()->set_head_revision("main");
  const auto run = rpc::Call<v1::TrainingRun>(absl::Seconds(30), [&](auto* context, auto* reply) {
    return stub_->CreateTrainingRun(context, request, reply);
  });
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->state(), v1::TrainingRun::STATE_SUCCEEDED);
  EXPECT_NE(run->state_reason().find("nothing to train"), std::string::npos);
  EXPECT_EQ(WatchToEnd(run->name()).run.state(), v1::TrainingRun::STATE_SUCCEEDED);
}

// Rule 10.
TEST_F(TrainingServiceTest, BadRequestsAreRefusedAndChangeNothing) {
  Files files = config::testing::FleetFiles({{"P001", {"C001", "C002"}}});
  const std::string base = git_.Commit("main", files);
  files[CircuitPath("P001", "C001")] =
      config::testing::CircuitText("P001", "C001", {{"epochs: 50", "epochs: many"}});
  files[CircuitPath("P001", "C002")] =
      config::testing::CircuitText("P001", "C002", {{"epochs: 50", "epochs: 60"}});
  git_.Commit("broken", files, {base});
  StartApi();
  const auto create = [&](const std::string& base, const std::string& head) {
    v1::CreateTrainingRunRequest request;
    request.set_request_id(NewRequestId());
    request.mutable_training_run_spec()->mutable_revision_range()->set_base_revision(base);
    request.mutable_training_run_spec()->mutable_revision_range()->set_head_revision(head);
    return rpc::Call<v1::TrainingRun>(absl::Seconds(30),
                                      [&](auto* context, auto* reply) {
                                        return stub_->CreateTrainingRun(context, request, reply);
                                      })
        .status();
  };
  const absl::Status unsound = create("main", "broken");
  EXPECT_EQ(ReasonOf(unsound), "CONFIGURATION_UNSOUND");
  EXPECT_NE(std::string(unsound.message()).find("config/plants/P001/C001.yml:"), std::string::npos)
      << unsound;
  EXPECT_TRUE(absl::IsNotFound(create("main", "nowhere")));
  EXPECT_TRUE(absl::IsInvalidArgument(create("main", "")));
  EXPECT_TRUE(absl::IsNotFound(Create({"C009"}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Create({"C001"}, "not-a-uuid").status()));
  EXPECT_TRUE(absl::IsNotFound(GetRun("trainingRuns/none").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(GetRun("runs/none").status()));
  v1::ListTrainingRunsRequest list;
  const auto listed = [&] {
    return rpc::Call<v1::ListTrainingRunsResponse>(
        absl::Seconds(30),
        [&](auto* context, auto* reply) { return stub_->ListTrainingRuns(context, list, reply); });
  };
  EXPECT_EQ(listed()->training_runs_size(), 0);
  list.set_filter("colour = red");
  EXPECT_TRUE(absl::IsInvalidArgument(listed().status()));
  list.set_filter("");
  list.set_page_token("made up");
  EXPECT_TRUE(absl::IsInvalidArgument(listed().status()));
}

// Rule 9.
TEST_F(TrainingServiceTest, AJobThatNobodyCanRunSaysSo) {
  CommitFleet(
      {{"C001", config::testing::Edited(QuickCircuit("P001", "C001"), "\"1.5.0\"", "\"2.0.0\"")}});
  StartTrainer(Settings("replica-1"));
  const auto run = Create({"C001"});
  ASSERT_TRUE(run.ok()) << run.status();
  const auto job = GetJob(run->name() + "/jobs/P001.C001");
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->state(), v1::TrainingJob::STATE_QUEUED);
  EXPECT_EQ(job->state_reason(),
            "no replica of pool environment-custom-lstm-env-2.0.0 has been seen in the last day; "
            "start one");
}

TEST_F(TrainingServiceTest, ListsOfJobsComeInPagesAndFiltered) {
  std::map<std::string, std::string> fleet;
  for (int i = 1; i <= 5; ++i)
    fleet[absl::StrCat("C00", i)] = QuickCircuit("P001", absl::StrCat("C00", i));
  CommitFleet(fleet);
  StartApi();
  const auto run = Create({"-"});
  ASSERT_TRUE(run.ok()) << run.status();
  v1::ListTrainingJobsRequest request;
  request.set_parent(run->name());
  request.set_page_size(2);
  request.set_filter("circuit_id != \"C003\"");
  std::vector<std::string> seen;
  do {
    const auto page =
        rpc::Call<v1::ListTrainingJobsResponse>(absl::Seconds(30), [&](auto* context, auto* reply) {
          return stub_->ListTrainingJobs(context, request, reply);
        });
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& job : page->training_jobs()) seen.push_back(job.circuit_id());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"C001", "C002", "C004", "C005"}));
}

TEST_F(TrainingServiceTest, AWatchEndsWithUnavailableWhenItsServerDrains) {
  CommitFleet({{"C001", QuickCircuit("P001", "C001")}});
  StartApi();
  const auto run = Create({"C001"});
  ASSERT_TRUE(run.ok()) << run.status();
  v1::WatchTrainingRunRequest request;
  request.set_name(run->name());
  const auto context = rpc::MakeContext(absl::Seconds(60));
  const auto reader = stub_->WatchTrainingRun(context.get(), request);
  v1::WatchTrainingRunResponse event;
  ASSERT_TRUE(reader->Read(&event));
  trainers_[0]->Drain();
  while (reader->Read(&event)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace fleetcast::trainer
