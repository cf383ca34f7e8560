#include "services/inference/domain/failure.h"

#include <string>

#include "absl/strings/match.h"
#include "common/base/status.h"
#include "common/base/transient.h"

namespace fleetcast::inference {
namespace {

using workqueue::FailureKind;

FailureKind KindOf(const std::string& reason) {
  // gRPC's word for bytes that were damaged on their way: not the sensor's.
  if (reason == "DATA_LOSS") return FailureKind::kInternal;
  if (absl::StartsWith(reason, "DATA_")) return FailureKind::kData;
  if (absl::StartsWith(reason, "SENSOR_SOURCE_")) return FailureKind::kConfiguration;
  if (absl::StartsWith(reason, "SENSOR_")) return FailureKind::kData;
  if (absl::StartsWith(reason, "MODEL_")) return FailureKind::kModel;
  if (reason == "PAYLOAD_UNREADABLE") return FailureKind::kConfiguration;
  return FailureKind::kInternal;
}

// What has to come back before the invocation can go on; "" if nothing is away.
std::string Away(const absl::Status& status, const std::string& reason) {
  if (!IsTransient(status)) return "";
  const bool reading = absl::StartsWith(reason, "SENSOR_") || absl::StartsWith(reason, "POSTGRES_");
  return reading ? "sensor source" : "registry";
}

}  // namespace

workqueue::Verdict Classify(const absl::Status& status) {
  std::string reason = ReasonOf(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  const FailureKind kind = KindOf(reason);
  return {.failure = {.kind = kind,
                      .reason = reason,
                      .message = std::string(status.message()),
                      .retryable = kind == FailureKind::kInternal},
          .away = Away(status, reason)};
}

}  // namespace fleetcast::inference
