// What a fleet report shows: for each circuit its model, its last forecast, what was measured
// before, and, where it is known, what came next. Plain values, from wherever they were read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fleetcast::cli {

struct Series {
  std::vector<std::int64_t> unix_seconds;  // ascending
  std::vector<double> values;              // NaN where missing
};

struct ForecastBand {
  double level = 0;  // percent
  std::vector<double> lower, upper;
};

struct ReportedForecast {
  std::int64_t issue_unix_seconds = 0;
  Series points;
  std::vector<ForecastBand> bands;  // ascending levels
};

struct ReportedModel {
  std::int64_t version = 0;
  double mae = 0;    // NaN where not known
  double skill = 0;  // against the best naive forecast
  double mae_repeat_last = 0, mae_seasonal_naive = 0;
  std::string cutoff_date, commit, fingerprint, environment, pull_request, trained_at;
};

// Something out of the ordinary, as the status of a circuit or of the fleet has it.
struct ReportedCondition {
  std::string severity, type, message;  // "ERROR", "FORECAST_FAILED"
  bool troubled = false;                // a warning or an error
};

struct CircuitReport {
  std::string plant_id, plant_name, circuit_id, circuit_name, target_column;
  std::optional<ReportedModel> model;
  std::optional<ReportedForecast> forecast;
  Series history;                             // up to the forecast's issue time
  Series actual;                              // after it; may be empty
  std::string problem;                        // why something above is missing; empty if nothing is
  std::vector<ReportedCondition> conditions;  // worst first
  std::string stored_ago;                     // "2h ago"; how old the forecast is
};

struct FleetReport {
  std::string generated_at;                      // "2025-12-13 10:00 UTC"
  std::vector<CircuitReport> circuits;           // by plant and circuit; perhaps not all
  std::vector<ReportedCondition> problems = {};  // of the fleet as a whole
  std::int64_t left_out = 0;                     // circuits beyond those
};

// How a forecast fared against what came next.
struct Hindsight {
  std::int64_t points = 0;  // steps for which a reading came
  double mae = 0;
  std::vector<std::int64_t> inside;  // per band: readings within it
};
[[nodiscard]] Hindsight JudgeForecast(const CircuitReport& circuit);

struct FleetSummary {
  std::int64_t circuits = 0, forecasts = 0, better_than_naive = 0, troubled = 0;
  double median_skill = 0;  // NaN without models
  // Over all circuits; level 0 where nothing came yet.
  double level = 0;
  std::int64_t judged = 0, inside = 0;
};
[[nodiscard]] FleetSummary Summarize(const FleetReport& report);

}  // namespace fleetcast::cli
