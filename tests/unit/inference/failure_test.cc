#include "services/inference/domain/failure.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

using workqueue::FailureKind;

struct FailureCase {
  absl::StatusCode code;
  const char* reason;
  FailureKind kind;
  bool retryable;
  const char* away;
};

TEST(Classify, GoesByReasonThenByCode) {
  using enum absl::StatusCode;
  const FailureCase cases[] = {
      {kFailedPrecondition, "DATA_TOO_FEW_ROWS", FailureKind::kData, false, ""},
      {kFailedPrecondition, "DATA_STALE", FailureKind::kData, false, ""},
      {kNotFound, "SENSOR_NOT_FOUND", FailureKind::kData, false, ""},
      {kFailedPrecondition, "SENSOR_DATA_MALFORMED", FailureKind::kData, false, ""},
      {kDataLoss, "MODEL_FILE_CORRUPT", FailureKind::kModel, false, ""},
      {kDataLoss, "MODEL_ARTIFACT_MISSING", FailureKind::kModel, false, ""},
      {kFailedPrecondition, "PAYLOAD_UNREADABLE", FailureKind::kConfiguration, false, ""},
      {kInternal, "POSTGRES_ERROR", FailureKind::kInternal, true, ""},
      {kDataLoss, "DATA_LOSS", FailureKind::kInternal, true, ""},
  };
  for (const FailureCase& test : cases) {
    const workqueue::Verdict verdict = Classify(Refused(test.code, test.reason, "what"));
    EXPECT_EQ(verdict.failure.kind, test.kind) << test.reason;
    EXPECT_EQ(verdict.failure.retryable, test.retryable) << test.reason;
    EXPECT_EQ(verdict.failure.reason, test.reason);
    EXPECT_EQ(verdict.failure.message, "what");
    EXPECT_EQ(verdict.away, test.away) << test.reason;
  }
}

TEST(Classify, SaysWhatIsAwayForNow) {
  const auto away = [](absl::StatusCode code, const char* reason) {
    return Classify(Refused(code, reason, "what")).away;
  };
  using enum absl::StatusCode;
  EXPECT_EQ(away(kUnavailable, "SENSOR_SOURCE_UNAVAILABLE"), "sensor source");
  EXPECT_EQ(away(kUnavailable, "POSTGRES_UNAVAILABLE"), "sensor source");
  EXPECT_EQ(away(kUnavailable, "MODEL_UNAVAILABLE"), "registry");
  EXPECT_EQ(Classify(absl::DeadlineExceededError("slow")).away, "registry");
}

TEST(Classify, GivesAnErrorWithoutReasonItsCode) {
  const workqueue::Verdict verdict = Classify(absl::DataLossError("damaged on its way"));
  EXPECT_EQ(verdict.failure.kind, FailureKind::kInternal);
  EXPECT_EQ(verdict.failure.reason, "DATA_LOSS");
}

}  // namespace
}  // namespace fleetcast::inference
