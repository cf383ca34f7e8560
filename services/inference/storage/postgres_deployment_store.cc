#include "services/inference/storage/postgres_deployment_store.h"

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/db/array.h"
#include "services/inference/domain/deployment_json.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kUpsertEndpoints[] = R"(
  INSERT INTO inference.batch_endpoints (plant_id, display_name)
  SELECT DISTINCT ON (plant_id) plant_id, display_name
  FROM unnest($1::text[], $2::text[]) AS g (plant_id, display_name) ORDER BY plant_id
  ON CONFLICT (plant_id) DO UPDATE SET display_name = EXCLUDED.display_name, update_time = now())";

const char kLockDeployments[] = R"(
  SELECT plant_id, circuit_id, revision FROM inference.deployments
  WHERE (plant_id, circuit_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
  ORDER BY plant_id, circuit_id FOR UPDATE)";

// Of an array of rows as JSON. In order of circuit, as they are locked. What served before and has
// a greater version was taken out by a rollback: it stands in for nothing.
const char kUpsertDeployments[] = R"(
  INSERT INTO inference.deployments AS d
    (plant_id, circuit_id, display_name, model_version, artifact_sha256, environment, compute,
     instance_count, mini_batch_size, max_concurrency_per_instance, timeout_seconds,
     error_threshold, max_retries, retry_timeout_seconds, sensor_id, config_commit,
     environment_variables, tags,
     training_hash, deployment_hash, cutoff_date, mae, skill, fallback, shape, revision)
  SELECT plant_id, circuit_id, display_name, model_version, artifact_sha256, environment, compute,
     instance_count, mini_batch_size, max_concurrency_per_instance, timeout_seconds,
     error_threshold, max_retries, retry_timeout_seconds, sensor_id, config_commit,
     environment_variables, tags || jsonb_build_object('deployed_at',
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
     training_hash, deployment_hash, cutoff_date, mae, skill, fallback, shape,
     nextval('inference.revisions')
  FROM jsonb_populate_recordset(NULL::inference.deployments, $1::jsonb)
  ORDER BY plant_id, circuit_id
  ON CONFLICT (plant_id, circuit_id) DO UPDATE SET
    display_name = EXCLUDED.display_name, model_version = EXCLUDED.model_version,
    artifact_sha256 = EXCLUDED.artifact_sha256, environment = EXCLUDED.environment,
    compute = EXCLUDED.compute, instance_count = EXCLUDED.instance_count,
    mini_batch_size = EXCLUDED.mini_batch_size,
    max_concurrency_per_instance = EXCLUDED.max_concurrency_per_instance,
    timeout_seconds = EXCLUDED.timeout_seconds, error_threshold = EXCLUDED.error_threshold,
    max_retries = EXCLUDED.max_retries,
    retry_timeout_seconds = EXCLUDED.retry_timeout_seconds, sensor_id = EXCLUDED.sensor_id,
    config_commit = EXCLUDED.config_commit,
    environment_variables = EXCLUDED.environment_variables, tags = EXCLUDED.tags,
    training_hash = EXCLUDED.training_hash, deployment_hash = EXCLUDED.deployment_hash,
    cutoff_date = EXCLUDED.cutoff_date, mae = EXCLUDED.mae, skill = EXCLUDED.skill,
    fallback = EXCLUDED.fallback, shape = EXCLUDED.shape,
    earlier_version = CASE WHEN d.model_version < EXCLUDED.model_version THEN d.model_version
      WHEN d.earlier_version < EXCLUDED.model_version THEN d.earlier_version END,
    earlier_sha256 = CASE WHEN d.model_version < EXCLUDED.model_version THEN d.artifact_sha256
      WHEN d.earlier_version < EXCLUDED.model_version THEN d.earlier_sha256 ELSE '' END,
    revision = EXCLUDED.revision, update_time = now()
  RETURNING plant_id, circuit_id, revision)";

const char kDeleteDeployments[] =
    "DELETE FROM inference.deployments"
    " WHERE (plant_id, circuit_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))";

const char kSelectDeployment[] = "SELECT d.*, e.display_name AS plant_display_name, "
    FLEETCAST_MICROS("d.create_time") " AS created, "
    FLEETCAST_MICROS("d.update_time") " AS updated"
    " FROM inference.deployments d JOIN inference.batch_endpoints e USING (plant_id) WHERE ";

const char kSelectEndpoint[] = "SELECT e.plant_id, e.display_name,"
    " (SELECT count(*) FROM inference.deployments d WHERE d.plant_id = e.plant_id) AS deployments, "
    FLEETCAST_MICROS("e.create_time") " AS created, "
    FLEETCAST_MICROS("e.update_time") " AS updated"
    " FROM inference.batch_endpoints e WHERE ";

std::map<std::string, std::string> MapOf(const pqxx::field& json) {
  return nlohmann::json::parse(json.as<std::string>()).get<std::map<std::string, std::string>>();
}

Deployment DeploymentOf(const pqxx::row& row) {
  Deployment deployment;
  deployment.circuit = {row["plant_id"].as<std::string>(), row["circuit_id"].as<std::string>()};
  deployment.model_version = row["model_version"].as<std::int64_t>();
  deployment.artifact_sha256 = row["artifact_sha256"].as<std::string>();
  deployment.environment = row["environment"].as<std::string>();
  deployment.environment_variables = MapOf(row["environment_variables"]);
  deployment.tags = MapOf(row["tags"]);
  deployment.revision = row["revision"].as<std::int64_t>();
  deployment.create_time = TimeOf(row["created"]);
  deployment.update_time = TimeOf(row["updated"]);
  DeploymentSettings& settings = deployment.settings;
  settings.plant_display_name = row["plant_display_name"].as<std::string>();
  settings.display_name = row["display_name"].as<std::string>();
  settings.compute = row["compute"].as<std::string>();
  settings.instance_count = row["instance_count"].as<int>();
  settings.mini_batch_size = row["mini_batch_size"].as<int>();
  settings.max_concurrency_per_instance = row["max_concurrency_per_instance"].as<int>();
  settings.timeout = absl::Seconds(row["timeout_seconds"].as<double>());
  settings.error_threshold = row["error_threshold"].as<int>();
  settings.max_retries = row["max_retries"].as<int>();
  settings.retry_timeout = absl::Seconds(row["retry_timeout_seconds"].as<double>());
  settings.sensor_id = row["sensor_id"].as<std::string>();
  settings.commit = row["config_commit"].as<std::string>();
  settings.fallback = FallbackOf(row["fallback"]);
  settings.shape = ShapeOf(row["shape"]);
  deployment.earlier = EarlierOf(row);
  return deployment;
}

BatchEndpoint EndpointOf(const pqxx::row& row) {
  return {.plant_id = row["plant_id"].as<std::string>(),
          .display_name = row["display_name"].as<std::string>(),
          .deployment_count = row["deployments"].as<int>(),
          .create_time = TimeOf(row["created"]),
          .update_time = TimeOf(row["updated"])};
}

absl::StatusOr<db::SqlField> FieldOf(const std::string& field) {
  if (field == "model") {
    return db::SqlField{"'models/sensor-model/versions/' || d.model_version"};
  }
  if (absl::StartsWith(field, "tags.")) {
    return db::SqlField{"d.tags ->> ?", {field.substr(5)}};
  }
  return db::SqlField{"d." + field};  // as DeploymentFilterFields has it
}

absl::StatusOr<Deployment> Read(pqxx::work& work, const CircuitId& circuit) {
  const pqxx::result rows =
      Run(work, absl::StrCat(kSelectDeployment, "d.plant_id = $1 AND d.circuit_id = $2"),
          {circuit.plant_id, circuit.circuit_id});
  if (rows.empty()) return DeploymentNotFound(circuit);
  return DeploymentOf(rows[0]);
}

using Revisions = std::map<CircuitId, std::int64_t>;

Revisions RevisionsOf(const pqxx::result& rows) {
  Revisions revisions;
  for (const pqxx::row& row : rows) {
    revisions[{row["plant_id"].as<std::string>(), row["circuit_id"].as<std::string>()}] =
        row["revision"].as<std::int64_t>();
  }
  return revisions;
}

// Plants and ids of circuits, as two arrays.
std::vector<std::string> ArraysOf(const std::vector<CircuitId>& circuits) {
  std::vector<std::string> plants, ids;
  for (const CircuitId& circuit : circuits) {
    plants.push_back(circuit.plant_id);
    ids.push_back(circuit.circuit_id);
  }
  return {db::ArrayOf(plants), db::ArrayOf(ids)};
}

// Locks the circuits' deployments; those that there are.
Revisions Lock(pqxx::work& work, const std::vector<CircuitId>& circuits) {
  return RevisionsOf(Run(work, kLockDeployments, ArraysOf(circuits)));
}

// OK if `etag` is empty or the present one.
absl::Status CheckEtag(const Revisions& present, const CircuitId& circuit,
                       const std::string& etag) {
  if (etag.empty()) return absl::OkStatus();
  const auto found = present.find(circuit);
  if (found != present.end() && absl::StrCat(found->second) == etag) return absl::OkStatus();
  return EtagMismatch(DeploymentResource(circuit), etag);
}

nlohmann::json NumberOrNull(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json RowOf(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.settings;
  return {{"plant_id", deployment.circuit.plant_id},
          {"circuit_id", deployment.circuit.circuit_id},
          {"display_name", settings.display_name},
          {"model_version", deployment.model_version},
          {"artifact_sha256", deployment.artifact_sha256},
          {"environment", deployment.environment},
          {"compute", settings.compute},
          {"instance_count", settings.instance_count},
          {"mini_batch_size", settings.mini_batch_size},
          {"max_concurrency_per_instance", settings.max_concurrency_per_instance},
          {"timeout_seconds", absl::ToDoubleSeconds(settings.timeout)},
          {"error_threshold", settings.error_threshold},
          {"max_retries", settings.max_retries},
          {"retry_timeout_seconds", absl::ToDoubleSeconds(settings.retry_timeout)},
          {"sensor_id", settings.sensor_id},
          {"config_commit", settings.commit},
          {"environment_variables", deployment.environment_variables},
          {"tags", deployment.tags},
          {"training_hash", deployment.training_hash},
          {"deployment_hash", settings.deployment_hash},
          {"cutoff_date", deployment.cutoff_date},
          {"mae", NumberOrNull(deployment.mae)},
          {"skill", NumberOrNull(deployment.skill)},
          {"fallback", settings.fallback},
          {"shape", settings.shape}};
}

// Makes or replaces deployments of different circuits, whose rows are locked.
Revisions Upsert(pqxx::work& work, const std::vector<const Deployment*>& deployments) {
  std::vector<std::string> plants, names;
  nlohmann::json rows = nlohmann::json::array();
  for (const Deployment* deployment : deployments) {
    plants.push_back(deployment->circuit.plant_id);
    names.push_back(deployment->settings.plant_display_name);
    rows.push_back(RowOf(*deployment));
  }
  Run(work, kUpsertEndpoints, {db::ArrayOf(plants), db::ArrayOf(names)});
  return RevisionsOf(Run(work, kUpsertDeployments, {rows.dump()}));
}

std::vector<DeployOutcome> DeployItems(pqxx::work& work, const std::vector<DeployItem>& items) {
  std::vector<CircuitId> circuits;
  for (const DeployItem& item : items) {
    if (item.deployment.ok()) circuits.push_back(item.circuit);
  }
  const Revisions present = Lock(work, circuits);
  std::vector<absl::Status> statuses;
  std::vector<const Deployment*> sound;
  for (const DeployItem& item : items) {
    statuses.push_back(item.deployment.ok() ? CheckEtag(present, item.circuit, item.etag)
                                            : item.deployment.status());
    if (statuses.back().ok()) sound.push_back(&*item.deployment);
  }
  const Revisions deployed = Upsert(work, sound);
  std::vector<DeployOutcome> outcomes;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const DeployItem& item = items[i];
    outcomes.push_back(statuses[i].ok()
                           ? DeployOutcome{.model_version = item.model_version,
                                           .circuit = item.circuit,
                                           .revision = deployed.at(item.circuit)}
                           : FailedOutcome(item.model_version, item.circuit, statuses[i]));
  }
  return outcomes;
}

}  // namespace

void StoreDeployments(pqxx::work& work, const std::vector<Deployment>& deployments) {
  if (deployments.empty()) return;
  std::vector<const Deployment*> all;
  std::vector<CircuitId> circuits;
  for (const Deployment& deployment : deployments) {
    all.push_back(&deployment);
    circuits.push_back(deployment.circuit);
  }
  (void)Lock(work, circuits);  // in order, before they are written
  Upsert(work, all);
}

void DeleteDeployments(pqxx::work& work, const std::vector<CircuitId>& circuits) {
  if (circuits.empty()) return;
  Run(work, kDeleteDeployments, ArraysOf(circuits));
}

absl::StatusOr<Deployment> PostgresDeploymentStore::Deploy(const MutatingRequest& request,
                                                           const Deployment& deployment,
                                                           const std::string& etag) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Deployment> {
    const Revisions present = Lock(work, {deployment.circuit});
    FLEETCAST_RETURN_IF_ERROR(CheckEtag(present, deployment.circuit, etag));
    Upsert(work, {&deployment});
    return Read(work, deployment.circuit);
  });
}

absl::StatusOr<std::vector<DeployOutcome>> PostgresDeploymentStore::DeployAll(
    const MutatingRequest& request, const std::vector<DeployItem>& items) {
  return AnswerOnce(pool_, request,
                    [&](pqxx::work& work) -> absl::StatusOr<std::vector<DeployOutcome>> {
                      return DeployItems(work, items);
                    });
}

absl::StatusOr<std::optional<Deployment>> PostgresDeploymentStore::FirstDeployment(
    const MutatingRequest& request) {
  return FindFirstAnswer<Deployment>(pool_, request);
}

absl::StatusOr<std::optional<std::vector<DeployOutcome>>> PostgresDeploymentStore::FirstOutcomes(
    const MutatingRequest& request) {
  return FindFirstAnswer<std::vector<DeployOutcome>>(pool_, request);
}

absl::Status PostgresDeploymentStore::Delete(const MutatingRequest& request,
                                             const CircuitId& circuit, const std::string& etag) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::Status {
    const Revisions present = Lock(work, {circuit});
    if (present.empty()) return DeploymentNotFound(circuit);
    FLEETCAST_RETURN_IF_ERROR(CheckEtag(present, circuit, etag));
    DeleteDeployments(work, {circuit});
    return absl::OkStatus();
  });
}

absl::StatusOr<Deployment> PostgresDeploymentStore::Get(const CircuitId& circuit) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return Read(work, circuit); });
}

absl::StatusOr<PageOf<Deployment>> PostgresDeploymentStore::List(
    const std::string& plant_id, const std::optional<Filter>& filter, const PageRequest& page) {
  const std::vector<std::string> after =
      page.after.size() == 2 ? page.after : std::vector<std::string>{"", ""};
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Deployment>> {
    Parameters parameters({plant_id, after[0], after[1], absl::StrCat(page.size + 1)});
    FLEETCAST_ASSIGN_OR_RETURN(const std::string condition, parameters.Bind(filter, FieldOf));
    std::vector<Deployment> deployments;
    for (const pqxx::row& row : parameters.Run(
             work,
             absl::StrCat(kSelectDeployment,
                          "($1 = '' OR d.plant_id = $1)"
                          " AND (d.plant_id, d.circuit_id) > ($2, $3) AND ",
                          condition, " ORDER BY d.plant_id, d.circuit_id LIMIT $4::integer"))) {
      deployments.push_back(DeploymentOf(row));
    }
    return CutPage(std::move(deployments), page);
  });
}

absl::StatusOr<BatchEndpoint> PostgresDeploymentStore::GetEndpoint(const std::string& plant_id) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<BatchEndpoint> {
    const pqxx::result rows =
        Run(work, absl::StrCat(kSelectEndpoint, "e.plant_id = $1"), {plant_id});
    if (rows.empty()) return EndpointNotFound(plant_id);
    return EndpointOf(rows[0]);
  });
}

absl::StatusOr<PageOf<BatchEndpoint>> PostgresDeploymentStore::ListEndpoints(
    const PageRequest& page) {
  const std::string after = page.after.empty() ? "" : page.after[0];
  return db::ReadInTransaction(
      pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<BatchEndpoint>> {
        std::vector<BatchEndpoint> endpoints;
        for (const pqxx::row& row :
             Run(work,
                 absl::StrCat(kSelectEndpoint,
                              "e.plant_id > $1 ORDER BY e.plant_id LIMIT $2::integer"),
                 {after, absl::StrCat(page.size + 1)})) {
          endpoints.push_back(EndpointOf(row));
        }
        return CutPage(std::move(endpoints), page);
      });
}

}  // namespace fleetcast::inference
