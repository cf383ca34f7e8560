#include "services/inference/storage/forecast_partitions.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

// The weeks to make.
const char kMissingWeeks[] = R"(
  SELECT to_char(week, '"forecasts_"IYYY"w"IW') AS name,
    to_char(week, 'YYYY-MM-DD"T00:00:00Z"') AS from_time,
    to_char(week + interval '7 days', 'YYYY-MM-DD"T00:00:00Z"') AS to_time
  FROM (
    SELECT date_trunc('week', now() AT TIME ZONE 'UTC') + n * interval '7 days' AS week
    FROM generate_series(0, 4) AS n
    UNION
    SELECT date_trunc('week', issue_time AT TIME ZONE 'UTC') FROM inference.forecasts_default) weeks
  WHERE to_regclass(to_char(week, '"inference.forecasts_"IYYY"w"IW')) IS NULL
  ORDER BY week DESC LIMIT 20)";

// A lock that is waited for holds up everybody who comes after.
const char kShortLocks[] = "SET LOCAL lock_timeout = '2s'";

// Nobody stores meanwhile: a forecast on its way to the default partition would be refused there
// once its week has one of its own. Readers go on.
const char kHoldWriters[] = "LOCK TABLE ONLY inference.forecasts IN SHARE ROW EXCLUSIVE MODE";

// Partitions whose upper bound is `keep` ago. The bound's text is "FOR VALUES FROM (…) TO ('…')".
const char kOldPartitions[] = R"(
  SELECT c.oid::regclass::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'inference.forecasts'::regclass
    AND substring(pg_get_expr(c.relpartbound, c.oid) FROM $$TO \('([^']+)'\)$$)::timestamptz
      <= now() - $1::double precision * interval '1 second'
  ORDER BY name)";

const char kDeleteOld[] = R"(
  DELETE FROM inference.forecasts_default WHERE ctid IN (
    SELECT ctid FROM inference.forecasts_default
    WHERE issue_time <= now() - $1::double precision * interval '1 second' LIMIT 10000))";

// What came of versions that serve no more.
const char kDeleteOldScores[] = R"(
  DELETE FROM inference.live_accuracies a
  WHERE a.update_time <= now() - $1::double precision * interval '1 second' AND NOT EXISTS (
    SELECT FROM inference.deployments d WHERE d.plant_id = a.plant_id
      AND d.circuit_id = a.circuit_id AND d.model_version = a.model_version))";

struct Week {
  std::string name, from, to;
};

absl::Status MakePartition(db::ConnectionPool& pool, const Week& week) {
  return db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
    const std::string table = absl::StrCat("inference.", week.name);
    work.exec(kShortLocks);
    work.exec(kHoldWriters);
    work.exec(absl::StrCat("CREATE TABLE ", table, " (LIKE inference.forecasts INCLUDING ALL)"));
    Run(work,
        absl::StrCat("WITH moved AS (DELETE FROM inference.forecasts_default"
                     " WHERE issue_time >= $1::timestamptz AND issue_time < $2::timestamptz"
                     " RETURNING *) INSERT INTO ",
                     table, " SELECT * FROM moved"),
        {week.from, week.to});
    work.exec(absl::StrCat("ALTER TABLE inference.forecasts ATTACH PARTITION ", table,
                           " FOR VALUES FROM ('", week.from, "') TO ('", week.to, "')"));
    return absl::OkStatus();
  });
}

}  // namespace

absl::Status EnsureForecastPartitions(db::ConnectionPool& pool) {
  std::vector<Week> weeks;
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
    weeks.clear();
    for (const pqxx::row& row : work.exec(kMissingWeeks)) {
      weeks.push_back({row["name"].as<std::string>(), row["from_time"].as<std::string>(),
                       row["to_time"].as<std::string>()});
    }
    return absl::OkStatus();
  }));
  absl::Status all;
  for (const Week& week : weeks) all.Update(MakePartition(pool, week));
  return all;
}

absl::Status DropOldForecasts(db::ConnectionPool& pool, absl::Duration keep) {
  std::vector<std::string> partitions;
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
    partitions.clear();
    for (const pqxx::row& row : Run(work, kOldPartitions, {SecondsOf(keep)})) {
      partitions.push_back(row["name"].as<std::string>());
    }
    return absl::OkStatus();
  }));
  absl::Status all;
  for (const std::string& partition : partitions) {
    all.Update(db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
      work.exec(kShortLocks);
      work.exec(absl::StrCat("DROP TABLE ", partition));
      return absl::OkStatus();
    }));
  }
  all.Update(db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
    Run(work, kDeleteOldScores, {SecondsOf(keep)});
    return absl::OkStatus();
  }));
  for (bool more = true; more;) {
    FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(pool, [&](pqxx::work& work) -> absl::Status {
      more = Run(work, kDeleteOld, {SecondsOf(keep)}).affected_rows() > 0;
      return absl::OkStatus();
    }));
  }
  return all;
}

}  // namespace fleetcast::inference
