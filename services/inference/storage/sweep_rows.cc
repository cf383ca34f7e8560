#include "services/inference/storage/sweep_rows.h"

#include "absl/strings/str_cat.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/invocation_transition.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {

const char kInvocationColumns[] =
    "i.sweep_id, i.plant_id, i.circuit_id, i.model_version, i.artifact_sha256, i.sensor_id,"
    " i.timeout_seconds, i.max_attempts, i.concurrency_limit, i.state, i.state_reason,"
    " i.failure_kind, i.failure_reason, i.failure_message, i.failed_attempt, i.attempts,"
    " i.lease_epoch, i.worker, " FLEETCAST_MICROS("i.as_of") " AS as_of_us, "
    FLEETCAST_MICROS("i.failure_time") " AS failed_us, "
    FLEETCAST_MICROS("i.issue_time") " AS issue_us, "
    FLEETCAST_MICROS("i.create_time") " AS created_us, "
    FLEETCAST_MICROS("i.start_time") " AS started_us, "
    FLEETCAST_MICROS("i.end_time") " AS ended_us";

const char kSelectSweep[] =
    "SELECT s.sweep_id, s.state, array_to_string(s.plant_ids, ',') AS plants, s.schedule_id,"
    " s.retry_of, c.queued, c.running, c.succeeded, c.failed, c.cancelled, "
    FLEETCAST_MICROS("s.as_of") " AS as_of_us, "
    FLEETCAST_MICROS("s.tick") " AS tick_us, "
    FLEETCAST_MICROS("s.create_time") " AS created_us, "
    FLEETCAST_MICROS("s.start_time") " AS started_us, "
    FLEETCAST_MICROS("s.end_time") " AS ended_us"
    " FROM inference.sweeps s CROSS JOIN LATERAL (SELECT"
    " count(*) FILTER (WHERE state = 'QUEUED') AS queued,"
    " count(*) FILTER (WHERE state = 'RUNNING') AS running,"
    " count(*) FILTER (WHERE state = 'SUCCEEDED') AS succeeded,"
    " count(*) FILTER (WHERE state = 'FAILED') AS failed,"
    " count(*) FILTER (WHERE state = 'CANCELLED') AS cancelled"
    " FROM inference.invocations WHERE sweep_id = s.sweep_id) c WHERE ";

namespace {

const char kInsertSweep[] =
    "INSERT INTO inference.sweeps (sweep_id, state, plant_ids, as_of, schedule_id, tick, retry_of)"
    " VALUES ($1, 'QUEUED', $2::text[], " FLEETCAST_TIME("$3") ", NULLIF($4, ''), " FLEETCAST_TIME(
        "$5") ", NULLIF($6, '')) ON CONFLICT (schedule_id, tick) DO NOTHING";

const char kInsertInvocations[] =
    "INSERT INTO inference.invocations (sweep_id, plant_id, circuit_id, model_version,"
    " artifact_sha256, sensor_id, timeout_seconds, max_attempts, concurrency_limit, as_of,"
    " priority)"
    " SELECT $1, d.plant_id, d.circuit_id, d.model_version, d.artifact_sha256, d.sensor_id,"
    " d.timeout_seconds, d.max_retries + 1, d.instance_count * d.max_concurrency_per_instance, "
    FLEETCAST_TIME("$3") ", CASE WHEN $4 = '' THEN 0 ELSE 1 END FROM inference.deployments d"
    " WHERE (cardinality($2::text[]) = 0 OR d.plant_id = ANY ($2::text[]))"
    " AND ($4 = '' OR (d.plant_id = $4 AND d.circuit_id = $5))"
    " AND ($6 = '' OR EXISTS (SELECT FROM inference.invocations f WHERE f.sweep_id = $6"
    " AND f.plant_id = d.plant_id AND f.circuit_id = d.circuit_id AND f.state = 'FAILED'))";

const char kMissingPlant[] =
    "SELECT p FROM unnest($1::text[]) p WHERE NOT EXISTS"
    " (SELECT FROM inference.batch_endpoints e WHERE e.plant_id = p) LIMIT 1";

const char kLockSweep[] = "SELECT 1 FROM inference.sweeps WHERE sweep_id = $1 FOR UPDATE";

const char kAnyLive[] =
    "SELECT 1 FROM inference.invocations WHERE sweep_id = $1 AND state IN ('QUEUED', 'RUNNING')"
    " LIMIT 1";

const char kSetSweepState[] =
    "UPDATE inference.sweeps SET state = $2,"
    " start_time = COALESCE(start_time,"
    "   (SELECT min(start_time) FROM inference.invocations WHERE sweep_id = $1)),"
    " end_time = CASE WHEN $3 = 't' THEN clock_timestamp() END"
    " WHERE sweep_id = $1 AND state <> $2";

std::optional<InvocationFailure> FailureOf(const pqxx::row& row) {
  if (row["failure_kind"].is_null()) return std::nullopt;
  return InvocationFailure{FailureKindOf(row["failure_kind"].as<std::string>()),
                           row["failure_reason"].as<std::string>(),
                           row["failure_message"].as<std::string>(), false};
}

}  // namespace

Invocation InvocationOf(const pqxx::row& row) {
  Invocation invocation;
  invocation.name = {row["sweep_id"].as<std::string>(),
                     {row["plant_id"].as<std::string>(), row["circuit_id"].as<std::string>()}};
  invocation.pin = {.model_version = row["model_version"].as<std::int64_t>(),
                    .artifact_sha256 = row["artifact_sha256"].as<std::string>(),
                    .sensor_id = row["sensor_id"].as<std::string>(),
                    .timeout = absl::Seconds(row["timeout_seconds"].as<double>()),
                    .max_attempts = row["max_attempts"].as<int>(),
                    .concurrency_limit = row["concurrency_limit"].as<int>()};
  invocation.as_of = OptionalTimeOf(row["as_of_us"]);
  invocation.state = InvocationStateOf(row["state"].as<std::string>());
  invocation.state_reason = row["state_reason"].as<std::string>();
  invocation.failure = FailureOf(row);
  invocation.failed_attempt = row["failed_attempt"].as<int>(0);
  invocation.failure_time = OptionalTimeOf(row["failed_us"]);
  invocation.attempts = row["attempts"].as<int>();
  invocation.lease_epoch = row["lease_epoch"].as<std::int64_t>();
  invocation.worker = row["worker"].as<std::string>();
  invocation.issue_time = OptionalTimeOf(row["issue_us"]);
  invocation.create_time = TimeOf(row["created_us"]);
  invocation.start_time = OptionalTimeOf(row["started_us"]);
  invocation.end_time = OptionalTimeOf(row["ended_us"]);
  return invocation;
}

Sweep SweepOf(const pqxx::row& row) {
  return {.id = row["sweep_id"].as<std::string>(),
          .state = SweepStateOf(row["state"].as<std::string>()),
          .plant_ids = SplitIds(row["plants"]),
          .as_of = OptionalTimeOf(row["as_of_us"]),
          .schedule_id = row["schedule_id"].as<std::string>(""),
          .tick = OptionalTimeOf(row["tick_us"]),
          .retry_of = row["retry_of"].as<std::string>(""),
          .counts = {.queued = row["queued"].as<int>(),
                     .running = row["running"].as<int>(),
                     .succeeded = row["succeeded"].as<int>(),
                     .failed = row["failed"].as<int>(),
                     .cancelled = row["cancelled"].as<int>()},
          .create_time = TimeOf(row["created_us"]),
          .start_time = OptionalTimeOf(row["started_us"]),
          .end_time = OptionalTimeOf(row["ended_us"])};
}

absl::StatusOr<Sweep> ReadSweep(pqxx::work& work, const std::string& sweep_id) {
  const pqxx::result rows = Run(work, absl::StrCat(kSelectSweep, "s.sweep_id = $1"), {sweep_id});
  if (rows.empty()) return SweepNotFound(sweep_id);
  return SweepOf(rows[0]);
}

bool InsertSweep(pqxx::work& work, const NewSweep& sweep, const SweepOrigin& origin) {
  const std::string plants = TextArray(sweep.plant_ids);
  const pqxx::result inserted = Run(work, kInsertSweep,
                                    {sweep.id, plants, MicrosOf(sweep.as_of), origin.schedule_id,
                                     MicrosOf(origin.tick), origin.retry_of});
  if (inserted.affected_rows() == 0) return false;
  const CircuitId circuit = sweep.circuit.value_or(CircuitId{});
  const pqxx::result invocations = Run(work, kInsertInvocations,
                                       {sweep.id, plants, MicrosOf(sweep.as_of), circuit.plant_id,
                                        circuit.circuit_id, origin.retry_of});
  if (invocations.affected_rows() == 0) SettleSweep(work, sweep.id);
  return true;
}

absl::Status CheckPlants(pqxx::work& work, const std::vector<std::string>& plant_ids) {
  const pqxx::result missing = Run(work, kMissingPlant, {TextArray(plant_ids)});
  if (missing.empty()) return absl::OkStatus();
  return EndpointNotFound(missing[0][0].as<std::string>());
}

void SettleSweep(pqxx::work& work, const std::string& sweep_id) {
  Run(work, kLockSweep, {sweep_id});
  // Statements of their own: their snapshots are taken after the lock was. All but the last
  // invocation of a large sweep find another one live, and count nothing.
  if (!Run(work, kAnyLive, {sweep_id}).empty()) return;
  const pqxx::result rows = Run(work, absl::StrCat(kSelectSweep, "s.sweep_id = $1"), {sweep_id});
  if (rows.empty()) return;
  const Sweep sweep = SweepOf(rows[0]);
  if (IsTerminal(sweep.state)) return;
  const SweepState state = SweepStateAfter(sweep.counts);
  Run(work, kSetSweepState, {sweep_id, Word(state), IsTerminal(state) ? "t" : "f"});
}

}  // namespace fleetcast::inference
