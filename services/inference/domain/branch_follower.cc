#include "services/inference/domain/branch_follower.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/base/transient.h"

namespace fleetcast::inference {
namespace {

constexpr char kActor[] = "release_branch";

}  // namespace

FollowedBranch AfterLook(const std::string& branch, const std::string& head_commit,
                         const absl::Status& put_in_force, const absl::Status& seen) {
  FollowedBranch followed{.branch = branch, .head_commit = head_commit};
  const std::string head =
      absl::StrCat("the head of ", branch,
                   head_commit.empty() ? "" : absl::StrCat(" (", head_commit.substr(0, 12), ")"));
  const auto add = [&followed](const absl::Status& status, const std::string& what) {
    if (status.ok()) return;
    if (followed.reason.empty()) followed.reason = ReasonOf(status);
    if (followed.reason.empty()) followed.reason = absl::StatusCodeToString(status.code());
    absl::StrAppend(&followed.message, followed.message.empty() ? "" : ". And ", what, ": ",
                    PrintableUtf8(std::string(status.message()), 900));
  };
  add(put_in_force, head + ", which is followed, is not in force");
  add(seen, head_commit.empty()
                ? head + ", which is followed, could not be read"
                : absl::StrCat("whether ", branch, ", which is followed, has moved on from ",
                               head_commit.substr(0, 12), " could not be seen"));
  return followed;
}

BranchFollower::BranchFollower(std::string branch, CircuitCatalog& catalog, Releaser& releaser,
                               ReleaseStore& releases, FollowedBranchStore& store)
    : branch_(std::move(branch)),
      catalog_(catalog),
      releaser_(releaser),
      releases_(releases),
      store_(store) {}

absl::Status BranchFollower::Release(const std::string& head_commit, const InForce& in_force) {
  if (refusal_ && refusal_->head_commit == head_commit &&
      refusal_->release_id == in_force.release_id && !refusal_->until.IsOver())
    return refusal_->why;
  refusal_.reset();
  // The same head after the same release is one request, whoever looks.
  const MutatingRequest request{
      .request_id = DerivedUuid(
          absl::StrCat("follow ", branch_, " to ", head_commit, " after ", in_force.release_id)),
      .method = "FollowBranch"};
  absl::Status done = releaser_
                          .Create(request, {.revision = head_commit,
                                            .actor = kActor,
                                            .reason = absl::StrCat("the head of ", branch_)})
                          .status();
  if (!done.ok() && !IsTransient(done))
    refusal_ = {head_commit, in_force.release_id, done, Patience(kAskAgainAfter)};
  return done;
}

absl::Status BranchFollower::Look() {
  FLEETCAST_ASSIGN_OR_RETURN(const std::optional<FollowedBranch> before, store_.GetFollowed());
  if (before && before->branch != branch_ &&
      before->read_time - before->check_time < kTakesOverAfter) {
    LogWarning("another branch is followed, this one is not put in force",
               {{"branch", branch_}, {"followed", before->branch}});
    return store_.NoteRival(branch_);
  }
  FLEETCAST_ASSIGN_OR_RETURN(const InForce in_force, releases_.GetInForce());
  const auto kinship = catalog_.GetKinship(branch_, branch_);
  std::string head = before && before->branch == branch_ ? before->head_commit : "";
  absl::Status done;
  if (kinship.ok()) {
    head = kinship->head_commit;
    if (head != in_force.commit) done = Release(head, in_force);
  }
  const FollowedBranch after =
      AfterLook(branch_, head, done, kinship.ok() ? kinship->fresh : kinship.status());
  if (!after.reason.empty() &&
      (!before || before->reason != after.reason || before->head_commit != after.head_commit))
    LogWarning("a branch cannot be followed", {{"branch", branch_},
                                               {"commit", head},
                                               {"reason", after.reason},
                                               {"error", after.message}});
  return store_.NoteFollowed(after);
}

}  // namespace fleetcast::inference
