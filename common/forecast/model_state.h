// What a trained model consists of, for the files that make, keep and use one.
#pragma once

#include <exception>
#include <functional>
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

struct ModelParts {
  ModelSpec spec;
  InputLayout layout;
  Scaling scaling;
  // Half widths of the intervals in the target's unit for a window of difficulty 1, [interval
  // levels, horizon]; for another they are multiplied by its difficulty.
  std::vector<std::vector<float>> residual_quantiles;
  Network network;
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
  static void SetTrainingRecord(std::string record, Model& model) {
    model.state_->parts.training_record = std::move(record);
  }
};

// The target's index in `series`, then those of OtherColumns if `layout` has them as inputs.
[[nodiscard]] absl::StatusOr<std::vector<std::size_t>> InputColumns(const TimeSeries& series,
                                                                    const ModelSpec& spec,
                                                                    const InputLayout& layout);

[[nodiscard]] WindowRule RuleOf(const InputLayout& layout, const std::vector<std::size_t>& columns);

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
