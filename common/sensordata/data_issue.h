// One irregularity of a sensor's rows, by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::sensordata {

struct DataIssue {
  enum class Kind {
    kGap,
    kDuplicateTimestamp,
    kOutOfOrder,
    kNonFinite,
    kConstantColumn,
    kStuckSensor,
    kOffGrid,
    kStepChange,
    kRegularBreak,
    kBadQuality,
    kUncertainQuality,
    kQualityUnread,
    kTextColumn,
    kUnfinishedLine
  };
  Kind kind;
  std::string column;   // empty where the row is meant
  std::int64_t count;   // rows or cells concerned
  std::string message;  // for people: what, where first, and what is done about it
};

// "GAP", "DUPLICATE_TIMESTAMP" …, for tags and documents.
[[nodiscard]] std::string NameOf(DataIssue::Kind kind);

// How many columns have an issue of one kind of their own.
inline constexpr std::size_t kMaxIssuesOfAKind = 20;

// `issues`, sorted by kind, with what concerns further columns told in one issue of that kind:
// their number does not grow with that of the columns.
[[nodiscard]] std::vector<DataIssue> BoundedIssues(std::vector<DataIssue> issues);

}  // namespace fleetcast::sensordata
