#include "cli/report/backtest_page.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "cli/output/text.h"
#include "cli/report/page.h"

namespace fleetcast::cli {
namespace {

using forecast::Interval;
using forecast::ScoredWindow;

double MaeOf(const ScoredWindow& window) {
  double sum = 0, count = 0;
  for (std::size_t step = 0; step < window.actual.size(); ++step) {
    if (!std::isfinite(window.actual[step])) continue;
    sum += std::abs(window.actual[step] - window.forecast[step]);
    count += 1;
  }
  return sum / std::max(1.0, count);
}

std::int64_t StepOf(const TimeSeries& series) {
  return series.rows() < 2 ? 1 : series.unix_seconds[1] - series.unix_seconds[0];
}

// Rows of one column before and at a time.
Series Before(const TimeSeries& series, const std::string& column, std::int64_t time) {
  const auto found = std::find(series.columns.begin(), series.columns.end(), column);
  const auto index = static_cast<std::size_t>(found - series.columns.begin());
  Series before;
  for (std::size_t row = 0; row < series.rows() && series.unix_seconds[row] <= time; ++row) {
    before.unix_seconds.push_back(series.unix_seconds[row]);
    before.values.push_back(series.at(row, index));
  }
  return before;
}

CircuitReport CardOf(const BacktestRow& row, const ScoredWindow& window, const std::string& which,
                     const TimeSeries& series) {
  CircuitReport card;
  card.plant_id = row.target;
  card.circuit_id = absl::StrCat("mean absolute error ", NumberText(MaeOf(window)));
  card.circuit_name = which;
  card.target_column = row.target;
  card.history = Before(series, row.target, window.issue_unix_seconds);
  ReportedForecast forecast;
  forecast.issue_unix_seconds = window.issue_unix_seconds;
  for (std::size_t step = 0; step < window.forecast.size(); ++step) {
    forecast.points.unix_seconds.push_back(window.issue_unix_seconds +
                                           StepOf(series) * static_cast<std::int64_t>(step + 1));
  }
  forecast.points.values = window.forecast;
  for (const Interval& interval : window.intervals) {
    forecast.bands.push_back({interval.level, interval.lower, interval.upper});
  }
  card.actual = {forecast.points.unix_seconds, window.actual};
  card.forecast = std::move(forecast);
  return card;
}

std::string TimeText(std::int64_t unix_seconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(unix_seconds),
                          absl::UTCTimeZone());
}

// Quoted where a CSV reader would take it apart.
std::string Cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string Number(double value) { return std::isfinite(value) ? absl::StrCat(value) : ""; }

}  // namespace

std::string BacktestPage(const std::vector<BacktestRow>& rows, const TimeSeries& series) {
  std::vector<CircuitReport> cards;
  std::string about;
  for (const BacktestRow& row : rows) {
    absl::StrAppend(&about, row.target, ": MAE ", NumberText(row.result.test.mae), ", ",
                    PercentText(row.result.test.skill()), " below the better naive forecast, ",
                    row.result.test.windows, " forecasts. ");
    std::vector<ScoredWindow> windows = row.result.windows;
    if (windows.empty()) continue;
    cards.push_back(CardOf(row, windows.back(), "the newest forecast", series));
    std::stable_sort(windows.begin(), windows.end(),
                     [](const auto& a, const auto& b) { return MaeOf(a) < MaeOf(b); });
    cards.push_back(CardOf(row, windows.front(), "the best one", series));
    cards.push_back(CardOf(row, windows[windows.size() / 2], "one as usual", series));
    cards.push_back(CardOf(row, windows.back(), "the worst one", series));
  }
  return CardsPage("Backtest", about, cards);
}

std::string ForecastsCsv(const std::vector<BacktestRow>& rows, std::int64_t step_seconds) {
  std::string csv = "target,issue_time,step,time,forecast";
  for (const forecast::Coverage& each : rows.front().result.test.coverage) {
    absl::StrAppend(&csv, ",lower_", each.level, ",upper_", each.level);
  }
  csv += ",actual\n";
  for (const BacktestRow& row : rows) {
    for (const ScoredWindow& window : row.result.windows) {
      for (std::size_t step = 0; step < window.forecast.size(); ++step) {
        const std::int64_t time =
            window.issue_unix_seconds + step_seconds * static_cast<std::int64_t>(step + 1);
        absl::StrAppend(&csv, Cell(row.target), ",", TimeText(window.issue_unix_seconds), ",",
                        step + 1, ",", TimeText(time), ",", Number(window.forecast[step]));
        for (const Interval& interval : window.intervals) {
          absl::StrAppend(&csv, ",", Number(interval.lower[step]), ",",
                          Number(interval.upper[step]));
        }
        absl::StrAppend(&csv, ",", Number(window.actual[step]), "\n");
      }
    }
  }
  return csv;
}

}  // namespace fleetcast::cli
