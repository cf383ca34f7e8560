#include "services/registry/domain/run.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

Run RunningRun() {
  Run run;
  run.name = {"plant_P001_circuit_C001", "r1"};
  return run;
}

MetricPoint Point(const std::string& key, double value, std::int64_t step, std::int64_t second) {
  return {.key = key, .value = value, .step = step, .time = absl::FromUnixSeconds(second)};
}

TEST(Run, ParametersStayAsFirstLogged) {
  const auto run = ApplyBatch(RunningRun(), {.params = {{"epochs", "50"}}});
  ASSERT_TRUE(run.ok());
  EXPECT_TRUE(ApplyBatch(*run, {.params = {{"epochs", "50"}}}).ok());
  const auto changed = ApplyBatch(*run, {.params = {{"epochs", "80"}}});
  EXPECT_EQ(changed.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(changed.status()), "PARAM_IMMUTABLE");
  EXPECT_EQ(DetailsOf(changed.status())->metadata.at("value"), "50");
}

TEST(Run, TagsAreReplaced) {
  const auto first = ApplyBatch(RunningRun(), {.tags = {{"phase", "fit"}, {"host", "a"}}});
  const auto second = ApplyBatch(*first, {.tags = {{"phase", "test"}}});
  EXPECT_EQ(second->tags, (StringMap{{"phase", "test"}, {"host", "a"}}));
}

TEST(Run, TheLatestValueOfAMetricIsThatOfItsGreatestStep) {
  struct Case {
    const char* name;
    std::vector<MetricPoint> points;
    double latest;
  };
  const Case cases[] = {
      {"in order", {Point("loss", 3, 1, 1), Point("loss", 2, 2, 2)}, 2},
      {"out of order", {Point("loss", 2, 2, 1), Point("loss", 3, 1, 2)}, 2},
      {"one step, later time", {Point("loss", 3, 1, 1), Point("loss", 4, 1, 2)}, 4},
      {"one step, earlier time", {Point("loss", 3, 1, 2), Point("loss", 4, 1, 1)}, 3},
      {"one step, one time: the later logged", {Point("loss", 3, 1, 1), Point("loss", 4, 1, 1)}, 4},
  };
  for (const Case& c : cases) {
    const auto run = ApplyBatch(RunningRun(), {.metrics = c.points});
    EXPECT_EQ(run->latest_metrics.at("loss").value, c.latest) << c.name;
  }
}

TEST(Run, RefusesABatchThatIsMalformedOrTooLargeNamingTheField) {
  RunBatch too_many_metrics;
  too_many_metrics.metrics.assign(kMaxMetricsPerBatch + 1, Point("loss", 1, 1, 1));
  RunBatch too_many_params;
  for (std::size_t i = 0; i <= kMaxParamsPerBatch; ++i) {
    too_many_params.params["p" + std::to_string(i)] = "1";
  }
  struct Case {
    RunBatch batch;
    const char* field;
  };
  const Case cases[] = {
      {too_many_metrics, "metrics"},
      {too_many_params, "params"},
      {{.metrics = {Point("loss", 1, 1, 1),
                    Point("loss", std::numeric_limits<double>::quiet_NaN(), 1, 1)}},
       "metrics[1].value"},
      {{.metrics = {Point("loss", std::numeric_limits<double>::infinity(), 1, 1)}},
       "metrics[0].value"},
      {{.metrics = {Point("", 1, 1, 1)}}, "metrics[0].key"},
      {{.metrics = {Point("loss", 1, -1, 1)}}, "metrics[0].step"},
      {{.tags = {{"k", std::string(5001, 'x')}}}, "tags.k"},
      {{.tags = {{"k", std::string("a\0b", 3)}}}, "tags.k"},
      {{.params = {{"no spaces", "1"}}}, "params"},
  };
  for (const Case& c : cases) {
    const absl::Status status = CheckBatch(c.batch);
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.field;
    EXPECT_EQ(DetailsOf(status)->field_violations.at(0).field, c.field);
  }
}

TEST(Run, AcceptsNothingOnceItHasEnded) {
  registry::Run run = RunningRun();
  run.state = RunState::kKilled;
  EXPECT_EQ(ReasonOf(ApplyBatch(run, {.tags = {{"a", "b"}}}).status()), "RUN_ENDED");
}

TEST(Run, EndsOnce) {
  registry::Run run = RunningRun();
  EXPECT_TRUE(*NeedsFinish(run, RunState::kFinished));
  run.state = RunState::kFinished;
  EXPECT_FALSE(*NeedsFinish(run, RunState::kFinished));
  EXPECT_EQ(ReasonOf(NeedsFinish(run, RunState::kFailed).status()), "RUN_ENDED");
  EXPECT_EQ(ReasonOf(NeedsFinish(run, RunState::kKilled).status()), "RUN_ENDED");
}

TEST(Run, IsEndedOnlyInATerminalState) {
  EXPECT_FALSE(CheckFinish(std::nullopt, "").ok());
  EXPECT_FALSE(CheckFinish(RunState::kRunning, "").ok());
  EXPECT_TRUE(CheckFinish(RunState::kKilled, "lease lost").ok());
  EXPECT_FALSE(CheckFinish(RunState::kKilled, std::string(2001, 'x')).ok());
}

}  // namespace
}  // namespace fleetcast::registry
