// Failures and times of the work queue as API messages, for the services whose resources are tasks.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"
#include "common/workqueue/task.h"
#include "fleetcast/workqueue/v1/failure.pb.h"

namespace fleetcast::workqueue {

[[nodiscard]] v1::Failure MessageOf(const Failure& failure);
// Without what the message does not have: whether it may be tried again.
[[nodiscard]] Failure FailureOf(const v1::Failure& message);

void Set(absl::Time time, google::protobuf::Timestamp* message);

}  // namespace fleetcast::workqueue
