#include "common/workqueue/waiting.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

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

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace

std::string Obstacle(const Task& task, const Situation& situation) {
  if (task.group_paused) return "paused with all of its group";
  const auto served = situation.served_at.find(task.pool);
  if (served == situation.served_at.end())
    return absl::StrCat("no replica of pool ", task.pool,
                        " has been seen in the last day; start one");
  if (situation.now - served->second > Queue::kReplicaPresence)
    return absl::StrCat("no replica of pool ", task.pool, " has been seen since ",
                        Timestamp(served->second), "; start one");
  for (const std::string& pool : task.pools) {
    const auto bounded = situation.bounded.find(pool);
    if (bounded == situation.bounded.end()) continue;
    const Situation::PoolState& state = bounded->second;
    const std::string why = state.reason.empty() ? "" : absl::StrCat(" (", state.reason, ")");
    if (state.paused) return absl::StrCat("pool ", pool, " is paused", why);
    if (state.limit && state.running >= *state.limit)
      return absl::StrCat("pool ", pool, " is at its limit: ", state.running, " of ", *state.limit,
                          " run", why);
  }
  return "";
}

Situation ReadSituation(pqxx::transaction_base& work, const QueueOptions& queue) {
  const auto in = [&](const char* sql) {
    return absl::StrReplaceAll(sql, {{"{s}", queue.schema}});
  };
  Situation situation{.now = absl::FromUnixMicros(work.exec1(kNow)[0].as<std::int64_t>())};
  for (const pqxx::row& row : work.exec(in(kBounded))) {
    Situation::PoolState state{.running = row[2].as<int>(),
                               .paused = row[3].as<bool>(),
                               .reason = row[4].as<std::string>()};
    if (!row[1].is_null()) state.limit = row[1].as<int>();
    situation.bounded[row[0].as<std::string>()] = std::move(state);
  }
  for (const pqxx::row& row : work.exec_params(in(kServed), queue.queue))
    situation.served_at[row[0].as<std::string>()] = absl::FromUnixMicros(row[1].as<std::int64_t>());
  return situation;
}

std::string WaitReason(const Task& task, const Situation& situation) {
  const std::string before =
      task.state_reason.empty() ? "" : absl::StrCat("; before: ", task.state_reason);
  if (task.ready_at == absl::InfiniteFuture()) return task.state_reason;  // paused, and why
  if (std::string obstacle = Obstacle(task, situation); !obstacle.empty()) return obstacle + before;
  if (task.ready_at > situation.now)
    return absl::StrCat("tried again at ", Timestamp(task.ready_at), before);
  return "waits for a free slot" + before;
}

}  // namespace fleetcast::workqueue
