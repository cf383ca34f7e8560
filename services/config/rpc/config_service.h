// fleetcast.config.v1.ConfigService over a FleetReader.
#pragma once

#include <grpcpp/grpcpp.h>

#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "services/config/domain/fleet_reader.h"

namespace fleetcast::config {

// Thread safe.
class ConfigService final : public v1::ConfigService::Service {
 public:
  // `reader` must outlive the service.
  explicit ConfigService(FleetReader& reader) : reader_(reader) {}

  grpc::Status ListPlants(grpc::ServerContext* context, const v1::ListPlantsRequest* request,
                          v1::ListPlantsResponse* response) override;
  grpc::Status ListCircuits(grpc::ServerContext* context, const v1::ListCircuitsRequest* request,
                            v1::ListCircuitsResponse* response) override;
  grpc::Status GetCircuit(grpc::ServerContext* context, const v1::GetCircuitRequest* request,
                          v1::Circuit* response) override;
  grpc::Status ValidateRevision(grpc::ServerContext* context,
                                const v1::ValidateRevisionRequest* request,
                                v1::ValidateRevisionResponse* response) override;
  grpc::Status DetectChanges(grpc::ServerContext* context, const v1::DetectChangesRequest* request,
                             v1::DetectChangesResponse* response) override;
  grpc::Status GetMergeBase(grpc::ServerContext* context, const v1::GetMergeBaseRequest* request,
                            v1::MergeBase* response) override;

 private:
  FleetReader& reader_;
};

}  // namespace fleetcast::config
