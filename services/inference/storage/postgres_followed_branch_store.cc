#include "services/inference/storage/postgres_followed_branch_store.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/db/transaction.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kSelectBranch[] = "SELECT branch, head_commit, reason, message, " FLEETCAST_MICROS(
    "check_time") ", CASE WHEN rival_time > clock_timestamp() - $1 * interval '1 second'"
    " THEN rival ELSE '' END, " FLEETCAST_MICROS("clock_timestamp()")
    " FROM inference.followed_branch";
const char kNote[] =
    "INSERT INTO inference.followed_branch (branch, head_commit, reason, message, check_time)"
    " VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT (only_row) DO UPDATE SET"
    " branch = EXCLUDED.branch, head_commit = EXCLUDED.head_commit, reason = EXCLUDED.reason,"
    " message = EXCLUDED.message, check_time = EXCLUDED.check_time";

const char kNoteRival[] =
    "UPDATE inference.followed_branch SET rival = $1, rival_time = clock_timestamp()";

// $1 seconds.
const char kForget[] =
    "DELETE FROM inference.followed_branch WHERE check_time < now() - make_interval(secs => $1)";

// Until then a branch that nobody looks at any more is a problem that people are told.
constexpr absl::Duration kForgetAfter = absl::Hours(24);

}  // namespace

db::Duty FollowDuty(const std::string& branch, BranchFollower& follower,
                    FollowedBranchStore& store) {
  if (branch.empty())
    return {.name = "forget a branch that nobody follows",
            .every = absl::Minutes(10),
            .run = [&store](db::ConnectionPool&) { return store.ForgetUnseen(kForgetAfter); }};
  return {.name = absl::StrCat("follow the release branch ",
                               absl::StrReplaceAll(branch, {{"%", "%25"}, {",", "%2C"}})),
          .every = absl::Seconds(15),
          .run = [&follower](db::ConnectionPool&) { return follower.Look(); },
          .longest = absl::Minutes(1)};
}

std::optional<FollowedBranch> ReadFollowedBranch(pqxx::work& work) {
  const pqxx::result rows = Run(work, kSelectBranch, {SecondsOf(kTakesOverAfter)});
  if (rows.empty()) return std::nullopt;
  const pqxx::row row = rows[0];
  return FollowedBranch{.branch = row[0].as<std::string>(),
                        .head_commit = row[1].as<std::string>(),
                        .reason = row[2].as<std::string>(),
                        .message = row[3].as<std::string>(),
                        .check_time = TimeOf(row[4]),
                        .rival = row[5].as<std::string>(),
                        .read_time = TimeOf(row[6])};
}

absl::StatusOr<std::optional<FollowedBranch>> PostgresFollowedBranchStore::GetFollowed() {
  using Found = std::optional<FollowedBranch>;
  return db::ReadInTransaction(
      pool_, [](pqxx::work& work) -> absl::StatusOr<Found> { return ReadFollowedBranch(work); });
}

absl::Status PostgresFollowedBranchStore::NoteFollowed(const FollowedBranch& branch) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) {
    Run(work, kNote, {branch.branch, branch.head_commit, branch.reason, branch.message});
    return absl::OkStatus();
  });
}

absl::Status PostgresFollowedBranchStore::NoteRival(const std::string& branch) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) {
    Run(work, kNoteRival, {branch});
    return absl::OkStatus();
  });
}

absl::Status PostgresFollowedBranchStore::ForgetUnseen(absl::Duration unseen) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) {
    Run(work, kForget, {absl::StrCat(absl::ToDoubleSeconds(unseen))});
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::inference
