#include "common/sensordata/local_clock.h"

#include "absl/time/civil_time.h"

namespace fleetcast::sensordata {

std::optional<std::int64_t> LocalClock::OfZone(std::int64_t local_seconds) {
  const auto info =
      zone_.At(absl::ToCivilSecond(absl::FromUnixSeconds(local_seconds), absl::UTCTimeZone()));
  if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) return std::nullopt;
  const std::int64_t earlier = absl::ToUnixSeconds(info.pre);
  const std::int64_t later = absl::ToUnixSeconds(info.post);
  std::int64_t time = falling_ ? later : earlier;
  if (last_ && !falling_ && earlier <= *last_) time = later;
  if (last_ && falling_ && later >= *last_) time = earlier;
  if (last_ && time != *last_) falling_ = time < *last_;
  last_ = time;
  return time;
}

}  // namespace fleetcast::sensordata
