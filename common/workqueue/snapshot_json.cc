#include "common/workqueue/task_json.h"

namespace fleetcast::workqueue {

using nlohmann::json;

std::string ToJson(const Group& group) { return json(group).dump(); }
std::string ToJson(const Task& task) { return json(task).dump(); }

absl::StatusOr<Group> GroupFromJson(const std::string& text) {
  return FromJson<Group>(text, "a first answer");
}
absl::StatusOr<Task> TaskFromJson(const std::string& text) {
  return FromJson<Task>(text, "a first answer");
}

}  // namespace fleetcast::workqueue
