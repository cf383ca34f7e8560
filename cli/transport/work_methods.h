// Methods that each service with a work queue serves for its own work.
#pragma once

#include "cli/transport/method.h"
#include "fleetcast/workqueue/v1/work_queue_service.pb.h"

namespace fleetcast::cli::work_rpc {
namespace v1 = fleetcast::workqueue::v1;

template <typename Request, typename Response>
[[nodiscard]] constexpr Method<Request, Response> MethodOf(Service service, const char* path) {
  return {service, path};
}

inline constexpr char kListPools[] = "/fleetcast.workqueue.v1.WorkQueueService/ListPools";
inline constexpr char kUpdatePool[] = "/fleetcast.workqueue.v1.WorkQueueService/UpdatePool";
inline constexpr char kDeletePool[] = "/fleetcast.workqueue.v1.WorkQueueService/DeletePool";
inline constexpr char kPauseTasks[] = "/fleetcast.workqueue.v1.WorkQueueService/PauseTasks";
inline constexpr char kResumeTasks[] = "/fleetcast.workqueue.v1.WorkQueueService/ResumeTasks";
inline constexpr char kMoveTasks[] = "/fleetcast.workqueue.v1.WorkQueueService/MoveTasks";
inline constexpr char kCancelTasks[] = "/fleetcast.workqueue.v1.WorkQueueService/CancelTasks";

}  // namespace fleetcast::cli::work_rpc
