// The branch that is followed, in table followed_branch of one row.
#pragma once

#include <optional>
#include <pqxx/pqxx>

#include "common/db/connection_pool.h"
#include "services/inference/domain/branch_follower.h"

namespace fleetcast::inference {

[[nodiscard]] std::optional<FollowedBranch> ReadFollowedBranch(pqxx::work& work);

class PostgresFollowedBranchStore final : public FollowedBranchStore {
 public:
  // `pool` must outlive it.
  explicit PostgresFollowedBranchStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<std::optional<FollowedBranch>> GetFollowed() override;
  absl::Status NoteFollowed(const std::optional<FollowedBranch>& branch) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
