// Training runs in Postgres, as the API sees them.
#pragma once

#include "common/db/connection_pool.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {

class PostgresRunStore final : public RunStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresRunStore(db::ConnectionPool& pool) : pool_(pool) {}

  [[nodiscard]] absl::StatusOr<std::optional<TrainingRun>> FindCreatedRun(
      const MutatingRequest& request) override;
  [[nodiscard]] absl::StatusOr<TrainingRun> CreateRun(const MutatingRequest& request,
                                                      const NewRun& run) override;
  [[nodiscard]] absl::StatusOr<TrainingRun> RetryRun(const MutatingRequest& request,
                                                     const std::string& run_id,
                                                     const std::string& new_id) override;
  [[nodiscard]] absl::StatusOr<TrainingRun> CancelRun(const MutatingRequest& request,
                                                      const std::string& run_id) override;
  [[nodiscard]] absl::StatusOr<TrainingJob> CancelJob(const MutatingRequest& request,
                                                      const JobName& name) override;
  [[nodiscard]] absl::StatusOr<TrainingRun> GetRun(const std::string& run_id) override;
  [[nodiscard]] absl::StatusOr<TrainingJob> GetJob(const JobName& name) override;
  [[nodiscard]] absl::StatusOr<PageOf<TrainingRun>> ListRuns(const std::optional<Filter>& filter,
                                                             const PageRequest& page) override;
  [[nodiscard]] absl::StatusOr<PageOf<TrainingJob>> ListJobs(const std::string& run_id,
                                                             const std::optional<Filter>& filter,
                                                             const PageRequest& page) override;
  [[nodiscard]] absl::StatusOr<RunChanges> ChangesSince(const std::string& run_id,
                                                        std::int64_t change_number) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::trainer
