// fleetcast.inference.v1.ReleaseService over the domain.
#pragma once

#include "common/base/clock.h"
#include "common/base/notification.h"
#include "fleetcast/inference/v1/release_service.grpc.pb.h"
#include "services/inference/domain/releaser.h"

namespace fleetcast::inference {

class ReleaseService final : public v1::ReleaseService::Service {
 public:
  // `draining`: notified when the server stops; watches then end. References must outlive it.
  ReleaseService(Releaser& releaser, ReleaseStore& store, Clock& clock,
                 const Notification& draining)
      : releaser_(releaser), store_(store), clock_(clock), draining_(draining) {}

  grpc::Status CreateRelease(grpc::ServerContext* context, const v1::CreateReleaseRequest* request,
                             v1::Release* reply) override;
  grpc::Status GetRelease(grpc::ServerContext* context, const v1::GetReleaseRequest* request,
                          v1::Release* reply) override;
  grpc::Status ListReleases(grpc::ServerContext* context, const v1::ListReleasesRequest* request,
                            v1::ListReleasesResponse* reply) override;
  grpc::Status ListReleaseSteps(grpc::ServerContext* context,
                                const v1::ListReleaseStepsRequest* request,
                                v1::ListReleaseStepsResponse* reply) override;
  grpc::Status WatchRelease(grpc::ServerContext* context, const v1::WatchReleaseRequest* request,
                            grpc::ServerWriter<v1::WatchReleaseResponse>* writer) override;
  grpc::Status RollbackRelease(grpc::ServerContext* context,
                               const v1::RollbackReleaseRequest* request,
                               v1::Release* reply) override;
  grpc::Status GetCircuitStatus(grpc::ServerContext* context,
                                const v1::GetCircuitStatusRequest* request,
                                v1::CircuitStatus* reply) override;
  grpc::Status ListCircuitStatuses(grpc::ServerContext* context,
                                   const v1::ListCircuitStatusesRequest* request,
                                   v1::ListCircuitStatusesResponse* reply) override;
  grpc::Status SummarizeFleet(grpc::ServerContext* context,
                              const v1::SummarizeFleetRequest* request,
                              v1::FleetSummary* reply) override;
  grpc::Status PinCircuit(grpc::ServerContext* context, const v1::PinCircuitRequest* request,
                          v1::CircuitStatus* reply) override;
  grpc::Status UnpinCircuit(grpc::ServerContext* context, const v1::UnpinCircuitRequest* request,
                            v1::CircuitStatus* reply) override;

 private:
  Releaser& releaser_;
  ReleaseStore& store_;
  Clock& clock_;
  const Notification& draining_;
};

}  // namespace fleetcast::inference
