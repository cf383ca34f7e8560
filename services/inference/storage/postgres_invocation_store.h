// The ledger of invocations in Postgres: claims, leases, fenced ends.
#pragma once

#include <optional>
#include <string>

#include "common/db/connection_pool.h"
#include "services/inference/domain/invocation_store.h"

namespace fleetcast::inference {

class PostgresInvocationStore final : public InvocationStore {
 public:
  explicit PostgresInvocationStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<std::optional<Invocation>> Claim(const std::string& worker,
                                                  absl::Duration lease) override;
  absl::Status Renew(const InvocationHold& hold, absl::Duration lease) override;
  absl::Status Succeed(const InvocationHold& hold, const Forecast& forecast) override;
  absl::Status End(const InvocationHold& hold, AttemptEnding ending,
                   const std::optional<InvocationFailure>& failure) override;

 private:
  // At most a hundred at a time.
  [[nodiscard]] absl::Status EndDeadAttempts();

  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
