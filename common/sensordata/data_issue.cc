#include "common/sensordata/data_issue.h"

#include <utility>

namespace fleetcast::sensordata {

std::string NameOf(DataIssue::Kind kind) {
  switch (kind) {
    case DataIssue::Kind::kGap:
      return "GAP";
    case DataIssue::Kind::kDuplicateTimestamp:
      return "DUPLICATE_TIMESTAMP";
    case DataIssue::Kind::kOutOfOrder:
      return "OUT_OF_ORDER";
    case DataIssue::Kind::kNonFinite:
      return "NON_FINITE";
    case DataIssue::Kind::kConstantColumn:
      return "CONSTANT_COLUMN";
    case DataIssue::Kind::kStuckSensor:
      return "STUCK_SENSOR";
    case DataIssue::Kind::kOffGrid:
      return "OFF_GRID";
    case DataIssue::Kind::kStepChange:
      return "STEP_CHANGE";
    case DataIssue::Kind::kRegularBreak:
      return "REGULAR_BREAK";
    case DataIssue::Kind::kBadQuality:
      return "BAD_QUALITY";
    case DataIssue::Kind::kUncertainQuality:
      return "UNCERTAIN_QUALITY";
    case DataIssue::Kind::kQualityUnread:
      return "QUALITY_UNREAD";
    case DataIssue::Kind::kTextColumn:
      return "TEXT_COLUMN";
    case DataIssue::Kind::kUnfinishedLine:
      return "UNFINISHED_LINE";
  }
  return "UNKNOWN";
}

std::vector<DataIssue> BoundedIssues(std::vector<DataIssue> issues) {
  std::vector<DataIssue> bounded;
  bounded.reserve(issues.size());
  for (std::size_t begin = 0; begin < issues.size();) {
    std::size_t end = begin;
    DataIssue rest{issues[begin].kind, "", 0, ""};
    for (; end < issues.size() && issues[end].kind == rest.kind; ++end) {
      if (end - begin < kMaxIssuesOfAKind)
        bounded.push_back(std::move(issues[end]));
      else
        rest.count += issues[end].count;
    }
    if (end - begin > kMaxIssuesOfAKind) {
      rest.message = "and so in " + std::to_string(end - begin - kMaxIssuesOfAKind) +
                     " further columns, " + std::to_string(rest.count) + " in all";
      bounded.push_back(std::move(rest));
    }
    begin = end;
  }
  return bounded;
}

}  // namespace fleetcast::sensordata
