#include "cli/report/page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace fleetcast::cli {
namespace {

constexpr std::int64_t kIssue = 1'765'580'400;  // 2025-12-12T23:00:00Z
constexpr std::int64_t kHour = 3600;

double Wave(std::int64_t time) {
  const double hours = static_cast<double>(time) / 3600;
  return 65 + 6 * std::sin(hours / 24 * 2 * M_PI) + std::sin(hours * 1.7) + std::sin(hours * 0.37);
}

CircuitReport Circuit(const std::string& plant, const std::string& id) {
  CircuitReport circuit{.plant_id = plant,
                        .plant_name = "Manufacturing Plant",
                        .circuit_id = id,
                        .circuit_name = "Assembly Line A Sensor",
                        .target_column = "temperature"};
  circuit.model = ReportedModel{.version = 3,
                                .mae = 1.17,
                                .skill = 0.298,
                                .mae_repeat_last = 3.7,
                                .mae_seasonal_naive = 1.67,
                                .cutoff_date = "2025-12-09",
                                .commit = "e8b6c22f77eb97a1b53254485ae39f7fff5c999c",
                                .fingerprint = std::string(64, 'a'),
                                .environment = "custom-lstm-env 1.5.0",
                                .pull_request = "101",
                                .trained_at = "2025-12-13 10:00 UTC"};
  for (std::int64_t time = kIssue - 14 * 24 * kHour; time <= kIssue; time += kHour) {
    if (time > kIssue - 40 * kHour && time < kIssue - 34 * kHour) continue;
    circuit.history.unix_seconds.push_back(time);
    circuit.history.values.push_back(Wave(time));
  }
  ReportedForecast forecast{.issue_unix_seconds = kIssue};
  forecast.bands = {{.level = 80}, {.level = 95}};
  for (int step = 1; step <= 24; ++step) {
    const std::int64_t time = kIssue + step * kHour;
    const double value = Wave(time) * 0.98 + 1.5;
    forecast.points.unix_seconds.push_back(time);
    forecast.points.values.push_back(value);
    for (ForecastBand& band : forecast.bands) {
      const double half = (band.level == 80 ? 1.2 : 2) * std::sqrt(1 + step / 6.0);
      band.lower.push_back(value - half);
      band.upper.push_back(value + half);
    }
    circuit.actual.unix_seconds.push_back(time);
    circuit.actual.values.push_back(Wave(time));
  }
  circuit.forecast = std::move(forecast);
  return circuit;
}

TEST(ReportPage, ShowsEveryCircuitWithItsChartAndWhereItCameFrom) {
  const FleetReport report{
      "2025-12-13 10:00 UTC",
      {Circuit("P001", "C001"), Circuit("P001", "C002"), Circuit("P002", "C001")}};
  const std::string page = ReportPage(report);
  for (const char* part :
       {"id=\"P001-C001\"", "id=\"P002-C001\"", "sensor-model 3", "2025-12-09", "e8b6c22f77eb",
        "aaaaaaaaaaaa", "29.8% better than naive", "class=\"band\"", "class=\"actual\"",
        "issued Dec 12 2025, 23:00", "prefers-color-scheme:dark"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  if (const char* folder = std::getenv("FLEETCAST_KEEP_REPORT")) std::ofstream(folder) << page;
}

TEST(ReportPage, NeedsNothingElse) {
  const std::string page = ReportPage({"now", {Circuit("P001", "C001")}});
  for (const char* part :
       {"http:", "https:", "<script", "src=", "url(", "@import", "nan", "inf%"}) {
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  }
}

TEST(ReportPage, EscapesWhatPeopleAndServicesWrote) {
  CircuitReport circuit = Circuit("P001", "C001");
  const std::string hostile = "\"><script>alert('x')</script>";
  circuit.plant_name = circuit.circuit_name = circuit.target_column = circuit.problem = hostile;
  circuit.model->commit = circuit.model->fingerprint = circuit.model->cutoff_date = hostile;
  circuit.model->environment = circuit.model->pull_request = circuit.model->trained_at = hostile;
  circuit.plant_id = circuit.circuit_id = hostile;
  const std::string page = ReportPage({hostile, {circuit}});
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find(hostile), std::string::npos);
}

TEST(ReportPage, SaysWhatIsOutOfTheOrdinaryWhereTheStatusSaysIt) {
  FleetReport report{"now", {Circuit("P001", "C001"), Circuit("P001", "C002")}};
  report.circuits[1].conditions = {
      {"ERROR", "FORECAST_FAILED", "the artifact <is> damaged", /*troubled=*/true},
      {"INFO", "PINNED", "held by mia", /*troubled=*/false}};
  report.circuits[1].stored_ago = "11 months ago";
  const std::string page = ReportPage(report);
  for (const char* part : {"1<small> of 2</small>", "circuits have problems", "FORECAST_FAILED +1",
                           "the artifact &lt;is&gt; damaged", "held by mia", "11 months ago"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(Summarize(report).troubled, 1);
}

TEST(ReportPage, SaysWhatIsWrongWithTheFleetAndThatItDoesNotShowAll) {
  FleetReport report{"now", {Circuit("P001", "C001")}};
  for (const char* part : {"as a whole", "NOT ALL"})
    EXPECT_EQ(ReportPage(report).find(part), std::string::npos) << part;
  report.problems = {{"WARNING", "PLANT_NOT_DEPLOYED", "schedules/<daily> names P009", true}};
  report.left_out = 9'800;
  const std::string page = ReportPage(report);
  for (const char* part : {"PLANT_NOT_DEPLOYED", "schedules/&lt;daily&gt; names P009", "9800 more"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST(ReportPage, SaysWhyACircuitHasNoForecast) {
  const FleetReport report{
      "now",
      {{.plant_id = "P001", .circuit_id = "C001", .problem = "No champion: error above naive."}}};
  const std::string page = ReportPage(report);
  EXPECT_NE(page.find("No champion: error above naive."), std::string::npos);
  EXPECT_EQ(page.find("class=\"chart\""), std::string::npos);
  EXPECT_FALSE(ReportPage({"now", {}}).empty());
}

TEST(Hindsight, CountsReadingsInsideTheIntervals) {
  CircuitReport circuit = Circuit("P001", "C001");
  const Hindsight hindsight = JudgeForecast(circuit);
  EXPECT_EQ(hindsight.points, 24);
  EXPECT_EQ(hindsight.inside, (std::vector<std::int64_t>{24, 24}));
  EXPECT_NEAR(hindsight.mae, 0.2, 0.2);
  circuit.actual.values[0] = 1000;
  circuit.actual.values[1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(JudgeForecast(circuit).points, 23);
  EXPECT_EQ(JudgeForecast(circuit).inside, (std::vector<std::int64_t>{22, 22}));
}

TEST(FleetSummary, TakesTheMedianOfSkills) {
  FleetReport report{"now", {Circuit("P001", "C001"), Circuit("P001", "C002")}};
  report.circuits[1].model->skill = -0.1;
  EXPECT_NEAR(Summarize(report).median_skill, 0.099, 1e-9);
  EXPECT_EQ(Summarize(report).better_than_naive, 1);
  EXPECT_EQ(Summarize(report).judged, 48);
  EXPECT_TRUE(std::isnan(Summarize({}).median_skill));
}

}  // namespace
}  // namespace fleetcast::cli
