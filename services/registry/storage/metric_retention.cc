#include "services/registry/storage/metric_retention.h"

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/status.h"
#include "common/db/transaction.h"

namespace fleetcast::registry {
namespace {

constexpr absl::Duration kBatchTime = absl::Seconds(2);  // more than a transaction takes

// Locks the next runs to be looked at, and removes points of those that need no history.
constexpr char kPrune[] =
    "WITH looked_at AS ("
    " SELECT r.position, EXISTS (SELECT 1 FROM registry.model_versions v"
    "   JOIN registry.champion_events e ON e.model_id = v.model_id AND e.version = v.version"
    "   WHERE v.run_position = r.position) AS kept"
    " FROM registry.runs r WHERE r.history_to_prune"
    " AND r.end_time < statement_timestamp() - make_interval(secs => $1)"
    " ORDER BY r.end_time LIMIT $2 FOR UPDATE OF r SKIP LOCKED),"
    " points AS (SELECT m.position FROM looked_at l JOIN registry.run_metrics m"
    "  ON m.run_position = l.position WHERE NOT l.kept LIMIT $3),"
    " removed AS (DELETE FROM registry.run_metrics m USING points p"
    "  WHERE m.position = p.position RETURNING 1)"
    " SELECT (SELECT array_agg(position) FROM looked_at)::text AS runs,"
    "  (SELECT count(*) FROM removed) AS removed";

constexpr char kLookedAt[] =
    "UPDATE registry.runs SET history_to_prune = false WHERE position = ANY ($1::bigint[])";

}  // namespace

absl::StatusOr<bool> PruneMetricHistory(db::ConnectionPool& pool, absl::Duration keep) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<bool> {
    const auto row = work.exec_params1(kPrune, absl::ToDoubleSeconds(keep), kPrunedRunsAtOnce,
                                       kPrunedPointsAtOnce);
    if (row["runs"].is_null()) return false;
    // Points may be left of these runs; then they are looked at again.
    if (row["removed"].as<int>() < kPrunedPointsAtOnce) {
      work.exec_params(kLookedAt, row["runs"].as<std::string>());
    }
    return true;
  });
}

db::Duty MetricHistoryRetention(absl::Duration keep) {
  const auto run = [keep](db::ConnectionPool& pool) -> absl::Status {
    for (;;) {
      FLEETCAST_ASSIGN_OR_RETURN(const bool more, PruneMetricHistory(pool, keep));
      if (!more) return absl::OkStatus();
      if (const auto left = RemainingTime(); left && *left < kBatchTime) return absl::OkStatus();
    }
  };
  return {.name = "metric_history_retention", .every = absl::Minutes(10), .run = run};
}

}  // namespace fleetcast::registry
