// Experiments and runs in Postgres: registry.experiments, runs, run_metrics.
#pragma once

#include <string>

#include "common/db/connection_pool.h"
#include "services/registry/domain/experiment_store.h"

namespace fleetcast::registry {

class PostgresExperimentStore final : public ExperimentStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresExperimentStore(db::ConnectionPool* pool) : pool_(*pool) {}

  [[nodiscard]] absl::StatusOr<Experiment> CreateExperiment(const MutatingRequest& request,
                                                            const Experiment& experiment) override;
  [[nodiscard]] absl::StatusOr<Experiment> GetExperiment(const std::string& experiment_id) override;
  [[nodiscard]] absl::StatusOr<PageOf<Experiment>> ListExperiments(const ListQuery& query) override;
  [[nodiscard]] absl::StatusOr<Run> CreateRun(const MutatingRequest& request,
                                              const Run& run) override;
  [[nodiscard]] absl::StatusOr<Run> GetRun(const RunName& name) override;
  [[nodiscard]] absl::StatusOr<PageOf<Run>> ListRuns(const std::string& experiment_id,
                                                     const ListQuery& query) override;
  [[nodiscard]] absl::Status LogBatch(const MutatingRequest& request, const RunName& name,
                                      const RunBatch& batch) override;
  [[nodiscard]] absl::StatusOr<Run> FinishRun(const MutatingRequest& request, const RunName& name,
                                              RunState state, const std::string& reason) override;
  [[nodiscard]] absl::StatusOr<PageOf<MetricPoint>> ListMetricHistory(
      const RunName& name, const std::string& key, const PageRequest& page) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::registry
