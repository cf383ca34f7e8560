#include "common/sensordata/data_issue.h"

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

}  // namespace fleetcast::sensordata
