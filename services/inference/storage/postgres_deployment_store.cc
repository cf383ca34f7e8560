#include "services/inference/storage/postgres_deployment_store.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kUpsertEndpoint[] = R"(
  INSERT INTO inference.batch_endpoints (plant_id, display_name) VALUES ($1, $2)
  ON CONFLICT (plant_id) DO UPDATE SET display_name = $2, update_time = now())";

const char kLockDeployment[] = R"(
  SELECT revision FROM inference.deployments WHERE plant_id = $1 AND circuit_id = $2 FOR UPDATE)";

const char kUpsertDeployment[] = R"(
  INSERT INTO inference.deployments AS d
    (plant_id, circuit_id, display_name, model_version, artifact_sha256, environment, compute,
     instance_count, mini_batch_size, max_concurrency_per_instance, timeout_seconds,
     error_threshold, max_retries, sensor_id, config_commit, environment_variables, tags, revision)
  VALUES ($1, $2, $3, $4::bigint, $5, $6, $7, $8::integer, $9::integer, $10::integer,
     $11::double precision, $12::integer, $13::integer, $14, $15, $16::jsonb,
     $17::jsonb || jsonb_build_object('deployed_at',
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
     nextval('inference.revisions'))
  ON CONFLICT (plant_id, circuit_id) DO UPDATE SET
    display_name = EXCLUDED.display_name, model_version = EXCLUDED.model_version,
    artifact_sha256 = EXCLUDED.artifact_sha256, environment = EXCLUDED.environment,
    compute = EXCLUDED.compute, instance_count = EXCLUDED.instance_count,
    mini_batch_size = EXCLUDED.mini_batch_size,
    max_concurrency_per_instance = EXCLUDED.max_concurrency_per_instance,
    timeout_seconds = EXCLUDED.timeout_seconds, error_threshold = EXCLUDED.error_threshold,
    max_retries = EXCLUDED.max_retries, sensor_id = EXCLUDED.sensor_id,
    config_commit = EXCLUDED.config_commit,
    environment_variables = EXCLUDED.environment_variables, tags = EXCLUDED.tags,
    revision = EXCLUDED.revision, update_time = now())";

const char kDeleteDeployment[] =
    "DELETE FROM inference.deployments WHERE plant_id = $1 AND circuit_id = $2";

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
  settings.sensor_id = row["sensor_id"].as<std::string>();
  settings.commit = row["config_commit"].as<std::string>();
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
  return db::SqlField{"d." + field};
}

absl::StatusOr<Deployment> Read(pqxx::work& work, const CircuitId& circuit) {
  const pqxx::result rows =
      Run(work, absl::StrCat(kSelectDeployment, "d.plant_id = $1 AND d.circuit_id = $2"),
          {circuit.plant_id, circuit.circuit_id});
  if (rows.empty()) return DeploymentNotFound(circuit);
  return DeploymentOf(rows[0]);
}

// Locks the deployment; OK if `etag` is empty or the present one.
absl::Status CheckEtag(pqxx::work& work, const CircuitId& circuit, const std::string& etag,
                       bool must_exist) {
  const pqxx::result rows = Run(work, kLockDeployment, {circuit.plant_id, circuit.circuit_id});
  if (rows.empty() && must_exist) return DeploymentNotFound(circuit);
  if (etag.empty()) return absl::OkStatus();
  if (rows.empty() || rows[0][0].as<std::string>() != etag) {
    return EtagMismatch(DeploymentResource(circuit), etag);
  }
  return absl::OkStatus();
}

std::vector<std::string> ValuesOf(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.settings;
  return {deployment.circuit.plant_id,
          deployment.circuit.circuit_id,
          settings.display_name,
          absl::StrCat(deployment.model_version),
          deployment.artifact_sha256,
          deployment.environment,
          settings.compute,
          absl::StrCat(settings.instance_count),
          absl::StrCat(settings.mini_batch_size),
          absl::StrCat(settings.max_concurrency_per_instance),
          SecondsOf(settings.timeout),
          absl::StrCat(settings.error_threshold),
          absl::StrCat(settings.max_retries),
          settings.sensor_id,
          settings.commit,
          nlohmann::json(deployment.environment_variables).dump(),
          nlohmann::json(deployment.tags).dump()};
}

}  // namespace

absl::StatusOr<Deployment> PostgresDeploymentStore::Deploy(const MutatingRequest& request,
                                                           const Deployment& deployment,
                                                           const std::string& etag) {
  const CircuitId& circuit = deployment.circuit;
  return AnswerOnce(
      pool_, request,
      [&](pqxx::work& work) -> absl::StatusOr<std::string> {
        FLEETCAST_RETURN_IF_ERROR(CheckEtag(work, circuit, etag, false));
        Run(work, kUpsertEndpoint, {circuit.plant_id, deployment.settings.plant_display_name});
        Run(work, kUpsertDeployment, ValuesOf(deployment));
        return DeploymentResource(circuit);
      },
      [&](pqxx::work& work, const std::string& answer) -> absl::StatusOr<Deployment> {
        FLEETCAST_ASSIGN_OR_RETURN(const CircuitId deployed, ParseDeployment("name", answer));
        return Read(work, deployed);
      });
}

absl::Status PostgresDeploymentStore::Delete(const MutatingRequest& request,
                                             const CircuitId& circuit, const std::string& etag) {
  return AnswerOnce(
      pool_, request,
      [&](pqxx::work& work) -> absl::StatusOr<std::string> {
        FLEETCAST_RETURN_IF_ERROR(CheckEtag(work, circuit, etag, true));
        Run(work, kDeleteDeployment, {circuit.plant_id, circuit.circuit_id});
        return DeploymentResource(circuit);
      },
      [](pqxx::work&, const std::string&) { return absl::OkStatus(); });
}

absl::StatusOr<Deployment> PostgresDeploymentStore::Get(const CircuitId& circuit) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) { return Read(work, circuit); });
}

absl::StatusOr<PageOf<Deployment>> PostgresDeploymentStore::List(
    const std::string& plant_id, const std::optional<Filter>& filter, const PageRequest& page) {
  const std::vector<std::string> after =
      page.after.size() == 2 ? page.after : std::vector<std::string>{"", ""};
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Deployment>> {
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
    return CutPage(std::move(deployments), page, [](const Deployment& last) {
      return std::vector<std::string>{last.circuit.plant_id, last.circuit.circuit_id};
    });
  });
}

absl::StatusOr<BatchEndpoint> PostgresDeploymentStore::GetEndpoint(const std::string& plant_id) {
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<BatchEndpoint> {
    const pqxx::result rows =
        Run(work, absl::StrCat(kSelectEndpoint, "e.plant_id = $1"), {plant_id});
    if (rows.empty()) return EndpointNotFound(plant_id);
    return EndpointOf(rows[0]);
  });
}

absl::StatusOr<PageOf<BatchEndpoint>> PostgresDeploymentStore::ListEndpoints(
    const PageRequest& page) {
  const std::string after = page.after.empty() ? "" : page.after[0];
  return db::RunInTransaction(
      pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<BatchEndpoint>> {
        std::vector<BatchEndpoint> endpoints;
        for (const pqxx::row& row :
             Run(work,
                 absl::StrCat(kSelectEndpoint,
                              "e.plant_id > $1 ORDER BY e.plant_id LIMIT $2::integer"),
                 {after, absl::StrCat(page.size + 1)})) {
          endpoints.push_back(EndpointOf(row));
        }
        return CutPage(std::move(endpoints), page, [](const BatchEndpoint& last) {
          return std::vector<std::string>{last.plant_id};
        });
      });
}

}  // namespace fleetcast::inference
