#include "services/inference/rpc/invocation_service.h"

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "services/inference/rpc/answer.h"
#include "services/inference/rpc/group_watch.h"

namespace fleetcast::inference {
namespace {

constexpr int kMaxPlants = 1000;
constexpr int kMaxCircuits = 1000;

struct SweepTraits {
  using Response = v1::WatchSweepResponse;
  using Changes = SweepChanges;
  static v1::Sweep Group(const Changes& changes) { return MessageOf(changes.sweep); }
  static bool Ended(const Changes& changes) { return IsTerminal(changes.sweep.group.state); }
  static v1::Invocation MessageOfTask(const Invocation& task) { return MessageOf(task); }
  static auto* MutableGroup(Response& response) { return response.mutable_sweep(); }
  static auto* MutableTasks(Response& response) { return response.mutable_invocations(); }
};

template <typename Request>
absl::StatusOr<std::optional<absl::Time>> AsOf(const Request& request) {
  if (!request.has_as_of()) return std::optional<absl::Time>();
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Time time, TimeFromMessage("as_of", request.as_of()));
  return std::optional<absl::Time>(time);
}

absl::StatusOr<std::vector<std::string>> PlantIds(const v1::InvokeFleetRequest& request) {
  if (request.plant_ids_size() > kMaxPlants) {
    return InvalidField("plant_ids", "more than 1000; leave it empty to sweep the whole fleet");
  }
  for (int i = 0; i < request.plant_ids_size(); ++i) {
    FLEETCAST_RETURN_IF_ERROR(ValidateId(absl::StrCat("plant_ids[", i, "]"), request.plant_ids(i)));
  }
  return std::vector<std::string>(request.plant_ids().begin(), request.plant_ids().end());
}

absl::StatusOr<std::vector<std::string>> Circuits(const v1::InvokeFleetRequest& request) {
  if (request.circuits_size() > kMaxCircuits)
    return InvalidField("circuits", "more than 1000; name plants instead");
  if (!request.circuits().empty() && !request.plant_ids().empty())
    return InvalidField("circuits", "name circuits or plants, not both");
  std::vector<std::string> circuits;
  for (int i = 0; i < request.circuits_size(); ++i) {
    FLEETCAST_ASSIGN_OR_RETURN(
        const CircuitId circuit,
        ParseCircuit(absl::StrCat("circuits[", i, "]"), request.circuits(i)));
    circuits.push_back(CircuitKey(circuit));
  }
  return circuits;
}

absl::StatusOr<std::optional<BackfillRange>> Backfill(const v1::InvokeFleetRequest& request) {
  if (!request.has_backfill()) return std::optional<BackfillRange>();
  if (request.has_as_of())
    return InvalidField("as_of", "a backfill's windows say as of when; leave it out");
  const v1::Backfill& backfill = request.backfill();
  BackfillRange range;
  FLEETCAST_ASSIGN_OR_RETURN(range.start,
                             TimeFromMessage("backfill.start_time", backfill.start_time()));
  FLEETCAST_ASSIGN_OR_RETURN(range.end, TimeFromMessage("backfill.end_time", backfill.end_time()));
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Duration every,
                             DurationFromMessage("backfill.every", backfill.every()));
  if (every != absl::Trunc(every, absl::Seconds(1)))
    return InvalidField("backfill.every", "must be whole seconds");
  range.every_seconds = absl::ToInt64Seconds(every);
  return std::optional<BackfillRange>(range);
}

}  // namespace

grpc::Status InvocationService::InvokeDeployment(grpc::ServerContext*,
                                                 const v1::InvokeDeploymentRequest* request,
                                                 v1::Invocation* reply) {
  return AnswerMutation("InvokeDeployment", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<Invocation> {
                          FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit,
                                                     ParseDeployment("name", request->name()));
                          FLEETCAST_ASSIGN_OR_RETURN(const auto as_of, AsOf(*request));
                          return store_.CreateOne(identity, circuit, as_of);
                        });
}

grpc::Status InvocationService::InvokeFleet(grpc::ServerContext*,
                                            const v1::InvokeFleetRequest* request,
                                            v1::Sweep* reply) {
  return AnswerMutation("InvokeFleet", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<Sweep> {
                          SweepPin pin;
                          FLEETCAST_ASSIGN_OR_RETURN(pin.plant_ids, PlantIds(*request));
                          FLEETCAST_ASSIGN_OR_RETURN(pin.as_of, AsOf(*request));
                          FLEETCAST_ASSIGN_OR_RETURN(pin.circuits, Circuits(*request));
                          FLEETCAST_ASSIGN_OR_RETURN(pin.backfill, Backfill(*request));
                          return store_.Create(identity, pin);
                        });
}

grpc::Status InvocationService::GetSweep(grpc::ServerContext*, const v1::GetSweepRequest* request,
                                         v1::Sweep* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Sweep> {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseSweep("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const Sweep sweep, store_.Get(id));
    return MessageOf(sweep);
  });
}

grpc::Status InvocationService::ListSweeps(grpc::ServerContext*,
                                           const v1::ListSweepsRequest* request,
                                           v1::ListSweepsResponse* reply) {
  return AnswerPage(
      "ListSweeps", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<Sweep>> {
        FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                                   ParseFilter(request->filter(), SweepFilterFields()));
        return store_.List(filter, page);
      },
      [](auto& answer) { return answer.mutable_sweeps(); });
}

grpc::Status InvocationService::WatchSweep(grpc::ServerContext* context,
                                           const v1::WatchSweepRequest* request,
                                           grpc::ServerWriter<v1::WatchSweepResponse>* writer) {
  const auto id = ParseSweep("name", request->name());
  if (!id.ok()) return rpc::ToGrpc(id.status());
  GroupWatch<SweepTraits> watch(
      [&](const workqueue::Mark& mark) { return store_.ChangesSince(*id, mark); },
      [&](const v1::WatchSweepResponse& response) { return writer->Write(response); });
  return Watch(watch, *context, clock_, draining_,
               absl::StrCat("watch ", request->name(), " again"));
}

grpc::Status InvocationService::CancelSweep(grpc::ServerContext*,
                                            const v1::CancelSweepRequest* request,
                                            v1::Sweep* reply) {
  return AnswerMutation("CancelSweep", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<Sweep> {
                          FLEETCAST_ASSIGN_OR_RETURN(const std::string id,
                                                     ParseSweep("name", request->name()));
                          return store_.Cancel(identity, id);
                        });
}

grpc::Status InvocationService::RetrySweep(grpc::ServerContext*,
                                           const v1::RetrySweepRequest* request, v1::Sweep* reply) {
  return AnswerMutation(
      "RetrySweep", *request, reply, [&](const MutatingRequest& identity) -> absl::StatusOr<Sweep> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseSweep("name", request->name()));
        return store_.Retry(identity, id);
      });
}

grpc::Status InvocationService::GetInvocation(grpc::ServerContext*,
                                              const v1::GetInvocationRequest* request,
                                              v1::Invocation* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Invocation> {
    FLEETCAST_ASSIGN_OR_RETURN(const InvocationName name, ParseInvocation("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const Invocation invocation, store_.GetInvocation(name));
    return MessageOf(invocation);
  });
}

grpc::Status InvocationService::ListInvocations(grpc::ServerContext*,
                                                const v1::ListInvocationsRequest* request,
                                                v1::ListInvocationsResponse* reply) {
  return AnswerPage(
      "ListInvocations", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<Invocation>> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseSweep("parent", request->parent()));
        FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                                   ParseFilter(request->filter(), InvocationFilterFields()));
        return store_.ListInvocations(id, filter, page);
      },
      [](auto& answer) { return answer.mutable_invocations(); });
}

}  // namespace fleetcast::inference
