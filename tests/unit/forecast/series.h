// Series and specifications for the forecast library's tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time_series.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

inline constexpr std::int64_t kStart = 1'733'702'400;  // 2024-12-09T00:00:00Z

// One column "value" on an hourly grid.
TimeSeries SeriesOf(const std::vector<double>& values);

// Hourly "load" with a daily cycle and noise, "weather" related to it, "other" unrelated.
TimeSeries DailyCycle(std::size_t rows, std::uint64_t seed = 1);

// Small and quick: 12 steps, 6 ahead, 8 units, 4 epochs, target "load".
ModelSpec SmallSpec();

// A model of SmallSpec on 600 rows of DailyCycle, trained once per process.
const TrainedModel& SmallModel();

// "" where the shared test data is absent.
std::string SharedDataPath(const std::string& file);

// The first `rows` rows of a transformer's channel; nullopt where the file is absent.
std::optional<TimeSeries> TransformerSeries(std::size_t rows);

}  // namespace fleetcast::forecast
