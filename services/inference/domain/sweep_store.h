// Port: sweeps as the API sees them. Implementation: PostgresSweepStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter_fields.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/sweep.h"

namespace fleetcast::inference {

// What changed of a sweep since a mark, all that had been committed when it was asked.
struct SweepChanges {
  Sweep sweep;
  std::vector<Invocation> changed;  // queued or ended since, in order of change
  std::vector<Invocation> running;  // all that run now
  workqueue::Mark mark;             // for the next call
  bool more = false;                // cut: ask again at once
};

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request its first answer, and REQUEST_ID_REUSED to another request under the same id.
class SweepStore {
 public:
  virtual ~SweepStore() = default;

  // One invocation per deployment asked for, each pinning what its deployment has now. NOT_FOUND if
  // a plant has no endpoint, or a circuit asked for is not deployed. INVALID_ARGUMENT for a
  // backfill as of ValidateBackfill and CheckBackfillSize.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Create(const MutatingRequest& request,
                                                     const SweepPin& pin) = 0;
  // A sweep of one invocation. NOT_FOUND if the circuit is not deployed.
  [[nodiscard]] virtual absl::StatusOr<Invocation> CreateOne(const MutatingRequest& request,
                                                             const CircuitId& circuit,
                                                             std::optional<absl::Time> as_of) = 0;
  // A new sweep of the failed invocations of `sweep_id`, as of the same time, by what is deployed
  // now. NOT_FOUND; FAILED_PRECONDITION with reason SWEEP_NOT_ENDED or NOTHING_TO_RETRY.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Retry(const MutatingRequest& request,
                                                    const std::string& sweep_id) = 0;
  // What has not ended ends as CANCELLED, held or not. NOT_FOUND; FAILED_PRECONDITION SWEEP_ENDED;
  // one that is CANCELLED stays so.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Cancel(const MutatingRequest& request,
                                                     const std::string& sweep_id) = 0;
  [[nodiscard]] virtual absl::StatusOr<Sweep> Get(const std::string& sweep_id) = 0;
  // Latest first; next_after is {sweep id} (ids sort by time of creation).
  [[nodiscard]] virtual absl::StatusOr<PageOf<Sweep>> List(const std::optional<Filter>& filter,
                                                           const PageRequest& page) = 0;
  [[nodiscard]] virtual absl::StatusOr<Invocation> GetInvocation(const InvocationName& name) = 0;
  // By name; next_after is {sweep id, "P001.C001"}. NOT_FOUND if there is no such sweep.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Invocation>> ListInvocations(
      const std::string& sweep_id, const std::optional<Filter>& filter,
      const PageRequest& page) = 0;
  // What changed after `mark`. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<SweepChanges> ChangesSince(const std::string& sweep_id,
                                                                  const workqueue::Mark& mark) = 0;
};

// The errors above, worded once for every store.
[[nodiscard]] absl::Status SweepNotFound(const std::string& sweep_id);
[[nodiscard]] absl::Status InvocationNotFound(const InvocationName& name);
[[nodiscard]] absl::Status SweepEnded(const std::string& sweep_id, workqueue::GroupState state);
[[nodiscard]] absl::Status SweepNotEnded(const std::string& sweep_id, workqueue::GroupState state);
[[nodiscard]] absl::Status NothingToRetry(const std::string& sweep_id);

// What List and ListInvocations can be filtered by.
[[nodiscard]] const FilterFields& SweepFilterFields();
[[nodiscard]] const FilterFields& InvocationFilterFields();

}  // namespace fleetcast::inference
