// What a service that acts on names of commits says where the config service could not ask the
// remote it follows what they stand for now.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleetcast {

// UNAVAILABLE with the reason and the message that the answer's freshness has; `fetch_time` is when
// the remote was last fetched from.
[[nodiscard]] absl::Status NotFetched(const std::string& reason, const std::string& message,
                                      absl::Time fetch_time);

// The same, as the answer of a call that is to change something by a name: it was not carried out.
// `names` as its reader gave them: `"main"`.
[[nodiscard]] absl::Status MayHaveMoved(const std::string& names, const absl::Status& not_fetched);

}  // namespace fleetcast
