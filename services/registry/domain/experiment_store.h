// Where experiments and their runs are kept.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/page.h"
#include "services/registry/domain/experiment.h"
#include "services/registry/domain/request.h"
#include "services/registry/domain/run.h"

namespace fleetcast::registry {

// Thread safe. What changes something answers the same request twice with one effect, and
// INVALID_ARGUMENT (REQUEST_ID_REUSED) for a request id used for another request. Times are the
// store's. Any method may return UNAVAILABLE or DEADLINE_EXCEEDED.
class ExperimentStore {
 public:
  virtual ~ExperimentStore() = default;

  // One that stands with the same contents is returned. ALREADY_EXISTS otherwise.
  [[nodiscard]] virtual absl::StatusOr<Experiment> CreateExperiment(
      const MutatingRequest& request, const Experiment& experiment) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Experiment> GetExperiment(
      const std::string& experiment_id) = 0;
  // Newest first.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Experiment>> ListExperiments(
      const ListQuery& query) = 0;

  // Only name, display name and tags of `run` are read. NOT_FOUND: no such experiment.
  // ALREADY_EXISTS (RUN_EXISTS).
  [[nodiscard]] virtual absl::StatusOr<Run> CreateRun(const MutatingRequest& request,
                                                      const Run& run) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Run> GetRun(const RunName& name) = 0;
  // Newest first; those of all experiments if `experiment_id` is "-".
  [[nodiscard]] virtual absl::StatusOr<PageOf<Run>> ListRuns(const std::string& experiment_id,
                                                             const ListQuery& query) = 0;
  // As ApplyBatch decides. NOT_FOUND.
  [[nodiscard]] virtual absl::Status LogBatch(const MutatingRequest& request, const RunName& name,
                                              const RunBatch& batch) = 0;
  // As NeedsFinish decides. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Run> FinishRun(const MutatingRequest& request,
                                                      const RunName& name, RunState state,
                                                      const std::string& reason) = 0;
  // By key, step and order of logging; all keys if `key` is "". NOT_FOUND: no such run.
  [[nodiscard]] virtual absl::StatusOr<PageOf<MetricPoint>> ListMetricHistory(
      const RunName& name, const std::string& key, const PageRequest& page) = 0;
};

}  // namespace fleetcast::registry
