// What keeps the queue in order whoever works: run as duties by one process at a time.
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {
namespace {

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

absl::StatusOr<int> Queue::Tend(db::ConnectionPool& pool) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<int> {
    return work.exec_params1(Sql("SELECT {s}.tend_queue($1)"), options_.queue)[0].as<int>();
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
