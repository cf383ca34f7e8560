// Training jobs' leases in Postgres, on the database's clock.
#pragma once

#include "common/db/connection_pool.h"
#include "services/trainer/domain/job_store.h"

namespace fleetcast::trainer {

class PostgresJobStore final : public JobStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresJobStore(db::ConnectionPool& pool) : pool_(pool) {}

  [[nodiscard]] absl::StatusOr<Claim> ClaimJob(const ClaimRequest& request) override;
  [[nodiscard]] absl::StatusOr<bool> Heartbeat(const JobHold& hold, absl::Duration lease,
                                               const std::optional<JobProgress>& progress) override;
  [[nodiscard]] absl::Status Succeed(const JobHold& hold, const JobResult& result) override;
  [[nodiscard]] absl::Status End(const JobHold& hold, JobEnding ending,
                                 const std::optional<JobFailure>& failure) override;
  [[nodiscard]] absl::Status SeeReplica(const std::string& replica,
                                        const std::string& environment) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::trainer
