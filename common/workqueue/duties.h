// What keeps a queue in order whoever works, done by one process at a time.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "common/db/duties.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {

struct KeptQueue {
  Queue& queue;         // must outlive its duties
  absl::Duration keep;  // how long a group that has ended is remembered
};

// Ends dead attempts, keeps fetches quick, and forgets what ended long ago. Of all queues of a
// process together, for an idle process is to be quiet.
[[nodiscard]] std::vector<db::Duty> DutiesOf(const std::vector<KeptQueue>& queues);

}  // namespace fleetcast::workqueue
