// Sweeps in Postgres.
#pragma once

#include <optional>
#include <string>

#include "common/db/connection_pool.h"
#include "services/inference/domain/sweep_store.h"

namespace fleetcast::inference {

class PostgresSweepStore final : public SweepStore {
 public:
  explicit PostgresSweepStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<Sweep> Create(const MutatingRequest& request, const NewSweep& sweep) override;
  absl::StatusOr<Sweep> Retry(const MutatingRequest& request, const std::string& sweep_id,
                              const std::string& new_id) override;
  absl::StatusOr<Sweep> Cancel(const MutatingRequest& request,
                               const std::string& sweep_id) override;
  absl::StatusOr<Sweep> Get(const std::string& sweep_id) override;
  absl::StatusOr<PageOf<Sweep>> List(const std::optional<Filter>& filter,
                                     const PageRequest& page) override;
  absl::StatusOr<Invocation> GetInvocation(const InvocationName& name) override;
  absl::StatusOr<PageOf<Invocation>> ListInvocations(const std::string& sweep_id,
                                                     const std::optional<Filter>& filter,
                                                     const PageRequest& page) override;
  absl::StatusOr<SweepChanges> ChangesSince(const std::string& sweep_id,
                                            const std::string& mark) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
