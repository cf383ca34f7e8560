#include "common/workqueue/waiting.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/db/array.h"

namespace fleetcast::workqueue {
namespace {

constexpr char kNow[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
constexpr char kBounded[] =
    "SELECT pool_id, \"limit\", running, paused, reason FROM {s}.pools"
    " WHERE \"limit\" IS NOT NULL OR paused";
constexpr char kServed[] =
    "SELECT p.pool_id, (extract(epoch FROM max(r.last_seen_time)) * 1000000)::bigint"
    " FROM {s}.replicas r CROSS JOIN unnest(r.pools) AS p(pool_id) WHERE r.queue = $1"
    " GROUP BY p.pool_id";
constexpr char kRunning[] =
    "SELECT h.key, h.task_id, t.name || ' of ' || t.group_id FROM {s}.task_holds h JOIN {s}.tasks t"
    " USING (task_id) WHERE h.queue = $1 AND h.key = ANY ($2::text[])";

std::string In(const QueueOptions& queue, const char* sql) {
  return absl::StrReplaceAll(sql, {{"{s}", queue.schema}});
}

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace

Wait Obstacle(const Task& task, const Situation& situation) {
  if (task.group_paused) return {"paused with all of its group", true};
  const auto served = situation.served_at.find(task.pool);
  if (served == situation.served_at.end())
    return {
        absl::StrCat("no replica of pool ", task.pool, " has been seen in the last day; start one"),
        true};
  if (situation.now - served->second > Queue::kReplicaPresence)
    return {absl::StrCat("no replica of pool ", task.pool, " has been seen since ",
                         Timestamp(served->second), "; start one"),
            true};
  for (const std::string& pool : task.pools) {
    const auto bounded = situation.bounded.find(pool);
    if (bounded == situation.bounded.end()) continue;
    const Situation::PoolState& state = bounded->second;
    const std::string why = state.reason.empty() ? "" : absl::StrCat(" (", state.reason, ")");
    if (state.paused) return {absl::StrCat("pool ", pool, " is paused", why), true};
    if (state.limit && state.running >= *state.limit)
      return {absl::StrCat("pool ", pool, " is at its limit: ", state.running, " of ", *state.limit,
                           " run", why),
              *state.limit == 0};
  }
  return {};
}

Situation ReadSituation(pqxx::transaction_base& work, const QueueOptions& queue) {
  Situation situation{.now = absl::FromUnixMicros(work.exec1(kNow)[0].as<std::int64_t>())};
  for (const pqxx::row& row : work.exec(In(queue, kBounded))) {
    Situation::PoolState state{.running = row[2].as<int>(),
                               .paused = row[3].as<bool>(),
                               .reason = row[4].as<std::string>()};
    if (!row[1].is_null()) state.limit = row[1].as<int>();
    situation.bounded[row[0].as<std::string>()] = std::move(state);
  }
  for (const pqxx::row& row : work.exec_params(In(queue, kServed), queue.queue))
    situation.served_at[row[0].as<std::string>()] = absl::FromUnixMicros(row[1].as<std::int64_t>());
  return situation;
}

Wait WaitOf(const Task& task, const Situation& situation) {
  if (task.ready_at == absl::InfiniteFuture())  // paused, and why
    return {task.state_reason, true};
  const std::string before =
      task.state_reason.empty() ? "" : absl::StrCat("; before: ", task.state_reason);
  Wait wait = Obstacle(task, situation);
  // It may have been fetched itself since its row was read.
  const auto running = situation.running.find(task.key);
  const Situation::RunningTask* const other =
      running != situation.running.end() && running->second.id != task.id ? &running->second
                                                                          : nullptr;
  if (wait.reason.empty())
    wait.reason =
        task.ready_at > situation.now ? absl::StrCat("tried again at ", Timestamp(task.ready_at))
        : other != nullptr ? absl::StrCat("waits until ", other->text, " has ended: one at a time")
                           : "waits for a free slot";
  wait.reason += before;
  return wait;
}

std::vector<Wait> WaitsOf(pqxx::transaction_base& work, const QueueOptions& queue,
                          const std::vector<Task>& tasks) {
  std::vector<Wait> waits(tasks.size());
  std::vector<std::string> keys;
  for (const Task& task : tasks)
    if (task.state == TaskState::kQueued) keys.push_back(task.key);
  if (keys.empty()) return waits;
  Situation situation = ReadSituation(work, queue);
  for (const pqxx::row& row : work.exec_params(In(queue, kRunning), queue.queue, db::ArrayOf(keys)))
    situation.running[row[0].as<std::string>()] = {row[1].as<std::int64_t>(),
                                                   row[2].as<std::string>()};
  for (std::size_t i = 0; i < tasks.size(); ++i)
    if (tasks[i].state == TaskState::kQueued) waits[i] = WaitOf(tasks[i], situation);
  return waits;
}

}  // namespace fleetcast::workqueue
