#include "services/trainer/domain/failure.h"

#include <array>
#include <string_view>

#include "common/base/status.h"
#include "common/base/transient.h"

namespace fleetcast::trainer {
namespace {

struct ReasonKind {
  std::string_view prefix;  // of the reason
  FailureKind kind;
};

constexpr std::array<ReasonKind, 9> kKindOfReason = {{
    {"DATA_", FailureKind::kData},
    {"SENSOR_NOT_FOUND", FailureKind::kData},
    {"SENSOR_COLUMN_MISSING", FailureKind::kData},
    {"SENSOR_DATA_MALFORMED", FailureKind::kData},
    {"HYPERPARAMETER_INVALID", FailureKind::kConfiguration},
    {"CONFIGURATION_", FailureKind::kConfiguration},
    {"TRAINING_DIVERGED", FailureKind::kDivergence},
    {"OUT_OF_MEMORY", FailureKind::kEnvironment},
    {"LEASE_EXPIRED", FailureKind::kEnvironment},
}};

FailureKind KindOf(const absl::Status& status, const std::string& reason) {
  for (const ReasonKind& known : kKindOfReason)
    if (reason.starts_with(known.prefix)) return known.kind;
  return IsTransient(status) ? FailureKind::kEnvironment : FailureKind::kInternal;
}

}  // namespace

JobFailure ClassifyFailure(const absl::Status& status) {
  std::string reason = ReasonOf(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  return {
      .kind = KindOf(status, reason), .reason = reason, .message = std::string(status.message())};
}

}  // namespace fleetcast::trainer
