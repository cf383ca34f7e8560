#include "services/inference/domain/names.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/resource_name.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

constexpr char kIssueTime[] = "%E4Y%m%dT%H%M%SZ";

const ResourceNamePattern& EndpointPattern() {
  static const auto* pattern =
      new ResourceNamePattern("batchEndpoints/batch-endpoint-plant-{plant}");
  return *pattern;
}
const ResourceNamePattern& DeploymentPattern() {
  static const auto* pattern = new ResourceNamePattern(
      "batchEndpoints/batch-endpoint-plant-{plant}/deployments/deployment-circuit-{circuit}");
  return *pattern;
}
const ResourceNamePattern& ModelVersionPattern() {
  static const auto* pattern = new ResourceNamePattern("models/{model}/versions/{version}");
  return *pattern;
}
const ResourceNamePattern& SweepPattern() {
  static const auto* pattern = new ResourceNamePattern("sweeps/{sweep}");
  return *pattern;
}
const ResourceNamePattern& InvocationPattern() {
  static const auto* pattern =
      new ResourceNamePattern("sweeps/{sweep}/invocations/{plant}.{circuit}");
  return *pattern;
}
const ResourceNamePattern& SchedulePattern() {
  static const auto* pattern = new ResourceNamePattern("schedules/{schedule}");
  return *pattern;
}
const ResourceNamePattern& ReleasePattern() {
  static const auto* pattern = new ResourceNamePattern("releases/{release}");
  return *pattern;
}
const ResourceNamePattern& ReleaseStepPattern() {
  static const auto* pattern =
      new ResourceNamePattern("releases/{release}/steps/{plant}.{circuit}");
  return *pattern;
}
const ResourceNamePattern& StatusPattern() {
  static const auto* pattern = new ResourceNamePattern("plants/{plant}/circuits/{circuit}/status");
  return *pattern;
}
const ResourceNamePattern& ForecastPattern() {
  static const auto* pattern =
      new ResourceNamePattern("plants/{plant}/circuits/{circuit}/forecasts/{forecast}");
  return *pattern;
}
const ResourceNamePattern& PlantPattern() {
  static const auto* pattern = new ResourceNamePattern("plants/{plant}");
  return *pattern;
}
const ResourceNamePattern& CircuitPattern() {
  static const auto* pattern = new ResourceNamePattern("plants/{plant}/circuits/{circuit}");
  return *pattern;
}

}  // namespace

std::string CircuitResource(const CircuitId& circuit) {
  return CircuitPattern().Format({circuit.plant_id, circuit.circuit_id});
}
std::string CircuitKey(const CircuitId& circuit) {
  return absl::StrCat(circuit.plant_id, ".", circuit.circuit_id);
}
std::string EndpointResource(const std::string& plant_id) {
  return EndpointPattern().Format({plant_id});
}
std::string DeploymentResource(const CircuitId& circuit) {
  return DeploymentPattern().Format({circuit.plant_id, circuit.circuit_id});
}
std::string ModelVersionResource(std::int64_t version) {
  return ModelVersionPattern().Format({"sensor-model", absl::StrCat(version)});
}
std::string ReleaseResource(const std::string& release_id) {
  return ReleasePattern().Format({release_id});
}
std::string ReleaseStepResource(const std::string& release_id, const CircuitId& circuit) {
  return ReleaseStepPattern().Format({release_id, circuit.plant_id, circuit.circuit_id});
}
std::string StatusResource(const CircuitId& circuit) {
  return StatusPattern().Format({circuit.plant_id, circuit.circuit_id});
}
std::string SweepResource(const std::string& sweep_id) { return SweepPattern().Format({sweep_id}); }
std::string InvocationResource(const InvocationName& name) {
  return InvocationPattern().Format(
      {name.sweep_id, name.circuit.plant_id, name.circuit.circuit_id});
}
std::string ScheduleResource(const std::string& schedule_id) {
  return SchedulePattern().Format({schedule_id});
}
std::string ForecastResource(const CircuitId& circuit, absl::Time issue_time,
                             std::int64_t model_version) {
  return absl::StrCat(CircuitResource(circuit), "/forecasts/",
                      absl::FormatTime(kIssueTime, issue_time, absl::UTCTimeZone()), "-",
                      model_version == 0 ? "naive" : absl::StrCat("v", model_version));
}

std::string NamedPlants(const std::vector<std::string>& plant_ids) {
  constexpr std::size_t kNamed = 5;
  const std::vector<std::string> named(
      plant_ids.begin(), plant_ids.begin() + static_cast<long>(std::min(plant_ids.size(), kNamed)));
  const std::size_t more = plant_ids.size() - named.size();
  return absl::StrCat(absl::StrJoin(named, ", "),
                      more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

absl::StatusOr<std::string> ParseEndpoint(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, EndpointPattern().Parse(field, name));
  return ids[0];
}

absl::StatusOr<std::string> ParseEndpointOrAll(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, EndpointPattern().ParseWithWildcards(field, name));
  return ids[0] == "-" ? "" : ids[0];
}

absl::StatusOr<CircuitId> ParseDeployment(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, DeploymentPattern().Parse(field, name));
  return CircuitId{ids[0], ids[1]};
}

absl::StatusOr<std::int64_t> ParseModelVersion(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, ModelVersionPattern().Parse(field, name));
  std::int64_t version = 0;
  if (ids[0] != "sensor-model" || !absl::SimpleAtoi(ids[1], &version) || version < 1 ||
      absl::StrCat(version) != ids[1]) {
    return InvalidField(field, absl::StrCat("\"", name,
                                            "\" is no model version; write "
                                            "models/sensor-model/versions/12"));
  }
  return version;
}

absl::StatusOr<std::string> ParseSweep(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, SweepPattern().Parse(field, name));
  return ids[0];
}

absl::StatusOr<InvocationName> ParseInvocation(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, InvocationPattern().Parse(field, name));
  return InvocationName{ids[0], {ids[1], ids[2]}};
}

absl::StatusOr<std::string> ParseSchedule(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, SchedulePattern().Parse(field, name));
  return ids[0];
}

absl::StatusOr<std::string> ParseRelease(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, ReleasePattern().ParseWithWildcards(field, name));
  return ids[0] == "-" ? "" : ids[0];
}

absl::StatusOr<CircuitId> ParseCircuit(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, CircuitPattern().Parse(field, name));
  return CircuitId{ids[0], ids[1]};
}

absl::StatusOr<CircuitId> ParseStatus(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, StatusPattern().Parse(field, name));
  return CircuitId{ids[0], ids[1]};
}

absl::StatusOr<ForecastName> ParseForecast(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, ForecastPattern().Parse(field, name));
  ForecastName forecast{.circuit = {ids[0], ids[1]}, .issue_time = {}};
  const std::string made_by = ids[2].substr(std::min(ids[2].size(), ids[2].find('-') + 1));
  std::string ignored;
  const bool read =
      absl::ParseTime(kIssueTime, ids[2].substr(0, ids[2].find('-')), &forecast.issue_time,
                      &ignored) &&
      (made_by == "naive" || (absl::StartsWith(made_by, "v") &&
                              absl::SimpleAtoi(made_by.substr(1), &forecast.model_version)));
  // Whoever reads back another name than was given has not understood it.
  if (read &&
      ForecastResource(forecast.circuit, forecast.issue_time, forecast.model_version) == name)
    return forecast;
  return InvalidField(field,
                      absl::StrCat("\"", name,
                                   "\" is no forecast; write plants/P001/circuits/C001/forecasts/"
                                   "20251209T230000Z-v12, or …-naive for one that no model made"));
}

absl::StatusOr<std::string> ParsePlantOrAll(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, PlantPattern().ParseWithWildcards(field, name));
  return ids[0] == "-" ? "" : ids[0];
}

absl::StatusOr<CircuitId> ParseCircuitOrAll(const std::string& field, const std::string& name) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, CircuitPattern().ParseWithWildcards(field, name));
  return CircuitId{ids[0] == "-" ? "" : ids[0], ids[1] == "-" ? "" : ids[1]};
}

}  // namespace fleetcast::inference
