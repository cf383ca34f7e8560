#include "cli/views/proto_text.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace fleetcast::cli {

absl::Time TimeOf(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(absl::ToUnixSeconds(time));
  timestamp.set_nanos(static_cast<std::int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(timestamp.seconds()))));
  return timestamp;
}

std::string WithoutPrefix(const std::string& name, const std::string& prefix) {
  return absl::StartsWith(name, prefix) ? name.substr(prefix.size()) : name;
}

Cell StateCell(const std::string& state) {
  if (state == "SUCCEEDED" || state == "ACTIVE") return {state, Style::kGood};
  if (state == "FAILED") return {state, Style::kBad};
  if (state == "CANCELLED" || state == "PARTIALLY_SUCCEEDED" || state == "PAUSED") {
    return {state, Style::kWarning};
  }
  return {state, state == "RUNNING" ? Style::kBold : Style::kPlain};
}

Cell AgoCell(const google::protobuf::Timestamp& timestamp, absl::Time now) {
  return {TimeAgo(TimeOf(timestamp), now), Style::kDim};
}

std::string SpanText(const google::protobuf::Timestamp& start,
                     const google::protobuf::Timestamp& end, absl::Time now) {
  if (TimeOf(start) == absl::UnixEpoch()) return "";
  const absl::Time until = TimeOf(end) == absl::UnixEpoch() ? now : TimeOf(end);
  return DurationText(std::max(until - TimeOf(start), absl::ZeroDuration()));
}

std::string WhyText(const std::string& why) {
  for (const char* verdict : {"better: ", "not better: ", "not comparable: ", "as good: "}) {
    if (absl::StartsWith(why, verdict)) return why.substr(std::string(verdict).size());
  }
  return why;
}

Cell SkillCell(double skill) {
  return {PercentText(skill), skill > 0 ? Style::kGood : skill < 0 ? Style::kBad : Style::kPlain};
}

}  // namespace fleetcast::cli
