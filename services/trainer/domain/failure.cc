#include "services/trainer/domain/failure.h"

#include <array>
#include <string_view>

#include "absl/strings/match.h"
#include "common/base/status.h"
#include "common/base/transient.h"

namespace fleetcast::trainer {
namespace {

using workqueue::FailureKind;

struct ReasonKind {
  std::string_view prefix;  // of the reason
  FailureKind kind;
};

// The first that fits decides.
constexpr std::array<ReasonKind, 15> kKindOfReason = {{
    {"DATA_LOSS", FailureKind::kInternal},  // gRPC's, of bytes that were damaged on their way
    {"DATA_", FailureKind::kData},
    {"SENSOR_SOURCE_", FailureKind::kConfiguration},
    {"SENSOR_", FailureKind::kData},
    {"HYPERPARAMETER_INVALID", FailureKind::kConfiguration},
    {"CONFIGURATION_", FailureKind::kConfiguration},
    {"BASE_", FailureKind::kConfiguration},
    {"STORED_VALUE_UNREADABLE", FailureKind::kConfiguration},
    {"TRAINING_DIVERGED", FailureKind::kModel},
    {"MODEL_", FailureKind::kModel},
    {"OUT_OF_MEMORY", FailureKind::kEnvironment},
    {"MEMORY_EXHAUSTED", FailureKind::kEnvironment},
    {"ARTIFACT_STORE_", FailureKind::kEnvironment},
    {"INVALID_", FailureKind::kConfiguration},
    {"POSTGRES_", FailureKind::kEnvironment},
}};

FailureKind KindOf(const absl::Status& status, const std::string& reason) {
  for (const ReasonKind& known : kKindOfReason)
    if (reason.starts_with(known.prefix)) return known.kind;
  return IsTransient(status) ? FailureKind::kEnvironment : FailureKind::kInternal;
}

// What has to come back before the job can go on; "" if nothing is away.
std::string Away(const absl::Status& status, const std::string& reason) {
  if (!IsTransient(status) || absl::StrContains(reason, "MEMORY")) return "";
  if (const auto details = DetailsOf(status))
    if (const auto named = details->metadata.find("service"); named != details->metadata.end())
      return named->second;
  return reason.starts_with("SENSOR_") || reason.starts_with("POSTGRES_") ? "sensor source"
                                                                          : "registry";
}

}  // namespace

workqueue::Verdict Classify(const absl::Status& status) {
  std::string reason = ReasonOf(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  const FailureKind kind = KindOf(status, reason);
  return {
      .failure = {.kind = kind,
                  .reason = reason,
                  .message = std::string(status.message()),
                  .retryable = kind == FailureKind::kEnvironment || kind == FailureKind::kInternal},
      .away = Away(status, reason)};
}

}  // namespace fleetcast::trainer
