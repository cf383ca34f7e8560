#include "cli/views/fleet_view.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"

namespace fleetcast::cli {
namespace {

constexpr FleetSources kAll{.config = true, .registry = true, .trainer = true, .inference = true};

// A circuit that nothing is wrong with: trained, champion, deployed and forecast.
CircuitFacts Sound() {
  CircuitFacts facts;
  facts.configuration.emplace().mutable_training()->set_cutoff_date("2025-12-09");
  facts.champion.emplace().set_version(3);
  facts.champion->set_model_version("models/sensor-model/versions/3");
  auto& version = facts.champion_version.emplace();
  (*version.mutable_tags())["cutoff_date"] = "2025-12-09";
  (*version.mutable_metrics())["mae"] = 0.5;
  (*version.mutable_metrics())["skill"] = 0.2;
  facts.deployment.emplace().set_model("models/sensor-model/versions/3");
  facts.forecast.emplace().add_points()->set_value(12);
  facts.forecast->mutable_issue_time()->set_seconds(1'765'238'400 - 3600);
  facts.forecast->set_model_version("models/sensor-model/versions/3");
  facts.latest_job.emplace().set_state(trainer::v1::TrainingJob::STATE_SUCCEEDED);
  return facts;
}

std::string FirstProblem(const CircuitFacts& facts, const FleetSources& sources = kAll) {
  const auto problems = ProblemsOf(facts, sources, absl::FromUnixSeconds(1'765'238'400));
  return problems.empty() ? "" : problems.front();
}

TEST(ProblemsOf, ASoundCircuitHasNone) { EXPECT_EQ(FirstProblem(Sound()), ""); }

TEST(ProblemsOf, NamesAFailedTraining) {
  auto facts = Sound();
  facts.latest_job->set_state(trainer::v1::TrainingJob::STATE_FAILED);
  facts.latest_job->mutable_failure()->set_kind(workqueue::v1::Failure::KIND_DATA);
  facts.latest_job->mutable_failure()->set_reason("DATA_MISSING");
  EXPECT_TRUE(absl::StrContains(FirstProblem(facts), "training failed: DATA DATA_MISSING"));
}

TEST(ProblemsOf, NamesAnOlderDeployment) {
  auto facts = Sound();
  facts.deployment->set_model("models/sensor-model/versions/2");
  EXPECT_EQ(FirstProblem(facts), "deployed is v2, champion is v3");
}

TEST(ProblemsOf, NamesACutoffDateThatIsNotTrainedYet) {
  auto facts = Sound();
  facts.configuration->mutable_training()->set_cutoff_date("2026-01-01");
  EXPECT_EQ(FirstProblem(facts), "champion is trained to 2025-12-09, configured is 2026-01-01");
}

TEST(ProblemsOf, NamesWhatIsMissing) {
  EXPECT_EQ(FirstProblem({}), "no champion: not trained yet");
  auto facts = Sound();
  facts.forecast.reset();
  EXPECT_EQ(FirstProblem(facts), "no forecast yet");
  facts.deployment.reset();
  EXPECT_EQ(FirstProblem(facts), "champion is not deployed");
}

TEST(ProblemsOf, NamesAForecastThatLagsBehindTheFleet) {
  auto facts = Sound();
  facts.forecast->mutable_issue_time()->set_seconds(1'765'238'400 - 3 * 86'400);
  EXPECT_TRUE(absl::StrContains(FirstProblem(facts), "3d 0h behind the fleet's latest"))
      << FirstProblem(facts);
}

TEST(ProblemsOf, NamesAForecastByAnEarlierModel) {
  auto facts = Sound();
  facts.forecast->set_model_version("models/sensor-model/versions/2");
  EXPECT_EQ(FirstProblem(facts), "forecast is by v2, deployed since is v3");
}

TEST(ProblemsOf, BlamesNoCircuitForAServiceThatDidNotAnswer) {
  EXPECT_EQ(FirstProblem({}, {}), "");
  auto facts = Sound();
  facts.deployment.reset();
  EXPECT_EQ(FirstProblem(facts, {.config = true, .registry = true, .trainer = true}), "");
}

TEST(FleetTable, PutsFurtherProblemsUnderTheFirst) {
  FleetFacts fleet{.sources = kAll, .circuits = {}};
  fleet.circuits["P001/C001"] = Sound();
  auto facts = Sound();
  facts.deployment->set_model("models/sensor-model/versions/2");
  facts.forecast->set_model_version("models/sensor-model/versions/2");
  facts.latest_job->set_state(trainer::v1::TrainingJob::STATE_FAILED);
  fleet.circuits["P001/C002"] = facts;
  EXPECT_EQ(TroubledCircuits(fleet), 1);
  const auto lines = FleetTable(fleet, absl::UnixEpoch());
  EXPECT_EQ(lines.rows(), 3U);
}

TEST(FleetJson, LeavesUnknownNumbersNull) {
  FleetFacts fleet{.sources = kAll, .circuits = {}};
  fleet.circuits["P001/C001"] = {};
  const auto json = FleetJson(fleet);
  EXPECT_EQ(json[0]["plant_id"], "P001");
  EXPECT_EQ(json[0]["circuit_id"], "C001");
  EXPECT_TRUE(json[0]["mae"].is_null());
  EXPECT_EQ(json[0]["problems"].size(), 1U);
}

TEST(FleetSummary, NeverSaysThatAllIsWellWhenAServiceDidNotAnswer) {
  FleetFacts fleet{.sources = kAll, .circuits = {}};
  fleet.circuits["P001/C001"] = Sound();
  EXPECT_EQ(FleetSummary(fleet), "1 circuit, no problems");
  fleet.sources.trainer = false;
  fleet.sources.registry = false;
  EXPECT_EQ(FleetSummary(fleet), "1 circuit; not all is known: no answer from registry, trainer");
  EXPECT_EQ(FleetJson(fleet)[0]["unanswered"].size(), 2U);
  const std::string table = FleetTable(fleet, absl::UnixEpoch()).Render({.width = 200});
  EXPECT_TRUE(absl::StrContains(table, "not known without registry, trainer")) << table;
  fleet.sources.registry = true;
  fleet.circuits["P001/C001"].latest_job->set_state(trainer::v1::TrainingJob::STATE_FAILED);
  EXPECT_EQ(FleetSummary(fleet),
            "1 circuit, 1 with problems; not all is known: no answer from trainer");
}

TEST(AddFacts, PutsTogetherWhatEachServiceSaysOfACircuit) {
  FleetFacts fleet, part;
  fleet.circuits["P001/C001"].deployment = Sound().deployment;
  part.circuits["P001/C001"].forecast = Sound().forecast;
  part.circuits["P001/C002"].forecast = Sound().forecast;
  AddFacts(part, fleet);
  EXPECT_TRUE(fleet.circuits["P001/C001"].deployment && fleet.circuits["P001/C001"].forecast);
  EXPECT_EQ(fleet.circuits.size(), 2U);
}

}  // namespace
}  // namespace fleetcast::cli
