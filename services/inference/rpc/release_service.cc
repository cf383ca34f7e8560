#include "services/inference/rpc/release_service.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "services/inference/rpc/answer.h"
#include "services/inference/rpc/cause.h"
#include "services/inference/rpc/group_watch.h"

namespace fleetcast::inference {
namespace {

constexpr std::size_t kMaxRevisionBytes = 256;

struct ReleaseTraits {
  using Response = v1::WatchReleaseResponse;
  using Changes = ReleaseChanges;
  static v1::Release Group(const Changes& changes) { return MessageOf(changes.release); }
  static bool Ended(const Changes& changes) { return IsTerminal(changes.release.group.state); }
  static v1::ReleaseStep MessageOfTask(const ReleaseStep& task) { return MessageOf(task); }
  static auto* MutableGroup(Response& response) { return response.mutable_release(); }
  static auto* MutableTasks(Response& response) { return response.mutable_release_steps(); }
};

template <typename Request>
absl::StatusOr<std::optional<int>> MostRetired(const Request& request) {
  if (!request.has_max_retired_circuits()) return std::optional<int>();
  if (request.max_retired_circuits() < 0)
    return InvalidField("max_retired_circuits", "must not be below 0");
  return std::optional<int>(request.max_retired_circuits());
}

absl::StatusOr<absl::Duration> TtlOf(const v1::PinCircuitRequest& request) {
  if (!request.has_ttl()) return absl::InfiniteDuration();
  const absl::Duration ttl =
      absl::Seconds(request.ttl().seconds()) + absl::Nanoseconds(request.ttl().nanos());
  if (ttl <= absl::ZeroDuration() || ttl > absl::Hours(24 * 3660))
    return InvalidField("ttl",
                        "must be above 0 and at most ten years; leave it out to pin until "
                        "somebody unpins");
  return ttl;
}

}  // namespace

grpc::Status ReleaseService::CreateRelease(grpc::ServerContext*,
                                           const v1::CreateReleaseRequest* request,
                                           v1::Release* reply) {
  return AnswerMutation(
      "CreateRelease", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<Release> {
        FLEETCAST_RETURN_IF_ERROR(CheckRequired("revision", request->revision(), kMaxRevisionBytes,
                                                "name a branch, tag or commit, such as main"));
        FLEETCAST_RETURN_IF_ERROR(CheckLength("actor", request->actor(), kMaxActorBytes));
        FLEETCAST_RETURN_IF_ERROR(CheckLength("reason", request->reason(), kMaxReasonBytes));
        FLEETCAST_ASSIGN_OR_RETURN(const auto most_retired, MostRetired(*request));
        return releaser_.Create(identity, {.revision = request->revision(),
                                           .actor = request->actor(),
                                           .reason = request->reason(),
                                           .most_retired = most_retired});
      });
}

grpc::Status ReleaseService::GetRelease(grpc::ServerContext*, const v1::GetReleaseRequest* request,
                                        v1::Release* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Release> {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseRelease("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const Release release, store_.Get(id));
    return MessageOf(release);
  });
}

grpc::Status ReleaseService::ListReleases(grpc::ServerContext*,
                                          const v1::ListReleasesRequest* request,
                                          v1::ListReleasesResponse* reply) {
  return AnswerPage(
      "ListReleases", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<Release>> {
        FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                                   ParseFilter(request->filter(), ReleaseFilterFields()));
        return store_.List(filter, page);
      },
      [](auto& answer) { return answer.mutable_releases(); });
}

grpc::Status ReleaseService::ListReleaseSteps(grpc::ServerContext*,
                                              const v1::ListReleaseStepsRequest* request,
                                              v1::ListReleaseStepsResponse* reply) {
  return AnswerPage(
      "ListReleaseSteps", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<ReleaseStep>> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParseRelease("parent", request->parent()));
        FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                                   ParseFilter(request->filter(), StepFilterFields()));
        return store_.ListSteps(id, filter, page);
      },
      [](auto& answer) { return answer.mutable_release_steps(); });
}

grpc::Status ReleaseService::WatchRelease(grpc::ServerContext* context,
                                          const v1::WatchReleaseRequest* request,
                                          grpc::ServerWriter<v1::WatchReleaseResponse>* writer) {
  const auto named = ParseRelease("name", request->name());
  if (!named.ok()) return rpc::ToGrpc(named.status());
  const auto release = store_.Get(*named);
  if (!release.ok()) return rpc::ToGrpc(release.status());
  const std::string id = release->group.id;
  GroupWatch<ReleaseTraits> watch(
      [&](const workqueue::Mark& mark) { return store_.ChangesSince(id, mark); },
      [&](const v1::WatchReleaseResponse& response) { return writer->Write(response); });
  return Watch(watch, *context, clock_, draining_,
               absl::StrCat("watch ", ReleaseResource(id), " again"));
}

grpc::Status ReleaseService::RollbackRelease(grpc::ServerContext*,
                                             const v1::RollbackReleaseRequest* request,
                                             v1::Release* reply) {
  return AnswerMutation(
      "RollbackRelease", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<Release> {
        std::string id;
        if (!request->name().empty()) {
          FLEETCAST_ASSIGN_OR_RETURN(id, ParseRelease("name", request->name()));
          if (id.empty())
            return InvalidField("name",
                                "names no release to return to; leave it out for the one "
                                "before");
        }
        FLEETCAST_RETURN_IF_ERROR(CheckLength("actor", request->actor(), kMaxActorBytes));
        FLEETCAST_RETURN_IF_ERROR(CheckRequired("reason", request->reason(), kMaxReasonBytes,
                                                "say why, for those who read the history"));
        FLEETCAST_ASSIGN_OR_RETURN(const auto most_retired, MostRetired(*request));
        return releaser_.RollBack(identity, id,
                                  {.revision = "",
                                   .actor = request->actor(),
                                   .reason = request->reason(),
                                   .most_retired = most_retired});
      });
}

grpc::Status ReleaseService::GetCircuitStatus(grpc::ServerContext*,
                                              const v1::GetCircuitStatusRequest* request,
                                              v1::CircuitStatus* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::CircuitStatus> {
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, ParseStatus("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitStatus status, store_.GetStatus(circuit));
    return MessageOf(status);
  });
}

grpc::Status ReleaseService::ListCircuitStatuses(grpc::ServerContext*,
                                                 const v1::ListCircuitStatusesRequest* request,
                                                 v1::ListCircuitStatusesResponse* reply) {
  return AnswerPage(
      "ListCircuitStatuses", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<CircuitStatus>> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::string plant,
                                   ParsePlantOrAll("parent", request->parent()));
        FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                                   ParseFilter(request->filter(), StatusFilterFields()));
        return store_.ListStatuses(plant, filter, page);
      },
      [](auto& answer) { return answer.mutable_circuit_statuses(); });
}

grpc::Status ReleaseService::SummarizeFleet(grpc::ServerContext*,
                                            const v1::SummarizeFleetRequest* request,
                                            v1::FleetSummary* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::FleetSummary> {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string plant,
                               ParsePlantOrAll("parent", request->parent()));
    FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                               ParseFilter(request->filter(), StatusFilterFields()));
    FLEETCAST_ASSIGN_OR_RETURN(const FleetSummary summary, store_.Summarize(plant, filter));
    v1::FleetSummary message = MessageOf(summary);
    const auto release = store_.Get("");
    if (release.ok())
      *message.mutable_release() = MessageOf(*release);
    else if (!absl::IsNotFound(release.status()))
      return release.status();
    return message;
  });
}

grpc::Status ReleaseService::PinCircuit(grpc::ServerContext*, const v1::PinCircuitRequest* request,
                                        v1::CircuitStatus* reply) {
  return AnswerMutation(
      "PinCircuit", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<CircuitStatus> {
        NewPin pin{.roll_back = request->roll_back(),
                   .actor = request->actor(),
                   .reason = request->reason()};
        FLEETCAST_ASSIGN_OR_RETURN(pin.circuit, ParseCircuit("circuit", request->circuit()));
        if (pin.roll_back && !request->model_version().empty())
          return InvalidField("roll_back", "is instead of model_version; leave one of them out");
        if (!request->model_version().empty()) {
          FLEETCAST_ASSIGN_OR_RETURN(pin.model_version,
                                     ParseModelVersion("model_version", request->model_version()));
        }
        FLEETCAST_RETURN_IF_ERROR(CheckCause(*request));
        FLEETCAST_ASSIGN_OR_RETURN(pin.ttl, TtlOf(*request));
        return releaser_.Pin(identity, pin);
      });
}

grpc::Status ReleaseService::UnpinCircuit(grpc::ServerContext*,
                                          const v1::UnpinCircuitRequest* request,
                                          v1::CircuitStatus* reply) {
  return AnswerMutation("UnpinCircuit", *request, reply,
                        [&](const MutatingRequest& identity) -> absl::StatusOr<CircuitStatus> {
                          FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit,
                                                     ParseCircuit("circuit", request->circuit()));
                          FLEETCAST_RETURN_IF_ERROR(CheckCause(*request));
                          return store_.Unpin(identity, circuit, request->actor(),
                                              request->reason());
                        });
}

}  // namespace fleetcast::inference
