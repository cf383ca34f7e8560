#include "services/inference/storage/sweep_rows.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/array.h"
#include "common/workqueue/pools.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/release.h"
#include "services/inference/domain/sweep_store.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kMissingPlant[] =
    "SELECT p FROM unnest($1::text[]) p WHERE NOT EXISTS"
    " (SELECT FROM inference.batch_endpoints e WHERE e.plant_id = p) LIMIT 1";

const char kTickHasSweep[] =
    "SELECT FROM inference.task_groups WHERE pin ->> 'schedule_id' = $1 AND pin ->> 'tick' = $2";

const char kServedPools[] =
    "SELECT DISTINCT unnest(pools) FROM inference.replicas WHERE queue = $1"
    " AND last_seen_time > clock_timestamp() - $2::double precision * interval '1 second'";

const char kDeployments[] =
    "SELECT d.plant_id, d.circuit_id, d.model_version, d.artifact_sha256, d.sensor_id,"
    " d.timeout_seconds, d.max_retries, d.fallback, d.shape, d.earlier_version, d.earlier_sha256,"
    " d.retry_timeout_seconds, d.mini_batch_size, d.error_threshold, d.instance_count,"
    " d.max_concurrency_per_instance, d.compute,"
    " " FLEETCAST_MICROS("clock_timestamp()") " AS now_us FROM inference.deployments d"
    " WHERE (cardinality($1::text[]) = 0 OR d.plant_id = ANY ($1::text[]))"
    " AND ($2 = '' OR (d.plant_id = $2 AND d.circuit_id = $3))"
    " AND ($4 = '' OR EXISTS (SELECT FROM inference.tasks t WHERE t.group_id = $4"
    " AND t.name = d.plant_id || '.' || d.circuit_id AND t.state = 'FAILED'))"
    " AND (cardinality($5::text[]) = 0 OR d.plant_id || '.' || d.circuit_id = ANY ($5::text[]))";

InvocationPin PinOf(const pqxx::row& row, const SweepPin& sweep) {
  InvocationPin pin{.model_version = row["model_version"].as<std::int64_t>(),
                    .artifact_sha256 = row["artifact_sha256"].as<std::string>(),
                    .sensor_id = row["sensor_id"].as<std::string>(),
                    .timeout_seconds = row["timeout_seconds"].as<double>(),
                    .as_of = sweep.as_of,
                    .ask_time = TimeOf(row["now_us"]),
                    .fallback = FallbackOf(row["fallback"]),
                    .shape = ShapeOf(row["shape"]),
                    .earlier = EarlierOf(row)};
  if (!sweep.backfill) return pin;
  pin.backfill =
      BackfillPin{.range = *sweep.backfill,
                  .mini_batch_size = row["mini_batch_size"].as<int>(),
                  .mini_batch_timeout_seconds = row["retry_timeout_seconds"].as<double>(),
                  .max_retries = row["max_retries"].as<int>(),
                  .error_threshold = row["error_threshold"].as<int>(),
                  .concurrency = row["instance_count"].as<int>() *
                                 row["max_concurrency_per_instance"].as<int>()};
  return pin;
}

workqueue::NewTask TaskOf(const pqxx::row& row, const SweepPin& sweep,
                          const std::set<std::string>& served_pools) {
  const CircuitId circuit{row["plant_id"].as<std::string>(), row["circuit_id"].as<std::string>()};
  const InvocationPin pin = PinOf(row, sweep);
  workqueue::NewTask task{.name = CircuitKey(circuit),
                          .key = absl::StrCat(circuit.plant_id, "/", circuit.circuit_id),
                          .pool = kForecastingQueue,
                          .pools = {workqueue::kFleetPool, workqueue::PlantPool(circuit.plant_id)},
                          .payload = ToJson(pin),
                          .max_attempts = row["max_retries"].as<int>() + 1,
                          .attempt_timeout = absl::Seconds(pin.timeout_seconds)};
  if (!sweep.backfill) return task;
  // With a key of its own: the circuit's sweeps do not wait for its backfill.
  task.key = absl::StrCat("backfill/", task.key);
  task.pool = PoolOfBackfill(row["compute"].as<std::string>(), served_pools);
  task.pools.emplace_back(kBackfillPool);
  return task;
}

std::set<std::string> ServedPools(pqxx::work& work) {
  std::set<std::string> pools;
  for (const pqxx::row& row :
       Run(work, kServedPools, {kForecastingQueue, SecondsOf(workqueue::Queue::kReplicaMemory)}))
    pools.insert(row[0].as<std::string>());
  return pools;
}

// NOT_FOUND for a circuit asked for by name that is not deployed.
absl::Status CheckCircuits(const SweepPin& pin, const std::vector<workqueue::NewTask>& tasks) {
  if (!pin.retry_of.empty()) return absl::OkStatus();
  std::set<std::string> missing(pin.circuits.begin(), pin.circuits.end());
  for (const workqueue::NewTask& task : tasks) missing.erase(task.name);
  if (missing.empty()) return absl::OkStatus();
  return DeploymentNotFound(CircuitOfKey(*missing.begin()));
}

absl::Status CheckTick(pqxx::work& work, const SweepPin& pin) {
  if (!pin.tick || Run(work, kTickHasSweep, {pin.schedule_id, MicrosOf(pin.tick)}).empty())
    return absl::OkStatus();
  return Refused(absl::StatusCode::kAlreadyExists, "TICK_HAS_SWEEP",
                 absl::StrCat(ScheduleResource(pin.schedule_id), " has its sweep of this tick"));
}

}  // namespace

workqueue::QueueOptions ForecastingQueueOptions() {
  return {.schema = kSchema,
          .queue = kForecastingQueue,
          .tell_partial = true,
          .kept = "g.group_id IN (SELECT sweep_id FROM inference.latest_forecasts)"};
}

absl::StatusOr<Sweep> CreateSweep(pqxx::work& work, workqueue::Queue& queue, IdSource& ids,
                                  const NewSweep& sweep) {
  FLEETCAST_RETURN_IF_ERROR(CheckTick(work, sweep.pin));
  const CircuitId circuit = sweep.circuit.value_or(CircuitId{});
  SweepPin pin = sweep.pin;
  const std::set<std::string> served_pools =
      pin.backfill ? ServedPools(work) : std::set<std::string>();
  std::vector<workqueue::NewTask> tasks;
  std::set<std::string> missing(pin.plant_ids.begin(), pin.plant_ids.end());
  for (const pqxx::row& row : Run(work, kDeployments,
                                  {db::ArrayOf(pin.plant_ids), circuit.plant_id, circuit.circuit_id,
                                   pin.retry_of, db::ArrayOf(pin.circuits)})) {
    missing.erase(row["plant_id"].as<std::string>());
    tasks.push_back(TaskOf(row, pin, served_pools));
  }
  FLEETCAST_RETURN_IF_ERROR(CheckCircuits(pin, tasks));
  if (!pin.retry_of.empty() && !pin.circuits.empty()) {
    pin.circuits.clear();
    for (const workqueue::NewTask& task : tasks) pin.circuits.push_back(task.name);
  }
  if (pin.backfill) {
    FLEETCAST_RETURN_IF_ERROR(
        CheckBackfillSize(*pin.backfill, static_cast<std::int64_t>(tasks.size())));
  }
  // One circuit, or what failed before, asks for no whole plants.
  if (!sweep.circuit && pin.retry_of.empty()) pin.missing_plants = {missing.begin(), missing.end()};
  const std::string id = ids.NewId(ReadClock(work));
  FLEETCAST_RETURN_IF_ERROR(queue.Enqueue(work, id, ToJson(pin), tasks));
  std::optional<workqueue::Group> group = queue.GetGroup(work, id);
  if (!group) return SweepNotFound(id);
  return SweepOf(*std::move(group));
}

absl::Status CheckPlants(pqxx::work& work, const std::vector<std::string>& plant_ids) {
  const pqxx::result missing = Run(work, kMissingPlant, {db::ArrayOf(plant_ids)});
  if (missing.empty()) return absl::OkStatus();
  return EndpointNotFound(missing[0][0].as<std::string>());
}

}  // namespace fleetcast::inference
