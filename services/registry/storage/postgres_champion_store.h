// Champions in Postgres: registry.champions, champion_events.
#pragma once

#include "common/db/connection_pool.h"
#include "services/registry/domain/model_store.h"

namespace fleetcast::registry {

class PostgresChampionStore final : public ChampionStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresChampionStore(db::ConnectionPool* pool) : pool_(*pool) {}

  [[nodiscard]] absl::StatusOr<Champion> Get(const CircuitName& circuit) override;
  [[nodiscard]] absl::StatusOr<PageOf<Champion>> List(const std::string& model_id,
                                                      const ListQuery& query) override;
  [[nodiscard]] absl::StatusOr<Champion> Promote(const MutatingRequest& request,
                                                 const CircuitName& circuit, std::int64_t version,
                                                 std::int64_t expected_version,
                                                 const ChampionCause& cause) override;
  [[nodiscard]] absl::StatusOr<Champion> RollBack(const MutatingRequest& request,
                                                  const CircuitName& circuit,
                                                  std::int64_t expected_version,
                                                  const ChampionCause& cause) override;
  [[nodiscard]] absl::StatusOr<Champion> Remove(const MutatingRequest& request,
                                                const CircuitName& circuit,
                                                std::int64_t expected_version,
                                                const ChampionCause& cause) override;
  [[nodiscard]] absl::StatusOr<PageOf<ChampionEvent>> ListEvents(const CircuitName& circuit,
                                                                 const PageRequest& page) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::registry
