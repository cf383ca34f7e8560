// LineageService over a LineageReader.
#pragma once

#include "fleetcast/registry/v1/lineage_service.grpc.pb.h"
#include "services/registry/domain/lineage.h"

namespace fleetcast::registry {

// Thread safe.
class LineageRpc final : public v1::LineageService::Service {
 public:
  // `reader` must outlive the service.
  explicit LineageRpc(LineageReader* reader) : reader_(*reader) {}

  grpc::Status GetLineage(grpc::ServerContext* context, const v1::GetLineageRequest* request,
                          v1::Lineage* reply) override;

 private:
  LineageReader& reader_;
};

}  // namespace fleetcast::registry
