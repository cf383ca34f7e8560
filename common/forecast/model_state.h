// What a trained model consists of, for the files that make, keep and use one.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/status.h"
#include "common/forecast/forecast.h"
#include "common/forecast/inputs.h"
#include "common/forecast/network.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {

// How far an interval's ends lie from the forecast, in the target's unit, for a window of
// difficulty 1; for another they are multiplied by its difficulty. `lower` is 0 or below, `upper` 0
// or above.
struct IntervalOffsets {
  std::vector<float> lower, upper;  // [horizon]
};

struct ModelParts {
  ModelSpec spec;
  // What it looks at: the target, and the others where their levels are inputs.
  std::vector<std::string> columns;
  std::vector<PlausibleRange> plausible;  // one for each column
  InputLayout layout;
  Scaling scaling;
  std::optional<CalendarProfile> calendar;  // where it is looked at
  std::vector<IntervalOffsets> intervals;   // one for each interval level
  Network network;
  bool base_alone = false;
  // JSON text of an object, see training_record.h: kept for readers, nothing here depends on it.
  std::string training_record = "{}";
};

struct Model::State {
  ModelParts parts;
};

class ModelBuilder {
 public:
  [[nodiscard]] static Model Build(ModelParts parts) {
    return Model(std::make_unique<Model::State>(Model::State{std::move(parts)}));
  }
  [[nodiscard]] static const ModelParts& PartsOf(const Model& model) { return model.state_->parts; }
  static void SetNetwork(Network network, const InputLayout& layout, Model& model) {
    model.state_->parts.network = std::move(network);
    model.state_->parts.layout = layout;
  }
  static void SetTrainingRecord(std::string record, Model& model) {
    model.state_->parts.training_record = std::move(record);
  }
};

// `parts` as seen on `series`. DATA_COLUMN_MISSING.
[[nodiscard]] absl::StatusOr<InputTable> TableOf(const TimeSeries& series, const ModelParts& parts);

// A network output for the row `ahead` of the window at `origin`, in the target's unit and within
// its bounds.
[[nodiscard]] double ValueOf(const ModelParts& parts, const InputTable& table, std::size_t origin,
                             std::size_t ahead, double output);

// Gets each window's forecast [horizon], as the network gives it.
using ForecastVisitor = std::function<void(std::size_t origin, const float* outputs)>;

// Runs the network over `origins` in batches; stops when `keep_going` (may be empty) says no.
void VisitForecasts(const Network& network, const InputTable& table,
                    const std::vector<std::size_t>& origins, const ForecastVisitor& visit,
                    const std::function<bool()>& keep_going);

// Calls `body`, which returns absl::Status or absl::StatusOr<T>; what LibTorch throws becomes
// INTERNAL, or RESOURCE_EXHAUSTED where memory ran out.
template <typename Body>
[[nodiscard]] auto CatchTorchErrors(const std::string& doing, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return Refused(absl::StatusCode::kResourceExhausted, "MEMORY_EXHAUSTED",
                   "memory ran out while " + doing);
  } catch (const std::exception& error) {
    return Refused(
        absl::StatusCode::kInternal, "TORCH_FAILED",
        "LibTorch failed while " + doing + ": " + std::string(error.what()).substr(0, 500));
  }
}

}  // namespace fleetcast::forecast
