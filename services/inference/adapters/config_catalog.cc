#include "services/inference/adapters/config_catalog.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/stale_name.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/rpc/client.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);
// Where config may have to fetch from its remote first: requests have a max_staleness of 0, so that
// names stand for what they are now, and a commit that one replica has just resolved is fetched at
// once by another.
constexpr absl::Duration kFetchTimeout = absl::Seconds(45);
// Up to so many of a plant are asked for one by one.
constexpr std::size_t kFewCircuits = 3;
constexpr int kPageSize = 1000;

ForecastShape ShapeOf(const config::v1::TrainingConfig& training) {
  const config::v1::DataFilters& filters = training.data_filters();
  ForecastShape shape{.target_column = filters.target_column(),
                      .horizon = training.forecast().horizon(),
                      .interval_levels = {training.forecast().interval_levels().begin(),
                                          training.forecast().interval_levels().end()},
                      .minimum = {},
                      .maximum = {}};
  if (filters.has_minimum()) shape.minimum = filters.minimum();
  if (filters.has_maximum()) shape.maximum = filters.maximum();
  return shape;
}

DeploymentSettings SettingsOf(const config::v1::Circuit& circuit) {
  const config::v1::DeploymentConfig& deployment = circuit.deployment();
  const int retry_seconds = std::max(1, deployment.retry_settings().timeout_seconds());
  return {.plant_display_name = circuit.plant_display_name(),
          .display_name = circuit.display_name(),
          .compute = deployment.compute_instance_type(),
          .instance_count = std::max(1, deployment.instance_count()),
          .mini_batch_size = deployment.mini_batch_size(),
          .max_concurrency_per_instance = std::max(1, deployment.max_concurrency_per_instance()),
          .timeout = absl::Minutes(deployment.timeout_minutes()),
          .error_threshold = deployment.error_threshold(),
          .max_retries = std::max(0, deployment.retry_settings().max_retries()),
          .retry_timeout = absl::Seconds(retry_seconds),
          .sensor_id = circuit.training().data_filters().sensor_id(),
          .commit = circuit.commit(),
          .deployment_hash = circuit.deployment_hash(),
          .fallback = deployment.fallback() == config::v1::DeploymentConfig::FALLBACK_NONE
                          ? Fallback::kNone
                          : Fallback::kEarlierVersionOrNaive,
          .shape = ShapeOf(circuit.training())};
}

// "config/plants/P001/C002.yml:12:3: … is out of range; use … (and 2 errors more)"
std::string FaultOf(const config::v1::UnsoundCircuit& circuit) {
  const config::v1::Diagnostic& first = circuit.first_error();
  std::string fault = first.path();
  if (first.line() > 0) absl::StrAppend(&fault, ":", first.line(), ":", first.column());
  absl::StrAppend(&fault, ": ", first.message());
  if (!first.remedy().empty()) absl::StrAppend(&fault, "; ", first.remedy());
  const int more = circuit.error_count() - 1;
  if (more > 0) absl::StrAppend(&fault, " (and ", more, more == 1 ? " error" : " errors", " more)");
  return fault;
}

absl::Status CheckFresh(const config::v1::Freshness& freshness) {
  if (!freshness.stale()) return absl::OkStatus();
  return NotFetched(freshness.reason(), freshness.message(),
                    absl::FromUnixSeconds(freshness.fetch_time().seconds()));
}

}  // namespace

absl::StatusOr<std::string> ConfigCatalog::CommitOf(const std::string& revision) {
  FLEETCAST_ASSIGN_OR_RETURN(const Kinship kinship, GetKinship(revision, revision));
  if (!kinship.fresh.ok()) return MayHaveMoved(absl::StrCat("\"", revision, "\""), kinship.fresh);
  return kinship.head_commit;
}

absl::StatusOr<DeploymentSettings> ConfigCatalog::Get(const CircuitId& circuit,
                                                      const std::string& commit) {
  config::v1::GetCircuitRequest request;
  request.set_name(CircuitResource(circuit));
  request.set_revision(commit);
  request.mutable_max_staleness();
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto found,
      rpc::Call<config::v1::Circuit>(kTimeout, [&](auto* context, auto* response) {
        return stub_->GetCircuit(context, request, response);
      }));
  return SettingsOf(found);
}

absl::StatusOr<ConfigCatalog::Found> ConfigCatalog::List(const std::string& plant_id,
                                                         const std::string& commit) {
  Found found;
  config::v1::ListCircuitsRequest request;
  request.set_parent("plants/" + plant_id);
  request.set_revision(commit);
  request.mutable_max_staleness();
  request.set_page_size(kPageSize);
  do {
    const auto page =
        rpc::Call<config::v1::ListCircuitsResponse>(kTimeout, [&](auto* context, auto* response) {
          return stub_->ListCircuits(context, request, response);
        });
    if (absl::IsNotFound(page.status())) return found;
    FLEETCAST_RETURN_IF_ERROR(page.status());
    for (const config::v1::Circuit& circuit : page->circuits()) {
      found[{circuit.plant_id(), circuit.circuit_id()}] = SettingsOf(circuit);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return found;
}

absl::StatusOr<std::map<CircuitId, absl::StatusOr<DeploymentSettings>>>
ConfigCatalog::GetDeploymentSettings(const std::vector<CircuitId>& circuits,
                                     const std::string& revision) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string commit, CommitOf(revision));
  std::map<std::string, std::vector<CircuitId>> by_plant;
  for (const CircuitId& circuit : circuits) by_plant[circuit.plant_id].push_back(circuit);
  std::map<CircuitId, absl::StatusOr<DeploymentSettings>> settings;
  for (const auto& [plant_id, of_plant] : by_plant) {
    Found listed;
    if (of_plant.size() > kFewCircuits) {
      FLEETCAST_ASSIGN_OR_RETURN(listed, List(plant_id, commit));
    }
    for (const CircuitId& circuit : of_plant) {
      const auto known = listed.find(circuit);
      // Asked for alone, a circuit that is not listed says why.
      auto of_circuit = known != listed.end() ? known->second : Get(circuit, commit);
      if (IsTransient(of_circuit.status())) return of_circuit.status();
      settings.emplace(circuit, std::move(of_circuit));
    }
  }
  return settings;
}

absl::StatusOr<DesiredFleet> ConfigCatalog::GetFleet(const std::string& revision) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string commit, CommitOf(revision));
  DesiredFleet fleet;
  config::v1::ListCircuitsRequest request;
  request.set_parent("plants/-");
  request.set_revision(commit);
  request.mutable_max_staleness();
  request.set_page_size(kPageSize);
  do {
    FLEETCAST_ASSIGN_OR_RETURN(
        const auto page,
        rpc::Call<config::v1::ListCircuitsResponse>(kTimeout, [&](auto* context, auto* response) {
          return stub_->ListCircuits(context, request, response);
        }));
    fleet.commit = page.commit();
    for (const config::v1::Circuit& circuit : page.circuits())
      fleet.circuits.push_back({.circuit = {circuit.plant_id(), circuit.circuit_id()},
                                .training_hash = circuit.training_hash(),
                                .deployment_hash = circuit.deployment_hash(),
                                .cutoff_date = circuit.training().cutoff_date(),
                                .settings = SettingsOf(circuit)});
    for (const config::v1::UnsoundCircuit& unsound : page.unsound()) {
      FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, ParseCircuit("unsound", unsound.name()));
      fleet.unsound.emplace(circuit, FaultOf(unsound));
    }
    // Where more are left out than are named, whoever is missing may be one of them.
    fleet.complete = page.master_list_complete() &&
                     static_cast<int>(fleet.unsound.size()) == page.unsound_circuit_count();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return fleet;
}

absl::StatusOr<Kinship> ConfigCatalog::GetKinship(const std::string& base_revision,
                                                  const std::string& head_revision) {
  config::v1::GetMergeBaseRequest request;
  request.set_base_revision(base_revision);
  request.set_head_revision(head_revision);
  request.mutable_max_staleness();
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto answer,
      rpc::Call<config::v1::MergeBase>(kFetchTimeout, [&](auto* context, auto* response) {
        return stub_->GetMergeBase(context, request, response);
      }));
  return Kinship{.base_commit = answer.base_commit(),
                 .head_commit = answer.head_commit(),
                 .merge_base_commit = answer.merge_base_commit(),
                 .fresh = CheckFresh(answer.freshness())};
}

}  // namespace fleetcast::inference
