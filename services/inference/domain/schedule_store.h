// Port: schedules and their ticks. Implementations: PostgresScheduleStore, FakeInferenceStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/schedule.h"
#include "services/inference/domain/sweep.h"

namespace fleetcast::inference {

// Schedules whose tick may have come, and the database's time at which that was so.
struct DueSchedules {
  std::vector<Schedule> schedules;
  absl::Time now;
  std::optional<absl::Time> next;  // when the first of the others is due
};

// New values for the fields that are set.
struct ScheduleChange {
  std::optional<std::string> display_name, cron, time_zone;
  std::optional<std::vector<std::string>> plant_ids;
  std::optional<OverlapPolicy> overlap_policy;
  std::optional<absl::Duration> catch_up_window, jitter;
  std::string etag;  // if not empty, it must be the present one
  bool operator==(const ScheduleChange&) const = default;
};

// What a tick came to.
struct TickOutcome {
  // No: the schedule is no longer as it was seen, for another replica was first or somebody has
  // changed it. Nothing was done then.
  bool taken = false;
  std::string sweep_id;                // of the sweep made; "": none
  std::optional<SkippedTick> skipped;  // the latest tick that makes no sweep
  std::vector<std::string> replaced;   // sweeps that were cancelled for it
};

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request its first answer, as it was then, and REQUEST_ID_REUSED to another under the same id.
// Next ticks are reckoned from the database's time.
class ScheduleStore {
 public:
  virtual ~ScheduleStore() = default;

  // ALREADY_EXISTS; NOT_FOUND for a plant without endpoint. `spec` is valid.
  [[nodiscard]] virtual absl::StatusOr<Schedule> Create(const MutatingRequest& request,
                                                        const std::string& id,
                                                        const ScheduleSpec& spec) = 0;
  // INVALID_ARGUMENT as of ValidateSchedule, on the values as they would be; NOT_FOUND, also
  // for a plant without endpoint; ABORTED ETAG_MISMATCH.
  [[nodiscard]] virtual absl::StatusOr<Schedule> Update(const MutatingRequest& request,
                                                        const std::string& id,
                                                        const ScheduleChange& change) = 0;
  // Pauses or resumes; a schedule that is so already stays as it is. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Schedule> SetPaused(const MutatingRequest& request,
                                                           const std::string& id, bool paused) = 0;
  // NOT_FOUND; ABORTED ETAG_MISMATCH.
  [[nodiscard]] virtual absl::Status Delete(const MutatingRequest& request, const std::string& id,
                                            const std::string& etag) = 0;
  [[nodiscard]] virtual absl::StatusOr<Schedule> Get(const std::string& id) = 0;
  // By id; next_after is {id}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Schedule>> List(const PageRequest& page) = 0;
  // A sweep of the schedule's plants on the latest readings. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Sweep> Trigger(const MutatingRequest& request,
                                                      const std::string& id) = 0;

  // At most a thousand at once. Where none is due, one statement: it is asked all day long.
  [[nodiscard]] virtual absl::StatusOr<DueSchedules> Due() = 0;
  // Carries out `decision`: makes a sweep as of the tick, if there is one and the overlap policy
  // lets it, notes what made none, and moves the schedule on.
  [[nodiscard]] virtual absl::StatusOr<TickOutcome> Tick(const Schedule& seen,
                                                         const TickDecision& decision) = 0;
};

// The sort key of the list.
[[nodiscard]] std::vector<std::string> PageKeyOf(const Schedule& schedule);

[[nodiscard]] absl::Status ScheduleNotFound(const std::string& id);
[[nodiscard]] absl::Status ScheduleExists(const std::string& id);

// `spec` with the fields of `change` that are set.
[[nodiscard]] ScheduleSpec Changed(const ScheduleSpec& spec, const ScheduleChange& change);

}  // namespace fleetcast::inference
