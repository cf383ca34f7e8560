#include "services/registry/domain/experiment_store.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/contract/registry/stores.h"

namespace fleetcast::registry {
namespace {

const RunName kLoggedRun{"plant_P001_circuit_C001", "r1"};

class ExperimentStoreTest : public StoreTest {
 protected:
  ExperimentStore& store() { return stores_->experiments(); }

  absl::Status Log(const RunBatch& batch) {
    return store().LogBatch(Request("LogBatch"), kLoggedRun, batch);
  }
};
FLEETCAST_ON_BOTH_BACKENDS(ExperimentStoreTest);

TEST_P(ExperimentStoreTest, ReturnsAnExperimentThatStandsWithTheSameContents) {
  const auto first =
      store().CreateExperiment(Request("CreateExperiment"), *NewExperiment("e", "one"));
  const auto second =
      store().CreateExperiment(Request("CreateExperiment"), *NewExperiment("e", "one"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->create_time, second->create_time);
  const auto other =
      store().CreateExperiment(Request("CreateExperiment"), *NewExperiment("e", "two"));
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(other.status()), "EXPERIMENT_DIFFERS");
}

TEST_P(ExperimentStoreTest, AnswersARepeatedRequestOnceAndRefusesAnotherUnderItsId) {
  AddRun(kLoggedRun);
  const auto request = Request("CreateRun");
  const registry::Run wanted =
      *NewRun(kLoggedRun.experiment_id, "r2", "PR-17_2025-12-09", {{"a", "b"}});
  const auto first = store().CreateRun(request, wanted);
  const auto second = store().CreateRun(request, wanted);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->create_time, second->create_time);
  EXPECT_EQ(second->display_name, "PR-17_2025-12-09");
  EXPECT_EQ(second->tags, (StringMap{{"a", "b"}}));

  auto other = request;
  other.fingerprint = "something else";
  const auto reused = store().CreateRun(other, wanted);
  EXPECT_EQ(reused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(reused.status()), "REQUEST_ID_REUSED");
}

TEST_P(ExperimentStoreTest, GivesARepeatedRequestItsFirstAnswerThoughTheRunHasGoneOn) {
  AddRun(kLoggedRun);
  const auto create = Request("CreateRun"), finish = Request("FinishRun");
  const registry::Run wanted = *NewRun(kLoggedRun.experiment_id, "r2", "", {{"phase", "begin"}});
  const auto created = store().CreateRun(create, wanted);
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_TRUE(store()
                  .LogBatch(Request("LogBatch"), wanted.name,
                            {.params = {{"epochs", "50"}}, .tags = {{"phase", "fit"}}})
                  .ok());
  const auto ended = store().FinishRun(finish, wanted.name, RunState::kFailed, "no data");
  ASSERT_TRUE(ended.ok()) << ended.status();
  const auto created_again = store().CreateRun(create, wanted);
  ASSERT_TRUE(created_again.ok()) << created_again.status();
  EXPECT_EQ(created_again->state, RunState::kRunning);
  EXPECT_EQ(created_again->end_time, absl::InfiniteFuture());
  EXPECT_EQ(created_again->create_time, created->create_time);
  EXPECT_EQ(created_again->tags, (StringMap{{"phase", "begin"}}));
  EXPECT_TRUE(created_again->params.empty());
  const auto ended_again = store().FinishRun(finish, wanted.name, RunState::kFailed, "no data");
  ASSERT_TRUE(ended_again.ok()) << ended_again.status();
  EXPECT_EQ(ended_again->end_time, ended->end_time);
  EXPECT_EQ(ended_again->params, ended->params);
}

TEST_P(ExperimentStoreTest, ForgetsARequestThatFailed) {
  const auto request = Request("CreateRun");
  const registry::Run wanted = *NewRun(kLoggedRun.experiment_id, "r2", "", {});
  EXPECT_EQ(store().CreateRun(request, wanted).status().code(), absl::StatusCode::kNotFound);
  AddRun(kLoggedRun);
  EXPECT_TRUE(store().CreateRun(request, wanted).ok());
}

TEST_P(ExperimentStoreTest, CreatesARunOnce) {
  AddRun(kLoggedRun);
  const auto again = store().CreateRun(
      Request("CreateRun"), *NewRun(kLoggedRun.experiment_id, kLoggedRun.run_id, "", {}));
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(again.status()), "RUN_EXISTS");
}

TEST_P(ExperimentStoreTest, KeepsWhatARunLogs) {
  AddRun(kLoggedRun);
  ASSERT_TRUE(Log({.params = {{"epochs", "50"}},
                   .metrics = {{.key = "loss", .value = 0.5, .step = 1},
                               {.key = "loss", .value = 0.1, .step = 2}},
                   .tags = {{"phase", "fit"}}})
                  .ok());
  ASSERT_TRUE(
      Log({.metrics = {{.key = "loss", .value = 1.0 / 3, .step = 3}}, .tags = {{"phase", "test"}}})
          .ok());
  const auto run = store().GetRun(kLoggedRun);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->params, (StringMap{{"epochs", "50"}}));
  EXPECT_EQ(run->tags, (StringMap{{"phase", "test"}}));
  EXPECT_EQ(run->latest_metrics.at("loss").value, 1.0 / 3);
  EXPECT_EQ(run->latest_metrics.at("loss").step, 3);
  EXPECT_EQ(run->state, RunState::kRunning);
  EXPECT_EQ(run->end_time, absl::InfiniteFuture());
}

TEST_P(ExperimentStoreTest, KeepsNothingOfABatchThatIsRefused) {
  AddRun(kLoggedRun);
  ASSERT_TRUE(Log({.params = {{"epochs", "50"}}}).ok());
  const absl::Status refused = Log({.params = {{"epochs", "80"}, {"units", "8"}},
                                    .metrics = {{.key = "loss", .value = 0.5, .step = 1}},
                                    .tags = {{"phase", "fit"}}});
  EXPECT_EQ(ReasonOf(refused), "PARAM_IMMUTABLE");
  const auto run = store().GetRun(kLoggedRun);
  EXPECT_EQ(run->params, (StringMap{{"epochs", "50"}}));
  EXPECT_TRUE(run->tags.empty());
  EXPECT_TRUE(store().ListMetricHistory(kLoggedRun, "", {})->items.empty());
}

TEST_P(ExperimentStoreTest, LogsARepeatedBatchOnce) {
  AddRun(kLoggedRun);
  const auto request = Request("LogBatch");
  const RunBatch batch{.metrics = {{.key = "loss", .value = 0.5, .step = 1}}};
  EXPECT_TRUE(store().LogBatch(request, kLoggedRun, batch).ok());
  EXPECT_TRUE(store().LogBatch(request, kLoggedRun, batch).ok());
  EXPECT_EQ(store().ListMetricHistory(kLoggedRun, "", {})->items.size(), 1u);
}

TEST_P(ExperimentStoreTest, PagesThroughMetricHistoryByKeyStepAndOrderOfLogging) {
  AddRun(kLoggedRun);
  const absl::Time time = absl::FromUnixMicros(1'765'238'400'123'456);
  ASSERT_TRUE(Log({.metrics = {{.key = "val", .value = 9, .step = 1, .time = time},
                               {.key = "loss", .value = 3, .step = 2, .time = time},
                               {.key = "loss", .value = 1, .step = 1, .time = time}}})
                  .ok());
  ASSERT_TRUE(Log({.metrics = {{.key = "loss", .value = 2, .step = 1, .time = time}}}).ok());
  std::vector<double> values;
  PageRequest page{.size = 1, .after = {}};
  do {
    const auto points = store().ListMetricHistory(kLoggedRun, "", page);
    ASSERT_TRUE(points.ok()) << points.status();
    ASSERT_EQ(points->items.size(), 1u);
    EXPECT_EQ(points->items[0].time, time);
    values.push_back(points->items[0].value);
    page.after = points->next_after;
  } while (!page.after.empty() && values.size() < 10);
  EXPECT_EQ(values, (std::vector<double>{1, 2, 3, 9}));
  EXPECT_EQ(store().ListMetricHistory(kLoggedRun, "val", {})->items.size(), 1u);
  EXPECT_EQ(store().ListMetricHistory({kLoggedRun.experiment_id, "none"}, "", {}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(ExperimentStoreTest, EndsARunOnce) {
  AddRun(kLoggedRun);
  const auto request = Request("FinishRun");
  const auto killed = store().FinishRun(request, kLoggedRun, RunState::kKilled, "lease lost");
  ASSERT_TRUE(killed.ok());
  EXPECT_EQ(killed->state, RunState::kKilled);
  EXPECT_EQ(killed->state_reason, "lease lost");
  EXPECT_LT(killed->create_time, killed->end_time);
  EXPECT_TRUE(store().FinishRun(request, kLoggedRun, RunState::kKilled, "lease lost").ok());

  const auto again =
      store().FinishRun(Request("FinishRun"), kLoggedRun, RunState::kKilled, "other");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->state_reason, "lease lost");
  EXPECT_EQ(again->end_time, killed->end_time);
  const auto other = store().FinishRun(Request("FinishRun"), kLoggedRun, RunState::kFinished, "");
  EXPECT_EQ(ReasonOf(other.status()), "RUN_ENDED");
  EXPECT_EQ(ReasonOf(Log({.tags = {{"a", "b"}}})), "RUN_ENDED");
}

TEST_P(ExperimentStoreTest, SaysWhatDoesNotExist) {
  EXPECT_EQ(store().GetExperiment("e").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store().GetRun(kLoggedRun).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Log({.tags = {{"a", "b"}}}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(
      store().FinishRun(Request("FinishRun"), kLoggedRun, RunState::kFailed, "").status().code(),
      absl::StatusCode::kNotFound);
}

TEST_P(ExperimentStoreTest, ListsNewestFirstInPages) {
  for (const char* experiment : {"a", "b"}) {
    for (int i = 0; i < 3; ++i) AddRun({experiment, absl::StrCat("r", i)});
  }
  const auto first = store().ListRuns("b", {.page = {.size = 2, .after = {}}});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->items[0].name.Text(), "experiments/b/runs/r2");
  EXPECT_EQ(first->items[1].name.Text(), "experiments/b/runs/r1");
  const auto second = store().ListRuns("b", {.page = {.size = 2, .after = first->next_after}});
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].name.Text(), "experiments/b/runs/r0");
  EXPECT_TRUE(second->next_after.empty());
  EXPECT_EQ(store().ListRuns("-", {})->items.size(), 6u);

  const auto experiments = store().ListExperiments({.page = {.size = 1, .after = {}}});
  ASSERT_EQ(experiments->items.size(), 1u);
  EXPECT_EQ(experiments->items[0].experiment_id, "b");
  const auto rest =
      store().ListExperiments({.page = {.size = 1, .after = experiments->next_after}});
  EXPECT_EQ(rest->items[0].experiment_id, "a");
}

TEST_P(ExperimentStoreTest, ListsWhatTheFilterMatches) {
  AddRun(kLoggedRun);
  AddRun({kLoggedRun.experiment_id, "r2"});
  ASSERT_TRUE(Log({.params = {{"epochs", "50"}},
                   .metrics = {{.key = "loss", .value = 0.125, .step = 1}},
                   .tags = {{"phase", "fit"}}})
                  .ok());
  ASSERT_TRUE(store().FinishRun(Request("FinishRun"), kLoggedRun, RunState::kFailed, "").ok());
  struct Case {
    const char* filter;
    std::vector<std::string> runs;
  };
  const Case cases[] = {
      {"state = FAILED", {"r1"}},
      {"NOT state = FAILED", {"r2"}},
      {"tags.phase = fit AND metrics.loss < 0.2", {"r1"}},
      {"metrics.loss > 0.2", {}},
      {"tags.phase != fit", {"r2"}},
      {"params.epochs = \"50\" OR state = RUNNING", {"r2", "r1"}},
      {"create_time > 2001-01-01", {"r2", "r1"}},
      {"end_time:*", {"r1"}},
      {"tags.phase:*", {"r1"}},
  };
  for (const Case& c : cases) {
    const auto runs = store().ListRuns(kLoggedRun.experiment_id,
                                       {.page = {}, .filter = *ParseRunFilter(c.filter)});
    ASSERT_TRUE(runs.ok()) << c.filter << ": " << runs.status();
    std::vector<std::string> ids;
    for (const registry::Run& run : runs->items) ids.push_back(run.name.run_id);
    EXPECT_EQ(ids, c.runs) << c.filter;
  }
  EXPECT_EQ(
      store()
          .ListExperiments({.page = {}, .filter = *ParseExperimentFilter("experiment_id:\"P001\"")})
          ->items.size(),
      1u);
}

}  // namespace
}  // namespace fleetcast::registry
