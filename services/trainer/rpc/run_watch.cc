#include "services/trainer/rpc/run_watch.h"

#include <utility>

#include "common/rpc/request.h"
#include "services/trainer/rpc/training_messages.h"

namespace fleetcast::trainer {
namespace {

// A queued job's reason changes without a change of the job, as replicas come and go: everything
// is looked at anew this often, and sent where it reads differently.
constexpr int kPollsBetweenFullReads = 60;

template <typename Message>
std::size_t HashOf(const Message& message) {
  return std::hash<std::string>()(rpc::CanonicalBytes(message));
}

}  // namespace

RunWatch::RunWatch(RunStore& store, std::string run_id, Send send)
    : store_(store), run_id_(std::move(run_id)), send_(std::move(send)) {}

absl::StatusOr<bool> RunWatch::Poll() {
  const bool first = polls_ == 0;
  workqueue::Mark mark = polls_++ % kPollsBetweenFullReads == 0 ? workqueue::Mark{} : mark_;
  for (bool sent_first = !first;;) {
    FLEETCAST_ASSIGN_OR_RETURN(const RunChanges changes, store_.ChangesSince(run_id_, mark));
    mark = mark_ = changes.mark;
    // A client sees a run before its jobs, and a run's end after its jobs' ends.
    if (!std::exchange(sent_first, true) && !SendRun(changes.run)) return true;
    if (!SendJobs(changes.changed) || !SendJobs(changes.running)) return true;
    if (changes.more) continue;
    const bool ended = IsTerminal(changes.run.group.state);
    if (first && ended) sent_.erase(run_id_);
    return !SendRun(changes.run) || ended;
  }
}

bool RunWatch::SendJobs(const std::vector<TrainingJob>& jobs) {
  for (const TrainingJob& job : jobs) {
    v1::WatchTrainingRunResponse event;
    *event.mutable_training_job() = MessageOf(job);
    const std::size_t hash = HashOf(event);
    if (const auto [entry, added] = sent_.try_emplace(event.training_job().name(), hash);
        !added && std::exchange(entry->second, hash) == hash)
      continue;
    if (!send_(event)) return false;
  }
  return true;
}

bool RunWatch::SendRun(const TrainingRun& run) {
  v1::WatchTrainingRunResponse event;
  *event.mutable_training_run() = MessageOf(run);
  const std::size_t hash = HashOf(event);
  if (const auto [entry, added] = sent_.try_emplace(run_id_, hash);
      !added && std::exchange(entry->second, hash) == hash)
    return true;
  return send_(event);
}

}  // namespace fleetcast::trainer
