#include "services/inference/domain/failure.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

struct FailureCase {
  absl::StatusCode code;
  const char* reason;
  FailureKind kind;
  bool retryable;
};

TEST(ClassifyFailure, GoesByReasonThenByCode) {
  const FailureCase cases[] = {
      {absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS", FailureKind::kData, false},
      {absl::StatusCode::kFailedPrecondition, "DATA_STALE", FailureKind::kData, false},
      {absl::StatusCode::kNotFound, "SENSOR_NOT_FOUND", FailureKind::kData, false},
      {absl::StatusCode::kUnavailable, "SENSOR_SOURCE_UNAVAILABLE", FailureKind::kData, true},
      {absl::StatusCode::kDataLoss, "MODEL_FILE_CORRUPT", FailureKind::kModel, false},
      {absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_MISSING", FailureKind::kModel, false},
      {absl::StatusCode::kUnavailable, "MODEL_UNAVAILABLE", FailureKind::kModel, true},
      {absl::StatusCode::kDeadlineExceeded, "INVOCATION_TIMEOUT", FailureKind::kTimeout, true},
      {absl::StatusCode::kInternal, "POSTGRES_ERROR", FailureKind::kInternal, true},
      {absl::StatusCode::kUnavailable, "POSTGRES_UNAVAILABLE", FailureKind::kInternal, true},
  };
  for (const FailureCase& test : cases) {
    const InvocationFailure failure = ClassifyFailure(Refused(test.code, test.reason, "what"));
    EXPECT_EQ(failure.kind, test.kind) << test.reason;
    EXPECT_EQ(failure.retryable, test.retryable) << test.reason;
    EXPECT_EQ(failure.reason, test.reason);
    EXPECT_EQ(failure.message, "what");
  }
}

TEST(ClassifyFailure, GivesAnErrorWithoutReasonItsCode) {
  const InvocationFailure failure = ClassifyFailure(absl::InternalError("boom"));
  EXPECT_EQ(failure.kind, FailureKind::kInternal);
  EXPECT_EQ(failure.reason, "INTERNAL");
}

}  // namespace
}  // namespace fleetcast::inference
