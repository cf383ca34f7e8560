// From a branch in git to stored forecasts, on two years of a real transformer's readings.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/e2e/api.h"
#include "tests/e2e/local_stack.h"

namespace fleetcast::e2e {
namespace {

using registry::v1::ModelVersion;
using trainer::v1::TrainingJob;

const std::vector<std::string> kChannels = {"HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"};

std::string Etth1Path() {
  return std::string(std::getenv("FLEETCAST_SOURCE_DIR")) + "/../shared/data/ett/ETTh1.csv";
}

// One circuit per channel: all seven columns go in, its own comes out.
std::vector<CircuitSpec> TransformerCircuits() {
  std::vector<CircuitSpec> circuits;
  for (std::size_t i = 0; i < kChannels.size(); ++i)
    circuits.push_back({.plant_id = "ETT",
                        .circuit_id = "C00" + std::to_string(i + 1),
                        .sensor_id = "ETTH1",
                        .cutoff_date = "2016-09-30",
                        .feature_columns = kChannels,
                        .target_column = kChannels[i]});
  return circuits;
}

TEST(WholeLoop, RunsFromABranchToAStoredForecastForEveryChannelOfARealTransformer) {
  if (!std::filesystem::exists(Etth1Path()))
    GTEST_SKIP() << "ETTh1.csv is not at ../shared/data/ett";
  LocalStack stack;
  std::filesystem::copy_file(Etth1Path(), stack.sensor_data() + "/ETTH1.csv");
  const std::vector<CircuitSpec> circuits = TransformerCircuits();
  stack.CommitCircuits("add-transformer", circuits);
  stack.Up();
  if (HasFatalFailure()) return;

  // What the pull request changes.
  const auto changes =
      stack.Json({"config", "changes", "--base", "main", "--head", "add-transformer"});
  ASSERT_EQ(changes.at("changes").size(), 7U) << changes.dump(2);
  const auto matrix = nlohmann::json::parse(changes.at("matrix_json").get<std::string>());
  ASSERT_EQ(matrix.size(), 7U);
  EXPECT_EQ(matrix[0].dump(),
            R"({"circuit_id":"C001","cutoff_date":"2016-09-30","plant_id":"ETT"})");

  // Training, as the pipeline does it.
  const auto training =
      stack.Fleetcast({"training", "start", "--base", "main", "--head", "add-transformer", "--pr",
                       "12", "--author", "ada", "--watch"});
  ASSERT_EQ(training.exit_code, 0) << training.output << training.errors;
  EXPECT_EQ(training.output.find('\x1b'), std::string::npos) << "control codes in a pipe";
  const auto runs = ListTrainingRuns(stack);
  ASSERT_EQ(runs.size(), 1U);
  const auto jobs = ListTrainingJobs(stack, runs[0].name());
  ASSERT_EQ(jobs.size(), 7U);
  for (const TrainingJob& job : jobs) {
    EXPECT_EQ(job.state(), TrainingJob::STATE_SUCCEEDED) << job.ShortDebugString();
    EXPECT_EQ(job.attempt_count(), 1);
    EXPECT_FALSE(job.gate_outcome().why().empty());
  }

  // One version each, dense numbers, every tag.
  const auto versions = ListModelVersions(stack, "");
  ASSERT_EQ(versions.size(), 7U);
  std::set<std::int64_t> numbers;
  for (const ModelVersion& version : versions) {
    numbers.insert(version.version());
    for (const char* tag : {"plant_id", "circuit_id", "cutoff_date", "environment_version",
                            "data_asset_version", "pr_number", "pr_author", "git_commit_sha",
                            "hyperparameters_hash", "mae", "rmse", "r2", "trained_at"})
      EXPECT_FALSE(version.tags().at(tag).empty()) << tag << " of " << version.name();
    EXPECT_EQ(version.tags().at("pr_number"), "12");
    EXPECT_EQ(version.tags().at("git_commit_sha"), runs[0].commit());
  }
  EXPECT_EQ(*numbers.begin(), 1);
  EXPECT_EQ(*numbers.rbegin(), 7);
  ASSERT_EQ(
      ListModelVersions(stack, R"(tags.plant_id = "ETT" AND tags.circuit_id = "C003")").size(), 1U);

  // A version as other programs read it, whole or not at all.
  const std::filesystem::path model = stack.data_dir() + "/downloaded";
  const std::vector<std::string> download = {
      "model", "download", "1", "--out", model.string() + "/", "-o", "json"};
  const auto downloaded = stack.Fleetcast(download);
  ASSERT_EQ(downloaded.exit_code, 0) << downloaded.output << downloaded.errors;
  EXPECT_EQ(nlohmann::json::parse(downloaded.output).at("folder"), model.string());
  for (const char* file : {"model.onnx", "model.json", "MLmodel"}) {
    EXPECT_TRUE(std::filesystem::is_regular_file(model / file)) << file;
  }
  const auto description = nlohmann::json::parse(std::ifstream(model / "model.json"));
  const auto version_1 = ListModelVersions(stack, "version = 1");
  ASSERT_EQ(version_1.size(), 1U);
  EXPECT_NEAR(description.at("training").at("metrics").at("test").at("mae").get<double>(),
              std::stod(version_1[0].tags().at("mae")), 1e-6);
  EXPECT_EQ(description.at("spec").at("data_fingerprint").get<std::string>().size(), 64U);
  for (const auto& entry : std::filesystem::directory_iterator(stack.data_dir())) {
    EXPECT_EQ(entry.path().filename().string().find("downloaded."), std::string::npos)
        << "left behind: " << entry.path();
  }
  const auto again = stack.Fleetcast(download);
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.errors.find("exists already"), std::string::npos) << again.errors;

  // Deployment of every version (short training need not beat the naive forecast) and a sweep,
  // twice: the second stores nothing new.
  for (const ModelVersion& version : versions) {
    const auto deployed =
        stack.Fleetcast({"deployment", "deploy", std::to_string(version.version())});
    ASSERT_EQ(deployed.exit_code, 0) << deployed.output << deployed.errors;
  }
  for (int sweep = 0; sweep < 2; ++sweep) {
    const auto swept = stack.Fleetcast({"sweep", "start", "--watch"});
    ASSERT_EQ(swept.exit_code, 0) << swept.output << swept.errors;
    const auto forecasts = ListForecasts(stack);
    ASSERT_EQ(forecasts.size(), 7U) << "after sweep " << sweep + 1;
    for (const auto& forecast : forecasts) {
      ASSERT_EQ(forecast.points_size(), 24);
      for (const auto& point : forecast.points()) {
        EXPECT_TRUE(std::isfinite(point.value()));
        ASSERT_EQ(point.intervals_size(), 2);
        EXPECT_LE(point.intervals(0).lower(), point.value());
        EXPECT_GE(point.intervals(0).upper(), point.value());
        EXPECT_LE(point.intervals(1).lower(), point.intervals(0).lower());
      }
    }
  }

  // A comment and one cutoff date later: exactly one circuit is retrained.
  auto changed = circuits;
  changed[2].cutoff_date = "2016-10-07";
  stack.CommitCircuits("move-cutoff", changed);
  const auto second =
      stack.Json({"config", "changes", "--base", "add-transformer", "--head", "move-cutoff"});
  EXPECT_EQ(second.at("matrix_json"),
            R"([{"plant_id":"ETT","circuit_id":"C003","cutoff_date":"2016-10-07"}])");

  stack.Down();
}

}  // namespace
}  // namespace fleetcast::e2e
