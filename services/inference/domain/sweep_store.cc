#include "services/inference/domain/sweep_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

absl::Status RefusedFor(const std::string& sweep_id, const std::string& reason,
                        const std::string& what) {
  const std::string name = SweepResource(sweep_id);
  return Refused(absl::StatusCode::kFailedPrecondition, reason, absl::StrCat(name, " ", what),
                 {{"sweep", name}});
}

}  // namespace

using workqueue::Word;

absl::Status SweepNotFound(const std::string& sweep_id) {
  return ResourceNotFound("Sweep", SweepResource(sweep_id), "list the sweeps with ListSweeps");
}

absl::Status InvocationNotFound(const InvocationName& name) {
  return ResourceNotFound("Invocation", InvocationResource(name),
                          "list the sweep's invocations with ListInvocations");
}

absl::Status SweepEnded(const std::string& sweep_id, workqueue::GroupState state) {
  return RefusedFor(sweep_id, "SWEEP_ENDED",
                    absl::StrCat("has ended as ", Word(state), "; there is nothing to cancel"));
}

absl::Status SweepNotEnded(const std::string& sweep_id, workqueue::GroupState state) {
  return RefusedFor(
      sweep_id, "SWEEP_NOT_ENDED",
      absl::StrCat("is ", Word(state), "; wait for its end or cancel it before a retry"));
}

absl::Status NothingToRetry(const std::string& sweep_id) {
  return RefusedFor(sweep_id, "NOTHING_TO_RETRY",
                    "has no failed invocation whose circuit is still deployed; what was cancelled "
                    "is asked for by a "
                    "new one");
}

const FilterFields& SweepFilterFields() {
  static const FilterFields fields = {
      {.name = "state",
       .kind = FilterKind::kWord,
       .words = {"QUEUED", "RUNNING", "SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED"},
       .word_prefix = "STATE_"},
      {"schedule"},
      {"retry_of"},
      {"create_time", FilterKind::kTime}};
  return fields;
}

const FilterFields& InvocationFilterFields() {
  static const FilterFields fields = {
      {.name = "state",
       .kind = FilterKind::kWord,
       .words = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"},
       .word_prefix = "STATE_"},
      {"plant_id"},
      {"circuit_id"},
      {.name = "failure.kind",
       .kind = FilterKind::kWord,
       .words = {"DATA", "CONFIGURATION", "MODEL", "ENVIRONMENT", "TIMEOUT", "INTERNAL"},
       .word_prefix = "KIND_"},
      {"failure.reason"}};
  return fields;
}

}  // namespace fleetcast::inference
