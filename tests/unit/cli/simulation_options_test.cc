#include "cli/commands/simulation_options.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

std::string FieldOf(const absl::StatusOr<Simulation>& simulation) {
  const auto details = DetailsOf(simulation.status());
  return details && !details->field_violations.empty() ? details->field_violations[0].field : "";
}

TEST(SimulationOptions, HoldOutComesAfterTheEndAndDaysBefore) {
  const auto simulation = ParseSimulation({.days = 2,
                                           .step = "30m",
                                           .end = "2025-12-10",
                                           .out = "data",
                                           .hold_out = "48h",
                                           .hold_out_dir = "next"});
  ASSERT_TRUE(simulation.ok()) << simulation.status();
  EXPECT_EQ(simulation->span.begin_unix_seconds, sensordata::ParseTimestamp("2025-12-08"));
  EXPECT_EQ(simulation->data_end_unix_seconds, sensordata::ParseTimestamp("2025-12-10"));
  EXPECT_EQ(simulation->span.end_unix_seconds, sensordata::ParseTimestamp("2025-12-12"));
  EXPECT_EQ(simulation->span.step_seconds, 1800);
  EXPECT_EQ(simulation->config.cutoff_date, "2025-12-09");  // the last day with data
  EXPECT_EQ(simulation->fleet.circuits(), 6);
}

TEST(SimulationOptions, CountsCircuitsPlantByPlant) {
  const auto simulation = ParseSimulation({.circuits_of = "P001=2,P002=1", .out = "data"});
  ASSERT_TRUE(simulation.ok()) << simulation.status();
  EXPECT_EQ(simulation->fleet.plants.size(), 2U);
  EXPECT_EQ(simulation->fleet.plants[1].circuits[0].sensor_id, "SENSOR_P002_C001");
  for (const char* wrong :
       {"P002=1", "P001=2,", "P001=0", "P001", "P001=2x", "P001=2,P003=1", ","}) {
    EXPECT_EQ(FieldOf(ParseSimulation({.circuits_of = wrong, .out = "data"})), "--circuits-of")
        << wrong;
  }
}

TEST(SimulationOptions, NameTheFlagThatIsWrong) {
  EXPECT_EQ(FieldOf(ParseSimulation({})), "--out");
  EXPECT_EQ(FieldOf(ParseSimulation({.step = "0s", .out = "d"})), "--step");
  EXPECT_EQ(FieldOf(ParseSimulation({.step = "1.5s", .out = "d"})), "--step");
  EXPECT_EQ(FieldOf(ParseSimulation({.days = 36'000, .step = "1s", .out = "d"})), "--step");
  EXPECT_EQ(FieldOf(ParseSimulation({.end = "soon", .out = "d"})), "--end");
  EXPECT_EQ(FieldOf(ParseSimulation({.out = "d", .hold_out = "1h"})), "--hold-out");
  EXPECT_EQ(FieldOf(ParseSimulation({.out = "d", .config_branch = "b"})), "--config-branch");
  EXPECT_EQ(FieldOf(ParseSimulation({.out = "d", .cutoff_date = "2025-02-30"})), "--cutoff-date");
  EXPECT_EQ(FieldOf(ParseSimulation({.plants = 1000, .circuits = 1000, .out = "d"})), "--circuits");
}

}  // namespace
}  // namespace fleetcast::cli
