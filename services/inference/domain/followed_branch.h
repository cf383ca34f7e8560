// The branch whose head is kept in force.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace fleetcast::inference {

// A branch that nobody has looked at for so long is given up for one that somebody does.
constexpr absl::Duration kTakesOverAfter = absl::Minutes(2);

// A branch that is followed, and how that went last.
struct FollowedBranch {
  std::string branch;
  std::string head_commit;  // "" as long as it was never read
  // Why the head is not in force, or was not seen; empty: it is, or is being put.
  std::string reason, message;
  absl::Time check_time;  // of the last look
  std::string rival;      // another that some replica is told to follow; is not kept in force
  absl::Time read_time;   // when all this was read
};

}  // namespace fleetcast::inference
