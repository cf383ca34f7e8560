#include "common/workqueue/pools.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"

namespace fleetcast::workqueue {
namespace {

using nlohmann::json;

// Of every queue of the schema: $1 pool or '', $2 for how long a replica counts as present.
constexpr char kListPools[] = R"sql(
  WITH waiting AS (
    SELECT p.pool_id, count(*) AS queued, min(t.ready_time) AS oldest
    FROM {s}.tasks t CROSS JOIN unnest(t.pools) AS p(pool_id)
    WHERE t.state = 'QUEUED' AND ($1 = '' OR p.pool_id = $1)
      AND NOT EXISTS (SELECT FROM {s}.task_holds h WHERE h.task_id = t.task_id)
    GROUP BY p.pool_id),
  working AS (
    SELECT p.pool_id, count(*) AS running
    FROM {s}.task_holds h JOIN {s}.tasks t USING (task_id) CROSS JOIN unnest(t.pools) AS p(pool_id)
    WHERE $1 = '' OR p.pool_id = $1
    GROUP BY p.pool_id),
  present AS (
    SELECT p.pool_id, count(*) AS replicas, sum(slots) AS slots
    FROM {s}.replicas r CROSS JOIN unnest(r.pools) AS p(pool_id)
    WHERE r.last_seen_time > clock_timestamp() - $2::bigint * interval '1 ms'
    GROUP BY p.pool_id)
  SELECT pool_id, "limit", paused, reason, coalesce(queued, 0) AS queued,
         coalesce(working.running, 0) AS running, coalesce(replicas, 0) AS replicas,
         coalesce(slots, 0) AS slots,
         CASE WHEN oldest < 'infinity'
              THEN (extract(epoch FROM oldest) * 1000000)::bigint END AS oldest,
         (extract(epoch FROM update_time) * 1000000)::bigint AS updated_at
  FROM {s}.pools LEFT JOIN waiting USING (pool_id) LEFT JOIN working USING (pool_id)
  LEFT JOIN present USING (pool_id)
  WHERE $1 = '' OR pool_id = $1
  ORDER BY pool_id)sql";

// The row is locked before what runs is counted: fetches from a pool that has a limit wait.
constexpr char kMakePool[] =
    "INSERT INTO {s}.pools (pool_id) VALUES ($1) ON CONFLICT (pool_id) DO NOTHING";
constexpr char kLockPool[] = "SELECT 1 FROM {s}.pools WHERE pool_id = $1 FOR UPDATE";
// $2 limit or '-' to leave it or '' to take it away, $3 paused or '', $4 reason if $5.
constexpr char kSetPool[] = R"sql(
  UPDATE {s}.pools SET
    "limit" = CASE $2 WHEN '-' THEN "limit" WHEN '' THEN NULL ELSE $2::integer END,
    paused = coalesce(nullif($3, '')::boolean, paused), reason = CASE WHEN $5::boolean THEN $4 ELSE reason END,
    running = (SELECT count(*) FROM {s}.task_holds h JOIN {s}.tasks t USING (task_id)
               WHERE $1 = ANY (t.pools)),
    update_time = clock_timestamp()
  WHERE pool_id = $1)sql";

// Whether $1 is the pool of anything that has not ended, or of a replica that is there.
constexpr char kNamesPool[] = R"sql(
  SELECT EXISTS (SELECT FROM {s}.tasks WHERE state = 'QUEUED' AND $1 = ANY (pools))
      OR EXISTS (SELECT FROM {s}.task_holds h JOIN {s}.tasks t USING (task_id)
                 WHERE $1 = ANY (t.pools))
      OR EXISTS (SELECT FROM {s}.replicas WHERE $1 = ANY (pools)
                   AND last_seen_time > clock_timestamp() - $2::bigint * interval '1 ms'))sql";

std::string In(Queue& queue, const char* sql) {
  return absl::StrReplaceAll(sql, {{"{s}", queue.options().schema}});
}

Pool PoolOf(const pqxx::row& row) {
  Pool pool{.id = row["pool_id"].as<std::string>(),
            .paused = row["paused"].as<bool>(),
            .reason = row["reason"].as<std::string>(),
            .queued = row["queued"].as<int>(),
            .running = row["running"].as<int>(),
            .replicas = row["replicas"].as<int>(),
            .slots = row["slots"].as<int>(),
            .updated_at = absl::FromUnixMicros(row["updated_at"].as<std::int64_t>())};
  if (!row["limit"].is_null()) pool.limit = row["limit"].as<int>();
  if (!row["oldest"].is_null())
    pool.oldest_queued_at = absl::FromUnixMicros(row["oldest"].as<std::int64_t>());
  return pool;
}

std::vector<Pool> Select(pqxx::work& work, Queue& queue, const std::string& id) {
  std::vector<Pool> pools;
  for (const pqxx::row& row : work.exec_params(In(queue, kListPools), id,
                                               absl::ToInt64Milliseconds(Queue::kReplicaPresence)))
    pools.push_back(PoolOf(row));
  return pools;
}

// What a repeated SetPool is answered with.
json JsonOf(const Pool& pool) {
  return {{"limit", pool.limit ? json(*pool.limit) : json()},
          {"paused", pool.paused},
          {"reason", pool.reason},
          {"queued", pool.queued},
          {"running", pool.running},
          {"replicas", pool.replicas},
          {"slots", pool.slots},
          {"updated_at", absl::ToUnixMicros(pool.updated_at)}};
}

Pool PoolFrom(const std::string& id, const json& answer) {
  Pool pool{.id = id,
            .paused = answer.value("paused", false),
            .reason = answer.value("reason", ""),
            .queued = answer.value("queued", 0),
            .running = answer.value("running", 0),
            .replicas = answer.value("replicas", 0),
            .slots = answer.value("slots", 0),
            .updated_at = absl::FromUnixMicros(answer.value("updated_at", std::int64_t{0}))};
  if (answer["limit"].is_number()) pool.limit = answer["limit"].get<int>();
  return pool;
}

}  // namespace

std::string PlantPool(const std::string& plant_id) { return absl::StrCat("plant-", plant_id); }

std::string EnvironmentPool(const std::string& environment) {
  return absl::StrCat("environment-", absl::StrReplaceAll(environment, {{":", "-"}}));
}

absl::StatusOr<std::vector<Pool>> ListPools(Queue& queue, const std::string& id) {
  return db::ReadInTransaction(queue.pool(),
                               [&](pqxx::work& work) -> absl::StatusOr<std::vector<Pool>> {
                                 return Select(work, queue, id);
                               });
}

absl::StatusOr<Pool> SetPool(Queue& queue, const MutatingRequest& request,
                             const PoolChange& change) {
  const std::string& schema = queue.options().schema;
  return db::RunInTransaction(queue.pool(), [&](pqxx::work& work) -> absl::StatusOr<Pool> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto answer, db::ClaimRequest(work, schema, request));
    if (answer) return PoolFrom(change.id, json::parse(*answer));
    const std::string limit = !change.limit               ? "-"
                              : change.limit->has_value() ? absl::StrCat(**change.limit)
                                                          : "";
    const std::string paused = change.paused ? (*change.paused ? "true" : "false") : "";
    work.exec_params(In(queue, kMakePool), change.id);
    work.exec_params1(In(queue, kLockPool), change.id);
    work.exec_params(In(queue, kSetPool), change.id, limit, paused,
                     PrintableUtf8(change.reason.value_or(""), 1024), change.reason.has_value());
    work.exec_params("SELECT pg_notify($1, $2)", Queue::kChannel, queue.WakeWord());
    Pool pool = Select(work, queue, change.id).at(0);
    FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, schema, request, JsonOf(pool).dump()));
    return pool;
  });
}

absl::Status DeletePool(Queue& queue, const MutatingRequest& request, const std::string& id) {
  const std::string& schema = queue.options().schema;
  return db::RunInTransaction(queue.pool(), [&](pqxx::work& work) -> absl::Status {
    FLEETCAST_ASSIGN_OR_RETURN(const auto answer, db::ClaimRequest(work, schema, request));
    if (answer) return absl::OkStatus();
    const std::string name = absl::StrCat("pools/", id);
    if (work.exec_params(In(queue, kLockPool), id).empty())
      return ResourceNotFound("Pool", name, "list those that there are with ListPools");
    const bool named =
        id == kFleetPool || work.exec_params1(In(queue, kNamesPool), id,
                                              absl::ToInt64Milliseconds(Queue::kReplicaPresence))[0]
                                .as<bool>();
    if (named)
      return Refused(absl::StatusCode::kFailedPrecondition, "POOL_IN_USE",
                     absl::StrCat(name,
                                  " has work or a replica; take its limit away with "
                                  "UpdatePool instead"),
                     {{"name", name}});
    work.exec_params(In(queue, "DELETE FROM {s}.pools WHERE pool_id = $1"), id);
    return db::RecordAnswer(work, schema, request, "{}");
  });
}

}  // namespace fleetcast::workqueue
