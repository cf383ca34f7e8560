// Schedules and their ticks in Postgres.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "common/base/id.h"
#include "common/db/connection_pool.h"
#include "common/workqueue/queue.h"
#include "services/inference/domain/schedule_store.h"

namespace fleetcast::inference {

// Paused ones too.
[[nodiscard]] std::vector<Schedule> AllSchedules(pqxx::work& work);

class PostgresScheduleStore final : public ScheduleStore {
 public:
  // Sweeps are made in `queue`. All must outlive it.
  PostgresScheduleStore(db::ConnectionPool& pool, workqueue::Queue& queue, IdSource& ids)
      : pool_(pool), queue_(queue), ids_(ids) {}

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
  absl::StatusOr<Sweep> Trigger(const MutatingRequest& request, const std::string& id) override;
  absl::StatusOr<DueSchedules> Due() override;
  absl::StatusOr<TickOutcome> Tick(const Schedule& seen, const TickDecision& decision) override;

 private:
  // Makes the tick's sweep, as the overlap policy says.
  [[nodiscard]] absl::Status SweepTick(pqxx::work& work, const Schedule& schedule, absl::Time tick,
                                       TickOutcome* outcome);

  db::ConnectionPool& pool_;
  workqueue::Queue& queue_;
  IdSource& ids_;
};

}  // namespace fleetcast::inference
