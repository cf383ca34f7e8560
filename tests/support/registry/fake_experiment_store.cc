#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/support/registry/fake_stores.h"

namespace fleetcast::testing {

using namespace registry;

namespace {

absl::StatusOr<Experiment> FindExperiment(FakeTables& tables, const std::string& id)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  for (const Experiment& experiment : tables.experiments) {
    if (experiment.experiment_id == id) return experiment;
  }
  return ExperimentNotFound(id);
}

Run* FindRun(FakeTables& tables, const RunName& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(tables.mutex) {
  for (Run& run : tables.runs) {
    if (run.name == name) return &run;
  }
  return nullptr;
}

template <typename T>
std::vector<T> NewestFirst(std::vector<T> rows) {
  std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace

absl::StatusOr<Experiment> FakeExperimentStore::CreateExperiment(const MutatingRequest& request,
                                                                 const Experiment& experiment) {
  absl::MutexLock lock(&tables_.mutex);
  const auto create = [&]() -> absl::StatusOr<Experiment> {
    const auto standing = FindExperiment(tables_, experiment.experiment_id);
    if (standing.ok()) {
      FLEETCAST_RETURN_IF_ERROR(CheckSameExperiment(*standing, experiment));
      return *standing;
    }
    Experiment created = experiment;
    created.create_time = tables_.Tick();
    tables_.experiments.push_back(created);
    return created;
  };
  return AnswerOnce<Experiment>(tables_, request, create);
}

absl::StatusOr<Experiment> FakeExperimentStore::GetExperiment(const std::string& experiment_id) {
  absl::MutexLock lock(&tables_.mutex);
  return FindExperiment(tables_, experiment_id);
}

absl::StatusOr<PageOf<Experiment>> FakeExperimentStore::ListExperiments(const ListQuery& query) {
  absl::MutexLock lock(&tables_.mutex);
  return PageOfRows<Experiment>(
      NewestFirst(tables_.experiments), query.page,
      [](const Experiment& row) { return std::vector<std::string>{row.experiment_id}; },
      [&](const Experiment& row) {
        return !query.filter.has_value() || Matches(*query.filter, [&](const std::string& field) {
          return ExperimentField(row, field);
        });
      });
}

absl::StatusOr<Run> FakeExperimentStore::CreateRun(const MutatingRequest& request, const Run& run) {
  absl::MutexLock lock(&tables_.mutex);
  const auto create = [&]() -> absl::StatusOr<Run> {
    FLEETCAST_RETURN_IF_ERROR(FindExperiment(tables_, run.name.experiment_id).status());
    if (FindRun(tables_, run.name) != nullptr) return RunExists(run.name);
    tables_.runs.push_back(CreatedRun(run, tables_.Tick()));
    return tables_.runs.back();
  };
  return AnswerOnce<Run>(tables_, request, create);
}

absl::StatusOr<Run> FakeExperimentStore::GetRun(const RunName& name) {
  absl::MutexLock lock(&tables_.mutex);
  const Run* run = FindRun(tables_, name);
  if (run == nullptr) return RunNotFound(name);
  return *run;
}

absl::StatusOr<PageOf<Run>> FakeExperimentStore::ListRuns(const std::string& experiment_id,
                                                          const ListQuery& query) {
  absl::MutexLock lock(&tables_.mutex);
  return PageOfRows<Run>(
      NewestFirst(tables_.runs), query.page,
      [](const Run& row) { return std::vector<std::string>{row.name.Text()}; },
      [&](const Run& row) {
        return (experiment_id == "-" || row.name.experiment_id == experiment_id) &&
               (!query.filter.has_value() || Matches(*query.filter, [&](const std::string& field) {
                 return RunField(row, field);
               }));
      });
}

absl::Status FakeExperimentStore::LogBatch(const MutatingRequest& request, const RunName& name,
                                           const RunBatch& batch) {
  absl::MutexLock lock(&tables_.mutex);
  const auto log = [&]() -> absl::StatusOr<Run> {
    Run* run = FindRun(tables_, name);
    if (run == nullptr) return RunNotFound(name);
    const RunBatch timed = WithTimes(batch, tables_.Tick());
    FLEETCAST_ASSIGN_OR_RETURN(*run, ApplyBatch(*run, timed));
    auto& history = tables_.metrics[name];
    history.insert(history.end(), timed.metrics.begin(), timed.metrics.end());
    return *run;
  };
  return AnswerOnce<Run>(tables_, request, log).status();
}

absl::StatusOr<Run> FakeExperimentStore::FinishRun(const MutatingRequest& request,
                                                   const RunName& name, RunState state,
                                                   const std::string& reason) {
  absl::MutexLock lock(&tables_.mutex);
  const auto finish = [&]() -> absl::StatusOr<Run> {
    Run* run = FindRun(tables_, name);
    if (run == nullptr) return RunNotFound(name);
    FLEETCAST_ASSIGN_OR_RETURN(const bool needed, NeedsFinish(*run, state));
    if (!needed) return *run;
    run->state = state;
    run->state_reason = reason;
    run->end_time = tables_.Tick();
    return *run;
  };
  return AnswerOnce<Run>(tables_, request, finish);
}

absl::StatusOr<PageOf<MetricPoint>> FakeExperimentStore::ListMetricHistory(
    const RunName& name, const std::string& key, const PageRequest& page) {
  absl::MutexLock lock(&tables_.mutex);
  if (FindRun(tables_, name) == nullptr) return RunNotFound(name);
  struct Row {
    MetricPoint point;
    std::size_t position;
  };
  std::vector<Row> rows;
  const auto& history = tables_.metrics[name];
  for (std::size_t i = 0; i < history.size(); ++i) rows.push_back({history[i], i});
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.point.key, a.point.step) < std::tie(b.point.key, b.point.step);
  });
  const auto found = PageOfRows<Row>(
      rows, page,
      [](const Row& row) { return std::vector<std::string>{absl::StrCat(row.position)}; },
      [&](const Row& row) { return key.empty() || row.point.key == key; });
  PageOf<MetricPoint> answer;
  for (const Row& row : found.items) answer.items.push_back(row.point);
  answer.next_after = found.next_after;
  return answer;
}

}  // namespace fleetcast::testing
