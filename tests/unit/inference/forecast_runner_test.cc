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
  std::function<absl::StatusOr<Forecast>(const std::string&)> make;
  std::vector<std::string> asked;
};

class ForecastRunnerTest : public ::testing::Test {
 protected:
  // A task for each circuit C0, C1 …
  workqueue::Batch BatchOf(int tasks) {
    workqueue::Batch batch;
    for (int i = 0; i < tasks; ++i)
      batch.push_back(std::make_shared<workqueue::Hold>(
          clock_,
          workqueue::FetchedTask{.group_id = "01h",
                                 .name = absl::StrCat("P001.C", i),
                                 .payload = ToJson(InvocationPin{
                                     .model_version = 1, .artifact_sha256 = "a", .sensor_id = "S"}),
                                 .attempt_timeout = absl::InfiniteDuration(),
                                 .stall_timeout = absl::InfiniteDuration()},
          clock_.Monotonic(), absl::Seconds(30)));
    return batch;
  }
  std::vector<workqueue::Outcome> Run(const workqueue::Batch& batch) {
    return ForecastCircuits(forecaster_)(batch).outcomes;
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

}  // namespace
}  // namespace fleetcast::inference
