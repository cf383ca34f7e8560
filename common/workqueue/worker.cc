#include "common/workqueue/worker.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/workqueue/breaker.h"
#include "common/workqueue/conclusion.h"
#include "common/workqueue/listener.h"

namespace fleetcast::workqueue {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);

std::chrono::nanoseconds Chrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

}  // namespace

db::PoolOptions LeasePoolOptions(const std::string& dsn, const std::string& application_name,
                                 absl::Duration lease) {
  const absl::Duration patience = std::clamp(lease / 6, absl::Milliseconds(500), absl::Seconds(5));
  return {.dsn = dsn,
          .size = 4,
          .acquire_timeout = patience,
          .connect_timeout = patience,
          .statement_timeout = patience,
          .lock_timeout = patience,
          .application_name = application_name};
}

struct Worker::State {
  // A batch in somebody's hands.
  struct Running {
    Batch batch;
    std::optional<absl::Duration> lost_at;  // monotonic; when all of it was found gone
    std::optional<absl::Duration>
        worked_at;            // monotonic; its work is done, its end is being written
    bool slot_given = false;  // its slot has been given to others
    bool stuck = false;       // for it does not stop although it should
  };

  State(WorkerOptions o, Queue& q, Clock& c, Runner r)
      : options(std::move(o)), queue(q), clock(c), runner(std::move(r)) {}

  void Fetch();  // a thread
  void Keep();   // a thread
  void Work();   // a thread for each slot
  void HandBackStrays();
  bool FetchOnce();  // whether it found anything
  void KeepOnce();
  void Renew(std::unique_lock<std::mutex>& lock, bool all);
  void WriteProgress(std::unique_lock<std::mutex>& lock);
  void GiveSlots();
  void GiveSlot(Running& batch);
  void AnnouncePresence();
  void WaitForWork(absl::Duration at_most);
  int FreeSlots();
  [[nodiscard]] bool WaitsToEnd(const Running& batch) const;
  std::vector<std::string> GroupsThatWait();
  std::vector<std::shared_ptr<Hold>> Held();

  const WorkerOptions options;
  Queue& queue;
  Clock& clock;
  const Runner runner;
  Breaker breaker;

  mutable std::mutex mutex;
  std::condition_variable changed;
  bool draining = false;
  bool fetching = false;  // what is fetched comes into `waiting` still
  bool woken = false;     // there may be work
  bool idle = false;      // the last fetch found none
  // On `clock`: until then a fetch may have been committed whose answer was lost.
  absl::Duration strays_until = -absl::InfiniteDuration();
  bool look_at_holds = false;    // somebody may have cancelled
  std::set<absl::Duration> due;  // on `clock`: what was put off here is ready again
  std::deque<Batch> waiting;     // fetched, no slot has taken them yet
  std::list<Running> running;
  int stuck = 0;
  std::vector<std::thread> threads;
  std::unique_ptr<Listener> listener;

  // Of one thread each.
  absl::Duration seen_at = -absl::InfiniteDuration();
  absl::Duration progress_at = absl::ZeroDuration();
  absl::Duration renew_not_before = absl::ZeroDuration();
};

Worker::Worker(WorkerOptions options, Queue& queue, Clock& clock, Runner runner)
    : state_(std::make_unique<State>(std::move(options), queue, clock, std::move(runner))) {}

Worker::~Worker() {
  BeginDrain();
  state_->listener.reset();
  for (;;) {  // a slot that was given up has started another
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(state_->mutex);
      threads.swap(state_->threads);
    }
    if (threads.empty()) return;
    for (std::thread& thread : threads) thread.join();
  }
}

void Worker::Start() {
  State* const state = state_.get();
  if (state->options.slots == 0) return;
  {
    const std::lock_guard lock(state->mutex);
    state->threads.emplace_back([state] { state->Fetch(); });
    state->threads.emplace_back([state] { state->Keep(); });
    for (int slot = 0; slot < state->options.slots; ++slot)
      state->threads.emplace_back([state] { state->Work(); });
  }
  if (!state->options.dsn.empty())
    state->listener = std::make_unique<Listener>(state->options.dsn, Queue::kChannel,
                                                 state->queue.WakeWord(), [state] {
                                                   const std::lock_guard lock(state->mutex);
                                                   state->woken = state->look_at_holds = true;
                                                   state->changed.notify_all();
                                                 });
}

void Worker::BeginDrain() {
  const std::lock_guard lock(state_->mutex);
  state_->draining = true;
  for (const Batch& batch : state_->waiting)
    for (const auto& hold : batch) hold->Stop(StopReason::kDraining);
  for (const State::Running& running : state_->running)
    for (const auto& hold : running.batch) hold->Stop(StopReason::kDraining);
  state_->changed.notify_all();
}

bool Worker::Drain(absl::Duration patience) {
  BeginDrain();
  std::unique_lock lock(state_->mutex);
  const auto all_ended = [&] {
    return !state_->fetching && state_->waiting.empty() && state_->running.empty();
  };
  if (patience != absl::InfiniteDuration())
    return state_->changed.wait_for(lock, Chrono(patience), all_ended);
  state_->changed.wait(lock, all_ended);
  return true;
}

int Worker::stuck() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stuck;
}

// While the end of a batch is being written, the next is fetched.
int Worker::State::FreeSlots() {
  const std::lock_guard lock(mutex);
  const auto busy = std::count_if(running.begin(), running.end(), [](const Running& batch) {
    return !batch.slot_given && !batch.worked_at;
  });
  return options.slots - static_cast<int>(waiting.size()) - static_cast<int>(busy);
}

// Somebody else, a session by hand for one, may hold the lock of the group's row.
bool Worker::State::WaitsToEnd(const Running& batch) const {
  return batch.worked_at && clock.Monotonic() >= *batch.worked_at + options.slow_end_after;
}

// Their tasks would only come to wait as well, each in a slot.
std::vector<std::string> Worker::State::GroupsThatWait() {
  const std::lock_guard lock(mutex);
  std::set<std::string> groups;
  for (const Running& batch : running)
    if (WaitsToEnd(batch))
      for (const auto& hold : batch.batch) groups.insert(hold->task().group_id);
  return {groups.begin(), groups.end()};
}

void Worker::State::WaitForWork(absl::Duration at_most) {
  std::unique_lock lock(mutex);
  const auto now = [&] { return clock.Monotonic(); };
  const absl::Duration until = now() + at_most;
  while (!draining && !woken) {
    const absl::Duration next = due.empty() ? until : std::min(until, *due.begin());
    if (next <= now()) break;
    changed.wait_for(lock, Chrono(next - now()));
  }
  woken = false;
  due.erase(due.begin(), due.upper_bound(now()));
}

void Worker::State::AnnouncePresence() {
  const absl::Duration now = clock.Monotonic();
  if (now < seen_at + options.presence_every) return;
  const absl::Status seen = queue.SeeReplica(options.holder, {options.pool}, options.slots);
  if (seen.ok()) seen_at = now;
}

// What was fetched for an answer that never came is nobody's to work on: it is given back at no
// attempt's cost, instead of being taken for a dead holder's when its lease ends. A server that was
// frozen may commit it late.
void Worker::State::HandBackStrays() {
  if (clock.Monotonic() > strays_until) return;
  std::vector<HoldId> known;
  {
    const std::lock_guard lock(mutex);
    for (const Batch& batch : waiting)
      for (const auto& hold : batch) known.push_back(hold->id());
    for (const Running& batch : running)
      for (const auto& hold : batch.batch) known.push_back(hold->id());
  }
  const auto failed = [](const absl::Status& status) {  // they are asked for again
    LogWarning("what a lost answer fetched could not be handed back",
               {{"error", std::string(status.message())}});
  };
  const auto strays = queue.Strays(options.holder, options.pool, known);
  if (!strays.ok()) return failed(strays.status());
  if (strays->empty()) return;
  std::vector<EndRequest> ends;
  ends.reserve(strays->size());
  for (const HoldId& stray : *strays)
    ends.push_back({.hold = stray,
                    .ending = Ending::kHandedBack,
                    .why = "which did not hear that it had fetched it"});
  const auto ended = queue.End(ends);
  if (!ended.ok()) return failed(ended.status());
  LogWarning("what a lost answer fetched is handed back",
             {{"tasks", absl::StrCat(std::count(ended->begin(), ended->end(), true))}});
}

bool Worker::State::FetchOnce() {
  const int free = FreeSlots();
  if (free <= 0) {
    WaitForWork(options.poll);
    return true;
  }
  const Allowance allowance = breaker.Allows(free * options.batch, clock.Monotonic());
  if (allowance.most == 0) {
    WaitForWork(std::min(options.poll, allowance.wait));
    return true;
  }
  const absl::Duration asked_at = clock.Monotonic();
  auto fetched = queue.Fetch({.holder = options.holder,
                              .pool = options.pool,
                              .most = allowance.most,
                              .lease = options.lease,
                              .except_groups = GroupsThatWait()});
  if (!fetched.ok()) {
    LogWarning("no work could be fetched", {{"error", std::string(fetched.status().message())}});
    strays_until = clock.Monotonic() + options.lease;
    return false;
  }
  if (fetched->empty()) return false;
  // A batch is of one group: its end waits for that group's row, and for no other's.
  std::stable_sort(fetched->begin(), fetched->end(),
                   [](const auto& a, const auto& b) { return a.group_id < b.group_id; });
  const std::lock_guard lock(mutex);
  const Batch* last = nullptr;
  for (FetchedTask& task : *fetched) {
    if (last == nullptr || std::ssize(*last) == options.batch ||
        last->back()->task().group_id != task.group_id)
      last = &waiting.emplace_back();
    waiting.back().push_back(
        std::make_shared<Hold>(clock, std::move(task), asked_at, options.lease));
    if (draining) waiting.back().back()->Stop(StopReason::kDraining);
  }
  changed.notify_all();
  return true;
}

void Worker::State::Fetch() {
  absl::BitGen random;
  for (;;) {
    {
      const std::lock_guard lock(mutex);
      if (draining) return;
      fetching = true;
    }
    AnnouncePresence();
    HandBackStrays();
    const bool found = FetchOnce();
    {
      const std::lock_guard lock(mutex);
      fetching = false;
      idle = !found;
      changed.notify_all();
    }
    if (!found) WaitForWork(options.poll * absl::Uniform(random, 0.75, 1.25));
  }
}

void Worker::State::Work() {
  for (;;) {
    std::list<Running>::iterator mine;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return (draining && !fetching) || !waiting.empty(); });
      if (waiting.empty()) return;
      mine = running.insert(running.end(), {.batch = std::move(waiting.front())});
      waiting.pop_front();
    }
    const Batch batch = mine->batch;
    bool draining_now;
    {
      const std::lock_guard lock(mutex);
      draining_now = draining;
    }
    BatchOutcome outcome;
    if (draining_now)
      outcome.outcomes.assign(batch.size(), {.ending = Ending::kHandedBack});
    else
      outcome = RunCaught(runner, batch);
    for (const Outcome& one : outcome.outcomes) {
      if (one.ending == Ending::kSucceeded) breaker.Succeeded();
      if (one.ending == Ending::kSnoozed) breaker.PutOff(one.dependency, clock.Monotonic());
    }
    {
      const std::lock_guard lock(mutex);
      mine->worked_at = clock.Monotonic();
      woken = true;
      changed.notify_all();
    }
    Conclude(queue, batch, outcome);
    const std::lock_guard lock(mutex);
    for (const Outcome& one : outcome.outcomes)
      if (one.ending == Ending::kWaiting && one.wait < options.poll)
        due.insert(clock.Monotonic() + one.wait * (1 + kJitter));
    woken = woken || idle || fetching;  // what had the same key may run only now
    const bool slot_given = mine->slot_given;
    if (mine->stuck) --stuck;
    running.erase(mine);
    changed.notify_all();
    if (slot_given) return;  // another thread has this slot
  }
}

std::vector<std::shared_ptr<Hold>> Worker::State::Held() {
  std::vector<std::shared_ptr<Hold>> held;
  for (const Batch& batch : waiting) held.insert(held.end(), batch.begin(), batch.end());
  for (const Running& batch : running)
    if (!batch.stuck) held.insert(held.end(), batch.batch.begin(), batch.batch.end());
  return held;
}

void Worker::State::Keep() {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !waiting.empty() || !running.empty() || draining; });
      if (draining && waiting.empty() && running.empty()) return;
      changed.wait_for(lock, Chrono(kTick), [&] { return look_at_holds; });
    }
    KeepOnce();
  }
}

void Worker::State::KeepOnce() {
  std::unique_lock lock(mutex);
  const bool all = std::exchange(look_at_holds, false);
  Renew(lock, all);
  WriteProgress(lock);
  GiveSlots();
}

// `lock` is given up while Postgres is asked, and held again afterwards.
void Worker::State::Renew(std::unique_lock<std::mutex>& lock, bool all) {
  const std::vector<std::shared_ptr<Hold>> held = Held();
  lock.unlock();
  bool due = all;
  Batch renewed;
  std::vector<HoldId> ids;
  for (const auto& hold : held) {
    hold->NoticeStop();
    if (hold->Lost()) continue;  // it has been told to stop: its end is to be written
    due = due || hold->RenewalDue();
    renewed.push_back(hold);
    ids.push_back(hold->id());
  }
  const absl::Duration asked_at = clock.Monotonic();
  if (due && !ids.empty() && asked_at >= renew_not_before) {
    const auto renewals = queue.Renew(ids, options.lease);
    // A queue that is away is tolerated until the leases may have run out.
    if (!renewals.ok()) {
      LogWarning("leases could not be renewed, it is tried again",
                 {{"error", std::string(renewals.status().message())}});
      renew_not_before = clock.Monotonic() + absl::Milliseconds(500);
    } else {
      for (std::size_t i = 0; i < renewed.size(); ++i) {
        if ((*renewals)[i] == Renewal::kRenewed) renewed[i]->Renewed(asked_at);
        if ((*renewals)[i] == Renewal::kGone) renewed[i]->Stop(StopReason::kGone);
      }
    }
  }
  lock.lock();
}

// As Renew does with `lock`.
void Worker::State::WriteProgress(std::unique_lock<std::mutex>& lock) {
  const absl::Duration now = clock.Monotonic();
  if (now < progress_at + options.progress_every) return;
  const std::vector<std::shared_ptr<Hold>> held = Held();
  lock.unlock();
  std::vector<ProgressReport> reports;
  for (const auto& hold : held)
    if (auto progress = hold->TakeProgress(); progress && !hold->Lost())
      reports.push_back({.hold = hold->id(), .progress = *std::move(progress)});
  bool gone = false;
  if (!reports.empty()) {
    progress_at = now;
    const auto written = queue.Progress(reports);
    if (!written.ok())
      LogWarning("progress could not be written",
                 {{"error", std::string(written.status().message())}});
    else
      gone = std::find(written->begin(), written->end(), false) != written->end();
  }
  lock.lock();
  look_at_holds = look_at_holds || gone;
}

void Worker::State::GiveSlot(Running& batch) {
  batch.slot_given = true;
  threads.emplace_back([this] { Work(); });
  changed.notify_all();
}

// Work that goes on although none of its tasks is held any more would keep its slot for ever: a
// read that hangs cannot be ended from here, but others can have the slot. So they can while the
// end of work that is done waits in Postgres.
void Worker::State::GiveSlots() {
  const absl::Duration now = clock.Monotonic();
  for (Running& batch : running) {
    if (batch.slot_given || draining) continue;
    const LogFields fields = {{"group", batch.batch.front()->task().group_id},
                              {"task", batch.batch.front()->task().name}};
    if (batch.worked_at) {
      if (!WaitsToEnd(batch)) continue;
      LogWarning(
          "the end of work waits for Postgres, perhaps for a lock; its slot is given to others",
          fields);
      GiveSlot(batch);
      continue;
    }
    const bool lost = std::all_of(batch.batch.begin(), batch.batch.end(), [](const auto& hold) {
      return hold->Lost() || hold->MustStop() == StopReason::kTimedOut;
    });
    if (!lost) {
      batch.lost_at.reset();
      continue;
    }
    if (!batch.lost_at) batch.lost_at = now;
    if (now < *batch.lost_at + options.stuck_after) continue;
    batch.stuck = true;
    ++stuck;
    LogError("work does not stop although its task is gone; its slot is given to others", fields);
    GiveSlot(batch);
  }
}

}  // namespace fleetcast::workqueue
