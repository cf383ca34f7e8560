// What a user gets where the deployed version cannot forecast: scenarios.
#include "services/inference/domain/fallback.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/inference/domain/failure.h"

namespace fleetcast::inference {
namespace {

using absl::StatusCode;

// Of an attempt that ended with this error, as the runner sees it.
Trouble TroubleWith(const absl::Status& status, bool last_attempt, absl::Duration waited) {
  workqueue::Verdict verdict = Classify(status);
  return {.failure = std::move(verdict.failure),
          .away = std::move(verdict.away),
          .last_attempt = last_attempt,
          .waited = waited};
}

struct Scenario {
  const char* name;
  StatusCode code;
  const char* reason;
  bool last_attempt;
  absl::Duration waited;
  StandIn expected;
};

TEST(Fallback, StandsInWhereAnotherTryMendsNothingAndReadingsAreToBeHad) {
  const absl::Duration soon = absl::Seconds(5), late = absl::Minutes(11);
  for (const Scenario& s : {
           Scenario{"the artifact is damaged", StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT",
                    false, soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"the artifact is gone", StatusCode::kDataLoss, "MODEL_ARTIFACT_MISSING", false,
                    soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"the model cannot be loaded", StatusCode::kDataLoss, "MODEL_FILE_CORRUPT",
                    false, soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"the model gives NaN", StatusCode::kInternal, "MODEL_OUTPUT_NOT_FINITE", false,
                    soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"a new sensor has too few rows for the model", StatusCode::kFailedPrecondition,
                    "DATA_TOO_FEW_ROWS", false, soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"most of the week is missing", StatusCode::kFailedPrecondition,
                    "DATA_NOT_FINITE", false, soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"a column that the model reads is gone", StatusCode::kFailedPrecondition,
                    "SENSOR_COLUMN_MISSING", false, soon, StandIn::kEarlierVersionOrNaive},
           Scenario{"the registry has just gone away", StatusCode::kUnavailable,
                    "MODEL_UNAVAILABLE", true, soon, StandIn::kNone},
           Scenario{"the registry has been away for long", StatusCode::kUnavailable,
                    "MODEL_UNAVAILABLE", false, late, StandIn::kNaive},
           Scenario{"the sensor source has been away for long", StatusCode::kUnavailable,
                    "SENSOR_SOURCE_UNAVAILABLE", true, late, StandIn::kNone},
           Scenario{"there is no such sensor", StatusCode::kNotFound, "SENSOR_NOT_FOUND", true,
                    late, StandIn::kNone},
           Scenario{"its file is no table", StatusCode::kFailedPrecondition,
                    "SENSOR_DATA_MALFORMED", true, late, StandIn::kNone},
           Scenario{"the readings are older than the operator allows",
                    StatusCode::kFailedPrecondition, "DATA_STALE", true, late, StandIn::kNone},
           Scenario{"the payload cannot be read", StatusCode::kFailedPrecondition,
                    "PAYLOAD_UNREADABLE", true, late, StandIn::kNone},
           Scenario{"something nobody foresaw, to be tried again", StatusCode::kInternal, "BUG",
                    false, late, StandIn::kNone},
           Scenario{"something nobody foresaw, for the last time", StatusCode::kInternal, "BUG",
                    true, soon, StandIn::kEarlierVersionOrNaive},
       }) {
    const Trouble trouble =
        TroubleWith(Refused(s.code, s.reason, "what was wrong"), s.last_attempt, s.waited);
    EXPECT_EQ(StandInFor(Fallback::kEarlierVersionOrNaive, trouble), s.expected) << s.name;
    EXPECT_EQ(StandInFor(Fallback::kNone, trouble), StandIn::kNone) << s.name;
  }
}

TEST(Fallback, NothingStandsInForAnAttemptThatTookTooLongOrWhoseMachineDied) {
  for (const auto kind : {workqueue::FailureKind::kTimeout, workqueue::FailureKind::kEnvironment}) {
    const Trouble trouble{.failure = {.kind = kind, .reason = "X", .retryable = true},
                          .away = "",
                          .last_attempt = true};
    EXPECT_EQ(StandInFor(Fallback::kEarlierVersionOrNaive, trouble), StandIn::kNone);
  }
}

}  // namespace
}  // namespace fleetcast::inference
