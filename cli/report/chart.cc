#include "cli/report/chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cli/report/axis.h"
#include "cli/report/html.h"

namespace fleetcast::cli {
namespace {

// SVG units of a whole chart; the drawing is stretched to the page's width and height.
constexpr double kWidth = 1000, kHeight = 1000;

struct Extent {
  double minimum = std::numeric_limits<double>::infinity();
  double maximum = -std::numeric_limits<double>::infinity();
  void Add(double value) {
    if (!std::isfinite(value)) return;
    minimum = std::min(minimum, value);
    maximum = std::max(maximum, value);
  }
  [[nodiscard]] bool empty() const { return minimum > maximum; }
};

Series Between(const Series& series, std::int64_t begin, std::int64_t end) {
  Series part;
  for (std::size_t i = 0; i < series.unix_seconds.size(); ++i) {
    if (series.unix_seconds[i] < begin || series.unix_seconds[i] > end) continue;
    part.unix_seconds.push_back(series.unix_seconds[i]);
    part.values.push_back(series.values[i]);
  }
  return part;
}

// The median spacing: a line is not drawn across what is missing.
std::int64_t StepOf(const Series& series) {
  std::vector<std::int64_t> spacings;
  for (std::size_t i = 1; i < series.unix_seconds.size(); ++i) {
    spacings.push_back(series.unix_seconds[i] - series.unix_seconds[i - 1]);
  }
  if (spacings.empty()) return 1;
  const auto middle = spacings.begin() + static_cast<std::ptrdiff_t>(spacings.size() / 2);
  std::nth_element(spacings.begin(), middle, spacings.end());
  return std::max<std::int64_t>(1, *middle);
}

struct Plot {
  TimeAxis time;
  ValueAxis value;

  [[nodiscard]] std::string Point(std::int64_t at, double reading) const {
    return Coordinate(time.Place(at) * kWidth) + " " + Coordinate(value.Place(reading) * kHeight);
  }

  [[nodiscard]] std::string Line(const Series& series, const std::string& style) const {
    const std::int64_t step = StepOf(series);
    std::string path;
    bool pen_down = false;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const bool here = std::isfinite(series.values[i]);
      const bool joined =
          pen_down && series.unix_seconds[i] - series.unix_seconds[i - 1] <= 2 * step;
      if (here) path += (joined ? "L" : "M") + Point(series.unix_seconds[i], series.values[i]);
      pen_down = here;
    }
    return "<path class=\"" + style + "\" d=\"" + path + "\"/>";
  }

  [[nodiscard]] std::string Area(const Series& points, const ForecastBand& band,
                                 const std::string& style) const {
    std::string path;
    for (std::size_t i = 0; i < band.upper.size(); ++i) {
      path += (i == 0 ? "M" : "L") + Point(points.unix_seconds[i], band.upper[i]);
    }
    for (std::size_t i = band.lower.size(); i-- > 0;) {
      path += "L" + Point(points.unix_seconds[i], band.lower[i]);
    }
    return "<path class=\"" + style + "\" d=\"" + path + "Z\"/>";
  }

  [[nodiscard]] std::string Grid() const {
    std::string path;
    for (const double tick : value.ticks) {
      path += "M0 " + Coordinate(value.Place(tick) * kHeight) + "H" + Coordinate(kWidth);
    }
    return "<path class=\"grid\" d=\"" + path + "\"/>";
  }

  [[nodiscard]] std::string ValueLabels() const {
    std::string html;
    for (const double tick : value.ticks) {
      html += "<span class=\"y\" style=\"top:" + Coordinate(value.Place(tick) * 100) + "%\">" +
              Reading(tick) + "</span>";
    }
    return html;
  }

  // On a narrow page hours give way to days, or else every second label.
  [[nodiscard]] std::string TimeLabels() const {
    const auto is_midnight = [](std::int64_t tick) { return tick % 86'400 == 0; };
    const auto midnights = std::count_if(time.ticks.begin(), time.ticks.end(), is_midnight);
    const bool mixed = midnights > 0 && midnights < std::ssize(time.ticks);
    std::string html;
    bool second = false;
    for (const std::int64_t tick : time.ticks) {
      const double place = time.Place(tick);
      if (place < 0.02 || place > 0.97) continue;
      const bool gives_way = mixed ? !is_midnight(tick) : second;
      html += "<span class=\"x" + std::string(gives_way ? " wide" : "") +
              "\" style=\"left:" + Coordinate(place * 100) + "%\">" +
              (is_midnight(tick) ? "<b>" + DayText(tick) + "</b>" : HourText(tick)) + "</span>";
      second = !second;
    }
    return html;
  }

  [[nodiscard]] std::string Mark(std::int64_t at, const std::string& label) const {
    return "<span class=\"now\" style=\"left:" + Coordinate(time.Place(at) * 100) + "%\"><i>" +
           Escape(label) + "</i></span>";
  }
};

std::string Svg(const std::string& drawing, const std::string& label) {
  return "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"" +
         Escape(label) + "\">" + drawing + "</svg>";
}

// A forecast's line begins at the last reading, so that eye and interval see where it comes from.
ReportedForecast Anchored(const CircuitReport& circuit) {
  ReportedForecast forecast = *circuit.forecast;
  if (circuit.history.values.empty() || !std::isfinite(circuit.history.values.back())) {
    return forecast;
  }
  const std::int64_t time = circuit.history.unix_seconds.back();
  const double value = circuit.history.values.back();
  if (forecast.points.unix_seconds.empty() || forecast.points.unix_seconds.front() <= time) {
    return forecast;
  }
  forecast.points.unix_seconds.insert(forecast.points.unix_seconds.begin(), time);
  forecast.points.values.insert(forecast.points.values.begin(), value);
  for (ForecastBand& band : forecast.bands) {
    band.lower.insert(band.lower.begin(), value);
    band.upper.insert(band.upper.begin(), value);
  }
  return forecast;
}

// What a pointer over a step of the forecast reads.
std::string Tip(const CircuitReport& circuit, std::size_t i) {
  const ReportedForecast& forecast = *circuit.forecast;
  const std::int64_t time = forecast.points.unix_seconds[i];
  std::string tip = DayAndHourText(time) + "\nforecast " + Reading(forecast.points.values[i]);
  for (const ForecastBand& band : forecast.bands) {
    tip += "\n" + Reading(band.level) + "%: " + Reading(band.lower[i]) + " – " +
           Reading(band.upper[i]);
  }
  const Series came = Between(circuit.actual, time, time);
  if (!came.values.empty()) tip += "\ncame " + Reading(came.values.front());
  return tip;
}

std::string Tips(const CircuitReport& circuit, const Plot& plot) {
  const Series& points = circuit.forecast->points;
  const double width = 100.0 / static_cast<double>(plot.time.end - plot.time.begin) *
                       static_cast<double>(StepOf(points));
  std::string html;
  for (std::size_t i = 0; i < points.values.size(); ++i) {
    const double place = plot.time.Place(points.unix_seconds[i]) * 100;
    html += "<span class=\"tip\" style=\"left:" + Coordinate(place - width / 2) +
            "%;width:" + Coordinate(width) + "%\" data-tip=\"" + Escape(Tip(circuit, i)) +
            "\"><i style=\"top:" + Coordinate(plot.value.Place(points.values[i]) * 100) +
            "%\"></i></span>";
  }
  return html;
}

}  // namespace

std::string ForecastChart(const CircuitReport& circuit) {
  if (!circuit.forecast || circuit.forecast->points.values.empty()) return "";
  constexpr int kHistoryHorizons = 3;  // history shown, in horizons of the forecast
  const ReportedForecast forecast = Anchored(circuit);
  const std::int64_t issue = forecast.issue_unix_seconds;
  const std::int64_t end = forecast.points.unix_seconds.back();
  const std::int64_t begin = issue - kHistoryHorizons * (end - issue);
  const Series history = Between(circuit.history, begin, issue);
  Series actual = Between(circuit.actual, issue, end);
  if (!history.values.empty() &&
      !actual.values.empty()) {  // the line goes on from the last reading
    actual.unix_seconds.insert(actual.unix_seconds.begin(), history.unix_seconds.back());
    actual.values.insert(actual.values.begin(), history.values.back());
  }

  Extent extent;
  for (const double value : history.values) extent.Add(value);
  for (const double value : actual.values) extent.Add(value);
  for (const double value : forecast.points.values) extent.Add(value);
  for (const ForecastBand& band : forecast.bands) {
    for (const double value : band.lower) extent.Add(value);
    for (const double value : band.upper) extent.Add(value);
  }
  if (extent.empty()) return "";
  const Plot plot{MakeTimeAxis(begin, end, 9), MakeValueAxis(extent.minimum, extent.maximum)};

  std::string drawing = plot.Grid();
  for (std::size_t i = forecast.bands.size(); i-- > 0;) {
    drawing += plot.Area(forecast.points, forecast.bands[i], "band");
  }
  drawing += plot.Line(history, "history") + plot.Line(actual, "actual") +
             plot.Line(forecast.points, "forecast");
  return "<div class=\"chart\">" +
         Svg(drawing, "Forecast of " + circuit.target_column + " for circuit " + circuit.plant_id +
                          "/" + circuit.circuit_id) +
         plot.ValueLabels() + plot.TimeLabels() +
         plot.Mark(issue, "issued " + DayAndHourText(issue)) + Tips(circuit, plot) + "</div>";
}

std::string HistoryStrip(const CircuitReport& circuit) {
  const Series& history = circuit.history;
  Extent extent;
  for (const double value : history.values) extent.Add(value);
  if (extent.empty() || history.unix_seconds.size() < 2) return "";
  std::int64_t end = history.unix_seconds.back();
  Series forecast;
  if (circuit.forecast && !circuit.forecast->points.values.empty()) {
    forecast = Anchored(circuit).points;
    end = std::max(end, forecast.unix_seconds.back());
    for (const double value : forecast.values) extent.Add(value);
  }
  const Plot plot{MakeTimeAxis(history.unix_seconds.front(), end, 8),
                  MakeValueAxis(extent.minimum, extent.maximum)};
  return "<div class=\"strip\">" +
         Svg(plot.Line(history, "history") + plot.Line(forecast, "forecast"),
             "History of circuit " + circuit.plant_id + "/" + circuit.circuit_id) +
         plot.TimeLabels() + "</div>";
}

}  // namespace fleetcast::cli
