#include "cli/report/page.h"

#include <cmath>

#include "cli/output/text.h"
#include "cli/report/chart.h"
#include "cli/report/html.h"
#include "cli/report/page_style.h"

namespace fleetcast::cli {
namespace {

std::string PlantTitle(const CircuitReport& circuit) {
  return Escape(circuit.plant_name.empty() ? "Plant" : circuit.plant_name) + "<small>" +
         Escape(circuit.plant_id) + "</small>";
}

std::string Anchor(const CircuitReport& circuit) {
  return Escape(circuit.plant_id + "-" + circuit.circuit_id);
}

std::string Tile(const std::string& value, const std::string& label) {
  return "<div class=\"tile\"><b>" + value + "</b><span>" + Escape(label) + "</span></div>";
}

std::string Share(std::int64_t part, std::int64_t whole) {
  return std::to_string(part) + "<small> of " + std::to_string(whole) + "</small>";
}

std::string Tiles(const FleetSummary& summary) {
  std::string html = "<div class=\"tiles\">" +
                     Tile(Share(summary.troubled, summary.circuits), "circuits have problems");
  html += Tile(Share(summary.forecasts, summary.circuits), "circuits have a forecast");
  html += Tile(Share(summary.better_than_naive, summary.circuits),
               "models beat the best naive forecast");
  html += Tile(PercentText(summary.median_skill), "median skill against the best naive forecast");
  if (summary.judged > 0) {
    html += Tile(Share(summary.inside, summary.judged),
                 "later readings inside the " + Reading(summary.level) + "% interval");
  } else {
    html += Tile("–", "nothing measured since the forecasts");
  }
  return html + "</div>";
}

// "64.2 at Dec 13 2025, 01:00", with the first interval behind it.
std::string NextForecast(const CircuitReport& circuit) {
  if (!circuit.forecast || circuit.forecast->points.values.empty()) return "–";
  const ReportedForecast& forecast = *circuit.forecast;
  std::string html = Reading(forecast.points.values.front());
  if (!forecast.bands.empty()) {
    html += " <small>(" + Reading(forecast.bands[0].lower[0]) + " – " +
            Reading(forecast.bands[0].upper[0]) + ")</small>";
  }
  return html + " <small>at " + DayAndHourText(forecast.points.unix_seconds.front()) + "</small>";
}

std::string Pill(const CircuitReport& circuit) {
  if (!circuit.model || !std::isfinite(circuit.model->skill)) return "";
  const double skill = circuit.model->skill;
  const std::string percent = PercentText(std::abs(skill)).substr(1);
  return "<span class=\"pill " + std::string(skill > 0 ? "good" : "bad") + "\">" + percent +
         (skill > 0 ? " better than naive" : " worse than naive") + "</span>";
}

// The worst as a pill; "" for none.
std::string ConditionPill(const CircuitReport& circuit) {
  if (circuit.conditions.empty()) return "";
  const ReportedCondition& worst = circuit.conditions.front();
  return "<span class=\"pill " + std::string(worst.troubled ? "bad" : "info") + "\" title=\"" +
         Escape(worst.message) + "\">" + Escape(worst.type) +
         (circuit.conditions.size() > 1 ? " +" + std::to_string(circuit.conditions.size() - 1)
                                        : "") +
         "</span>";
}

std::string Conditions(const std::vector<ReportedCondition>& conditions) {
  std::string html;
  for (const ReportedCondition& condition : conditions)
    html += "<p class=\"condition" + std::string(condition.troubled ? " bad" : "") + "\"><b>" +
            Escape(condition.type) + "</b> " + Escape(condition.message) + "</p>";
  return html;
}

std::string TableRow(const CircuitReport& circuit) {
  const auto& model = circuit.model;
  return "<tr><td><a href=\"#" + Anchor(circuit) + "\">" + Escape(circuit.plant_id) + " / " +
         Escape(circuit.circuit_id) + "</a> <small class=\"name\">" + Escape(circuit.circuit_name) +
         "</small></td><td class=\"n\">" + (model ? std::to_string(model->version) : "–") +
         "</td><td class=\"n\">" + (model ? Reading(model->mae) : "–") + "</td><td>" +
         (model ? Pill(circuit) : "–") + "</td><td>" + NextForecast(circuit) + "</td><td>" +
         Escape(circuit.stored_ago) + "</td><td>" + ConditionPill(circuit) + "</td></tr>";
}

std::string Table(const FleetReport& report) {
  std::string html =
      "<h2>Every circuit</h2><div class=\"card scroll\"><table><thead><tr><th>Circuit</th>"
      "<th class=\"n\">Model version</th><th class=\"n\">MAE</th><th>Skill</th>"
      "<th>Next forecast (interval)</th><th>Made</th><th>Conditions</th></tr></thead><tbody>";
  for (const CircuitReport& circuit : report.circuits) html += TableRow(circuit);
  return html + "</tbody></table></div>";
}

std::string Legend(const CircuitReport& circuit) {
  std::string html = "<div class=\"legend\"><span>measured</span>";
  html += "<span class=\"l-forecast\">forecast of " + Escape(circuit.target_column) + "</span>";
  bool outer = false;
  for (const ForecastBand& band : circuit.forecast->bands) {
    html += "<span class=\"l-band" + std::string(outer ? " outer" : "") + "\">" +
            Reading(band.level) + "% interval</span>";
    outer = true;
  }
  if (!circuit.actual.values.empty()) html += "<span class=\"l-actual\">what came next</span>";
  return html + "</div>";
}

std::string HindsightText(const CircuitReport& circuit) {
  const Hindsight hindsight = JudgeForecast(circuit);
  if (hindsight.points == 0) return "";
  std::string html = "<p class=\"hindsight\">Of the next " + Count(hindsight.points, "reading");
  for (std::size_t i = 0; i < hindsight.inside.size(); ++i) {
    html += (i == 0 ? ", <b>" : " and <b>") + std::to_string(hindsight.inside[i]) +
            "</b> lay inside the " + Reading(circuit.forecast->bands[i].level) + "% interval";
  }
  return html + "; the forecast was off by <b>" + Reading(hindsight.mae) + "</b> on average.</p>";
}

std::string Fact(const std::string& label, const std::string& value) {
  if (value.empty()) return "";
  return "<div><dt>" + label + "</dt><dd>" + Escape(value) + "</dd></div>";
}

// A long hash by its first characters; the whole of it under the pointer.
std::string HashFact(const std::string& label, const std::string& hash) {
  if (hash.empty()) return "";
  return "<div><dt>" + label + "</dt><dd><code title=\"" + Escape(hash) + "\">" +
         Escape(hash.substr(0, 12)) + "</code></dd></div>";
}

std::string Facts(const CircuitReport& circuit) {
  if (!circuit.model) return "";
  const ReportedModel& model = *circuit.model;
  std::string html = "<dl>";
  html += Fact("Model version", "sensor-model " + std::to_string(model.version));
  html += Fact("MAE on unseen rows", Reading(model.mae));
  html += Fact("MAE of yesterday again", Reading(model.mae_seasonal_naive));
  html += Fact("MAE of the last value", Reading(model.mae_repeat_last));
  html += Fact("Training data until", model.cutoff_date);
  html += Fact("Pull request", model.pull_request);
  html += HashFact("Configuration commit", model.commit);
  html += HashFact("Data fingerprint", model.fingerprint);
  html += Fact("Environment", model.environment);
  html += Fact("Trained", model.trained_at);
  return html + "</dl>";
}

std::string Card(const CircuitReport& circuit) {
  std::string html =
      "<article class=\"card of\" id=\"" + Anchor(circuit) + "\"><div class=\"title\"><h3>" +
      Escape(circuit.circuit_name.empty() ? circuit.circuit_id : circuit.circuit_name) + "<small>" +
      Escape(circuit.plant_id) + " / " + Escape(circuit.circuit_id) + "</small></h3>" +
      Pill(circuit) + "</div>";
  html += Conditions(circuit.conditions);
  if (!circuit.problem.empty()) html += "<p class=\"note\">" + Escape(circuit.problem) + "</p>";
  html += ForecastChart(circuit);
  if (circuit.forecast) html += Legend(circuit);
  html += HindsightText(circuit) + HistoryStrip(circuit) + Facts(circuit);
  return html + "</article>";
}

// A line that goes on as a cone.
constexpr char kLogo[] =
    "<svg viewBox=\"0 0 34 26\" aria-hidden=\"true\"><path d=\"M18 14L33 4V22Z\" "
    "style=\"fill:#35c4bb;fill-opacity:.35\"/><path d=\"M1 18L6 9L11 16L18 14\" "
    "style=\"stroke:#fff;stroke-width:2.4\"/><path d=\"M18 14L33 12\" "
    "style=\"stroke:#35c4bb;stroke-width:2.4\"/></svg>";

std::string Head(const std::string& title, const std::string& heading, const std::string& about) {
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>" +
      Escape(title) + "</title><style>";
  html += kPageStyle;
  html += "</style></head><body><header><div class=\"wrap\"><h1>";
  html += kLogo;
  return html + Escape(heading) + "</h1><p>" + Escape(about) +
         "</p></div></header><main class=\"wrap\">";
}

}  // namespace

std::string CardsPage(const std::string& title, const std::string& about,
                      const std::vector<CircuitReport>& cards) {
  std::string html = Head(title, title, about) + "<div class=\"cards\">";
  for (const CircuitReport& card : cards) html += Card(card);
  return html + "</div></main></body></html>\n";
}

std::string ReportPage(const FleetReport& report) {
  std::string html =
      Head("Fleetcast: the fleet's forecasts", "Fleetcast",
           "One forecasting model per sensor circuit: where each stands, what it expects next, and "
           "what it was made from. As of " +
               report.generated_at + ".");
  html += Tiles(Summarize(report));
  if (!report.problems.empty())
    html += "<h2>The fleet as a whole</h2><div class=\"card\">" + Conditions(report.problems) +
            "</div>";
  if (report.left_out > 0)
    html += "<p class=\"condition bad\"><b>NOT ALL</b> " + std::to_string(report.left_out) +
            " more circuits are not shown, and not counted above; --limit 0 shows all.</p>";
  html += Table(report);
  const CircuitReport* previous = nullptr;
  for (const CircuitReport& circuit : report.circuits) {
    if (previous == nullptr || previous->plant_id != circuit.plant_id) {
      if (previous != nullptr) html += "</div>";
      html += "<h2>" + PlantTitle(circuit) + "</h2><div class=\"cards\">";
    }
    html += Card(circuit);
    previous = &circuit;
  }
  if (previous != nullptr) html += "</div>";
  return html +
         "</main><footer><div class=\"wrap\">MAE: mean absolute error in the sensor's own unit, on "
         "rows that the model never saw. Skill: how much smaller that error is than the best naive "
         "forecast's (the last value, or the same hour of yesterday). Intervals come from the "
         "validation errors. Times are UTC.</div></footer></body></html>\n";
}

}  // namespace fleetcast::cli
