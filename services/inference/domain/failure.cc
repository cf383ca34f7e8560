#include "services/inference/domain/failure.h"

#include <string>

#include "absl/strings/match.h"
#include "common/base/status.h"
#include "common/base/transient.h"

namespace fleetcast::inference {
namespace {

FailureKind KindOf(const std::string& reason) {
  if (reason == "INVOCATION_TIMEOUT") return FailureKind::kTimeout;
  if (absl::StartsWith(reason, "DATA_") || absl::StartsWith(reason, "SENSOR_")) {
    return FailureKind::kData;
  }
  if (absl::StartsWith(reason, "MODEL_") || absl::StartsWith(reason, "ARTIFACT_")) {
    return FailureKind::kModel;
  }
  return FailureKind::kInternal;
}

}  // namespace

InvocationFailure ClassifyFailure(const absl::Status& status) {
  InvocationFailure failure;
  failure.reason = ReasonOf(status);
  failure.kind = KindOf(failure.reason);
  if (failure.reason.empty()) failure.reason = absl::StatusCodeToString(status.code());
  failure.message = std::string(status.message());
  const bool settled = failure.kind == FailureKind::kData || failure.kind == FailureKind::kModel;
  failure.retryable = !settled || IsTransient(status);
  return failure;
}

}  // namespace fleetcast::inference
