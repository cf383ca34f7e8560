// Pieces of messages as cells for people.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/time/time.h"
#include "cli/output/table.h"

namespace fleetcast::cli {

// The epoch for an unset timestamp.
[[nodiscard]] absl::Time TimeOf(const google::protobuf::Timestamp& timestamp);
[[nodiscard]] google::protobuf::Timestamp ToTimestamp(absl::Time time);

// "STATE_RUNNING" → "RUNNING" for any enum with a prefix that ends in `prefix`.
[[nodiscard]] std::string WithoutPrefix(const std::string& name, const std::string& prefix);

// A state as all services spell it, in its colour.
[[nodiscard]] Cell StateCell(const std::string& state);
// "2m ago", dimmed.
[[nodiscard]] Cell AgoCell(const google::protobuf::Timestamp& timestamp, absl::Time now);
// From `start` to `end`, or to `now` if it has not ended.
[[nodiscard]] std::string SpanText(const google::protobuf::Timestamp& start,
                                   const google::protobuf::Timestamp& end, absl::Time now);
// Why the gate decided so, without the verdict that it begins with: a table has a column for that.
[[nodiscard]] std::string WhyText(const std::string& why);
// Green above zero, red below: a model that is worse than a naive forecast.
[[nodiscard]] Cell SkillCell(double skill);

}  // namespace fleetcast::cli
