// The one ledger of everything that is held, retried and ended, in Postgres
// (deploy/postgres/common/ work_queue.sql) on the database's clock. Leases give liveness, fencing
// gives safety: every write of a holder names the task and the epoch of its fetch, and writes
// nothing if the task has another epoch by then, or has ended.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/page.h"
#include "common/db/connection_pool.h"
#include "common/db/filter_sql.h"
#include "common/workqueue/policy.h"
#include "common/workqueue/task.h"

namespace fleetcast::workqueue {

struct FetchRequest {
  std::string holder;  // the replica
  std::string pool;    // tasks of this pool only
  int most = 1;
  absl::Duration lease;
  std::vector<std::string> except_groups;  // none of theirs
};

enum class Renewal {
  kRenewed,
  kBusy,  // somebody else writes it this moment; still held, ask again soon
  kGone   // no longer held: stop
};

struct ProgressReport {
  HoldId hold;
  std::string progress;  // JSON
};

struct Success {
  HoldId hold;
  std::string result;         // JSON
  std::string reason = {};    // for people, may be empty
  std::string progress = {};  // JSON; "" leaves what was written last
};
// What succeeding does besides, in the same transaction; `held` are the indices, into what was
// given, of those that are still held: the effect is theirs alone.
using Effect = std::function<absl::Status(pqxx::work& work, const std::vector<std::size_t>& held)>;

struct EndRequest {
  HoldId hold;
  Ending ending = Ending::kFailed;
  std::optional<Failure> failure = std::nullopt;  // of kFailed and kSnoozed
  std::string progress = {};                      // JSON; "" leaves what was written last
  std::string why = {};                           // of kWaiting: what for
  absl::Duration wait = absl::ZeroDuration();     // of kWaiting: before it is looked at again
};

// Which tasks a person means: one of a group, a whole group, or all of a pool.
struct Selection {
  std::string group_id, name, pool;
};

// What changed of a group since a mark, all that had been committed when it was asked.
struct Changes {
  Group group;
  std::vector<Task> changed;  // queued or ended since, in order of change
  std::vector<Task> running;  // all that run now
  Mark mark;                  // for the next call
  bool more = false;          // cut at `most`: ask again at once
};

// Called, within the transaction, for each task that was RUNNING and whose attempt ended without a
// success, whoever ended it: what the holder may have left open can be closed.
using OnInterrupted = std::function<absl::Status(pqxx::work& work, const Task& task)>;

struct QueueOptions {
  std::string schema;         // of the tables
  std::string queue;          // "training"
  bool tell_partial = false;  // GroupStateOf's
  OnInterrupted on_interrupted = nullptr;
  // SQL over `g`, a group that has ended: whether it is kept however long ago that was, because
  // something else refers to it.
  std::string kept = "FALSE";
};

// Thread safe. Statements that renew and record progress go to `lease_pool`, so that no slow reader
// can keep a lease from being renewed; both pools must outlive the queue. Every method may return
// UNAVAILABLE. Those that take a pqxx::work take part in the caller's transaction.
class Queue {
 public:
  Queue(QueueOptions options, db::ConnectionPool& pool, db::ConnectionPool& lease_pool);

  // -- Asking for work
  // -----------------------------------------------------------------------------

  // One group and its tasks, in one statement. With `supersede`, tasks of the same keys that wait
  // in other groups end as CANCELLED. A group without tasks ends at once.
  [[nodiscard]] absl::Status Enqueue(pqxx::work& work, const std::string& group_id,
                                     const std::string& pin, const std::vector<NewTask>& tasks,
                                     bool supersede = false);
  // A new group `new_id` of the FAILED tasks of `group_id`, with the same pin but for what
  // `pin_changes` (a JSON object) sets. Returns how many: none makes no group.
  [[nodiscard]] absl::StatusOr<int> Retry(pqxx::work& work, const std::string& group_id,
                                          const std::string& new_id,
                                          const std::string& pin_changes);
  // Ends what has not ended, held or not: a holder finds out at its next renewal or write. Returns
  // how many.
  [[nodiscard]] absl::StatusOr<int> Cancel(pqxx::work& work, const Selection& selection,
                                           const std::string& why);
  // The same, but what is ended has SUCCEEDED: somebody else has taken it on. `result` is JSON.
  [[nodiscard]] absl::StatusOr<int> Settle(pqxx::work& work, const Selection& selection,
                                           const std::string& result, const std::string& why);
  // A paused group or task is not fetched; what runs goes on. Returns how many groups or tasks.
  [[nodiscard]] absl::StatusOr<int> SetPaused(pqxx::work& work, const Selection& selection,
                                              bool paused, const std::string& why);
  // Moves what is queued to another pool, or changes its priority. Returns how many tasks.
  [[nodiscard]] absl::StatusOr<int> Move(pqxx::work& work, const Selection& selection,
                                         const std::optional<std::string>& pool,
                                         std::optional<int> priority);

  // -- Holding
  // -------------------------------------------------------------------------------------

  // One statement: takes up to `most` tasks that may run now. Heeds pools' limits and pauses, one
  // running task for a key, groups in turn (those with the fewest running first), then priority,
  // then age. Waits for nobody but, where a pool has a limit, for others who fetch from it.
  [[nodiscard]] absl::StatusOr<std::vector<FetchedTask>> Fetch(const FetchRequest& request);
  // What this holder has of its pool, but for what is `known`: fetches whose answers were lost.
  [[nodiscard]] absl::StatusOr<std::vector<HoldId>> Strays(const std::string& holder,
                                                           const std::string& pool,
                                                           const std::vector<HoldId>& known);
  // One statement for all that a process holds. A lease that has run out is not revived.
  [[nodiscard]] absl::StatusOr<std::vector<Renewal>> Renew(const std::vector<HoldId>& holds,
                                                           absl::Duration lease);
  // One statement; moves the stall deadlines. Returns for each whether it is still held.
  [[nodiscard]] absl::StatusOr<std::vector<bool>> Progress(
      const std::vector<ProgressReport>& reports);
  // Ends them in one transaction with their effect. Returns for each whether it has succeeded, now
  // or in an earlier try whose answer was lost: repeating is harmless.
  [[nodiscard]] absl::StatusOr<std::vector<bool>> SucceedAll(const std::vector<Success>& successes,
                                                             const Effect& effect = nullptr);
  // Carries out what After says. Those no longer held are left alone. Returns for each whether it
  // was held.
  [[nodiscard]] absl::StatusOr<std::vector<bool>> End(const std::vector<EndRequest>& requests);

  // -- Looking
  // -------------------------------------------------------------------------------------

  // nullopt: there is none.
  [[nodiscard]] std::optional<Group> GetGroup(pqxx::transaction_base& work,
                                              const std::string& group_id);
  [[nodiscard]] std::optional<Task> GetTask(pqxx::transaction_base& work,
                                            const std::string& group_id, const std::string& name);
  // Newest first; next_after is {group id}. `condition` is on `g`, its parameters begin at $4.
  [[nodiscard]] PageOf<Group> ListGroups(pqxx::transaction_base& work,
                                         const db::SqlCondition& condition,
                                         const PageRequest& page);
  // Newest group first ("": of all), then by name; next_after is {group id, name}. `condition` is
  // on `t`, its parameters begin at $6.
  [[nodiscard]] PageOf<Task> ListTasks(pqxx::transaction_base& work, const std::string& group_id,
                                       const db::SqlCondition& condition, const PageRequest& page);
  // nullopt if there is no such group. At most `most` changed tasks and `most` running ones.
  [[nodiscard]] std::optional<Changes> ChangesSince(pqxx::transaction_base& work,
                                                    const std::string& group_id, const Mark& mark,
                                                    int most);
  // A task's state in the condition of ListTasks: what is held is RUNNING, whatever its row says.
  static constexpr char kStateOfTask[] =
      "CASE WHEN h.task_id IS NULL THEN t.state ELSE 'RUNNING' END";
  static constexpr int kFirstGroupParameter = 4;
  static constexpr int kFirstTaskParameter = 6;

  // -- Keeping in order: duties (duties.h), on a pool of their own
  // ----------------------------------------------------------

  // Ends attempts whose lease, time or patience has run out, at most `most`. Returns how many. A
  // group's are ended in a transaction of their own: where one cannot be, the others are, and its
  // error is returned.
  [[nodiscard]] absl::StatusOr<int> EndDead(db::ConnectionPool& pool, int most);
  // Sets right what pools with a limit count, and returns how many attempts are dead: one
  // statement.
  [[nodiscard]] absl::StatusOr<int> Tend(db::ConnectionPool& pool);
  // Says that a replica works, and for which pools.
  [[nodiscard]] absl::Status SeeReplica(const std::string& name,
                                        const std::vector<std::string>& pools, int slots);
  // Forgets replicas not seen for kReplicaMemory. Deletes groups that ended before `keep` ago, with
  // their tasks, in small batches.
  [[nodiscard]] absl::Status Prune(db::ConnectionPool& pool, absl::Duration keep);
  static constexpr absl::Duration kReplicaPresence = absl::Seconds(45);
  static constexpr absl::Duration kReplicaMemory = absl::Hours(24);

  [[nodiscard]] const QueueOptions& options() const { return options_; }
  [[nodiscard]] db::ConnectionPool& pool() { return pool_; }
  [[nodiscard]] db::ConnectionPool& lease_pool() { return lease_pool_; }
  // What a listener waits for on the channel kChannel.
  [[nodiscard]] std::string WakeWord() const;
  static constexpr char kChannel[] = "fleetcast_work";

 private:
  // A task whose row this transaction has locked, and what becomes of it.
  struct Turn {
    Task task;
    NextState next;
    std::string result, progress;
    std::optional<Ending> ending;  // nullopt: not to be changed
  };
  // Those of the first group after `group`, which becomes that; "" where there is none.
  [[nodiscard]] absl::StatusOr<int> EndDeadOf(db::ConnectionPool& pool, int most,
                                              std::string& group);
  enum class Waiting { kYes, kNo };
  [[nodiscard]] absl::StatusOr<int> EndSelected(pqxx::work& work, const Selection& selection,
                                                Ending ending, const std::string& result,
                                                const std::string& why);
  // `rows_of` is what follows FROM, with `t` for the tasks' table; they are locked in order of id.
  // kNo leaves out what somebody else has locked.
  [[nodiscard]] std::vector<Turn> Lock(pqxx::work& work, const std::string& rows_of,
                                       const std::vector<std::string>& parameters,
                                       Waiting waiting = Waiting::kYes);
  [[nodiscard]] std::vector<Turn> LockHeld(pqxx::work& work, const std::vector<HoldId>& holds,
                                           Waiting waiting);
  // What of a selection has not ended; what of it is queued.
  [[nodiscard]] std::vector<Turn> LockSelected(pqxx::work& work, const Selection& selection);
  [[nodiscard]] std::vector<Turn> LockQueued(pqxx::work& work, const Selection& selection);
  // Writes what becomes of them: rows, holds, groups' and pools' counts.
  [[nodiscard]] absl::Status Apply(pqxx::work& work, const std::vector<Turn>& turns);
  [[nodiscard]] std::string EndStates() const;
  [[nodiscard]] absl::Status Interrupted(pqxx::work& work, const std::vector<Turn>& turns);
  [[nodiscard]] std::string Sql(const std::string& text) const;
  // Sets columns of queued, locked tasks; "$2" in `set` is `value`.
  int Touch(pqxx::work& work, const std::vector<Turn>& turns, const std::string& set,
            const std::string& value, const std::string& group_set = "paused = g.paused");
  void Wake(pqxx::work& work);

  const QueueOptions options_;
  db::ConnectionPool& pool_;
  db::ConnectionPool& lease_pool_;
};

}  // namespace fleetcast::workqueue
