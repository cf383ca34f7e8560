// A stored forecast, as plain values.
#pragma once

#include <cstdint>
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

// One per (circuit, issue time, model version).
struct Forecast {
  CircuitId circuit;
  absl::Time issue_time;  // timestamp of the last reading used
  std::int64_t model_version = 0;
  std::string target_column;
  std::vector<double> interval_levels;  // percent, ascending
  std::vector<ForecastPoint> points;    // step 1 first
  std::string sweep_id;                 // of the invocation that stored it last
  absl::Time create_time;               // set by the store
  // How many steps it has, also where `points` holds the first one only; set by the store.
  int horizon = 0;
};

}  // namespace fleetcast::inference
