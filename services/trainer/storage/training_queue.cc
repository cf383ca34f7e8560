#include "services/trainer/storage/training_queue.h"

#include "absl/strings/str_cat.h"
#include "common/db/transaction.h"
#include "common/workqueue/pools.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {

namespace {

// The last run that gave a circuit a version that passed the gate. As the index tasks_that_passed
// has it.
constexpr char kHasLastThatPassed[] = R"sql(EXISTS (
  SELECT FROM trainer.tasks t
  WHERE t.group_id = g.group_id AND t.queue = 'training' AND t.state = 'SUCCEEDED'
    AND t.result -> 'gate' ->> 'verdict' IN ('BETTER', 'AS_GOOD', 'NOT_COMPARABLE', 'CHAMPION')
    AND NOT EXISTS (
      SELECT FROM trainer.tasks later
      WHERE later.name = t.name AND later.task_id > t.task_id AND later.queue = 'training'
        AND later.state = 'SUCCEEDED'
        AND later.result -> 'gate' ->> 'verdict' IN ('BETTER', 'AS_GOOD', 'NOT_COMPARABLE', 'CHAMPION'))))sql";

absl::Status Enqueue(workqueue::Queue& closing, pqxx::work& work, const std::string& id,
                     const OpenRun& open, absl::Duration delay) {
  return closing.Enqueue(work, id, "{}",
                         {{.name = "run",
                           .key = id,
                           .pool = kClosingQueue,
                           .payload = ToJson(open),
                           .max_attempts = 5,
                           .attempt_timeout = absl::Minutes(1),
                           .delay = delay}});
}

}  // namespace

absl::Status EnqueueEnd(workqueue::Queue& closing, const workqueue::Hold& hold,
                        const OpenRun& open) {
  const std::string id = absl::StrCat("end-", hold.task().id, "-", hold.task().lease_epoch);
  return db::RunInTransaction(closing.pool(), [&](pqxx::work& work) {
    return Enqueue(closing, work, id, open, absl::ZeroDuration());
  });
}

workqueue::QueueOptions ClosingQueueOptions() {
  return {.schema = kSchema, .queue = kClosingQueue};
}

workqueue::QueueOptions TrainingQueueOptions(workqueue::Queue& closing) {
  const auto close_run = [&closing](pqxx::work& work, const workqueue::Task& task) {
    const TrainingJob job = JobOf(task);
    const std::string id = absl::StrCat("closing-", task.id, "-", task.lease_epoch);
    const OpenRun open{
        .experiment_run = ExperimentRunResource(job.subject, job.name(), task.lease_epoch),
        .why = absl::StrCat("replica ", task.holder, " does not hold the job any more")};
    return Enqueue(closing, work, id, open, absl::Minutes(1));
  };
  return {.schema = kSchema,
          .queue = kTrainingQueue,
          .on_interrupted = close_run,
          .kept = kHasLastThatPassed};
}

workqueue::NewTask TaskOf(const Subject& subject, const RunPin& pin, int max_attempts) {
  const std::string job_id = subject.job_id();
  // Pushes to one pull request concern one another; two pull requests do not.
  const int number = pin.spec.pull_request_number;
  return {.name = job_id,
          .key = number > 0 ? absl::StrCat("PR-", number, "/", job_id) : absl::StrCat("/", job_id),
          .pool = workqueue::EnvironmentPool(subject.environment()),
          .pools = {workqueue::kFleetPool, workqueue::PlantPool(subject.plant_id())},
          .payload = ToJson(subject),
          .max_attempts = max_attempts,
          .stall_timeout = kStallTimeout};
}

}  // namespace fleetcast::trainer
