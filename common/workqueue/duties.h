// What keeps a queue in order whoever works, done by one process at a time.
#pragma once

#include <vector>

#include "common/db/duties.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {

// Ends dead attempts, keeps fetches quick, and forgets groups that ended `keep` ago. `queue` must
// outlive them.
[[nodiscard]] std::vector<db::Duty> DutiesOf(Queue& queue, absl::Duration keep,
                                             absl::Duration tend_every = absl::Seconds(5));

}  // namespace fleetcast::workqueue
