// Training runs in the work queue, as the API sees them.
#pragma once

#include "common/base/id.h"
#include "common/workqueue/queue.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {

class PostgresRunStore final : public RunStore {
 public:
  // Both must outlive the store.
  PostgresRunStore(workqueue::Queue& queue, IdSource& ids) : queue_(queue), ids_(ids) {}

  [[nodiscard]] absl::StatusOr<std::optional<TrainingRun>> FindCreatedRun(
      const MutatingRequest& request) override;
  [[nodiscard]] absl::StatusOr<TrainingRun> CreateRun(const MutatingRequest& request,
                                                      const NewRun& run) override;
  [[nodiscard]] absl::StatusOr<TrainingRun> RetryRun(const MutatingRequest& request,
                                                     const std::string& run_id) override;
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
                                                        const workqueue::Mark& mark) override;

 private:
  // One mutating call: the first answer of a repeated request, or `effect` and its answer, which is
  // the run of the id that it returns as it stands then.
  using Effect = std::function<absl::StatusOr<std::string>(pqxx::work& work)>;
  [[nodiscard]] absl::StatusOr<TrainingRun> AnswerOnce(const MutatingRequest& request,
                                                       const Effect& effect);
  [[nodiscard]] absl::StatusOr<TrainingRun> Select(pqxx::transaction_base& work,
                                                   const std::string& run_id);
  [[nodiscard]] absl::StatusOr<TrainingJob> Select(pqxx::transaction_base& work,
                                                   const JobName& name);
  [[nodiscard]] std::string NewRunId(pqxx::work& work);

  workqueue::Queue& queue_;
  IdSource& ids_;
};

}  // namespace fleetcast::trainer
