// Port: sweeps as the API sees them. Implementations: PostgresSweepStore, FakeInferenceStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/invocation.h"

namespace fleetcast::inference {

inline constexpr char kSweepFilterFields[] = "state, schedule, retry_of, create_time";
inline constexpr char kInvocationFilterFields[] =
    "state, plant_id, circuit_id, failure.kind, failure.reason";

// What to invoke: one circuit, or the deployments of some plants, or all.
struct NewSweep {
  std::string id;
  std::optional<CircuitId> circuit;    // one only; goes ahead of waiting sweeps
  std::vector<std::string> plant_ids;  // empty: all
  std::optional<absl::Time> as_of;
};

// What changed of a sweep since a mark, all that had been committed when it was asked.
struct SweepChanges {
  Sweep sweep;
  std::vector<Invocation> invocations;  // by plant and circuit; some may be repeated from before
  std::string mark;                     // for the next call
};

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request its first answer, and REQUEST_ID_REUSED to another request under the same id.
class SweepStore {
 public:
  virtual ~SweepStore() = default;

  // One invocation per deployment asked for, each pinning what its deployment has now.
  // NOT_FOUND if the circuit is not deployed, or a plant has no endpoint.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Create(const MutatingRequest& request,
                                                     const NewSweep& sweep) = 0;
  // A new sweep `new_id` of the failed invocations of `sweep_id`, as of the same time. NOT_FOUND;
  // FAILED_PRECONDITION with reason SWEEP_NOT_ENDED or NOTHING_TO_RETRY.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Retry(const MutatingRequest& request,
                                                    const std::string& sweep_id,
                                                    const std::string& new_id) = 0;
  // What has not ended ends as CANCELLED, held or not. NOT_FOUND; FAILED_PRECONDITION SWEEP_ENDED;
  // one that is CANCELLED stays so.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Cancel(const MutatingRequest& request,
                                                     const std::string& sweep_id) = 0;
  [[nodiscard]] virtual absl::StatusOr<Sweep> Get(const std::string& sweep_id) = 0;
  // Latest first; next_after is {sweep id} (ids sort by time of creation).
  [[nodiscard]] virtual absl::StatusOr<PageOf<Sweep>> List(const std::optional<Filter>& filter,
                                                           const PageRequest& page) = 0;
  [[nodiscard]] virtual absl::StatusOr<Invocation> GetInvocation(const InvocationName& name) = 0;
  // By plant and circuit; next_after is {plant id, circuit id}. NOT_FOUND if there is no such
  // sweep.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Invocation>> ListInvocations(
      const std::string& sweep_id, const std::optional<Filter>& filter,
      const PageRequest& page) = 0;
  // What changed after `mark` ("": everything). NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<SweepChanges> ChangesSince(const std::string& sweep_id,
                                                                  const std::string& mark) = 0;
};

// The errors above, worded once for every store.
[[nodiscard]] absl::Status SweepNotFound(const std::string& sweep_id);
[[nodiscard]] absl::Status InvocationNotFound(const InvocationName& name);
[[nodiscard]] absl::Status SweepEnded(const std::string& sweep_id, SweepState state);
[[nodiscard]] absl::Status SweepNotEnded(const std::string& sweep_id, SweepState state);
[[nodiscard]] absl::Status NothingToRetry(const std::string& sweep_id);

}  // namespace fleetcast::inference
