#include "services/inference/domain/fallback.h"

namespace fleetcast::inference {
namespace {

using workqueue::FailureKind;

// What is wrong with the readings is only that the version cannot take them.
bool OthersCanTake(const std::string& reason) {
  return reason == "DATA_TOO_FEW_ROWS" || reason == "DATA_NOT_FINITE" ||
         reason == "DATA_COLUMN_MISSING" || reason == "DATA_IRREGULAR_STEP" ||
         reason == "SENSOR_COLUMN_MISSING";
}

bool ComesTooLate(const workqueue::Failure& failure) {
  return failure.kind == FailureKind::kTimeout || failure.kind == FailureKind::kEnvironment;
}

}  // namespace

StandIn StandInFor(Fallback fallback, const Trouble& trouble) {
  if (fallback == Fallback::kNone) return StandIn::kNone;
  if (!trouble.away.empty()) {
    const bool waits = trouble.away != "registry" || trouble.waited < kRegistryPatience;
    return waits ? StandIn::kNone : StandIn::kNaive;
  }
  const workqueue::Failure& failure = trouble.failure;
  if (failure.kind == FailureKind::kModel) return StandIn::kEarlierVersionOrNaive;
  if (OthersCanTake(failure.reason)) return StandIn::kEarlierVersionOrNaive;
  const bool unforeseen = failure.retryable && !ComesTooLate(failure);
  return unforeseen && trouble.last_attempt ? StandIn::kEarlierVersionOrNaive : StandIn::kNone;
}

}  // namespace fleetcast::inference
