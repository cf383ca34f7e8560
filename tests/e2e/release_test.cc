// Releases through real processes: from a merge to what serves, and what may go wrong on the way.
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <fstream>
#include <set>
#include <thread>

#include "absl/time/clock.h"
#include "tests/e2e/api.h"
#include "tests/e2e/local_stack.h"

namespace fleetcast::e2e {
namespace {

using nlohmann::json;

constexpr int kReleased = 4;

class ReleaseLoopTest : public ::testing::Test {
 protected:
  void StartStack() {
    for (int i = 1; i <= kReleased; ++i) {
      circuits_.push_back({.plant_id = "P001",
                           .circuit_id = "C00" + std::to_string(i),
                           .sensor_id = "SENSOR_" + std::to_string(i),
                           .cutoff_date = "2025-11-25",
                           .feature_columns = {"temperature"},
                           .target_column = "temperature",
                           .epochs = 2,
                           .lstm_units = 8});
      WriteSensor(circuits_.back().sensor_id);
    }
    stack_.CommitCircuits("main", circuits_);
    stack_.Up({"--lease", "4s"});
  }

  // Hourly readings with a daily cycle and a drift, up to the end of November.
  void WriteSensor(const std::string& sensor_id) {
    std::ofstream file(stack_.sensor_data() + "/" + sensor_id + ".csv");
    file << "timestamp,temperature\n";
    const absl::Time end = absl::FromCivil(absl::CivilDay(2025, 11, 30), absl::UTCTimeZone());
    for (int hour = 0; hour < 24 * 60; ++hour)
      file << absl::FormatTime("%Y-%m-%d %H:%M:%S", end - absl::Hours(24 * 60 - hour),
                               absl::UTCTimeZone())
           << ',' << 20 + 5 * std::sin(2 * M_PI * hour / 24) + std::sin(hour * 0.05) << '\n';
  }

  json Release(const std::string& revision) {
    return stack_.Json({"release", "create", revision, "--actor", "anna", "--watch"});
  }
  // "models/sensor-model/versions/3"; "" if nothing serves.
  std::string Serving(const std::string& circuit) {
    const json status = stack_.Json({"circuit", "status", circuit});
    return status.contains("serving") ? status["serving"]["model_version"].get<std::string>() : "";
  }
  // 0 while it is starting again.
  int PidOfInference() {
    const auto shown = stack_.Fleetcast({"local", "status", "-o", "json"});
    const json status = json::parse(shown.output, nullptr, false);
    if (!status.is_object()) return 0;
    for (const json& service : status["services"])
      if (service["name"] == "inference" && service["process"].is_object())
        return service["process"].value("pid", 0);
    return 0;
  }
  int VersionsOf(const std::string& circuit) {
    return static_cast<int>(
        ListModelVersions(stack_, "tags.circuit_id = \"" + circuit + "\"").size());
  }

  LocalStack stack_;
  std::vector<CircuitSpec> circuits_;
};

TEST_F(ReleaseLoopTest, NothingServesButByAReleaseAndTheReleaseIsWhatTheCommitSays) {
  StartStack();
  // A training changes nothing that serves.
  const auto trained = stack_.Fleetcast(
      {"training", "start", "--circuits", "P001/C001", "--revision", "main", "--watch"});
  ASSERT_EQ(trained.exit_code, 0) << trained.output << trained.errors;
  EXPECT_EQ(stack_.Json({"model", "champions"}).size(), 0U);

  // The release promotes what was trained, and trains the rest in one run.
  const json first = Release("main");
  EXPECT_EQ(first["state"], "STATE_APPLIED") << first.dump(1);
  EXPECT_EQ(first["plan"]["promote"], 1);
  EXPECT_EQ(first["plan"]["train"], 3);
  EXPECT_EQ(ListTrainingRuns(stack_).size(), 2U);
  for (int i = 1; i <= kReleased; ++i) {
    const std::string id = "C00" + std::to_string(i);
    EXPECT_NE(Serving("P001/" + id), "") << id;
    EXPECT_EQ(VersionsOf(id), 1) << id;
  }
  EXPECT_EQ(stack_.Json({"model", "champions"}).size(), 4U);

  // Again, by another pipeline: the same release.
  EXPECT_EQ(Release("main")["name"], first["name"]);

  // One circuit goes, one gets other settings; the commit before is refused from then on.
  auto fewer = circuits_;
  fewer.pop_back();
  fewer[0].cutoff_date = "2025-11-28";
  stack_.CommitCircuits("next", fewer);
  const json second = Release("next");
  EXPECT_EQ(second["state"], "STATE_APPLIED") << second.dump(1);
  EXPECT_EQ(Serving("P001/C004"), "");
  EXPECT_EQ(stack_.Json({"model", "champions"}).size(), 3U);
  const auto stale = stack_.Fleetcast({"release", "create", "main"});
  EXPECT_NE(stale.exit_code, 0);
  EXPECT_NE(stale.errors.find("STALE_RELEASE"), std::string::npos) << stale.errors;
  EXPECT_EQ(stack_.Json({"release", "show"})["name"], second["name"]);

  // Back: the circuit that went is there again.
  const json back = stack_.Json({"release", "rollback", "--reason", "too early", "--watch"});
  EXPECT_EQ(back["state"], "STATE_APPLIED") << back.dump(1);
  EXPECT_NE(Serving("P001/C004"), "");
  stack_.Down();
}

// kill -9 of the process that reconciles, again and again, while its circuits are trained and
// promoted: every circuit is given its version once.
TEST_F(ReleaseLoopTest, AReconcilerThatIsKilledAgainAndAgainGetsThereAndDoesNothingTwice) {
  StartStack();
  const json made = stack_.Json({"release", "create", "main", "--actor", "anna"});
  for (int kills = 0; kills < 4; ++kills) {
    absl::SleepFor(absl::Milliseconds(700));
    if (const int pid = PidOfInference(); pid > 0) kill(pid, SIGKILL);
  }
  json release;
  for (int tries = 0; tries < kPatienceSeconds * 2; ++tries) {
    const auto shown = stack_.Fleetcast({"release", "show", "-o", "json"});
    if (shown.exit_code == 0) release = json::parse(shown.output);
    if (!release.is_null() && release["state"] != "STATE_APPLYING") break;
    absl::SleepFor(absl::Milliseconds(500));
  }
  ASSERT_FALSE(release.is_null());
  EXPECT_EQ(release["state"], "STATE_APPLIED") << release.dump(1);
  EXPECT_EQ(release["name"], made["name"]);
  EXPECT_EQ(ListTrainingRuns(stack_).size(), 1U);
  EXPECT_EQ(ListModelVersions(stack_, "").size(), 4U);
  EXPECT_EQ(stack_.Json({"model", "history"}).size(), 4U) << "one change of each champion";
  for (int i = 1; i <= kReleased; ++i) EXPECT_NE(Serving("P001/C00" + std::to_string(i)), "");
  stack_.Down();
}

TEST_F(ReleaseLoopTest, ManyPipelinesAtOnceMakeOneRelease) {
  StartStack();
  std::vector<std::thread> pipelines;
  std::vector<CommandResult> results(10);
  for (std::size_t i = 0; i < results.size(); ++i)
    pipelines.emplace_back([&, i] {
      results[i] = stack_.Fleetcast({"release", "create", "main", "--watch", "-o", "json"});
    });
  for (std::thread& pipeline : pipelines) pipeline.join();
  std::set<std::string> names;
  for (const CommandResult& result : results) {
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    names.insert(json::parse(result.output)["name"].get<std::string>());
  }
  EXPECT_EQ(names.size(), 1U);
  EXPECT_EQ(stack_.Json({"release", "list"}).size(), 1U);
  EXPECT_EQ(ListTrainingRuns(stack_).size(), 1U);
  EXPECT_EQ(ListModelVersions(stack_, "").size(), 4U);
  stack_.Down();
}

}  // namespace
}  // namespace fleetcast::e2e
