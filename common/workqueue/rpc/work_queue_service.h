// The handlers of fleetcast.workqueue.v1.WorkQueueService, for the service that owns the queue.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/workqueue/queue.h"
#include "fleetcast/workqueue/v1/work_queue_service.grpc.pb.h"

namespace fleetcast::workqueue {

// What a resource name of the service means: "trainingRuns/{id}", "sweeps/{id}/invocations/…".
// INVALID_ARGUMENT on the field for a name that is none of its.
using SelectionOf =
    std::function<absl::StatusOr<Selection>(const std::string& field, const std::string& name)>;

class WorkQueueService final : public v1::WorkQueueService::Service {
 public:
  // `queue` must outlive it.
  WorkQueueService(Queue& queue, SelectionOf selection_of)
      : queue_(queue), selection_of_(std::move(selection_of)) {}

  grpc::Status ListPools(grpc::ServerContext* context, const v1::ListPoolsRequest* request,
                         v1::ListPoolsResponse* response) override;
  grpc::Status UpdatePool(grpc::ServerContext* context, const v1::UpdatePoolRequest* request,
                          v1::Pool* response) override;
  grpc::Status DeletePool(grpc::ServerContext* context, const v1::DeletePoolRequest* request,
                          google::protobuf::Empty* response) override;
  grpc::Status PauseTasks(grpc::ServerContext* context, const v1::PauseTasksRequest* request,
                          v1::PauseTasksResponse* response) override;
  grpc::Status ResumeTasks(grpc::ServerContext* context, const v1::ResumeTasksRequest* request,
                           v1::ResumeTasksResponse* response) override;
  grpc::Status MoveTasks(grpc::ServerContext* context, const v1::MoveTasksRequest* request,
                         v1::MoveTasksResponse* response) override;
  grpc::Status CancelTasks(grpc::ServerContext* context, const v1::CancelTasksRequest* request,
                           v1::CancelTasksResponse* response) override;

 private:
  Queue& queue_;
  const SelectionOf selection_of_;
};

}  // namespace fleetcast::workqueue
