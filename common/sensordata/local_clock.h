// The times of a clock on the wall, which jumps in spring and tells an hour twice in autumn.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"

namespace fleetcast::sensordata {

// Takes the times of a file row by row: of an hour that is told twice, the order of the rows says
// which one is meant. Not thread safe.
class LocalClock {
 public:
  explicit LocalClock(absl::TimeZone zone) : zone_(zone), is_utc_(zone == absl::UTCTimeZone()) {}

  // Seconds since 1970 UTC of the local time that is `local_seconds` if read as UTC; nullopt for
  // one that a jump of the clock leaves out.
  [[nodiscard]] std::optional<std::int64_t> UnixSeconds(std::int64_t local_seconds) {
    return is_utc_ ? local_seconds : OfZone(local_seconds);
  }

 private:
  std::optional<std::int64_t> OfZone(std::int64_t local_seconds);

  absl::TimeZone zone_;
  bool is_utc_;
  std::optional<std::int64_t> last_;
  bool falling_ = false;  // rows come newest first
};

}  // namespace fleetcast::sensordata
