// Methods of the config service.
#pragma once

#include "cli/transport/method.h"
#include "fleetcast/config/v1/config_service.pb.h"

namespace fleetcast::cli::config_rpc {
namespace v1 = fleetcast::config::v1;

inline constexpr Method<v1::ListPlantsRequest, v1::ListPlantsResponse> kListPlants{
    Service::kConfig, "/fleetcast.config.v1.ConfigService/ListPlants"};
inline constexpr Method<v1::ListCircuitsRequest, v1::ListCircuitsResponse> kListCircuits{
    Service::kConfig, "/fleetcast.config.v1.ConfigService/ListCircuits"};
inline constexpr Method<v1::GetCircuitRequest, v1::Circuit> kGetCircuit{
    Service::kConfig, "/fleetcast.config.v1.ConfigService/GetCircuit"};
inline constexpr Method<v1::ValidateRevisionRequest, v1::ValidateRevisionResponse>
    kValidateRevision{Service::kConfig, "/fleetcast.config.v1.ConfigService/ValidateRevision"};
inline constexpr Method<v1::DetectChangesRequest, v1::DetectChangesResponse> kDetectChanges{
    Service::kConfig, "/fleetcast.config.v1.ConfigService/DetectChanges"};

}  // namespace fleetcast::cli::config_rpc
