// The branch that is followed, in table followed_branch of one row.
#pragma once

#include <optional>
#include <pqxx/pqxx>

#include "common/db/connection_pool.h"
#include "common/db/duties.h"
#include "services/inference/domain/branch_follower.h"

namespace fleetcast::inference {

[[nodiscard]] std::optional<FollowedBranch> ReadFollowedBranch(pqxx::work& work);

// What a replica has to do that follows `branch`, or "", none. Replicas with different settings do
// not take it from each other. The references must outlive it.
[[nodiscard]] db::Duty FollowDuty(const std::string& branch, BranchFollower& follower,
                                  FollowedBranchStore& store);

class PostgresFollowedBranchStore final : public FollowedBranchStore {
 public:
  // `pool` must outlive it.
  explicit PostgresFollowedBranchStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<std::optional<FollowedBranch>> GetFollowed() override;
  absl::Status NoteFollowed(const FollowedBranch& branch) override;
  absl::Status NoteRival(const std::string& branch) override;
  absl::Status ForgetUnseen(absl::Duration unseen) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
