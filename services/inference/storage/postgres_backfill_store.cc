#include "services/inference/storage/postgres_backfill_store.h"

#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/db/array.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kReadProgress[] =
    "SELECT name, progress FROM inference.backfill_progress"
    " WHERE group_id = $1 AND name = ANY ($2::text[])";

// The key's lock lets renewals go on and keeps the hold from being taken away before this commits.
const char kHeld[] =
    "SELECT FROM inference.task_holds WHERE task_id = $1::bigint AND lease_epoch = $2::bigint"
    " AND lease_expire_time > clock_timestamp() FOR KEY SHARE";

const char kRecordProgress[] =
    "INSERT INTO inference.backfill_progress (group_id, name, progress) VALUES ($1, $2, $3::jsonb)"
    " ON CONFLICT (group_id, name) DO UPDATE SET progress = EXCLUDED.progress";

const char kStoredAlready[] =
    "SELECT " FLEETCAST_MICROS("issue_time") " AS issue_us, model_version"
    " FROM inference.forecasts f JOIN unnest($3::bigint[]) AS g (issue_us)"
    "  ON f.issue_time = timestamptz 'epoch' + g.issue_us * interval '1 microsecond'"
    " WHERE f.plant_id = $1 AND f.circuit_id = $2";

using Key = std::tuple<absl::Time, std::int64_t>;

// Those of one circuit that are not stored yet.
std::vector<Forecast> NewOnes(pqxx::work& work, const CircuitId& circuit,
                              const std::vector<Forecast>& forecasts) {
  std::vector<std::string> issue_times;
  issue_times.reserve(forecasts.size());
  for (const Forecast& forecast : forecasts) issue_times.push_back(MicrosOf(forecast.issue_time));
  std::set<Key> stored;
  for (const pqxx::row& row :
       Run(work, kStoredAlready, {circuit.plant_id, circuit.circuit_id, db::ArrayOf(issue_times)}))
    stored.emplace(TimeOf(row["issue_us"]), row["model_version"].as<std::int64_t>());
  std::vector<Forecast> new_ones;
  for (const Forecast& forecast : forecasts)
    if (!stored.contains({forecast.issue_time, forecast.model_version}))
      new_ones.push_back(forecast);
  return new_ones;
}

}  // namespace

// What a holder reported last may be older than what it stored last.
void AddBackfillProgress(pqxx::work& work, std::vector<Invocation>& invocations) {
  std::map<std::string, Invocation*> by_name;
  std::vector<std::string> names;
  for (Invocation& invocation : invocations) {
    if (!invocation.pin.backfill || !invocation.task.result.empty()) continue;
    by_name[invocation.task.name] = &invocation;
    names.push_back(invocation.task.name);
  }
  if (names.empty()) return;
  for (const pqxx::row& row :
       Run(work, kReadProgress, {invocations.front().name.sweep_id, db::ArrayOf(names)}))
    if (auto progress = BackfillProgressOf(row[1].as<std::string>()))
      by_name.at(row[0].as<std::string>())->backfill = *std::move(progress);
}

absl::StatusOr<BackfillProgress> PostgresBackfillStore::Read(const InvocationName& invocation) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<BackfillProgress> {
    const pqxx::result rows =
        Run(work, kReadProgress,
            {invocation.sweep_id, db::ArrayOf(std::vector{CircuitKey(invocation.circuit)})});
    if (rows.empty()) return BackfillProgress();
    return BackfillProgressOf(rows[0][1].as<std::string>()).value_or(BackfillProgress());
  });
}

absl::Status PostgresBackfillStore::Store(const workqueue::HoldId& hold,
                                          const InvocationName& invocation,
                                          const BackfillProgress& progress,
                                          const std::vector<Forecast>& forecasts) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    const pqxx::result held =
        Run(work, kHeld, {absl::StrCat(hold.task_id), absl::StrCat(hold.lease_epoch)});
    if (held.empty())
      return Refused(absl::StatusCode::kCancelled, "LEASE_LOST",
                     absl::StrCat(InvocationResource(invocation), " is not held any more"));
    StoreForecasts(work, NewOnes(work, invocation.circuit, forecasts));
    Run(work, kRecordProgress,
        {invocation.sweep_id, CircuitKey(invocation.circuit), ToJson(progress)});
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::inference
