// Whose business an error of somebody's work is.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/workqueue/task.h"

namespace fleetcast::workqueue {

struct Verdict {
  Failure failure;
  // Not empty: the task did not fail, but what it depends on is away ("registry"), and it waits.
  std::string away;
};

using Classify = std::function<Verdict(const absl::Status& status)>;

}  // namespace fleetcast::workqueue
