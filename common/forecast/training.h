// One task's way from a series to a trained model: prepared, trained by its loop, finished.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/model_state.h"
#include "common/forecast/training_loop.h"

namespace fleetcast::forecast {

// Keeps a reference to the task's series. Not thread safe.
class Training {
 public:
  // Checks the specification and the data, and chooses the inputs. Errors as Train's.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Training>> Prepare(const TrainingTask& task,
                                                                         ProgressCallback progress);
  struct Prepared {
    const TimeSeries& series;
    SplitRows split;
    std::vector<std::size_t> columns;  // InputColumns
    Windows windows;
    Heartbeat heartbeat;
    ModelParts parts;
  };
  explicit Training(Prepared prepared);
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;

  [[nodiscard]] const ModelSpec& spec() const { return prepared_.parts.spec; }
  [[nodiscard]] Network& network() { return prepared_.parts.network; }
  [[nodiscard]] TrainerOptions trainer_options() const;
  [[nodiscard]] TrainingLoop& loop() { return loop_; }

  // Once, after the loop's end: the model and how good it is, or why it has none.
  [[nodiscard]] absl::StatusOr<TrainedModel> Finish();

 private:
  Prepared prepared_;
  InputTable table_;
  Weights start_;
  TrainingLoop loop_;
};

}  // namespace fleetcast::forecast
