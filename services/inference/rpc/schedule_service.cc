#include "services/inference/rpc/schedule_service.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "services/inference/rpc/answer.h"

namespace fleetcast::inference {
namespace {

absl::StatusOr<OverlapPolicy> OverlapPolicyFrom(v1::Schedule::OverlapPolicy policy) {
  switch (policy) {
    case v1::Schedule::OVERLAP_POLICY_UNSPECIFIED:
    case v1::Schedule::OVERLAP_POLICY_SKIP:
      return OverlapPolicy::kSkip;
    case v1::Schedule::OVERLAP_POLICY_QUEUE:
      return OverlapPolicy::kQueue;
    case v1::Schedule::OVERLAP_POLICY_REPLACE:
      return OverlapPolicy::kReplace;
    default:
      return InvalidField("schedule.overlap_policy",
                          absl::StrCat(policy,
                                       " is no policy known here; give "
                                       "OVERLAP_POLICY_SKIP, _QUEUE or _REPLACE"));
  }
}

absl::StatusOr<absl::Duration> DurationOr(absl::Duration otherwise, bool given,
                                          const std::string& field,
                                          const google::protobuf::Duration& duration) {
  if (!given) return otherwise;
  return DurationFromMessage(field, duration);
}

// A field of a schedule that a caller may set: whether it is set in a message, and how it gets into
// a change.
struct ScheduleField {
  const char* path;
  bool (*is_set)(const v1::Schedule& schedule);
  absl::Status (*put)(const v1::Schedule& schedule, ScheduleChange* change);
};

const std::vector<ScheduleField>& ScheduleFields() {
  using S = v1::Schedule;
  static const auto* fields = new std::vector<ScheduleField>{
      {"display_name", [](const S& from) { return !from.display_name().empty(); },
       [](const S& from, ScheduleChange* to) {
         to->display_name = from.display_name();
         return absl::OkStatus();
       }},
      {"cron", [](const S& from) { return !from.cron().empty(); },
       [](const S& from, ScheduleChange* to) {
         to->cron = from.cron();
         return absl::OkStatus();
       }},
      {"time_zone", [](const S& from) { return !from.time_zone().empty(); },
       [](const S& from, ScheduleChange* to) {
         to->time_zone = from.time_zone();
         return absl::OkStatus();
       }},
      {"plant_ids", [](const S& from) { return !from.plant_ids().empty(); },
       [](const S& from, ScheduleChange* to) {
         to->plant_ids = {from.plant_ids().begin(), from.plant_ids().end()};
         return absl::OkStatus();
       }},
      {"overlap_policy", [](const S& from) { return from.overlap_policy() != 0; },
       [](const S& from, ScheduleChange* to) -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(to->overlap_policy, OverlapPolicyFrom(from.overlap_policy()));
         return absl::OkStatus();
       }},
      {"catch_up_window", [](const S& from) { return from.has_catch_up_window(); },
       [](const S& from, ScheduleChange* to) -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(to->catch_up_window,
                                    DurationOr(absl::InfiniteDuration(), from.has_catch_up_window(),
                                               "schedule.catch_up_window", from.catch_up_window()));
         return absl::OkStatus();
       }},
      {"jitter", [](const S& from) { return from.has_jitter(); },
       [](const S& from, ScheduleChange* to) -> absl::Status {
         FLEETCAST_ASSIGN_OR_RETURN(to->jitter, DurationOr(absl::ZeroDuration(), from.has_jitter(),
                                                           "schedule.jitter", from.jitter()));
         return absl::OkStatus();
       }},
  };
  return *fields;
}

std::string PathsText() {
  return absl::StrJoin(ScheduleFields(), ", ", [](std::string* out, const ScheduleField& field) {
    absl::StrAppend(out, field.path);
  });
}

absl::Status PutEach(const v1::Schedule& schedule, bool set_ones_only, ScheduleChange* change) {
  for (const ScheduleField& field : ScheduleFields()) {
    if (set_ones_only && !field.is_set(schedule)) continue;
    FLEETCAST_RETURN_IF_ERROR(field.put(schedule, change));
  }
  return absl::OkStatus();
}

absl::StatusOr<ScheduleSpec> SpecOf(const v1::Schedule& schedule) {
  ScheduleChange change;
  FLEETCAST_RETURN_IF_ERROR(PutEach(schedule, /*set_ones_only=*/false, &change));
  return Changed({}, change);
}

// INVALID_ARGUMENT on `update_mask`.
absl::Status PutPath(const v1::Schedule& schedule, const std::string& path,
                     ScheduleChange* change) {
  for (const ScheduleField& field : ScheduleFields())
    if (path == field.path) return field.put(schedule, change);
  const bool exists = v1::Schedule::descriptor()->FindFieldByName(path) != nullptr;
  return InvalidField("update_mask",
                      absl::StrCat(QuotedUtf8(path, 80),
                                   path == "*" ? " stands alone; leave the other paths out, or name"
                                   : exists    ? " cannot be changed; name"
                                               : " is no field of a schedule; name",
                                   " one or more of ", PathsText()));
}

// AIP-134: an omitted mask means the fields that are set, `*` all.
absl::StatusOr<ScheduleChange> ChangeOf(const v1::UpdateScheduleRequest& request) {
  const v1::Schedule& schedule = request.schedule();
  const auto& paths = request.update_mask().paths();
  ScheduleChange change;
  if (paths.empty()) {
    FLEETCAST_RETURN_IF_ERROR(PutEach(schedule, /*set_ones_only=*/true, &change));
  } else if (paths.size() == 1 && paths[0] == "*") {
    FLEETCAST_RETURN_IF_ERROR(PutEach(schedule, /*set_ones_only=*/false, &change));
  } else {
    for (const std::string& path : paths)
      FLEETCAST_RETURN_IF_ERROR(PutPath(schedule, path, &change));
  }
  if (change == ScheduleChange()) {
    return InvalidField("update_mask",
                        absl::StrCat("is empty, and no field of the schedule is set: set what is "
                                     "to change, or name it: ",
                                     PathsText()));
  }
  change.etag = schedule.etag();
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
        FLEETCAST_ASSIGN_OR_RETURN(const ScheduleSpec spec, SpecOf(request->schedule()));
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
