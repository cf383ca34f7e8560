#include "services/trainer/worker/training_runner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "services/trainer/domain/failure.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/training_attempt.h"

namespace fleetcast::trainer {
namespace {

using workqueue::Batch;
using workqueue::BatchOutcome;
using workqueue::Ending;
using workqueue::Hold;
using workqueue::Outcome;
using workqueue::OutcomeOf;

Outcome Train(const TrainingTools& tools, const std::string& replica, Hold& hold) {
  const auto job = HeldJobOf(hold.task(), replica);
  if (!job.ok()) return OutcomeOf(job.status(), hold, Classify);
  const ScopedLogFields fields(
      {{"training_job", JobResource(job->name)}, {"lease_epoch", absl::StrCat(job->lease_epoch)}});
  const auto result = TrainingAttempt(tools, *job, hold).Run();
  if (!result.ok()) return OutcomeOf(result.status(), hold, Classify);
  const std::string why = WhyOf(*result);
  LogInfo("trained", {{"model_version", result->model_version}, {"verdict", why}});
  return {.ending = Ending::kSucceeded, .result = ToJson(*result), .reason = why};
}

Outcome Close(ModelRegistry& registry, const Hold& hold) {
  const auto open = OpenRunFromJson(hold.task().payload);
  if (!open.ok()) return OutcomeOf(open.status(), hold, Classify);
  const ScopedCancellation stop(hold.stop_token());
  const absl::Status closed = registry.FinishRun(DerivedUuid(hold.task().group_id),
                                                 open->experiment_run, open->end, open->why);
  if (!closed.ok()) return OutcomeOf(closed, hold, Classify);
  return {.ending = Ending::kSucceeded, .result = "{}"};
}

template <typename Work>
workqueue::Runner EachAlone(Work work) {
  return [work = std::move(work)](const Batch& batch) {
    BatchOutcome outcome;
    for (const auto& hold : batch) outcome.outcomes.push_back(work(*hold));
    return outcome;
  };
}

}  // namespace

workqueue::Runner TrainJobs(const TrainingTools& tools, std::string replica) {
  return EachAlone(
      [&tools, replica = std::move(replica)](Hold& hold) { return Train(tools, replica, hold); });
}

workqueue::Runner CloseRuns(ModelRegistry& registry) {
  return EachAlone([&registry](const Hold& hold) { return Close(registry, hold); });
}

}  // namespace fleetcast::trainer
