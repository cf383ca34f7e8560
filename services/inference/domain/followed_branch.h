// The branch whose head is kept in force.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace fleetcast::inference {

// A branch that is followed, and how that went last.
struct FollowedBranch {
  std::string branch;
  std::string head_commit;  // "" as long as it was never read
  // Why the head is not in force, or was not seen; empty: it is, or is being put.
  std::string reason, message;
  absl::Time check_time;  // of the last look
};

}  // namespace fleetcast::inference
