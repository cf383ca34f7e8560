// What goes wrong while a fleet trains, and what must be true afterwards.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "cli/local/private_cluster.h"
#include "tests/e2e/api.h"
#include "tests/e2e/local_stack.h"

namespace fleetcast::e2e {
namespace {

using trainer::v1::TrainingJob;
using trainer::v1::TrainingRun;

// Hourly readings with a daily cycle, up to the end of November.
void WriteSensor(const LocalStack& stack, const std::string& sensor_id, int days) {
  std::ofstream file(stack.sensor_data() + "/" + sensor_id + ".csv");
  file << "timestamp,temperature,pressure\n";
  const absl::Time start =
      absl::FromCivil(absl::CivilDay(2025, 11, 30) - days, absl::UTCTimeZone());
  for (int hour = 0; hour < 24 * days; ++hour) {
    const double phase = 2 * M_PI * hour / 24;
    const double wobble = std::sin(hour * 0.71) + std::sin(hour * 1.37);
    file << absl::FormatTime("%Y-%m-%d %H:%M:%S", start + absl::Hours(hour), absl::UTCTimeZone())
         << ',' << 20 + 5 * std::sin(phase) + 0.3 * wobble << ','
         << 3 + std::cos(phase) - 0.1 * wobble << '\n';
  }
}

// How much there is to train.
struct Work {
  int days;
  int lstm_units;
};
constexpr Work kQuick = {.days = 60, .lstm_units = 32};
// Some seconds of a core, however early the training stops: time enough to break something.
constexpr Work kSlow = {.days = 200, .lstm_units = 256};

// The first of them has `first` to train, the others are quick.
std::vector<CircuitSpec> Circuits(int count, const Work& first) {
  std::vector<CircuitSpec> circuits;
  for (int i = 1; i <= count; ++i)
    circuits.push_back({.plant_id = "P001",
                        .circuit_id = "C00" + std::to_string(i),
                        .sensor_id = "SENSOR_" + std::to_string(i),
                        .cutoff_date = "2025-11-25",
                        .feature_columns = {"temperature", "pressure"},
                        .target_column = "temperature",
                        .epochs = 30,
                        .lstm_units = (i == 1 ? first : kQuick).lstm_units});
  return circuits;
}

// A stack with `count` sound circuits on main.
class FailureTest : public ::testing::Test {
 protected:
  void StartStack(int count, const Work& first, const std::vector<std::string>& options) {
    circuits_ = Circuits(count, first);
    for (const CircuitSpec& spec : circuits_)
      WriteSensor(stack_, spec.sensor_id, (&spec == circuits_.data() ? first : kQuick).days);
    stack_.CommitCircuits("main", circuits_);
    stack_.Up(options);
  }

  std::string StartTraining() {
    auto run = CreateTrainingRun(stack_, TrainingRequest(circuits_, "main"));
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? run->name() : "";
  }

  // Every job succeeded and has one model version, which no other job shares.
  void ExpectOneVersionPerJob(const std::vector<TrainingJob>& jobs) {
    std::set<std::string> versions;
    for (const TrainingJob& job : jobs) {
      EXPECT_EQ(job.state(), TrainingJob::STATE_SUCCEEDED) << job.ShortDebugString();
      versions.insert(job.model_version());
    }
    EXPECT_EQ(versions.size(), jobs.size());
    EXPECT_EQ(ListModelVersions(stack_, "").size(), jobs.size());
  }

  // The first circuit's, which takes long enough for something to be broken.
  static const TrainingJob* MidTraining(const std::vector<TrainingJob>& jobs) {
    for (const TrainingJob& job : jobs)
      if (job.circuit_id() == "C001" && job.state() == TrainingJob::STATE_RUNNING &&
          job.progress().epoch() >= 1)
        return &job;
    return nullptr;
  }

  LocalStack stack_;
  std::vector<CircuitSpec> circuits_;
};

TEST_F(FailureTest, ATrainerKilledMidEpochLosesNothingAndPublishesNothingTwice) {
  StartStack(3, kSlow, {"--trainers", "2", "--lease", "4s"});
  const std::string run = StartTraining();
  const auto before = WaitForJobs(stack_, run, MidTraining);
  ASSERT_FALSE(HasFailure());
  const TrainingJob victim = *MidTraining(before);
  const int pid = stack_.PidOf(victim.replica());
  ASSERT_GT(pid, 0);
  ASSERT_EQ(kill(pid, SIGKILL), 0);

  const auto jobs = WaitForJobs(stack_, run, AllEnded);
  ExpectOneVersionPerJob(jobs);
  for (const TrainingJob& job : jobs)
    EXPECT_EQ(job.attempt_count(), job.name() == victim.name() ? 2 : 1) << job.ShortDebugString();
  EXPECT_EQ(GetTrainingRun(stack_, run).state(), TrainingRun::STATE_SUCCEEDED);
}

TEST_F(FailureTest, APostgresRestartedDuringARunLosesNothingAndPublishesNothingTwice) {
  StartStack(3, kSlow, {"--trainers", "2", "--lease", "10s"});
  const std::string run = StartTraining();
  WaitForJobs(stack_, run, MidTraining);
  ASSERT_FALSE(HasFailure());
  auto cluster = cli::PrivateCluster::Start({.data_dir = stack_.data_dir() + "/postgres"});
  ASSERT_TRUE(cluster.ok()) << cluster.status();
  const absl::Status restarted = (*cluster)->Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;

  ExpectOneVersionPerJob(WaitForJobs(stack_, run, AllEnded));
  EXPECT_EQ(GetTrainingRun(stack_, run).state(), TrainingRun::STATE_SUCCEEDED);
}

TEST_F(FailureTest, TheSameRequestSentFiftyTimesAtOnceMakesOneRun) {
  StartStack(1, kQuick, {});
  const auto request = TrainingRequest(circuits_, "main");
  std::vector<absl::StatusOr<TrainingRun>> answers(50, absl::UnknownError("not sent"));
  std::vector<std::thread> callers;
  for (auto& answer : answers)
    callers.emplace_back([&] { answer = CreateTrainingRun(stack_, request); });
  for (std::thread& caller : callers) caller.join();

  std::set<std::string> names;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    names.insert(answer->name());
  }
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(ListTrainingRuns(stack_).size(), 1U);
}

TEST_F(FailureTest, ACircuitWithBrokenDataFailsAloneAndIsNamedWithItsReason) {
  circuits_ = Circuits(3, kQuick);
  for (const CircuitSpec& spec : circuits_) WriteSensor(stack_, spec.sensor_id, kQuick.days);
  std::ofstream(stack_.sensor_data() + "/SENSOR_2.csv")
      << "timestamp,temperature,pressure\n2025-10-01 00:00:00,twenty,3\n";
  stack_.CommitCircuits("main", circuits_);
  stack_.Up();
  if (HasFatalFailure()) return;

  const auto started =
      stack_.Fleetcast({"training", "start", "--circuits", "P001/C001,P001/C002,P001/C003",
                        "--revision", "main", "--watch"});
  EXPECT_EQ(started.exit_code, 1) << started.output << started.errors;
  EXPECT_NE(started.errors.find("C002"), std::string::npos) << started.errors;
  EXPECT_NE(started.errors.find("SENSOR_2.csv"), std::string::npos) << started.errors;

  const auto runs = ListTrainingRuns(stack_);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].state(), TrainingRun::STATE_FAILED);
  for (const TrainingJob& job : ListTrainingJobs(stack_, runs[0].name())) {
    if (job.circuit_id() == "C002") {
      EXPECT_EQ(job.state(), TrainingJob::STATE_FAILED);
      EXPECT_EQ(job.failure().kind(), workqueue::v1::Failure::KIND_DATA);
      EXPECT_EQ(job.attempt_count(), 1) << "a data error is not retried";
    } else {
      EXPECT_EQ(job.state(), TrainingJob::STATE_SUCCEEDED) << job.ShortDebugString();
    }
  }
  EXPECT_EQ(ListModelVersions(stack_, "").size(), 2U);
}

}  // namespace
}  // namespace fleetcast::e2e
