#include "services/inference/storage/postgres_followed_branch_store.h"

#include "common/db/transaction.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kSelect[] = "SELECT branch, head_commit, reason, message, " FLEETCAST_MICROS(
    "check_time") " FROM inference.followed_branch";
const char kNote[] =
    "INSERT INTO inference.followed_branch (branch, head_commit, reason, message, check_time)"
    " VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT (only_row) DO UPDATE SET"
    " branch = EXCLUDED.branch, head_commit = EXCLUDED.head_commit, reason = EXCLUDED.reason,"
    " message = EXCLUDED.message, check_time = EXCLUDED.check_time";

}  // namespace

std::optional<FollowedBranch> ReadFollowedBranch(pqxx::work& work) {
  const pqxx::result rows = work.exec(kSelect);
  if (rows.empty()) return std::nullopt;
  const pqxx::row row = rows[0];
  return FollowedBranch{.branch = row[0].as<std::string>(),
                        .head_commit = row[1].as<std::string>(),
                        .reason = row[2].as<std::string>(),
                        .message = row[3].as<std::string>(),
                        .check_time = TimeOf(row[4])};
}

absl::StatusOr<std::optional<FollowedBranch>> PostgresFollowedBranchStore::GetFollowed() {
  using Found = std::optional<FollowedBranch>;
  return db::ReadInTransaction(
      pool_, [](pqxx::work& work) -> absl::StatusOr<Found> { return ReadFollowedBranch(work); });
}

absl::Status PostgresFollowedBranchStore::NoteFollowed(
    const std::optional<FollowedBranch>& branch) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) {
    if (branch)
      Run(work, kNote, {branch->branch, branch->head_commit, branch->reason, branch->message});
    else
      work.exec("DELETE FROM inference.followed_branch");
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::inference
