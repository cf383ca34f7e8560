// What the inference service's resources are called, both ways.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::inference {

struct CircuitId {
  std::string plant_id, circuit_id;
  auto operator<=>(const CircuitId&) const = default;
};

// What names a forecast.
struct ForecastName {
  CircuitId circuit;
  absl::Time issue_time;
  std::int64_t model_version = 0;  // 0: a naive forecast
  bool operator==(const ForecastName&) const = default;
};

struct InvocationName {
  std::string sweep_id;
  CircuitId circuit;
  auto operator<=>(const InvocationName&) const = default;
};

// "plants/P001/circuits/C001"
[[nodiscard]] std::string CircuitResource(const CircuitId& circuit);
// "P001.C001": no id holds a dot.
[[nodiscard]] std::string CircuitKey(const CircuitId& circuit);
// "batchEndpoints/batch-endpoint-plant-P001"
[[nodiscard]] std::string EndpointResource(const std::string& plant_id);
// "batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C001"
[[nodiscard]] std::string DeploymentResource(const CircuitId& circuit);
// "models/sensor-model/versions/12"
[[nodiscard]] std::string ModelVersionResource(std::int64_t version);
[[nodiscard]] std::string ReleaseResource(const std::string& release_id);
// "releases/01h…/steps/P001.C001"
[[nodiscard]] std::string ReleaseStepResource(const std::string& release_id,
                                              const CircuitId& circuit);
// "plants/P001/circuits/C001/status"
[[nodiscard]] std::string StatusResource(const CircuitId& circuit);
[[nodiscard]] std::string SweepResource(const std::string& sweep_id);
// "sweeps/01h…/invocations/P001.C001"
[[nodiscard]] std::string InvocationResource(const InvocationName& name);
[[nodiscard]] std::string ScheduleResource(const std::string& schedule_id);
// "plants/P001/circuits/C001/forecasts/20251209T230000Z-v12", "…/20251209T230000Z-naive"
[[nodiscard]] std::string ForecastResource(const CircuitId& circuit, absl::Time issue_time,
                                           std::int64_t model_version);

// "P009, P010 and 3 more", for people.
[[nodiscard]] std::string NamedPlants(const std::vector<std::string>& plant_ids);

// The inverses. INVALID_ARGUMENT on `field`, with the pattern.
[[nodiscard]] absl::StatusOr<std::string> ParseEndpoint(const std::string& field,
                                                        const std::string& name);
// As ParseEndpoint, but "batchEndpoints/-" gives "", which stands for all.
[[nodiscard]] absl::StatusOr<std::string> ParseEndpointOrAll(const std::string& field,
                                                             const std::string& name);
[[nodiscard]] absl::StatusOr<CircuitId> ParseDeployment(const std::string& field,
                                                        const std::string& name);
[[nodiscard]] absl::StatusOr<std::int64_t> ParseModelVersion(const std::string& field,
                                                             const std::string& name);
[[nodiscard]] absl::StatusOr<std::string> ParseSweep(const std::string& field,
                                                     const std::string& name);
[[nodiscard]] absl::StatusOr<InvocationName> ParseInvocation(const std::string& field,
                                                             const std::string& name);
[[nodiscard]] absl::StatusOr<std::string> ParseSchedule(const std::string& field,
                                                        const std::string& name);
// "releases/{id}"; "releases/-" gives "", which stands for the one in force.
[[nodiscard]] absl::StatusOr<std::string> ParseRelease(const std::string& field,
                                                       const std::string& name);
[[nodiscard]] absl::StatusOr<CircuitId> ParseCircuit(const std::string& field,
                                                     const std::string& name);
[[nodiscard]] absl::StatusOr<CircuitId> ParseStatus(const std::string& field,
                                                    const std::string& name);
// "plants/P001"; "plants/-" gives "", which stands for all.
[[nodiscard]] absl::StatusOr<std::string> ParsePlantOrAll(const std::string& field,
                                                          const std::string& name);
[[nodiscard]] absl::StatusOr<ForecastName> ParseForecast(const std::string& field,
                                                         const std::string& name);
// "plants/P001/circuits/C001"; "-" gives "" for that id, which stands for all.
[[nodiscard]] absl::StatusOr<CircuitId> ParseCircuitOrAll(const std::string& field,
                                                          const std::string& name);

}  // namespace fleetcast::inference
