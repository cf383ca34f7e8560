// Keeps the head of a branch in force: what CreateRelease does when somebody calls it, without a
// call. What it decides not to do, or cannot, is kept where fleet status reads it.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/patience.h"
#include "services/inference/domain/circuit_catalog.h"
#include "services/inference/domain/followed_branch.h"
#include "services/inference/domain/releaser.h"

namespace fleetcast::inference {

// Where what is followed is kept. Thread safe.
class FollowedBranchStore {
 public:
  virtual ~FollowedBranchStore() = default;
  // nullopt: none is followed.
  [[nodiscard]] virtual absl::StatusOr<std::optional<FollowedBranch>> GetFollowed() = 0;
  // `check_time` is the database's; a rival is kept.
  [[nodiscard]] virtual absl::Status NoteFollowed(const FollowedBranch& branch) = 0;
  // Of what is followed that `branch` is asked for too; forgotten after kTakesOverAfter.
  [[nodiscard]] virtual absl::Status NoteRival(const std::string& branch) = 0;
  // Forgets a branch at which nobody has looked for so long.
  [[nodiscard]] virtual absl::Status ForgetUnseen(absl::Duration unseen) = 0;
};

// How a look at the branch went, in the words that are kept: the first error's reason, and what
// both mean. `seen` is why `head_commit`, the head as it was seen last, may not be the head any
// more.
[[nodiscard]] FollowedBranch AfterLook(const std::string& branch, const std::string& head_commit,
                                       const absl::Status& put_in_force, const absl::Status& seen);

// One process at a time calls it. The references must outlive it.
class BranchFollower {
 public:
  BranchFollower(std::string branch, CircuitCatalog& catalog, Releaser& releaser,
                 ReleaseStore& releases, FollowedBranchStore& store);

  // Asks for the head; releases it if another commit is in force. A head that was refused is not
  // asked about again before it or the release in force changes, or kAskAgainAfter. Errors are
  // those of the store alone: others are what it notes. While another branch is followed, that is
  // all that it notes: this one takes over when nobody has looked at that for kTakesOverAfter.
  [[nodiscard]] absl::Status Look();

  static constexpr absl::Duration kAskAgainAfter = absl::Minutes(10);

 private:
  [[nodiscard]] absl::Status Release(const std::string& head_commit, const InForce& in_force);

  // A head that was refused, with what was in force then.
  struct Refusal {
    std::string head_commit, release_id;
    absl::Status why;
    Patience until;
  };

  std::optional<Refusal> refusal_;
  const std::string branch_;
  CircuitCatalog& catalog_;
  Releaser& releaser_;
  ReleaseStore& releases_;
  FollowedBranchStore& store_;
};

}  // namespace fleetcast::inference
