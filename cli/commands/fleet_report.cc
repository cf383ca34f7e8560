#include "cli/commands/fleet_report.h"

#include <google/protobuf/message.h>  // complete, for the JSON overload of Session::Show

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_join.h"
#include "cli/command.h"
#include "cli/commands/sensor_options.h"
#include "cli/output/file.h"
#include "cli/output/table.h"
#include "cli/output/text.h"
#include "cli/report/fleet_report.h"
#include "cli/report/html.h"
#include "cli/report/page.h"
#include "cli/report/report_reader.h"
#include "cli/session.h"
#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

std::string IntervalText(const CircuitReport& circuit) {
  if (!circuit.forecast || circuit.forecast->bands.empty()) return "";
  const ForecastBand& band = circuit.forecast->bands.front();
  return Reading(band.lower.front()) + " – " + Reading(band.upper.front()) + " (" +
         Reading(band.level) + "%)";
}

Cell ConditionsCell(const CircuitReport& circuit) {
  std::vector<std::string> types;
  for (const ReportedCondition& condition : circuit.conditions) types.push_back(condition.type);
  if (types.empty()) return {"none", Style::kGood};
  const bool troubled = circuit.conditions.front().troubled;
  return {absl::StrJoin(types, ", "), troubled ? Style::kBad : Style::kPlain};
}

Table ReportTable(const FleetReport& report) {
  using Align = Column::Align;
  Table table({{"CIRCUIT"},
               {"MODEL"},
               {"MAE", Align::kRight},
               {"SKILL", Align::kRight},
               {"NEXT FORECAST", Align::kRight},
               {"INTERVAL"},
               {"FOR"},
               {"CONDITIONS"}});
  for (const CircuitReport& circuit : report.circuits) {
    const auto& model = circuit.model;
    const bool forecast = circuit.forecast && !circuit.forecast->points.values.empty();
    const double skill = model ? model->skill : std::nan("");
    table.AddRow(
        {circuit.plant_id + "/" + circuit.circuit_id,
         model ? "v" + std::to_string(model->version) : "",
         model ? Reading(model->mae) : "",
         {PercentText(skill), skill > 0 ? Style::kGood : Style::kBad},
         forecast ? Reading(circuit.forecast->points.values.front()) : "",
         IntervalText(circuit),
         forecast ? DayAndHourText(circuit.forecast->points.unix_seconds.front()) : circuit.problem,
         ConditionsCell(circuit)});
  }
  return table;
}

nlohmann::ordered_json NumberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json ReportJson(const FleetReport& report, const std::string& path) {
  nlohmann::ordered_json circuits = nlohmann::ordered_json::array();
  for (const CircuitReport& circuit : report.circuits) {
    nlohmann::ordered_json entry = {{"plant_id", circuit.plant_id},
                                    {"circuit_id", circuit.circuit_id},
                                    {"problem", circuit.problem},
                                    {"conditions", nlohmann::ordered_json::array()}};
    for (const ReportedCondition& condition : circuit.conditions)
      entry["conditions"].push_back({{"severity", condition.severity},
                                     {"type", condition.type},
                                     {"message", condition.message}});
    if (circuit.model) {
      entry["model_version"] = circuit.model->version;
      entry["mae"] = NumberOrNull(circuit.model->mae);
      entry["skill"] = NumberOrNull(circuit.model->skill);
      entry["cutoff_date"] = circuit.model->cutoff_date;
    }
    if (circuit.forecast && !circuit.forecast->points.values.empty()) {
      const ReportedForecast& forecast = *circuit.forecast;
      entry["issue_time"] = sensordata::FormatTimestamp(forecast.issue_unix_seconds);
      entry["next_time"] = sensordata::FormatTimestamp(forecast.points.unix_seconds.front());
      entry["next_forecast"] = NumberOrNull(forecast.points.values.front());
    }
    const Hindsight hindsight = JudgeForecast(circuit);
    if (hindsight.points > 0) entry["mae_since"] = NumberOrNull(hindsight.mae);
    circuits.push_back(std::move(entry));
  }
  return {{"report", path}, {"circuits", std::move(circuits)}};
}

absl::Status WriteReport(Session& session, const ReportOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const FleetReport report, ReadFleetReport(session, options));
  FLEETCAST_RETURN_IF_ERROR(WriteFile("--out", options.out, ReportPage(report)));
  session.Show(ReportJson(report, options.out), [&](const Terminal& terminal) {
    return ReportTable(report).Render(terminal) + "\nreport written to " + options.out + "\n";
  });
  return absl::OkStatus();
}

}  // namespace

void AddFleetReportVerb(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<ReportOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "report",
       .about = "one HTML page: per circuit its history, forecast, model and where it came from",
       .examples = "fleetcast fleet report --sensor-data data/ --out report.html\n"
                   "fleetcast fleet report --sensor-data data/ --actuals next/ --out report.html\n"
                   "fleetcast fleet report --plant P001 --out p001.html -o json"},
      [&session, options] { return WriteReport(session, *options); });
  verb.add_option("--out", options->out, "HTML file to write")->required();
  AddSourceFlags(verb, options->sensors);
  AddFormatFlags(verb, options->sensors.format);
  verb.add_option("--actuals", options->actuals, "folder of CSV files with what came next");
  verb.add_option("--history-days", options->history_days, "days of history to show")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  verb.add_option("--plant", options->plant, "only this plant (all)");
  verb.add_option("--limit", options->limit, "circuits at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
}

}  // namespace fleetcast::cli
