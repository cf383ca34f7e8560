#include "cli/views/fleet_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::cli {
namespace {

using inference::v1::CircuitStatus;
using inference::v1::Condition;
using inference::v1::FleetSummary;
using ::testing::HasSubstr;

const absl::Time kFleetNow = absl::FromUnixSeconds(1'765'238'400);

CircuitStatus Late() {
  CircuitStatus status;
  status.set_plant_id("P001");
  status.set_circuit_id("C001");
  status.mutable_serving()->set_model_version("models/sensor-model/versions/3");
  status.mutable_serving()->set_skill(0.25);
  auto& late = *status.add_conditions();
  late.set_type(Condition::TYPE_FORECAST_LATE);
  late.set_severity(Condition::SEVERITY_ERROR);
  late.set_message("the forecast of 06:00 has not come");
  auto& pinned = *status.add_conditions();
  pinned.set_type(Condition::TYPE_PINNED);
  pinned.set_severity(Condition::SEVERITY_INFO);
  pinned.set_message("held by anna");
  return status;
}

TEST(FleetTable, ShowsEveryConditionWorstFirst) {
  const std::string table = FleetTable({Late()}, kFleetNow).Render(Terminal{});
  EXPECT_THAT(table, HasSubstr("FORECAST_LATE: the forecast of 06:00 has not come"));
  EXPECT_THAT(table, HasSubstr("PINNED: held by anna"));
  EXPECT_THAT(table, HasSubstr("v3"));
  EXPECT_THAT(table, HasSubstr("+25.0%"));
}

TEST(FleetSummary, CountsThoseThatSomebodyShouldLookAt) {
  FleetSummary summary;
  summary.set_circuits(5);
  (*summary.mutable_by_severity())["OK"] = 1;
  (*summary.mutable_by_severity())["INFO"] = 1;
  (*summary.mutable_by_severity())["WARNING"] = 2;
  (*summary.mutable_by_severity())["ERROR"] = 1;
  (*summary.mutable_by_condition())["FORECAST_LATE"] = 1;
  EXPECT_EQ(TroubledCircuits(summary), 3);
  EXPECT_EQ(FleetSummaryText(summary, kFleetNow),
            "5 circuits, 3 with problems (1 FORECAST_LATE); no release has been made yet");
  auto& release = *summary.mutable_release();
  release.set_name("releases/r1");
  release.set_commit("0123456789abcdef");
  release.set_state(inference::v1::Release::STATE_DEGRADED);
  release.set_state_reason("1 of 5 circuits could not follow");
  EXPECT_THAT(FleetSummaryText(summary, kFleetNow), HasSubstr("release r1 of 0123456789 DEGRADED"));
}

TEST(FleetSummary, TellsWhatIsNoSingleCircuits) {
  FleetSummary summary;
  summary.set_circuits(1);
  (*summary.mutable_by_severity())["OK"] = 1;
  auto& problem = *summary.add_problems();
  problem.set_reason("PLANT_NOT_DEPLOYED");
  problem.set_message("schedules/daily asks for forecasts of P009");
  const std::string text = FleetSummaryText(summary, kFleetNow);
  EXPECT_EQ(text,
            "1 circuit\nPLANT_NOT_DEPLOYED: schedules/daily asks for forecasts of P009\n"
            "no release has been made yet");
}

TEST(CircuitText, TellsWhatItIsToBeAndWhatItIs) {
  CircuitStatus status = Late();
  const std::string by_hand = CircuitText(status, Terminal{}, kFleetNow);
  EXPECT_THAT(by_hand, HasSubstr("in no release"));
  status.set_desired_state(CircuitStatus::DESIRED_STATE_ACTIVE);
  status.set_release("releases/r1");
  status.set_commit("0123456789abcdef");
  const std::string text = CircuitText(status, Terminal{}, kFleetNow);
  EXPECT_THAT(text, HasSubstr("active, by release r1 of 0123456789"));
  EXPECT_THAT(text, HasSubstr("FORECAST_LATE"));
  status.clear_serving();
  EXPECT_THAT(CircuitText(status, Terminal{}, kFleetNow), HasSubstr("nothing"));
}

TEST(PlanText, NamesWhatIsToBeDone) {
  inference::v1::ReleasePlan plan;
  EXPECT_EQ(PlanText(plan), "");
  plan.set_promote(3);
  plan.set_retire(1);
  plan.set_in_sync(7);
  EXPECT_EQ(PlanText(plan), "3 to promote, 1 to retire, 7 in sync");
}

TEST(ReleaseStepProgress, TellsWhatWasDoneAndWhy) {
  inference::v1::ReleaseStep step;
  step.set_circuit("plants/P001/circuits/C001");
  step.set_state(inference::v1::ReleaseStep::STATE_SUCCEEDED);
  step.set_action(inference::v1::ReleaseStep::ACTION_REFUSED);
  step.set_model_version("models/sensor-model/versions/3");
  step.set_state_reason("v5 not better: MAE 2 is not below 1");
  const CircuitProgress progress = ProgressOf(step);
  EXPECT_EQ(progress.circuit, "P001/C001");
  EXPECT_EQ(progress.standing, Standing::kSucceeded);
  EXPECT_EQ(progress.note, "refused, v3 serves: v5 not better: MAE 2 is not below 1");
}

}  // namespace
}  // namespace fleetcast::cli
