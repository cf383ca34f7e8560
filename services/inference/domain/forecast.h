// A stored forecast, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

struct ForecastPoint {
  absl::Time time;
  double value = 0;
  std::vector<double> lower, upper;  // one per interval level
};

// A value of the target column.
struct Reading {
  absl::Time time;
  double value = 0;
};

// What of the readings a forecast was made from was not as it should be.
struct ForecastRemark {
  std::string kind;        // FILLED, DOUBTED, COLUMN_DEAD, CLIPPED, AT_BOUND, STALE, STUCK
  std::string column;      // "" where the rows are meant
  std::int64_t count = 0;  // values concerned
  std::string text;        // for people
  bool operator==(const ForecastRemark&) const = default;
};

// What made it: in this order, each where those before it could not.
enum class ForecastSource { kDeployedVersion, kEarlierVersion, kSeasonalNaive, kLastValue };

[[nodiscard]] std::string Word(ForecastSource source);  // "DEPLOYED_VERSION"
// kDeployedVersion for a word that is none: what an earlier release stored.
[[nodiscard]] ForecastSource ForecastSourceOf(const std::string& word);

// Somebody said that it was not to be used.
struct Withdrawal {
  absl::Time time;
  std::string actor, reason;
};

// One per (circuit, issue time, model version).
struct Forecast {
  CircuitId circuit;
  absl::Time issue_time;           // timestamp of the last reading used
  std::int64_t model_version = 0;  // 0: a naive forecast
  std::string target_column;
  std::vector<double> interval_levels;  // percent, ascending
  std::vector<ForecastPoint> points;    // step 1 first
  std::vector<ForecastRemark> remarks;
  std::string sweep_id;    // of the invocation that stored it last
  absl::Time create_time;  // set by the store
  // How many steps it has, also where `points` holds the first one only; set by the store.
  int horizon = 0;
  ForecastSource source = ForecastSource::kDeployedVersion;
  std::string source_reason = {};  // why not the deployed version, for people
  std::optional<Withdrawal> withdrawal = {};
  // For scoring earlier forecasts of the deployed version, by whoever stores it; not kept with it:
  // the newest plausible readings on the grid, by time.
  std::int64_t deployed_version = 0;
  std::vector<Reading> readings = {};
};

}  // namespace fleetcast::inference
