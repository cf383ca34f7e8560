// Sweeps in Postgres: groups and tasks of the work queue.
#pragma once

#include <functional>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "common/base/id.h"
#include "common/workqueue/queue.h"
#include "services/inference/domain/sweep_store.h"

namespace fleetcast::inference {

class PostgresSweepStore final : public SweepStore {
 public:
  // `keep_forecasts`: what is issued earlier is deleted, and not made by a backfill. The others
  // must outlive it.
  PostgresSweepStore(workqueue::Queue& queue, IdSource& ids,
                     absl::Duration keep_forecasts = absl::InfiniteDuration())
      : queue_(queue), ids_(ids), keep_forecasts_(keep_forecasts) {}

  absl::StatusOr<Sweep> Create(const MutatingRequest& request, const SweepPin& pin) override;
  absl::StatusOr<Invocation> CreateOne(const MutatingRequest& request, const CircuitId& circuit,
                                       std::optional<absl::Time> as_of) override;
  absl::StatusOr<Sweep> Retry(const MutatingRequest& request, const std::string& sweep_id) override;
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
                                            const workqueue::Mark& mark) override;

 private:
  [[nodiscard]] absl::StatusOr<Sweep> Select(pqxx::work& work, const std::string& sweep_id);
  [[nodiscard]] absl::StatusOr<Invocation> Select(pqxx::work& work, const InvocationName& name);

  workqueue::Queue& queue_;
  IdSource& ids_;
  const absl::Duration keep_forecasts_;
};

}  // namespace fleetcast::inference
