// What backfills have made, in Postgres.
#pragma once

#include <pqxx/pqxx>
#include <vector>

#include "common/db/connection_pool.h"
#include "services/inference/domain/backfill_store.h"
#include "services/inference/domain/sweep.h"

namespace fleetcast::inference {

// Tells those of one sweep that have stored forecasts how far they have come.
void AddBackfillProgress(pqxx::work& work, std::vector<Invocation>& invocations);

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
