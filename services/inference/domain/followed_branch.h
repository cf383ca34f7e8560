// The branch whose head is kept in force.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace fleetcast::inference {

// A branch that is followed, and how that went last.
struct FollowedBranch {
  std::string branch;
  std::string head_commit;      // "" as long as it was never read
  std::string reason, message;  // why the head is not in force; empty: it is, or is being put
  absl::Time check_time;        // of the last look
};

}  // namespace fleetcast::inference
