// fleetcast.inference.v1.InvocationService over the domain.
#pragma once

#include "common/base/clock.h"
#include "common/base/notification.h"
#include "fleetcast/inference/v1/invocation_service.grpc.pb.h"
#include "services/inference/domain/sweep_store.h"

namespace fleetcast::inference {

class InvocationService final : public v1::InvocationService::Service {
 public:
  // `draining`: notified when the server stops; watches then end. References must outlive it.
  InvocationService(SweepStore& store, Clock& clock, const Notification& draining)
      : store_(store), clock_(clock), draining_(draining) {}

  grpc::Status InvokeDeployment(grpc::ServerContext* context,
                                const v1::InvokeDeploymentRequest* request,
                                v1::Invocation* reply) override;
  grpc::Status InvokeFleet(grpc::ServerContext* context, const v1::InvokeFleetRequest* request,
                           v1::Sweep* reply) override;
  grpc::Status GetSweep(grpc::ServerContext* context, const v1::GetSweepRequest* request,
                        v1::Sweep* reply) override;
  grpc::Status ListSweeps(grpc::ServerContext* context, const v1::ListSweepsRequest* request,
                          v1::ListSweepsResponse* reply) override;
  grpc::Status WatchSweep(grpc::ServerContext* context, const v1::WatchSweepRequest* request,
                          grpc::ServerWriter<v1::WatchSweepResponse>* writer) override;
  grpc::Status CancelSweep(grpc::ServerContext* context, const v1::CancelSweepRequest* request,
                           v1::Sweep* reply) override;
  grpc::Status RetrySweep(grpc::ServerContext* context, const v1::RetrySweepRequest* request,
                          v1::Sweep* reply) override;
  grpc::Status GetInvocation(grpc::ServerContext* context, const v1::GetInvocationRequest* request,
                             v1::Invocation* reply) override;
  grpc::Status ListInvocations(grpc::ServerContext* context,
                               const v1::ListInvocationsRequest* request,
                               v1::ListInvocationsResponse* reply) override;

 private:
  SweepStore& store_;
  Clock& clock_;
  const Notification& draining_;
};

}  // namespace fleetcast::inference
