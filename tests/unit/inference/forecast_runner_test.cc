#include "services/inference/worker/forecast_runner.h"

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::inference {
namespace {

using workqueue::Ending;

class ScriptedForecaster final : public Forecaster {
 public:
  absl::StatusOr<Forecast> Make(const HeldInvocation& invocation, const workqueue::Hold&) override {
    asked.push_back(invocation.name.circuit.circuit_id);
    return make(asked.back());
  }
  absl::StatusOr<Forecast> MakeStandIn(const HeldInvocation& invocation, const workqueue::Hold&,
                                       StandIn stand_in, const std::string& why) override {
    stood_in.push_back(invocation.name.circuit.circuit_id);
    if (!other.ok()) return other;
    Forecast forecast = *other;
    forecast.source_reason =
        absl::StrCat(why, stand_in == StandIn::kNaive ? "; naive" : "; earlier or naive");
    return forecast;
  }
  std::function<absl::StatusOr<Forecast>(const std::string&)> make;
  absl::StatusOr<Forecast> other =
      Forecast{.issue_time = absl::FromUnixSeconds(9), .source = ForecastSource::kSeasonalNaive};
  std::vector<std::string> stood_in;
  std::vector<std::string> asked;
};

class ForecastRunnerTest : public ::testing::Test {
 protected:
  // A task for each circuit C0, C1 …
  workqueue::Batch BatchOf(int tasks, Fallback fallback = Fallback::kEarlierVersionOrNaive,
                           absl::Duration waited = absl::ZeroDuration()) {
    workqueue::Batch batch;
    for (int i = 0; i < tasks; ++i)
      batch.push_back(std::make_shared<workqueue::Hold>(
          clock_,
          workqueue::FetchedTask{.group_id = "01h",
                                 .name = absl::StrCat("P001.C", i),
                                 .payload = ToJson(InvocationPin{.model_version = 1,
                                                                 .artifact_sha256 = "a",
                                                                 .sensor_id = "S",
                                                                 .ask_time = clock_.Now() - waited,
                                                                 .fallback = fallback}),
                                 .attempt_count = 1,
                                 .max_attempts = 3,
                                 .attempt_timeout = absl::InfiniteDuration(),
                                 .stall_timeout = absl::InfiniteDuration()},
          clock_.Monotonic(), absl::Seconds(30)));
    return batch;
  }
  std::vector<workqueue::Outcome> Run(const workqueue::Batch& batch) {
    return ForecastCircuits(forecaster_, clock_)(batch).outcomes;
  }

  testing::FakeClock clock_;
  ScriptedForecaster forecaster_;
};

TEST_F(ForecastRunnerTest, OneCircuitsErrorOrExceptionIsItsOwn) {
  forecaster_.make = [](const std::string& circuit) -> absl::StatusOr<Forecast> {
    if (circuit == "C1") throw std::runtime_error("boom");
    if (circuit == "C2") return Refused(absl::StatusCode::kNotFound, "SENSOR_NOT_FOUND", "none");
    return Forecast{.issue_time = absl::FromUnixSeconds(7)};
  };
  workqueue::Batch batch = BatchOf(5);
  batch[3] = std::make_shared<workqueue::Hold>(
      clock_,
      workqueue::FetchedTask{
          .name = "P001.C3", .payload = "7", .attempt_timeout = absl::InfiniteDuration()},
      clock_.Monotonic(), absl::Seconds(30));
  const auto outcomes = Run(batch);
  ASSERT_EQ(outcomes.size(), 5U);
  EXPECT_EQ(outcomes[0].ending, Ending::kSucceeded);
  EXPECT_EQ(outcomes[0].result, R"({"issue_time":7000000})");
  EXPECT_EQ(outcomes[1].failure->reason, "UNEXPECTED_EXCEPTION");
  EXPECT_EQ(outcomes[2].failure->kind, workqueue::FailureKind::kData);
  EXPECT_EQ(outcomes[3].failure->reason, "PAYLOAD_UNREADABLE");
  EXPECT_EQ(outcomes[3].failure->kind, workqueue::FailureKind::kConfiguration);
  EXPECT_EQ(outcomes[4].ending, Ending::kSucceeded);
}

TEST_F(ForecastRunnerTest, WhatIsAwayIsAskedForThreeTimesAndThenTheRestOfTheBatchWaits) {
  forecaster_.make = [](const std::string&) {
    return Refused(absl::StatusCode::kUnavailable, "MODEL_UNAVAILABLE", "away");
  };
  const auto outcomes = Run(BatchOf(10));
  EXPECT_EQ(forecaster_.asked.size(), 3U);
  for (const workqueue::Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.ending, Ending::kSnoozed);
    EXPECT_EQ(outcome.dependency, "registry");
  }
}

TEST_F(ForecastRunnerTest, OneCircuitWhoseSourceIsAwayKeepsNobodyWaiting) {
  forecaster_.make = [](const std::string& circuit) -> absl::StatusOr<Forecast> {
    if (circuit == "C0") return absl::UnavailableError("this one is away");
    return Forecast{};
  };
  Run(BatchOf(5));
  EXPECT_EQ(forecaster_.asked.size(), 5U);
}

TEST_F(ForecastRunnerTest, NothingIsBegunOnceTheProcessDrains) {
  const workqueue::Batch batch = BatchOf(3);
  forecaster_.make = [&](const std::string&) -> absl::StatusOr<Forecast> {
    for (const auto& hold : batch) hold->Stop(workqueue::StopReason::kDraining);
    return Forecast{};
  };
  const auto outcomes = Run(batch);
  EXPECT_EQ(forecaster_.asked.size(), 1U);
  EXPECT_EQ(outcomes[0].ending, Ending::kSucceeded);
  EXPECT_EQ(outcomes[1].ending, Ending::kHandedBack);
  EXPECT_EQ(outcomes[2].ending, Ending::kHandedBack);
}

TEST_F(ForecastRunnerTest, WhatStandsInIsASuccessThatSaysSo) {
  forecaster_.make = [](const std::string&) {
    return Refused(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT", "damaged");
  };
  const auto outcomes = Run(BatchOf(1));
  EXPECT_EQ(outcomes[0].ending, Ending::kSucceeded);
  EXPECT_FALSE(outcomes[0].failure);
  const Invocation invocation = InvocationOf(
      {.name = "P001.C0", .state = workqueue::TaskState::kSucceeded, .result = outcomes[0].result});
  EXPECT_EQ(invocation.result.source, ForecastSource::kSeasonalNaive);
  EXPECT_EQ(invocation.result.issue_time, absl::FromUnixSeconds(9));
  EXPECT_EQ(InvocationReason(invocation),
            "forecast stored: MODEL_ARTIFACT_CORRUPT: damaged; earlier or naive");
}

TEST_F(ForecastRunnerTest, WhereTheConfigurationForbidsItTheInvocationFails) {
  forecaster_.make = [](const std::string&) {
    return Refused(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT", "damaged");
  };
  const auto outcomes = Run(BatchOf(1, Fallback::kNone));
  EXPECT_EQ(outcomes[0].ending, Ending::kFailed);
  EXPECT_EQ(outcomes[0].failure->reason, "MODEL_ARTIFACT_CORRUPT");
  EXPECT_TRUE(forecaster_.stood_in.empty());
}

TEST_F(ForecastRunnerTest, WhereNothingCanStandInBothFailuresAreTold) {
  forecaster_.make = [](const std::string&) {
    return Refused(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT", "damaged");
  };
  forecaster_.other = Refused(absl::StatusCode::kNotFound, "SENSOR_NOT_FOUND", "no such sensor");
  const auto outcomes = Run(BatchOf(1));
  EXPECT_EQ(outcomes[0].ending, Ending::kFailed);
  EXPECT_EQ(outcomes[0].failure->reason, "MODEL_ARTIFACT_CORRUPT");
  EXPECT_EQ(outcomes[0].failure->message, "damaged; nothing could stand in for it: no such sensor");
}

TEST_F(ForecastRunnerTest, WhereTheSensorsGoAwayMeanwhileItWaits) {
  forecaster_.make = [](const std::string&) {
    return Refused(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT", "damaged");
  };
  forecaster_.other = Refused(absl::StatusCode::kUnavailable, "SENSOR_SOURCE_UNAVAILABLE", "away");
  const auto outcomes = Run(BatchOf(1));
  EXPECT_EQ(outcomes[0].ending, Ending::kSnoozed);
  EXPECT_EQ(outcomes[0].dependency, "sensor source");
}

TEST_F(ForecastRunnerTest, ARegistryThatStaysAwayIsWaitedForAndThenEachHasANaiveForecast) {
  forecaster_.make = [](const std::string&) {
    return Refused(absl::StatusCode::kUnavailable, "MODEL_UNAVAILABLE", "away");
  };
  for (const workqueue::Outcome& outcome : Run(BatchOf(5)))
    EXPECT_EQ(outcome.ending, Ending::kSnoozed);
  EXPECT_TRUE(forecaster_.stood_in.empty());
  for (const workqueue::Outcome& outcome :
       Run(BatchOf(5, Fallback::kEarlierVersionOrNaive, kRegistryPatience))) {
    EXPECT_EQ(outcome.ending, Ending::kSucceeded);
    EXPECT_NE(outcome.result.find("MODEL_UNAVAILABLE: away; naive"), std::string::npos);
  }
  EXPECT_EQ(forecaster_.stood_in.size(), 5U);
}

}  // namespace
}  // namespace fleetcast::inference
