// fleetcast.inference.v1.ScheduleService over the domain.
#pragma once

#include "fleetcast/inference/v1/schedule_service.grpc.pb.h"
#include "services/inference/domain/schedule_store.h"

namespace fleetcast::inference {

class ScheduleService final : public v1::ScheduleService::Service {
 public:
  explicit ScheduleService(ScheduleStore& store) : store_(store) {}

  grpc::Status CreateSchedule(grpc::ServerContext* context,
                              const v1::CreateScheduleRequest* request,
                              v1::Schedule* reply) override;
  grpc::Status GetSchedule(grpc::ServerContext* context, const v1::GetScheduleRequest* request,
                           v1::Schedule* reply) override;
  grpc::Status ListSchedules(grpc::ServerContext* context, const v1::ListSchedulesRequest* request,
                             v1::ListSchedulesResponse* reply) override;
  grpc::Status UpdateSchedule(grpc::ServerContext* context,
                              const v1::UpdateScheduleRequest* request,
                              v1::Schedule* reply) override;
  grpc::Status DeleteSchedule(grpc::ServerContext* context,
                              const v1::DeleteScheduleRequest* request,
                              google::protobuf::Empty* reply) override;
  grpc::Status PauseSchedule(grpc::ServerContext* context, const v1::PauseScheduleRequest* request,
                             v1::Schedule* reply) override;
  grpc::Status ResumeSchedule(grpc::ServerContext* context,
                              const v1::ResumeScheduleRequest* request,
                              v1::Schedule* reply) override;
  grpc::Status TriggerSchedule(grpc::ServerContext* context,
                               const v1::TriggerScheduleRequest* request,
                               v1::Sweep* reply) override;

 private:
  ScheduleStore& store_;
};

}  // namespace fleetcast::inference
