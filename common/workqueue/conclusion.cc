#include "common/workqueue/conclusion.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/base/log.h"
#include "common/base/transient.h"

namespace fleetcast::workqueue {
namespace {

constexpr std::chrono::milliseconds kPause(250);
constexpr std::chrono::minutes kPatienceWhenLost(10);

LogFields FieldsOf(const Hold& hold) {
  return {{"group", hold.task().group_id}, {"task", hold.task().name}};
}

void LogLost(const Hold& hold, const char* what) { LogWarning(what, FieldsOf(hold)); }

void LogFailure(const Hold& hold, const Failure& failure, const char* what) {
  LogFields fields = FieldsOf(hold);
  fields.push_back({"kind", Word(failure.kind)});
  fields.push_back({"reason", failure.reason});
  fields.push_back({"error", failure.message});
  LogWarning(what, fields);
}

bool IsGone(const Hold& hold) { return hold.MustStop() == StopReason::kGone; }

// Calls `write` until it succeeds, fails for good, or there is no sense in it any more.
template <typename Write>
auto Insist(const Batch& batch, const std::vector<std::size_t>& which, Write&& write)
    -> decltype(write()) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point give_up = Clock::time_point::max();
  for (;;) {
    auto written = write();
    if (written.ok() || !IsTransient(written.status())) return written;
    const auto all = [&](auto&& is) {
      return std::all_of(which.begin(), which.end(), [&](std::size_t i) { return is(*batch[i]); });
    };
    const bool lost = all([](const Hold& hold) { return hold.Lost(); });
    give_up = lost ? std::min(give_up, Clock::now() + kPatienceWhenLost) : Clock::time_point::max();
    const bool senseless = lost && all([](const Hold& hold) {
                             return IsGone(hold) || hold.MustStop() == StopReason::kDraining;
                           });
    if (senseless || Clock::now() > give_up) return written;
    std::this_thread::sleep_for(kPause);
  }
}

Failure NotWritten(const absl::Status& status) {
  return {.kind = FailureKind::kInternal,
          .reason = "OUTCOME_NOT_WRITTEN",
          .message = std::string(status.message()),
          .retryable = true};
}

class Conclusion {
 public:
  Conclusion(Queue& queue, const Batch& batch, const BatchOutcome& outcome)
      : queue_(queue), batch_(batch), outcome_(outcome) {}

  void Write() {
    std::vector<std::size_t> successes;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      if (IsGone(*batch_[i]))
        LogLost(*batch_[i], "what was done is dropped: the task is not held any more");
      else if (outcome_.outcomes[i].ending == Ending::kSucceeded)
        successes.push_back(i);
      else if (batch_[i]->Lost())
        HandBack(i);
      else
        AddEnd(i, outcome_.outcomes[i]);
    }
    Succeed(successes);
    WriteEnds();
  }

 private:
  void AddEnd(std::size_t i, const Outcome& outcome) {
    ended_.push_back(i);
    ends_.push_back({.hold = batch_[i]->id(),
                     .ending = outcome.ending,
                     .failure = outcome.failure,
                     .progress = batch_[i]->LastProgress(),
                     .why = outcome.reason,
                     .wait = outcome.wait});
    if (outcome.failure)
      LogFailure(*batch_[i], *outcome.failure,
                 outcome.ending == Ending::kSnoozed ? "put off" : "failed");
  }

  void HandBack(std::size_t i) {
    LogLost(*batch_[i], "the lease could not be renewed in time; the task is handed back");
    AddEnd(i, {.ending = Ending::kHandedBack,
               .reason = "which could not renew its lease while Postgres was away from it"});
  }

  void Succeed(const std::vector<std::size_t>& which) {
    if (which.empty()) return;
    std::vector<Success> successes;
    successes.reserve(which.size());
    for (const std::size_t i : which)
      successes.push_back({.hold = batch_[i]->id(),
                           .result = outcome_.outcomes[i].result,
                           .reason = outcome_.outcomes[i].reason,
                           .progress = batch_[i]->LastProgress()});
    Effect effect;
    if (outcome_.effect != nullptr)
      effect = [&](pqxx::work& work, const std::vector<std::size_t>& held) {
        std::vector<std::size_t> indices;
        indices.reserve(held.size());
        for (const std::size_t index : held) indices.push_back(which[index]);
        return outcome_.effect(work, indices);
      };
    const auto written =
        Insist(batch_, which, [&] { return queue_.SucceedAll(successes, effect); });
    if (written.ok()) {
      for (std::size_t i = 0; i < which.size(); ++i)
        if (!(*written)[i]) LogLost(*batch_[which[i]], "a success was not written: no longer held");
      return;
    }
    if (IsTransient(written.status())) return LogLost(*batch_[which.front()], "lost while writing");
    if (which.size() > 1) {
      for (const std::size_t i : which) Succeed({i});
      return;
    }
    AddEnd(which.front(), {.ending = Ending::kFailed, .failure = NotWritten(written.status())});
  }

  void WriteEnds() {
    if (ends_.empty()) return;
    const auto written = Insist(batch_, ended_, [&] { return queue_.End(ends_); });
    if (written.ok()) {
      for (std::size_t i = 0; i < ends_.size(); ++i)
        if (!(*written)[i]) LogLost(*batch_[ended_[i]], "an end was not written: no longer held");
      return;
    }
    LogError("ends could not be written; the tasks' leases run out",
             {{"error", std::string(written.status().message())}});
  }

  Queue& queue_;
  const Batch& batch_;
  const BatchOutcome& outcome_;
  std::vector<std::size_t> ended_;
  std::vector<EndRequest> ends_;
};

}  // namespace

void Conclude(Queue& queue, const Batch& batch, const BatchOutcome& outcome) {
  Conclusion(queue, batch, outcome).Write();
}

}  // namespace fleetcast::workqueue
