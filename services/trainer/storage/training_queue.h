// The trainer's work queue: training runs are its groups, training jobs its tasks. What a replica
// left open when it died or lost its job is closed by a second queue in the same tables.
#pragma once

#include "common/workqueue/hold.h"
#include "common/workqueue/queue.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

inline constexpr char kSchema[] = "trainer";
inline constexpr char kTrainingQueue[] = "training";
inline constexpr char kClosingQueue[] = "closing";  // also its pool

// Without progress for this long an attempt is ended: reading, an epoch and each upload report it.
inline constexpr absl::Duration kStallTimeout = absl::Minutes(30);

// `closing` must outlive what the options are given to: a job that was interrupted enqueues the
// closing of its experiment run there, a minute later, so that a holder that lives does it itself.
[[nodiscard]] workqueue::QueueOptions TrainingQueueOptions(workqueue::Queue& closing);
[[nodiscard]] workqueue::QueueOptions ClosingQueueOptions();
// Enqueues the end of the experiment run of an attempt, whose holder could not end it itself.
[[nodiscard]] absl::Status EnqueueEnd(workqueue::Queue& closing, const workqueue::Hold& hold,
                                      const OpenRun& open);

[[nodiscard]] workqueue::NewTask TaskOf(const Subject& subject, const RunPin& pin,
                                        int max_attempts);
}  // namespace fleetcast::trainer
