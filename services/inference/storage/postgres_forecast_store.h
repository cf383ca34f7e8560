// Stored forecasts in Postgres, to be read.
#pragma once

#include "common/db/connection_pool.h"
#include "services/inference/domain/forecast_store.h"

namespace fleetcast::inference {

class PostgresForecastStore final : public ForecastStore {
 public:
  explicit PostgresForecastStore(db::ConnectionPool& pool) : pool_(pool) {}
  absl::StatusOr<PageOf<Forecast>> List(const ForecastQuery& query,
                                        const PageRequest& page) override;
  absl::StatusOr<Forecast> Get(const ForecastName& name) override;
  absl::StatusOr<Forecast> Withdraw(const MutatingRequest& request, const ForecastName& name,
                                    const std::string& actor, const std::string& reason) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
