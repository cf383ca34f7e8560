#include "services/trainer/rpc/run_watch.h"

#include <utility>

#include "common/rpc/request.h"
#include "services/trainer/rpc/training_messages.h"

namespace fleetcast::trainer {
namespace {

// A queued job's reason changes without a change of the job, as replicas come and go: everything
// is looked at anew this often, and sent where it reads differently.
constexpr int kPollsBetweenFullReads = 25;

template <typename Message>
std::size_t HashOf(const Message& message) {
  return std::hash<std::string>()(rpc::CanonicalBytes(message));
}

}  // namespace

RunWatch::RunWatch(RunStore& store, std::string run_id, Send send)
    : store_(store), run_id_(std::move(run_id)), send_(std::move(send)) {}

absl::StatusOr<bool> RunWatch::Poll() {
  const bool first = polls_ == 0;
  const bool full = polls_++ % kPollsBetweenFullReads == 0;
  FLEETCAST_ASSIGN_OR_RETURN(const RunChanges changes,
                             store_.ChangesSince(run_id_, full ? 0 : change_number_));
  change_number_ = changes.change_number;
  // A client sees a run before its jobs, and a run's end after its jobs' ends.
  if (first && !SendRun(changes)) return true;
  if (!SendJobs(changes)) return true;
  const bool ended = IsTerminal(changes.run.state);
  if (first && ended) sent_.erase(run_id_);
  return !SendRun(changes) || ended;
}

bool RunWatch::SendJobs(const RunChanges& changes) {
  for (const TrainingJob& job : changes.jobs) {
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

bool RunWatch::SendRun(const RunChanges& changes) {
  v1::WatchTrainingRunResponse event;
  *event.mutable_training_run() = MessageOf(changes.run);
  const std::size_t hash = HashOf(event);
  if (const auto [entry, added] = sent_.try_emplace(run_id_, hash);
      !added && std::exchange(entry->second, hash) == hash)
    return true;
  return send_(event);
}

}  // namespace fleetcast::trainer
