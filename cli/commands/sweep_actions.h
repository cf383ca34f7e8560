// What the verbs of `fleetcast sweep` do; `schedule trigger` follows a sweep as well.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fleetcast::inference::v1 {
class Sweep;
}

namespace fleetcast::cli {

class Session;

struct SweepStart {
  std::vector<std::string> plants;
  std::vector<std::string> circuits;  // instead of plants
  std::string as_of;                  // RFC 3339 or YYYY-MM-DD[ HH:MM]; empty: the latest readings
  bool watch = false;
};

struct SweepList {
  std::string filter;
  std::int64_t limit = 30;
};

struct SweepRetry {
  std::string id;
  bool watch = false;
};

absl::Status StartSweep(Session& session, const SweepStart& options);
// An empty id is the latest sweep.
absl::Status WatchSweep(Session& session, const std::string& id);
absl::Status ShowSweep(Session& session, const std::string& id);
absl::Status ListSweeps(Session& session, const SweepList& options);
absl::Status CancelSweep(Session& session, const std::string& id);
absl::Status RetrySweep(Session& session, const SweepRetry& options);

// After a sweep was made: follow it, or say how to.
absl::Status SweepStarted(Session& session, const inference::v1::Sweep& sweep, bool watch);

}  // namespace fleetcast::cli
