#include "common/workqueue/rpc/work_queue_service.h"

#include <algorithm>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "common/workqueue/pools.h"
#include "common/workqueue/rpc/failure_message.h"

namespace fleetcast::workqueue {
namespace {

constexpr std::size_t kMaxPoolIdBytes = 200;

bool IsIdCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '-' || c == '.';
}

absl::StatusOr<std::string> ParsePool(const std::string& field, const std::string& name) {
  std::string id = std::string(absl::StripPrefix(name, "pools/"));
  if (!absl::StartsWith(name, "pools/") || id.empty() || id.size() > kMaxPoolIdBytes ||
      !std::all_of(id.begin(), id.end(), IsIdCharacter))
    return InvalidField(field, absl::StrCat("\"", name,
                                            "\" is no pool's name, such as pools/fleet or "
                                            "pools/plant-P001"));
  return id;
}

v1::Pool MessageOf(const Pool& pool) {
  v1::Pool message;
  message.set_name("pools/" + pool.id);
  if (pool.limit) message.set_limit(*pool.limit);
  message.set_paused(pool.paused);
  message.set_reason(pool.reason);
  message.set_queued_count(pool.queued);
  message.set_running_count(pool.running);
  if (pool.oldest_queued_at) Set(*pool.oldest_queued_at, message.mutable_oldest_queued_time());
  message.set_replica_count(pool.replicas);
  message.set_slot_count(pool.slots);
  Set(pool.updated_at, message.mutable_update_time());
  return message;
}

absl::StatusOr<PoolChange> ChangeOf(const v1::UpdatePoolRequest& request) {
  const v1::Pool& pool = request.pool();
  PoolChange change;
  FLEETCAST_ASSIGN_OR_RETURN(change.id, ParsePool("pool.name", pool.name()));
  std::vector<std::string> paths(request.update_mask().paths().begin(),
                                 request.update_mask().paths().end());
  if (paths.empty()) {
    if (pool.has_limit()) paths.push_back("limit");
    if (pool.paused()) paths.push_back("paused");
    if (!pool.reason().empty()) paths.push_back("reason");
  }
  if (paths == std::vector<std::string>{"*"}) paths = {"limit", "paused", "reason"};
  for (const std::string& path : paths) {
    if (path == "limit")
      change.limit = pool.has_limit() ? std::optional<int>(pool.limit()) : std::nullopt;
    else if (path == "paused")
      change.paused = pool.paused();
    else if (path == "reason")
      change.reason = pool.reason();
    else
      return InvalidField("update_mask", absl::StrCat("\"", path,
                                                      "\" cannot be set; what can are limit, "
                                                      "paused and reason"));
  }
  if (pool.has_limit() && pool.limit() < 0)
    return InvalidField("pool.limit", "must not be below 0; leave it out for none");
  if (pool.reason().size() > 1024) return InvalidField("pool.reason", "has more than 1024 bytes");
  return change;
}

// OK if what is called `name` is as it was asked to be; else why it cannot be.
absl::Status MayBeUnchanged(Queue& queue, pqxx::work& work, const Selection& selection,
                            const std::string& name) {
  if (selection.group_id.empty()) return absl::OkStatus();  // nothing waits in that pool
  const auto refused = [&](const std::string& reason, absl::string_view why) {
    return Refused(absl::StatusCode::kFailedPrecondition, reason, absl::StrCat(name, " ", why),
                   {{"name", name}});
  };
  const std::optional<Group> group = queue.GetGroup(work, selection.group_id);
  if (!group) return ResourceNotFound("Group", name, "see which there are");
  if (selection.name.empty())
    return IsTerminal(group->state) ? refused("ENDED", "has ended") : absl::OkStatus();
  const std::optional<Task> task = queue.GetTask(work, selection.group_id, selection.name);
  if (!task) return ResourceNotFound("Task", name, "see which there are");
  if (task->state == TaskState::kRunning)
    return refused("RUNNING", "runs already; only what waits can be paused or moved");
  return task->state == TaskState::kQueued ? absl::OkStatus() : refused("ENDED", "has ended");
}

// `change` once; a repeated request gets the number that the first one got.
template <typename Request, typename Response>
grpc::Status AnswerCount(
    Queue& queue, const SelectionOf& selection_of, const std::string& method,
    const Request& request, bool pools_too, Response* response,
    absl::FunctionRef<absl::StatusOr<int>(pqxx::work&, const Selection&)> change) {
  const auto count = [&]() -> absl::StatusOr<int> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto identity, rpc::IdentifyRequest(method, request));
    Selection selection;
    if (pools_too && absl::StartsWith(request.name(), "pools/")) {
      FLEETCAST_ASSIGN_OR_RETURN(selection.pool, ParsePool("name", request.name()));
    } else {
      FLEETCAST_ASSIGN_OR_RETURN(selection, selection_of("name", request.name()));
    }
    const std::string& schema = queue.options().schema;
    return db::RunInTransaction(queue.pool(), [&](pqxx::work& work) -> absl::StatusOr<int> {
      FLEETCAST_ASSIGN_OR_RETURN(const auto first, db::ClaimRequest(work, schema, identity));
      int changed = 0;
      if (first) {
        if (!absl::SimpleAtoi(*first, &changed))
          return absl::InternalError("an answer that is no number");
        return changed;
      }
      FLEETCAST_ASSIGN_OR_RETURN(changed, change(work, selection));
      if (changed == 0)
        FLEETCAST_RETURN_IF_ERROR(MayBeUnchanged(queue, work, selection, request.name()));
      FLEETCAST_RETURN_IF_ERROR(db::RecordAnswer(work, schema, identity, absl::StrCat(changed)));
      return changed;
    });
  }();
  if (!count.ok()) return rpc::ToGrpc(count.status());
  response->set_count(*count);
  return grpc::Status::OK;
}

}  // namespace

grpc::Status WorkQueueService::ListPools(grpc::ServerContext*, const v1::ListPoolsRequest* request,
                                         v1::ListPoolsResponse* response) {
  const std::string binding = rpc::PageBinding("ListPools", *request);
  const auto page = ParsePage(request->page_size(), request->page_token(), binding);
  if (!page.ok()) return rpc::ToGrpc(page.status());
  const auto pools = workqueue::ListPools(queue_);
  if (!pools.ok()) return rpc::ToGrpc(pools.status());
  const std::string after = page->after.empty() ? "" : page->after[0];
  for (const Pool& pool : *pools) {
    if (pool.id <= after) continue;
    if (response->pools_size() == page->size) {
      const std::string last(absl::StripPrefix(response->pools(page->size - 1).name(), "pools/"));
      response->set_next_page_token(MakePageToken({last}, binding));
      break;
    }
    *response->add_pools() = MessageOf(pool);
  }
  return grpc::Status::OK;
}

grpc::Status WorkQueueService::UpdatePool(grpc::ServerContext*,
                                          const v1::UpdatePoolRequest* request,
                                          v1::Pool* response) {
  const auto pool = [&]() -> absl::StatusOr<Pool> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto identity, rpc::IdentifyRequest("UpdatePool", *request));
    FLEETCAST_ASSIGN_OR_RETURN(const PoolChange change, ChangeOf(*request));
    return SetPool(queue_, identity, change);
  }();
  if (!pool.ok()) return rpc::ToGrpc(pool.status());
  *response = MessageOf(*pool);
  return grpc::Status::OK;
}

grpc::Status WorkQueueService::DeletePool(grpc::ServerContext*,
                                          const v1::DeletePoolRequest* request,
                                          google::protobuf::Empty*) {
  const auto deleted = [&]() -> absl::Status {
    FLEETCAST_ASSIGN_OR_RETURN(const auto identity, rpc::IdentifyRequest("DeletePool", *request));
    FLEETCAST_ASSIGN_OR_RETURN(const std::string id, ParsePool("name", request->name()));
    return workqueue::DeletePool(queue_, identity, id);
  }();
  return rpc::ToGrpc(deleted);
}

grpc::Status WorkQueueService::PauseTasks(grpc::ServerContext*,
                                          const v1::PauseTasksRequest* request,
                                          v1::PauseTasksResponse* response) {
  return AnswerCount(queue_, selection_of_, "PauseTasks", *request, false, response,
                     [&](pqxx::work& work, const Selection& selection) {
                       return queue_.SetPaused(work, selection, true, request->reason());
                     });
}

grpc::Status WorkQueueService::ResumeTasks(grpc::ServerContext*,
                                           const v1::ResumeTasksRequest* request,
                                           v1::ResumeTasksResponse* response) {
  return AnswerCount(queue_, selection_of_, "ResumeTasks", *request, false, response,
                     [&](pqxx::work& work, const Selection& selection) {
                       return queue_.SetPaused(work, selection, false, "");
                     });
}

grpc::Status WorkQueueService::MoveTasks(grpc::ServerContext*, const v1::MoveTasksRequest* request,
                                         v1::MoveTasksResponse* response) {
  std::optional<std::string> pool;
  std::optional<int> priority;
  if (!request->pool().empty()) {
    const auto parsed = ParsePool("pool", request->pool());
    if (!parsed.ok()) return rpc::ToGrpc(parsed.status());
    pool = *parsed;
  }
  if (request->has_priority()) priority = request->priority();
  if (!pool && !priority)
    return rpc::ToGrpc(InvalidField("pool", "say where to: a pool, a priority, or both"));
  if (priority && (*priority < -1000 || *priority > 1000))
    return rpc::ToGrpc(InvalidField("priority", "must be from -1000 to 1000"));
  return AnswerCount(queue_, selection_of_, "MoveTasks", *request, true, response,
                     [&](pqxx::work& work, const Selection& selection) {
                       return queue_.Move(work, selection, pool, priority);
                     });
}

grpc::Status WorkQueueService::CancelTasks(grpc::ServerContext*,
                                           const v1::CancelTasksRequest* request,
                                           v1::CancelTasksResponse* response) {
  return AnswerCount(queue_, selection_of_, "CancelTasks", *request, true, response,
                     [&](pqxx::work& work, const Selection& selection) {
                       return queue_.Cancel(work, selection, request->reason());
                     });
}

}  // namespace fleetcast::workqueue
