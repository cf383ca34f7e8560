#include "tests/support/trainer/fake_job_store.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

absl::StatusOr<std::optional<std::string>> RunField(const TrainingRun& run,
                                                    const std::string& field) {
  using Value = std::optional<std::string>;
  if (field == "state") return Value(Word(run.state));
  if (field == "commit") return Value(run.commit);
  if (field == "pull_request.number") return Value(absl::StrCat(run.spec.pull_request_number));
  if (field == "pull_request.author") return Value(run.spec.pull_request_author);
  if (field == "retry_of") return run.retry_of.empty() ? Value() : Value(RunResource(run.retry_of));
  if (field == "create_time")
    return Value(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", run.created_at, absl::UTCTimeZone()));
  return UnknownFilterField(field, kRunFilterFields);
}

absl::StatusOr<std::optional<std::string>> JobField(const TrainingJob& job,
                                                    const std::string& field) {
  using Value = std::optional<std::string>;
  if (field == "state") return Value(Word(job.state));
  if (field == "plant_id") return Value(job.circuit.plant_id);
  if (field == "circuit_id") return Value(job.circuit.circuit_id);
  if (field == "cutoff_date") return Value(job.circuit.cutoff_date);
  if (field == "environment") return Value(job.environment);
  if (field == "replica") return Value(job.replica);
  if (field == "failure.kind") return job.failure ? Value(Word(job.failure->kind)) : Value();
  if (field == "failure.reason") return job.failure ? Value(job.failure->reason) : Value();
  return UnknownFilterField(field, kJobFilterFields);
}

template <typename T>
absl::StatusOr<bool> Selected(
    const std::optional<Filter>& filter, const T& item,
    absl::StatusOr<std::optional<std::string>> (*field_of)(const T&, const std::string&)) {
  if (!filter) return true;
  absl::Status unknown;
  const bool matches = Matches(*filter, [&](const std::string& field) {
    const auto value = field_of(item, field);
    if (!value.ok()) unknown = value.status();
    return value.ok() ? *value : std::nullopt;
  });
  if (!unknown.ok()) return unknown;
  return matches;
}

}  // namespace

void FakeJobStore::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

absl::StatusOr<std::optional<std::string>> FakeJobStore::FirstAnswer(
    const MutatingRequest& request) const {
  FLEETCAST_RETURN_IF_ERROR(failure_);
  FLEETCAST_RETURN_IF_ERROR(ValidateRequestId(request.request_id));
  const auto found = answers_.find(request.request_id);
  if (found == answers_.end()) return std::optional<std::string>();
  const MutatingRequest& first = found->second.request;
  if (first.method != request.method || first.fingerprint != request.fingerprint)
    return Refused(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                   "request_id was used before, for another request; use a new UUID");
  return std::optional<std::string>(found->second.name);
}

absl::StatusOr<FakeJobStore::Run*> FakeJobStore::Find(const std::string& run_id) {
  FLEETCAST_RETURN_IF_ERROR(failure_);
  const auto found = runs_.find(run_id);
  if (found == runs_.end()) return RunNotFound(run_id);
  return &found->second;
}

absl::StatusOr<FakeJobStore::Job*> FakeJobStore::FindHeld(const JobHold& hold) {
  FLEETCAST_ASSIGN_OR_RETURN(Run* const run, Find(hold.name.run_id));
  const auto found = run->jobs.find(hold.name.job_id);
  if (found == run->jobs.end()) return NotTheHolder(hold);
  Job& job = found->second;
  if (job.job.lease_epoch != hold.lease_epoch || job.job.state != JobState::kRunning)
    return NotTheHolder(hold);
  return &job;
}

void FakeJobStore::Add(Run& run, const CircuitConfig& circuit, int max_attempts) {
  Job added;
  added.job.name = {run.run.id, JobId(circuit.plant_id, circuit.circuit_id)};
  added.job.circuit = circuit;
  added.job.environment = EnvironmentOf(circuit.environment_version);
  added.job.max_attempts = max_attempts;
  added.job.created_at = added.job.updated_at = added.ready_at = clock_.Now();
  added.change = run.change + 1;
  run.jobs[added.job.name.job_id] = added;
}

void FakeJobStore::Changed(Run& run, Job& job) {
  job.change = run.change + 1;
  job.job.updated_at = clock_.Now();
  Refresh(run);
}

void FakeJobStore::Refresh(Run& run) {
  if (IsTerminal(run.run.state) && run.change > 0) return;
  JobCounts counts;
  for (const auto& [id, job] : run.jobs) {
    counts.queued += job.job.state == JobState::kQueued;
    counts.running += job.job.state == JobState::kRunning;
    counts.succeeded += job.job.state == JobState::kSucceeded;
    counts.failed += job.job.state == JobState::kFailed;
    counts.cancelled += job.job.state == JobState::kCancelled;
    if (job.job.started_at && !run.run.started_at) run.run.started_at = job.job.started_at;
  }
  run.run.counts = counts;
  run.run.state = RunStateOf(counts, run.run.started_at.has_value());
  run.run.updated_at = clock_.Now();
  if (IsTerminal(run.run.state)) run.run.ended_at = clock_.Now();
  ++run.change;
}

int FakeJobStore::LiveJobs() const {
  int live = 0;
  for (const auto& [id, run] : runs_) live += run.run.counts.running;
  return live;
}

TrainingJob FakeJobStore::Seen(const Job& job) const {
  TrainingJob seen = job.job;
  const auto environment = environments_seen_.find(seen.environment);
  seen.queue = {.environment_seen_at = environment == environments_seen_.end()
                                           ? std::nullopt
                                           : std::optional(environment->second),
                .now = clock_.Now(),
                .ready_at = job.ready_at,
                .live_jobs = LiveJobs()};
  return seen;
}

absl::StatusOr<std::optional<TrainingRun>> FakeJobStore::FindCreatedRun(
    const MutatingRequest& request) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const auto answer, FirstAnswer(request));
  if (!answer) return std::optional<TrainingRun>();
  return std::optional<TrainingRun>(runs_.at(*answer).run);
}

absl::StatusOr<TrainingRun> FakeJobStore::CreateRun(const MutatingRequest& request,
                                                    const NewRun& run) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const auto answer, FirstAnswer(request));
  if (answer) return runs_.at(*answer).run;
  Run& added = runs_[run.id];
  added.run.id = run.id;
  added.run.spec = run.spec;
  added.run.commit = run.commit;
  added.run.merge_base_commit = run.merge_base_commit;
  added.run.note = run.note;
  added.run.created_at = clock_.Now();
  for (const CircuitConfig& circuit : run.circuits) Add(added, circuit, run.max_attempts);
  Refresh(added);
  answers_[request.request_id] = {request, run.id};
  return added.run;
}

absl::StatusOr<TrainingRun> FakeJobStore::RetryRun(const MutatingRequest& request,
                                                   const std::string& run_id,
                                                   const std::string& new_id) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const auto answer, FirstAnswer(request));
  if (answer) return runs_.at(*answer).run;
  FLEETCAST_ASSIGN_OR_RETURN(const Run* const old, Find(run_id));
  if (!IsTerminal(old->run.state)) return RunNotEnded(run_id, old->run.state);
  if (old->run.counts.failed == 0) return NothingToRetry(run_id);
  Run& added = runs_[new_id];
  added.run.id = new_id;
  added.run.spec = old->run.spec;
  added.run.commit = old->run.commit;
  added.run.merge_base_commit = old->run.merge_base_commit;
  added.run.retry_of = run_id;
  added.run.created_at = clock_.Now();
  for (const auto& [id, job] : old->jobs)
    if (job.job.state == JobState::kFailed) Add(added, job.job.circuit, job.job.max_attempts);
  Refresh(added);
  answers_[request.request_id] = {request, new_id};
  return added.run;
}

void FakeJobStore::Cancel(Run& run, Job& job) {
  if (IsTerminal(job.job.state)) return;
  job.job.cancel_requested = true;
  if (job.job.state == JobState::kQueued) {
    job.job.state = JobState::kCancelled;
    job.job.ended_at = clock_.Now();
  }
  Changed(run, job);
}

absl::StatusOr<TrainingRun> FakeJobStore::CancelRun(const MutatingRequest& request,
                                                    const std::string& run_id) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const auto answer, FirstAnswer(request));
  if (answer) return runs_.at(*answer).run;
  FLEETCAST_ASSIGN_OR_RETURN(Run* const run, Find(run_id));
  if (IsTerminal(run->run.state)) return RunEnded(run_id, run->run.state);
  run->run.cancel_requested = true;
  for (auto& [id, job] : run->jobs) Cancel(*run, job);
  answers_[request.request_id] = {request, run_id};
  return run->run;
}

absl::StatusOr<TrainingJob> FakeJobStore::CancelJob(const MutatingRequest& request,
                                                    const JobName& name) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const auto answer, FirstAnswer(request));
  const auto run = Find(name.run_id);
  if (absl::IsNotFound(run.status()) || (run.ok() && !(*run)->jobs.contains(name.job_id)))
    return JobNotFound(name);
  FLEETCAST_RETURN_IF_ERROR(run.status());
  Job& job = (*run)->jobs[name.job_id];
  if (answer) return Seen(job);
  if (IsTerminal(job.job.state)) return JobEnded(name, job.job.state);
  Cancel(**run, job);
  answers_[request.request_id] = {request, JobResource(name)};
  return Seen(job);
}

absl::StatusOr<TrainingRun> FakeJobStore::GetRun(const std::string& run_id) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const Run* const run, Find(run_id));
  return run->run;
}

absl::StatusOr<TrainingJob> FakeJobStore::GetJob(const JobName& name) {
  absl::MutexLock lock(&mutex_);
  const auto run = Find(name.run_id);
  if (absl::IsNotFound(run.status()) || (run.ok() && !(*run)->jobs.contains(name.job_id)))
    return JobNotFound(name);
  FLEETCAST_RETURN_IF_ERROR(run.status());
  return Seen((*run)->jobs[name.job_id]);
}

absl::StatusOr<PageOf<TrainingRun>> FakeJobStore::ListRuns(const std::optional<Filter>& filter,
                                                           const PageRequest& page) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_RETURN_IF_ERROR(failure_);
  PageOf<TrainingRun> answer;
  for (auto entry = runs_.rbegin(); entry != runs_.rend(); ++entry) {
    const auto& [id, run] = *entry;
    if (!page.after.empty() && id >= page.after[0]) continue;
    FLEETCAST_ASSIGN_OR_RETURN(const bool selected, Selected(filter, run.run, RunField));
    if (!selected) continue;
    if (static_cast<int>(answer.items.size()) == page.size) {
      answer.next_after = {answer.items.back().id};
      break;
    }
    answer.items.push_back(run.run);
  }
  return answer;
}

absl::StatusOr<PageOf<TrainingJob>> FakeJobStore::ListJobs(const std::string& run_id,
                                                           const std::optional<Filter>& filter,
                                                           const PageRequest& page) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_RETURN_IF_ERROR(failure_);
  if (!run_id.empty()) FLEETCAST_RETURN_IF_ERROR(Find(run_id).status());
  PageOf<TrainingJob> answer;
  bool passed = page.after.empty();
  for (auto entry = runs_.rbegin(); entry != runs_.rend(); ++entry) {
    for (const auto& [id, job] : entry->second.jobs) {
      const std::vector<std::string> key = {entry->first, job.job.circuit.plant_id,
                                            job.job.circuit.circuit_id};
      if (!passed) {
        passed = key == page.after;
        continue;
      }
      if (!run_id.empty() && entry->first != run_id) continue;
      FLEETCAST_ASSIGN_OR_RETURN(const bool selected, Selected(filter, job.job, JobField));
      if (!selected) continue;
      if (static_cast<int>(answer.items.size()) == page.size) {
        const TrainingJob& last = answer.items.back();
        answer.next_after = {last.name.run_id, last.circuit.plant_id, last.circuit.circuit_id};
        return answer;
      }
      answer.items.push_back(Seen(job));
    }
  }
  return answer;
}

absl::StatusOr<RunChanges> FakeJobStore::ChangesSince(const std::string& run_id,
                                                      std::int64_t change_number) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(const Run* const run, Find(run_id));
  RunChanges changes{.run = run->run, .jobs = {}, .change_number = run->change};
  for (const auto& [id, job] : run->jobs)
    if (job.change > change_number) changes.jobs.push_back(Seen(job));
  return changes;
}

void FakeJobStore::Finish(Job& job, JobEnding ending, const std::optional<JobFailure>& failure) {
  const NextState next = AfterEnding(job.job, ending, failure);
  job.job.state = next.state;
  job.job.attempt_count = next.attempt_count;
  job.job.state_reason = next.reason;
  job.job.lease_expires_at.reset();
  job.ready_at = clock_.Now() + next.wait;
  if (failure) job.job.failure = failure;
  if (IsTerminal(next.state)) job.job.ended_at = clock_.Now();
  Changed(runs_.at(job.job.name.run_id), job);
}

std::vector<DeadAttempt> FakeJobStore::EndExpired() {
  std::vector<DeadAttempt> dead;
  for (auto& [id, run] : runs_)
    for (auto& [job_id, job] : run.jobs) {
      if (job.job.state != JobState::kRunning || *job.job.lease_expires_at > clock_.Now()) continue;
      dead.push_back({.hold = {job.job.name, job.job.lease_epoch},
                      .plant_id = job.job.circuit.plant_id,
                      .circuit_id = job.job.circuit.circuit_id,
                      .replica = job.job.replica});
      Finish(job, JobEnding::kLeaseExpired,
             LeaseExpiredFailure(job.job.replica, job.job.attempt_count));
    }
  return dead;
}

FakeJobStore::Job* FakeJobStore::ChooseJob(const ClaimRequest& request) {
  using Key = std::tuple<int, absl::Time, std::string, std::string, std::string>;
  std::optional<std::pair<Key, Job*>> best;
  for (auto& [id, run] : runs_)
    for (auto& [job_id, job] : run.jobs) {
      if (job.job.state != JobState::kQueued || job.job.environment != request.environment ||
          job.ready_at > clock_.Now())
        continue;
      const Key key(run.run.counts.running, run.run.created_at, id, job.job.circuit.plant_id,
                    job.job.circuit.circuit_id);
      if (!best || key < best->first) best.emplace(key, &job);
    }
  return best ? best->second : nullptr;
}

absl::StatusOr<Claim> FakeJobStore::ClaimJob(const ClaimRequest& request) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_RETURN_IF_ERROR(failure_);
  Claim claim;
  claim.dead = EndExpired();
  Job* const job = LiveJobs() < request.max_parallel ? ChooseJob(request) : nullptr;
  if (job == nullptr) return claim;
  job->job.state = JobState::kRunning;
  job->job.state_reason.clear();
  ++job->job.lease_epoch;
  ++job->job.attempt_count;
  job->job.replica = request.replica;
  job->job.lease_expires_at = clock_.Now() + request.lease;
  if (!job->job.started_at) job->job.started_at = clock_.Now();
  Run& run = runs_.at(job->job.name.run_id);
  Changed(run, *job);
  claim.job = ClaimedJob{.job = Seen(*job),
                         .commit = run.run.commit,
                         .pull_request_number = run.run.spec.pull_request_number,
                         .pull_request_author = run.run.spec.pull_request_author};
  return claim;
}

absl::StatusOr<bool> FakeJobStore::Heartbeat(const JobHold& hold, absl::Duration lease,
                                             const std::optional<JobProgress>& progress) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(Job* const job, FindHeld(hold));
  if (*job->job.lease_expires_at <= clock_.Now()) return NotTheHolder(hold);
  job->job.lease_expires_at = clock_.Now() + lease;
  if (progress) {
    job->job.progress = *progress;
    Changed(runs_.at(hold.name.run_id), *job);
  }
  return job->job.cancel_requested;
}

absl::Status FakeJobStore::Succeed(const JobHold& hold, const JobResult& result) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(Run* const run, Find(hold.name.run_id));
  const auto known = run->jobs.find(hold.name.job_id);
  if (known != run->jobs.end() && known->second.job.state == JobState::kSucceeded &&
      known->second.job.lease_epoch == hold.lease_epoch &&
      known->second.job.result->model_version == result.model_version)
    return absl::OkStatus();
  FLEETCAST_ASSIGN_OR_RETURN(Job* const job, FindHeld(hold));
  job->job.result = result;
  job->job.failure.reset();
  Finish(*job, JobEnding::kSucceeded, std::nullopt);
  job->job.state_reason = result.gate.why;
  return absl::OkStatus();
}

absl::Status FakeJobStore::End(const JobHold& hold, JobEnding ending,
                               const std::optional<JobFailure>& failure) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_ASSIGN_OR_RETURN(Job* const job, FindHeld(hold));
  Finish(*job, ending, failure);
  return absl::OkStatus();
}

absl::Status FakeJobStore::SeeReplica(const std::string& /*replica*/,
                                      const std::string& environment) {
  absl::MutexLock lock(&mutex_);
  FLEETCAST_RETURN_IF_ERROR(failure_);
  environments_seen_[environment] = clock_.Now();
  return absl::OkStatus();
}

}  // namespace fleetcast::trainer
