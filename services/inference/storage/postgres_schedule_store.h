// Schedules and their ticks in Postgres.
#pragma once

#include <string>

#include "common/db/connection_pool.h"
#include "services/inference/domain/schedule_store.h"

namespace fleetcast::inference {

class PostgresScheduleStore final : public ScheduleStore {
 public:
  explicit PostgresScheduleStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<Schedule> Create(const MutatingRequest& request, const std::string& id,
                                  const ScheduleSpec& spec) override;
  absl::StatusOr<Schedule> Update(const MutatingRequest& request, const std::string& id,
                                  const ScheduleChange& change) override;
  absl::StatusOr<Schedule> SetPaused(const MutatingRequest& request, const std::string& id,
                                     bool paused) override;
  absl::Status Delete(const MutatingRequest& request, const std::string& id,
                      const std::string& etag) override;
  absl::StatusOr<Schedule> Get(const std::string& id) override;
  absl::StatusOr<PageOf<Schedule>> List(const PageRequest& page) override;
  absl::StatusOr<Sweep> Trigger(const MutatingRequest& request, const std::string& id,
                                const std::string& sweep_id) override;
  absl::StatusOr<DueSchedules> Due() override;
  absl::StatusOr<bool> Tick(const Schedule& seen, const TickDecision& decision,
                            const std::string& sweep_id) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
