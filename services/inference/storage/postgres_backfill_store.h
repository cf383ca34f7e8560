// What backfills have made, in Postgres.
#pragma once

#include "common/db/connection_pool.h"
#include "services/inference/domain/backfill_store.h"

namespace fleetcast::inference {

class PostgresBackfillStore final : public BackfillStore {
 public:
  // `pool` must outlive it.
  explicit PostgresBackfillStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<BackfillProgress> Read(const InvocationName& invocation) override;
  absl::Status Store(const workqueue::HoldId& hold, const InvocationName& invocation,
                     const BackfillProgress& progress,
                     const std::vector<Forecast>& forecasts) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
