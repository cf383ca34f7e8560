// Attempts with a registry in memory and real (small) training.
#include "services/trainer/worker/training_attempt.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/attempt_description.h"
#include "tests/support/fake_clock.h"
#include "tests/support/trainer/circuits.h"
#include "tests/support/trainer/fake_model_registry.h"

namespace fleetcast::trainer {
namespace {

// Hourly rows with a daily cycle, the same for every sensor; errors on demand.
class FakeSensors final : public sensordata::SensorSource {
 public:
  absl::StatusOr<sensordata::RawReadings> Read(const sensordata::ReadRequest& request) override {
    ++reads;
    if (failures-- > 0) return failure;
    asked.push_back(request.columns);
    if (broken.contains(request.sensor_id))
      return Refused(absl::StatusCode::kNotFound, "SENSOR_NOT_FOUND", "there is no such sensor");
    sensordata::RawReadings readings;
    readings.columns = request.columns;
    const auto fewer = rows_of.find(request.sensor_id);
    const int count = fewer == rows_of.end() ? rows : fewer->second;
    for (int row = rows - count; row < rows; ++row) {
      readings.unix_seconds.push_back(*request.before_unix_seconds -
                                      std::int64_t{3600} * (rows - row));
      const double cycle = std::sin(row * 2 * M_PI / 24);
      for (const std::string& column : request.columns) {
        const double value = column == "temperature"
                                 ? 20 + 5 * cycle + shift + 0.1 * ((row * 7919) % 13)
                             : column == "pressure" ? 3 + cycle
                                                    : 0.5 + 0.01 * row;
        readings.values.push_back(spoil ? spoil(row, column, value) : value);
      }
    }
    return readings;
  }

  std::atomic<int> reads = 0, failures = 0;
  std::vector<std::vector<std::string>> asked;  // columns, by read
  absl::Status failure;
  int rows = 600;
  std::map<std::string, int> rows_of;  // where a sensor has others
  std::set<std::string> broken;
  double shift = 0;
  std::function<double(int row, const std::string& column, double value)> spoil;
};

// The circuits of one plant, at any revision.
class FakeCircuits final : public CircuitCatalog {
 public:
  absl::StatusOr<ResolvedCircuits> ChangedCircuits(const std::string&,
                                                   const std::string&) override {
    return absl::UnimplementedError("not asked by a job");
  }
  absl::StatusOr<ResolvedCircuits> NamedCircuits(const std::vector<std::string>& names,
                                                 const std::string& revision) override {
    if (failures-- > 0) return absl::UnavailableError("config is away");
    asked = names.at(0) + " at " + revision;
    return resolved;
  }
  ResolvedCircuits resolved;
  std::string asked;
  int failures = 0;
};

// Time stands still but for sleeps, which return at once.
CircuitConfig& CircuitOf(HeldJob& job) { return std::get<CircuitConfig>(job.subject.config); }

class AttemptTest : public ::testing::Test {
 protected:
  // Two epochs at this rate beat the naive forecasts.
  static HeldJob Job(const std::string& run_id, std::int64_t lease_epoch = 1) {
    HeldJob job{.name = {run_id, "P001.C001"},
                .subject = {CircuitFor("P001", "C001")},
                .run = {.commit = "0123456789012345678901234567890123456789"},
                .lease_epoch = lease_epoch,
                .attempt_count = 1,
                .replica = "replica-1"};
    CircuitOf(job).hyperparameters.learning_rate = 0.01;
    return job;
  }
  workqueue::Hold Hold(const HeldJob& job, absl::Duration lease = absl::Seconds(30)) {
    return {clock_,
            {.id = 1,
             .lease_epoch = job.lease_epoch,
             .group_id = job.name.run_id,
             .name = job.name.job_id,
             .attempt_timeout = absl::InfiniteDuration()},
            clock_.Monotonic(),
            lease};
  }
  // One whole attempt, whose lease outlasts it.
  absl::StatusOr<JobResult> Attempt(const HeldJob& job) {
    workqueue::Hold hold = Hold(job, absl::Hours(100));
    return TrainingAttempt(tools_, job, hold).Run();
  }
  // The job of the base of P001, which has these circuits.
  HeldJob BaseJob(const std::string& run_id, const std::vector<std::string>& circuit_ids,
                  std::int64_t lease_epoch = 1) {
    circuits_.resolved.circuits.clear();
    for (const std::string& id : circuit_ids)
      circuits_.resolved.circuits.push_back(CircuitFor("P001", id));
    HeldJob job = Job(run_id, lease_epoch);
    job.name.job_id = "P001";
    job.subject = {PlantOf(circuits_.resolved.circuits)};
    return job;
  }
  // Of a circuit that starts from version 1 of plant-base.
  HeldJob StartingJob(const std::string& run_id, int rows) {
    HeldJob job = Job(run_id);
    CircuitOf(job).circuit_id = "C009";
    CircuitOf(job).sensor_id = "SENSOR_P001_C009";
    CircuitOf(job).base_version = 1;
    job.name.job_id = "P001.C009";
    sensors_.rows_of["SENSOR_P001_C009"] = rows;
    return job;
  }
  FakeModelRegistry::Run OnlyRun() { return registry_.runs().begin()->second; }

  testing::FakeClock clock_{absl::FromUnixSeconds(1'765'843'200)};  // 2025-12-16
  FakeModelRegistry registry_;
  FakeSensors sensors_;
  FakeCircuits circuits_;
  std::vector<OpenRun> left_open_;
  absl::Status confirmation_;  // what the queue says when it is asked whether the job is held
  const TrainingTools tools_{.sensors = sensors_,
                             .registry = registry_,
                             .circuits = circuits_,
                             .clock = clock_,
                             .confirm_held =
                                 [this](workqueue::Hold& hold) {
                                   return confirmation_.ok() ? hold.StopStatus() : confirmation_;
                                 },
                             .close_later =
                                 [this](const workqueue::Hold&, const OpenRun& open) {
                                   left_open_.push_back(open);
                                   return absl::OkStatus();
                                 }};
};

TEST_F(AttemptTest, RegistersAVersionWithItsThirteenTagsAndWhereItCameFrom) {
  const auto result = Attempt(Job("run1"));
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(registry_.versions().size(), 1u);
  const NewModelVersion version = registry_.versions()[0].given;
  // And engine, members, remarks, configuration, verdict, and what was read.
  EXPECT_EQ(version.tags.size(), 23u);
  EXPECT_EQ(version.tags.at("uses_calendar"), "false");
  EXPECT_EQ(version.tags.at("sensor_id"), "SENSOR_P001_C001");
  EXPECT_EQ(version.tags.at("last_reading").substr(0, 10), version.tags.at("cutoff_date"));
  EXPECT_EQ(version.tags.at("engine"), forecast::ThisEngine().Text());
  EXPECT_EQ(OnlyRun().start.tags.at("engine"), version.tags.at("engine"));
  EXPECT_NE(version.tags.at("members").find("LSTM"), std::string::npos)
      << version.tags.at("members");
  EXPECT_NE(version.tags.at("members").find("the last value again: "), std::string::npos);
  EXPECT_EQ(version.tags.at("remarks"), "");
  EXPECT_EQ(version.tags.at("plant_id"), "P001");
  EXPECT_EQ(version.tags.at("data_asset_version"), "2025-12-09");
  EXPECT_EQ(version.tags.at("git_commit_sha"), "0123456789012345678901234567890123456789");
  EXPECT_EQ(version.training_job, "trainingRuns/run1/jobs/P001.C001");
  EXPECT_EQ(version.data_asset_version, "dataAssets/plant_P001_circuit_C001/versions/2025-12-09");
  EXPECT_EQ(version.environment_version, "environments/custom-lstm-env/versions/1.5.0");
  EXPECT_EQ(version.run, "experiments/plant_P001_circuit_C001/runs/run1-1");
  EXPECT_EQ(OnlyRun().start.display_name, "manual_2025-12-09");
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kFinished);
  std::set<std::string> logged;
  for (const MetricValue& metric : OnlyRun().metrics) logged.insert(metric.key);
  for (const char* key : {"training_loss", "validation_loss", "mae", "skill"})
    EXPECT_TRUE(logged.contains(key)) << key;
  EXPECT_GT(result->gate->mae, 0);
}

TEST_F(AttemptTest, ARunThatCannotBeEndedIsLeftToOthersWithItsEnd) {
  registry_.FailNext("FinishRun", absl::UnavailableError("the registry is away"));
  ASSERT_TRUE(Attempt(Job("run1")).ok());
  ASSERT_EQ(left_open_.size(), 1u);
  EXPECT_EQ(left_open_[0].experiment_run, "experiments/plant_P001_circuit_C001/runs/run1-1");
  EXPECT_EQ(left_open_[0].end, ExperimentRunEnd::kFinished);
  EXPECT_EQ(OpenRunFromJson(ToJson(left_open_[0]))->end, ExperimentRunEnd::kFinished);
  EXPECT_EQ(OpenRunFromJson(R"({"experiment_run": "e", "why": "w"})")->end,
            ExperimentRunEnd::kKilled)
      << "as it was queued before";
}

TEST_F(AttemptTest, WhatWasDoneToTheDataIsSaidByVersionRunAndJob) {
  sensors_.spoil = [](int row, const std::string& column, double value) {
    if (column == "pressure" && row >= 300) return std::nan("");
    if (column == "temperature" && row % 100 == 50) return -9999.0;
    return column == "temperature" && row % 100 < 2 ? std::nan("") : value;
  };
  const auto result = Attempt(Job("run1"));
  ASSERT_TRUE(result.ok()) << result.status();
  const NewModelVersion version = registry_.versions()[0].given;
  const std::string said =
      "COLUMN_DEAD: 1 (pressure); FILLED: 12 (temperature); OUTLIER: 6 (temperature)";
  EXPECT_EQ(version.tags.at("remarks").substr(0, said.size()), said);
  EXPECT_EQ(OnlyRun().tags.at("remarks"), version.tags.at("remarks"));
  EXPECT_EQ(OnlyRun().tags.at("members"), version.tags.at("members"));
  EXPECT_EQ(result->remarks, version.tags.at("remarks"));
  EXPECT_EQ(result->members, version.tags.at("members"));
}

TEST_F(AttemptTest, TheDeclaredRangeIsTheModelsAndTheRuns) {
  HeldJob job = Job("run1");
  CircuitOf(job).minimum = 0;
  CircuitOf(job).maximum = 24.5;
  ASSERT_TRUE(Attempt(job).ok());
  const auto model = forecast::Model::Parse(
      registry_.artifacts().at(registry_.versions()[0].given.artifact_sha256));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->spec().minimum, 0);
  EXPECT_EQ(model->spec().maximum, 24.5);
  EXPECT_EQ(OnlyRun().start.params.at("maximum"), "24.5");
}

// Rule 8.
TEST_F(AttemptTest, TheSamePinnedInputsGiveTheSameModel) {
  ASSERT_TRUE(Attempt(Job("run1")).ok());
  ASSERT_TRUE(Attempt(Job("run2")).ok());
  ASSERT_EQ(registry_.versions().size(), 2u);
  EXPECT_EQ(registry_.versions()[0].given.artifact_sha256,
            registry_.versions()[1].given.artifact_sha256);
}

// Whatever happens to a sensor, its circuit trains, and says what it was trained on.
TEST_F(AttemptTest, WhatIsReadOtherwiseIsPinnedAnewAndSaid) {
  struct Case {
    const char* what;
    std::function<void(HeldJob&)> change;
    const char* version;
    const char* remark;  // in the tag
    std::size_t warnings;
  };
  const std::vector<Case> cases = {
      {"nothing", [](HeldJob&) {}, "2025-12-09", "", 0},
      {"rows that came late", [this](HeldJob&) { sensors_.rows = 612; }, "2025-12-09.2",
       "LATE_READINGS: 12", 1},
      {"the same again", [](HeldJob&) {}, "2025-12-09.2", "", 0},
      {"corrected cells", [this](HeldJob&) { sensors_.shift = 0.25; }, "2025-12-09.3",
       "CORRECTED_READINGS: 1", 1},
      {"another sensor", [](HeldJob& job) { CircuitOf(job).sensor_id = "ns=2;s=Line1/Temp"; },
       "2025-12-09.4", "", 0},
      {"a cutoff date in the future",
       [](HeldJob& job) { CircuitOf(job).cutoff_date = "2034-01-01"; }, "2034-01-01",
       "CUTOFF_IN_FUTURE: 1", 1},
      {"a cutoff day that is not over",
       [](HeldJob& job) { CircuitOf(job).cutoff_date = "2025-12-16"; }, "2025-12-16",
       "CUTOFF_DAY_NOT_OVER: 1", 1},
  };
  for (const Case& c : cases) {
    HeldJob job = Job(std::string("run ") + c.what);
    c.change(job);
    workqueue::Hold hold = Hold(job, absl::Hours(100));
    const auto result = TrainingAttempt(tools_, job, hold).Run();
    ASSERT_TRUE(result.ok()) << c.what << result.status();
    const NewModelVersion version = registry_.versions().back().given;
    EXPECT_EQ(version.tags.at("data_asset_version"), c.version) << c.what;
    EXPECT_EQ(version.data_asset_version,
              std::string("dataAssets/plant_P001_circuit_C001/versions/") + c.version);
    EXPECT_NE(version.tags.at("remarks").find(c.remark), std::string::npos)
        << c.what << ": " << version.tags.at("remarks");
    const auto progress = nlohmann::json::parse(hold.LastProgress());
    EXPECT_EQ(progress.at("data_warnings").size(), c.warnings) << c.what << ": " << progress;
  }
}

// Of a sensor with a thousand columns three are read.
TEST_F(AttemptTest, ReadsAndPinsTheConfiguredColumnsAlone) {
  HeldJob job = Job("run1");
  CircuitOf(job).feature_columns = {"pressure", "temperature"};
  CircuitOf(job).target_column = "temperature";
  ASSERT_TRUE(Attempt(job).ok());
  EXPECT_EQ(sensors_.asked, (std::vector<std::vector<std::string>>{{"pressure", "temperature"}}));
  EXPECT_EQ(registry_.versions()[0].given.tags.at("data_asset_version"), "2025-12-09");
}

TEST_F(AttemptTest, OtherColumnsOfTheSameCutoffArePinnedAsAVersionOfTheirOwn) {
  HeldJob job = Job("run1");
  CircuitOf(job).feature_columns = {"temperature", "vibration"};
  CircuitOf(job).target_column = "temperature";
  const auto champion = Attempt(job);
  ASSERT_TRUE(champion.ok()) << champion.status();
  registry_.Promote("P001", "C001", champion->model_version);
  HeldJob other = Job("run2");
  CircuitOf(other).feature_columns = {"temperature"};
  CircuitOf(other).target_column = "temperature";
  const auto result = Attempt(other);
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(registry_.versions().size(), 2u);
  const NewModelVersion first = registry_.versions()[0].given;
  const NewModelVersion second = registry_.versions()[1].given;
  const std::string version = "2025-12-09.2";
  EXPECT_EQ(first.tags.at("data_asset_version"), "2025-12-09");
  EXPECT_EQ(second.tags.at("data_asset_version"), version);
  EXPECT_EQ(second.data_asset_version, "dataAssets/plant_P001_circuit_C001/versions/" + version);
  // The champion of the columns before is held against it all the same, on all that it reads.
  EXPECT_EQ(sensors_.asked.back(), (std::vector<std::string>{"temperature", "vibration"}));
  EXPECT_TRUE(result->gate->champion_mae.has_value()) << result->gate->why;
}

TEST_F(AttemptTest, TwoHundredColumnsWithLongNamesAreNotedInFull) {
  HeldJob job = Job("run1");
  CircuitOf(job).feature_columns = {"temperature"};
  for (int i = 0; i < 200; ++i)
    CircuitOf(job).feature_columns.push_back("a_column_whose_name_has_forty_letters_" +
                                             std::to_string(10 + i));
  const ExperimentRunStart start = DescribeRun(job);
  std::string noted;
  for (int part = 1; part < 100; ++part) {
    const auto found = start.params.find(part == 1 ? "feature_columns"
                                                   : "feature_columns." + std::to_string(part));
    if (found == start.params.end()) break;
    EXPECT_LE(found->second.size(), 6000u);
    noted += (part == 1 ? "" : ",") + found->second;
  }
  EXPECT_EQ(noted, absl::StrJoin(CircuitOf(job).feature_columns, ","));
}

TEST_F(AttemptTest, WaitsForServicesThatAreAwayForAMoment) {
  const absl::Status away = absl::UnavailableError("away");
  for (const char* const method : {"RegisterEnvironment", "StartRun", "PinDataAsset",
                                   "UploadArtifact", "CreateVersion", "GetChampion"})
    registry_.FailNext(method, away, 2);
  sensors_.failure = away;
  sensors_.failures = 2;
  const auto result = Attempt(Job("run1"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(registry_.versions().size(), 1u);
  EXPECT_EQ(sensors_.reads, 3);
}

TEST_F(AttemptTest, GivesUpOnAServiceThatStaysAway) {
  registry_.FailNext("PinDataAsset", absl::UnavailableError("away"), 1000);
  const auto result = Attempt(Job("run1"));
  EXPECT_TRUE(absl::IsUnavailable(result.status())) << result.status();
  EXPECT_LT(registry_.calls("PinDataAsset"), 20);
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kFailed);
}

// What has been trained would have to be trained again; whoever looks is told what it waits for.
TEST_F(AttemptTest, WaitsForMinutesOnceThereIsAModelAndSaysForWhat) {
  registry_.FailNext("UploadArtifact", absl::UnavailableError("the store is full"), 30);
  const HeldJob job = Job("run1");
  workqueue::Hold hold = Hold(job, absl::Hours(100));
  std::vector<std::string> told;
  const auto waits_for = [&] {
    return nlohmann::json::parse(hold.LastProgress())["waits_for"].get<std::string>();
  };
  registry_.Before("UploadArtifact", [&] { told.push_back(waits_for()); });
  const auto result = TrainingAttempt(tools_, job, hold).Run();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(told.size(), 31u);
  EXPECT_EQ(told.front(), "");
  EXPECT_EQ(told[1], "the store is full");
  EXPECT_EQ(told.back(), "the store is full");
  EXPECT_EQ(waits_for(), "");
}

// Rule 2: whoever has lost the job publishes nothing, even if its own clock stood still meanwhile.
TEST_F(AttemptTest, AZombiePublishesNothing) {
  registry_.Before("UploadArtifact", [&] {
    confirmation_ = MakeError(absl::StatusCode::kCancelled, "gone", {.reason = "TASK_GONE"});
  });
  const auto result = Attempt(Job("run1"));
  EXPECT_EQ(ReasonOf(result.status()), "TASK_GONE");
  EXPECT_TRUE(registry_.versions().empty());
  EXPECT_TRUE(registry_.champions().empty());
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kKilled);
}

// A crash between the registry's row and the queue's leaves one version, and it is not trained
// again.
TEST_F(AttemptTest, AVersionThatAnEarlierAttemptRegisteredIsTakenOver) {
  ASSERT_TRUE(Attempt(Job("run1")).ok());
  const auto result = Attempt(Job("run1", /*lease_epoch=*/2));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->model_version, "models/sensor-model/versions/1");
  EXPECT_EQ(registry_.versions().size(), 1u);
  EXPECT_EQ(registry_.calls("UploadArtifact"), 1);
}

// A champion whose file nobody can open is said in the verdict and keeps nobody from being trained.
TEST_F(AttemptTest, AChampionThatCannotBeReadKeepsNobodyFromBeingTrained) {
  const auto champion = Attempt(Job("run1"));
  ASSERT_TRUE(champion.ok()) << champion.status();
  registry_.Promote("P001", "C001", champion->model_version);
  registry_.FailNext("DownloadArtifact", absl::InternalError("permission denied"), 1000);
  const auto result = Attempt(Job("run2"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NE(result->gate->why.find("permission denied"), std::string::npos) << result->gate->why;
}

TEST_F(AttemptTest, AVersionIsJudgedAndChangesNoChampion) {
  const auto first = Attempt(Job("run1"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->gate->verdict, GateVerdict::kBetter) << first->gate->why;
  EXPECT_GT(first->gate->windows, 0);
  EXPECT_LT(first->gate->first_unix_seconds, first->gate->last_unix_seconds);
  EXPECT_TRUE(registry_.champions().empty());
  const auto tags = registry_.versions()[0].given.tags;
  EXPECT_EQ(tags.at("gate"), "BETTER");
  EXPECT_EQ(tags.at("gate_champion"), "");
  EXPECT_EQ(tags.at("gate_why"), first->gate->why);
}

TEST_F(AttemptTest, TheChampionIsHeldAgainstTheNewVersionOnTheSameRows) {
  const auto champion = Attempt(Job("run1"));
  ASSERT_TRUE(champion.ok()) << champion.status();
  registry_.Promote("P001", "C001", champion->model_version);

  // The same model again is not below the champion's error on the same rows.
  const auto again = Attempt(Job("run2"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->gate->verdict, GateVerdict::kNotBetter);
  ASSERT_TRUE(again->gate->champion_mae.has_value()) << again->gate->why;
  EXPECT_DOUBLE_EQ(*again->gate->champion_mae, again->gate->mae);
  EXPECT_EQ(again->gate->champion, champion->model_version);
  EXPECT_EQ(registry_.versions()[1].given.tags.at("gate_champion"), champion->model_version);
}

// Whoever tries long enough on one cutoff date finds something better by luck.
TEST_F(AttemptTest, EachThatIsTriedOnACutoffDateIsAskedForMore) {
  const auto attempt = [this](const char* configuration) {
    HeldJob job = Job(absl::StrCat("run-", configuration));
    CircuitOf(job).training_hash = configuration;
    return Attempt(job);
  };
  sensors_.rows = 2400;  // enough windows to tell luck from skill
  sensors_.spoil = [](int row, const std::string& /*column*/, double value) {
    return row % 7 < 3 ? value : -value;
  };
  const auto champion = attempt("champion");
  ASSERT_TRUE(champion.ok()) << champion.status();
  registry_.Promote("P001", "C001", champion->model_version);
  sensors_.spoil = nullptr;
  double margin = 0;
  for (const auto& [configuration, said] :
       {std::pair("first", ""), std::pair("second", "for one of 2 tried on them"),
        std::pair("second", "for one of 2 tried on them"),
        std::pair("third", "for one of 3 tried on them")}) {
    SCOPED_TRACE(configuration);
    const auto result = attempt(configuration);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->gate->verdict, GateVerdict::kBetter) << result->gate->why;
    EXPECT_NE(result->gate->why.find(said), std::string::npos) << result->gate->why;
    ASSERT_TRUE(result->gate->margin);
    EXPECT_GE(*result->gate->margin, margin);
    margin = *result->gate->margin;
  }
}

// What a release asks for: the version that a pull request made is judged against the champion of
// now, and not made again.
TEST_F(AttemptTest, AVersionOfTheSameConfigurationIsJudgedAnewWhereTheRunSaysSo) {
  const auto made = Attempt(Job("run1"));
  ASSERT_TRUE(made.ok()) << made.status();
  registry_.Promote("P001", "C001", made->model_version);
  HeldJob job = Job("run2");
  job.run.spec.reuse_versions = true;
  const auto judged = Attempt(job);
  ASSERT_TRUE(judged.ok()) << judged.status();
  EXPECT_EQ(judged->model_version, made->model_version);
  EXPECT_EQ(registry_.versions().size(), 1u);
  EXPECT_EQ(registry_.versions()[0].given.tags.at("gate_champion"), made->model_version);

  job = Job("run3");
  job.run.spec.reuse_versions = true;
  CircuitOf(job).training_hash = "another";
  ASSERT_TRUE(Attempt(job).ok());
  EXPECT_EQ(registry_.versions().size(), 2u);
}

TEST_F(AttemptTest, StopsAtACancelDuringTraining) {
  const HeldJob job = Job("run1");
  workqueue::Hold hold = Hold(job);
  registry_.Before("PinDataAsset", [&] { hold.Stop(workqueue::StopReason::kGone); });
  const auto result = TrainingAttempt(tools_, job, hold).Run();
  EXPECT_EQ(ReasonOf(result.status()), "TASK_GONE");
  EXPECT_TRUE(registry_.versions().empty());
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kKilled);
}

TEST_F(AttemptTest, ReportsHowFarItHasCome) {
  const HeldJob job = Job("run1");
  workqueue::Hold hold = Hold(job, absl::Hours(100));
  ASSERT_TRUE(TrainingAttempt(tools_, job, hold).Run().ok());
  const std::string progress = hold.TakeProgress().value_or("");
  EXPECT_NE(progress.find(R"("phase":"EVALUATING")"), std::string::npos) << progress;
  EXPECT_NE(progress.find("runs/run1-1"), std::string::npos) << progress;
}

TEST_F(AttemptTest, APlantsBaseIsAVersionWithTheDataOfAllItsCircuits) {
  circuits_.failures = 1;
  const HeldJob job = BaseJob("run1", {"C001", "C002", "C003"});
  workqueue::Hold hold = Hold(job, absl::Hours(100));
  const auto result = TrainingAttempt(tools_, job, hold).Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(circuits_.asked, "plants/P001/circuits/- at 0123456789012345678901234567890123456789");
  EXPECT_EQ(result->model_version, "models/plant-base/versions/1");
  EXPECT_FALSE(result->gate);
  EXPECT_EQ(WhyOf(*result).substr(0, 36), "a base of 3 circuits, with a skill o");
  const NewModelVersion version = registry_.versions().at(0).given;
  EXPECT_EQ(version.tags.at("plant_id"), "P001");
  EXPECT_EQ(version.tags.at("circuit_count"), "3");
  EXPECT_EQ(version.tags.at("cutoff_date"), "2025-12-09");
  EXPECT_EQ(version.tags.at("git_commit_sha"), job.subject.commit());
  EXPECT_EQ(version.data_asset_version, "dataAssets/plant_P001_base/versions/2025-12-09");
  EXPECT_EQ(version.run, "experiments/plant_P001_base/runs/run1-1");
  const std::string data = "dataAssets/plant_P001_circuit_C00";
  EXPECT_EQ(OnlyRun().params.at("trained_on"), data + "1/versions/2025-12-09," + data +
                                                   "2/versions/2025-12-09," + data +
                                                   "3/versions/2025-12-09");
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kFinished);
  const DataAsset asset = registry_.data_assets().at(version.data_asset_version);
  EXPECT_EQ(asset.row_count, 3 * 600);
  EXPECT_EQ(asset.columns.size(), 3u);
  const auto progress = nlohmann::json::parse(hold.LastProgress());
  EXPECT_EQ(progress.at("circuits_read"), 3);
  EXPECT_EQ(progress.at("circuits"), 3);
  for (const MetricValue& metric : OnlyRun().metrics) EXPECT_NE(metric.key, "training_loss");

  ASSERT_TRUE(Attempt(BaseJob("run2", {"C001", "C002", "C003"})).ok());
  const auto versions = registry_.versions();
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[1].given.artifact_sha256, version.artifact_sha256);
  EXPECT_EQ(versions[1].given.data_asset_version, version.data_asset_version);
  ASSERT_TRUE(Attempt(BaseJob("run2", {"C001", "C002", "C003"}, /*lease_epoch=*/2)).ok());
  EXPECT_EQ(registry_.versions().size(), 2u) << "an earlier attempt's is taken over";
}

TEST_F(AttemptTest, ABaseLeavesOutByNameWhatItCannotLearnFrom) {
  HeldJob job = BaseJob("run1", {"C001", "C002", "C003", "C004"});
  circuits_.resolved.unsound = {{"C005", "config/plants/P001/C005.yml:3: no such key"}};
  sensors_.broken = {"SENSOR_P001_C001"};
  sensors_.rows_of = {{"SENSOR_P001_C003", 30}};
  workqueue::Hold hold = Hold(job, absl::Hours(100));
  const auto result = TrainingAttempt(tools_, job, hold).Run();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->circuit_count, 2);
  EXPECT_EQ(result->remarks, "CIRCUIT_LEFT_OUT: 3 (C003, C005 and 1 more)");
  EXPECT_EQ(OnlyRun().params.at("circuit_count"), "2");
  EXPECT_EQ(OnlyRun().params.at("trained_on").find("C003"), std::string::npos);
  const DataAsset asset =
      registry_.data_assets().at("dataAssets/plant_P001_base/versions/2025-12-09");
  std::set<std::string> left_out;
  for (const DataIrregularity& issue : asset.issues) left_out.insert(issue.column);
  EXPECT_EQ(left_out, (std::set<std::string>{"C001", "C003", "C005"}));
  const auto warnings = nlohmann::json::parse(hold.LastProgress()).at("data_warnings");
  EXPECT_EQ(warnings.size(), 3u) << warnings;

  sensors_.broken = {"SENSOR_P001_C001", "SENSOR_P001_C002", "SENSOR_P001_C004"};
  const auto none = Attempt(job);
  EXPECT_EQ(ReasonOf(none.status()), "DATA_NO_CIRCUIT_USABLE");
  EXPECT_NE(none.status().message().find("C001 is left out: there is no such sensor"),
            std::string::npos)
      << none.status();
}

// Of a base that is away or that nobody may wait for.
TEST_F(AttemptTest, ABaseIsAsMuchAJobAsAnyOther) {
  circuits_.failures = 1000;
  EXPECT_TRUE(absl::IsUnavailable(Attempt(BaseJob("run1", {"C001"})).status()));
  circuits_.failures = 0;
  sensors_.failure = Refused(absl::StatusCode::kUnavailable, "SENSOR_TABLE_AWAY", "away");
  sensors_.failures = 1000;
  EXPECT_EQ(ReasonOf(Attempt(BaseJob("run1b", {"C001", "C002"})).status()), "SENSOR_TABLE_AWAY")
      << "a source that is away makes no base without its circuits";
  sensors_.failures = 0;
  const HeldJob job = BaseJob("run2", {"C001", "C002"});
  workqueue::Hold hold = Hold(job);
  registry_.Before("PinDataAsset", [&] { hold.Stop(workqueue::StopReason::kGone); });
  EXPECT_EQ(ReasonOf(TrainingAttempt(tools_, job, hold).Run().status()), "TASK_GONE");
  registry_.Before("PinDataAsset", [] {});
  registry_.Before("UploadArtifact", [&] {
    confirmation_ = MakeError(absl::StatusCode::kCancelled, "gone", {.reason = "TASK_GONE"});
  });
  EXPECT_EQ(ReasonOf(Attempt(BaseJob("run3", {"C001", "C002"})).status()), "TASK_GONE");
  EXPECT_TRUE(registry_.versions().empty());
}

TEST_F(AttemptTest, ACircuitStartsFromTheBaseThatItsConfigurationPins) {
  ASSERT_TRUE(Attempt(BaseJob("run1", {"C001", "C002"})).ok());
  const auto result = Attempt(StartingJob("run2", 600));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_NE(result->members.find("the plant's base: "), std::string::npos) << result->members;
  const auto version = registry_.versions().back().given;
  EXPECT_EQ(version.tags.at("base_version"), "1");
  const auto run = registry_.runs().at(version.run);
  EXPECT_EQ(run.start.params.at("base_version"), "1");
  EXPECT_EQ(run.start.tags.at("base_version"), "1");
  ASSERT_TRUE(Attempt(StartingJob("run3", 600)).ok());
  EXPECT_EQ(registry_.versions().back().given.artifact_sha256, version.artifact_sha256);
}

TEST_F(AttemptTest, ACircuitWithTwoDaysOfRowsIsForecastByItsPlantsBaseAndSaysSo) {
  HeldJob without = StartingJob("run0", 48);
  CircuitOf(without).base_version = 0;
  const absl::Status too_few = Attempt(without).status();
  EXPECT_EQ(ReasonOf(too_few), "DATA_TOO_FEW_ROWS");
  EXPECT_NE(too_few.message().find("`training.base_version`"), std::string::npos) << too_few;

  ASSERT_TRUE(Attempt(BaseJob("run1", {"C001", "C002"})).ok());
  const auto result = Attempt(StartingJob("run2", 48));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->gate->verdict, GateVerdict::kNotComparable) << result->gate->why;
  EXPECT_EQ(result->gate->windows, 0);
  EXPECT_NE(result->remarks.find("BASE_ALONE"), std::string::npos) << result->remarks;
  const auto version = registry_.versions().back().given;
  EXPECT_EQ(version.tags.at("mae"), "") << "nothing was measured";
  EXPECT_FALSE(version.metrics.contains("mae"));
  EXPECT_EQ(version.tags.at("gate"), "NOT_COMPARABLE");

  // Windows, and too few of them: a verdict on the base's errors would be luck.
  const auto few = Attempt(StartingJob("run3", 200));
  ASSERT_TRUE(few.ok()) << few.status();
  EXPECT_EQ(few->gate->verdict, GateVerdict::kNotComparable) << few->gate->why;
  EXPECT_GT(few->gate->windows, 0);

  // The next day's is no worse known than the first, and knows more.
  registry_.Promote("P001", "C009", result->model_version);
  HeldJob next_day = StartingJob("run2b", 72);
  CircuitOf(next_day).cutoff_date = "2025-12-10";
  const auto renewed = Attempt(next_day);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->gate->verdict, GateVerdict::kNotComparable) << renewed->gate->why;
}

TEST_F(AttemptTest, ABaseThatIsNoneOfThePlantsOrDoesNotFitIsRefusedWithTheRemedy) {
  ASSERT_TRUE(Attempt(BaseJob("run1", {"C001", "C002"})).ok());
  struct Case {
    std::function<void(CircuitConfig&)> change;
    const char *reason, *said;
  };
  for (const Case& c : std::vector<Case>{
           {[](CircuitConfig& circuit) { circuit.base_version = 7; }, "BASE_NOT_FOUND",
            "`training.base_version` is 7, and there is no models/plant-base/versions/7; name one "
            "of P001's (`fleetcast model list --plant-base --plant P001`), or train one: "
            "`fleetcast training start --plant-base P001`"},
           {[](CircuitConfig& circuit) { circuit.plant_id = "P002"; }, "BASE_OF_OTHER_PLANT",
            "models/plant-base/versions/1 is of plant P001; name one of P002's"},
           {[](CircuitConfig& circuit) { circuit.horizon = 48; }, "BASE_DOES_NOT_FIT",
            "train the base with the longest horizon; name another version, or leave the key out"},
       }) {
    HeldJob job = StartingJob(std::string("run of ") + c.reason, 600);
    c.change(CircuitOf(job));
    const absl::Status status = Attempt(job).status();
    EXPECT_EQ(ReasonOf(status), c.reason) << status;
    EXPECT_NE(status.message().find(c.said), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace fleetcast::trainer
