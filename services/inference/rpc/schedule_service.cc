#include "services/inference/rpc/schedule_service.h"

#include <vector>

#include "common/base/id.h"
#include "services/inference/rpc/answer.h"

namespace fleetcast::inference {
namespace {

std::vector<std::string> PlantIds(const v1::Schedule& schedule) {
  return {schedule.plant_ids().begin(), schedule.plant_ids().end()};
}

ScheduleSpec SpecOf(const v1::Schedule& schedule) {
  return {.display_name = schedule.display_name(),
          .cron = schedule.cron(),
          .time_zone = schedule.time_zone(),
          .plant_ids = PlantIds(schedule)};
}

// INVALID_ARGUMENT on `update_mask` for a field that cannot be changed.
absl::StatusOr<ScheduleChange> ChangeOf(const v1::UpdateScheduleRequest& request) {
  const v1::Schedule& schedule = request.schedule();
  std::vector<std::string> paths(request.update_mask().paths().begin(),
                                 request.update_mask().paths().end());
  if (paths.empty()) paths = {"display_name", "cron", "time_zone", "plant_ids"};
  ScheduleChange change;
  change.etag = schedule.etag();
  for (const std::string& path : paths) {
    if (path == "display_name") {
      change.display_name = schedule.display_name();
    } else if (path == "cron") {
      change.cron = schedule.cron();
    } else if (path == "time_zone") {
      change.time_zone = schedule.time_zone();
    } else if (path == "plant_ids") {
      change.plant_ids = PlantIds(schedule);
    } else {
      return InvalidField("update_mask", "\"" + path +
                                             "\" cannot be changed; name display_name, cron, "
                                             "time_zone or plant_ids");
    }
  }
  return change;
}

}  // namespace

grpc::Status ScheduleService::CreateSchedule(grpc::ServerContext*,
                                             const v1::CreateScheduleRequest* request,
                                             v1::Schedule* reply) {
  return AnswerMutation(
      "CreateSchedule", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<Schedule> {
        FLEETCAST_RETURN_IF_ERROR(ValidateId("schedule_id", request->schedule_id()));
        const ScheduleSpec spec = SpecOf(request->schedule());
        FLEETCAST_RETURN_IF_ERROR(ValidateSchedule(spec));
        return store_.Create(identity, request->schedule_id(), spec);
      });
}

grpc::Status ScheduleService::GetSchedule(grpc::ServerContext*,
                                          const v1::GetScheduleRequest* request,
                                          v1::Schedule* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Schedule> {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseSchedule("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const Schedule schedule, store_.Get(id));
    return MessageOf(schedule);
  });
}

grpc::Status ScheduleService::ListSchedules(grpc::ServerContext*,
                                            const v1::ListSchedulesRequest* request,
                                            v1::ListSchedulesResponse* reply) {
  return AnswerPage(
      "ListSchedules", *request, reply, [&](const PageRequest& page) { return store_.List(page); },
      [](auto& answer) { return answer.mutable_schedules(); });
}

grpc::Status ScheduleService::UpdateSchedule(grpc::ServerContext*,
                                             const v1::UpdateScheduleRequest* request,
                                             v1::Schedule* reply) {
  return AnswerMutation(
      "UpdateSchedule", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<Schedule> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::string id,
                                   ParseSchedule("schedule.name", request->schedule().name()));
        FLEETCAST_ASSIGN_OR_RETURN(const ScheduleChange change, ChangeOf(*request));
        return store_.Update(identity, id, change);
      });
}

grpc::Status ScheduleService::DeleteSchedule(grpc::ServerContext*,
                                             const v1::DeleteScheduleRequest* request,
                                             google::protobuf::Empty* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<google::protobuf::Empty> {
    FLEETCAST_ASSIGN_OR_RETURN(const MutatingRequest identity,
                               rpc::IdentifyRequest("DeleteSchedule", *request));
    FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseSchedule("name", request->name()));
    FLEETCAST_RETURN_IF_ERROR(store_.Delete(identity, id, request->etag()));
    return google::protobuf::Empty();
  });
}

grpc::Status ScheduleService::PauseSchedule(grpc::ServerContext*,
                                            const v1::PauseScheduleRequest* request,
                                            v1::Schedule* reply) {
  return AnswerMutation("PauseSchedule", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<Schedule> {
                          FLEETCAST_ASSIGN_OR_RETURN(const std::string id,
                                                     ParseSchedule("name", request->name()));
                          return store_.SetPaused(identity, id, true);
                        });
}

grpc::Status ScheduleService::ResumeSchedule(grpc::ServerContext*,
                                             const v1::ResumeScheduleRequest* request,
                                             v1::Schedule* reply) {
  return AnswerMutation("ResumeSchedule", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<Schedule> {
                          FLEETCAST_ASSIGN_OR_RETURN(const std::string id,
                                                     ParseSchedule("name", request->name()));
                          return store_.SetPaused(identity, id, false);
                        });
}

grpc::Status ScheduleService::TriggerSchedule(grpc::ServerContext*,
                                              const v1::TriggerScheduleRequest* request,
                                              v1::Sweep* reply) {
  return AnswerMutation("TriggerSchedule", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<Sweep> {
                          FLEETCAST_ASSIGN_OR_RETURN(const std::string id,
                                                     ParseSchedule("name", request->name()));
                          return store_.Trigger(identity, id);
                        });
}

}  // namespace fleetcast::inference
