// What keeps the queue in order whoever works: run as duties by one process at a time.
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {
namespace {

// Of groups with much behind them. The earliest ready time of each pool and priority is the first
// entry of its part of the index; groups that somebody has locked are left for the next time.
constexpr char kRaiseFloors[] = R"sql(
  UPDATE {s}.task_groups g SET fetch_floor = f.earliest
  FROM (
    SELECT g.group_id, (
      SELECT min(t.ready_time)
      FROM unnest(g.task_pools) AS p(pool) CROSS JOIN unnest(g.priorities) AS l(priority)
      CROSS JOIN LATERAL (
        SELECT t.ready_time FROM {s}.tasks t
        WHERE t.group_id = g.group_id AND t.pool = p.pool AND t.priority = l.priority
          AND t.state = 'QUEUED' AND t.ready_time >= g.fetch_floor
        ORDER BY t.ready_time, t.task_id LIMIT 1) t) AS earliest
    FROM {s}.task_groups g
    WHERE g.queue = $1 AND g.end_time IS NULL AND g.open_count > 500
    FOR UPDATE SKIP LOCKED) f
  WHERE g.group_id = f.group_id AND f.earliest > g.fetch_floor)sql";

// A pool that is given a limit begins with a count that a fetch under way may not be in.
constexpr char kLockLimited[] = R"sql(
  SELECT pool_id FROM {s}.pools WHERE "limit" IS NOT NULL ORDER BY pool_id FOR UPDATE)sql";
constexpr char kRecount[] = R"sql(
  WITH working AS (
    SELECT p.pool_id, count(*) AS running
    FROM {s}.task_holds h JOIN {s}.tasks t USING (task_id) CROSS JOIN unnest(t.pools) AS p(pool_id)
    GROUP BY p.pool_id)
  UPDATE {s}.pools p SET running = c.running
  FROM (SELECT pool_id, coalesce(working.running, 0) AS running
        FROM {s}.pools LEFT JOIN working USING (pool_id)) c
  WHERE p.pool_id = c.pool_id AND p."limit" IS NOT NULL AND p.running <> c.running)sql";

constexpr char kSeeReplica[] = R"sql(
  INSERT INTO {s}.replicas (queue, name, pools, slots)
  SELECT $1, $2, ARRAY(SELECT jsonb_array_elements_text($3::jsonb)), $4::integer
  ON CONFLICT (queue, name) DO UPDATE SET pools = excluded.pools, slots = excluded.slots,
    last_seen_time = clock_timestamp())sql";
constexpr char kForgetReplicas[] = R"sql(
  DELETE FROM {s}.replicas
  WHERE last_seen_time < clock_timestamp() - $1::bigint * interval '1 ms')sql";

constexpr char kPruneTasks[] = R"sql(
  DELETE FROM {s}.tasks WHERE task_id IN (
    SELECT t.task_id FROM (
      SELECT group_id FROM {s}.task_groups g
      WHERE queue = $1 AND end_time < clock_timestamp() - $2::bigint * interval '1 ms'
        AND NOT ({kept})
      ORDER BY end_time LIMIT 20) g
    JOIN {s}.tasks t USING (group_id) LIMIT 1000))sql";
constexpr char kPruneGroups[] = R"sql(
  DELETE FROM {s}.task_groups WHERE group_id IN (
    SELECT group_id FROM {s}.task_groups g
    WHERE queue = $1 AND end_time < clock_timestamp() - $2::bigint * interval '1 ms'
      AND NOT EXISTS (SELECT FROM {s}.tasks t WHERE t.group_id = g.group_id) AND NOT ({kept})
    ORDER BY end_time LIMIT 1000))sql";

}  // namespace

absl::Status Queue::Tidy(db::ConnectionPool& pool) {
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool, [&](pqxx::work& work) {
    work.exec_params(Sql(kRaiseFloors), options_.queue);
    return absl::OkStatus();
  }));
  return db::RunInTransaction(pool, [&](pqxx::work& work) {
    if (!work.exec(Sql(kLockLimited)).empty()) work.exec(Sql(kRecount));
    return absl::OkStatus();
  });
}

absl::Status Queue::SeeReplica(const std::string& name, const std::vector<std::string>& pools,
                               int slots) {
  return db::RunStatement(lease_pool_, [&](pqxx::nontransaction& work) {
    work.exec_params(Sql(kSeeReplica), options_.queue, name, nlohmann::json(pools).dump(), slots);
    return absl::OkStatus();
  });
}

absl::Status Queue::Prune(db::ConnectionPool& pool, absl::Duration keep) {
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool, [&](pqxx::work& work) {
    work.exec_params(Sql(kForgetReplicas), absl::ToInt64Milliseconds(kReplicaMemory));
    return absl::OkStatus();
  }));
  for (bool more = true; more;)
    FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool, [&](pqxx::work& work) {
      const std::int64_t before = absl::ToInt64Milliseconds(keep);
      const auto tasks = work.exec_params(Sql(kPruneTasks), options_.queue, before).affected_rows();
      const auto groups =
          work.exec_params(Sql(kPruneGroups), options_.queue, before).affected_rows();
      more = tasks + groups > 0;
      return absl::OkStatus();
    }));
  return absl::OkStatus();
}

}  // namespace fleetcast::workqueue
