#include "common/workqueue/task_json.h"

namespace fleetcast::workqueue {
namespace {

template <typename Enum>
std::optional<Enum> ValueOf(const std::string& word) {
  const Enum value = nlohmann::json(word).get<Enum>();  // the first for a word that is none
  if (Word(value) != word) return std::nullopt;
  return value;
}

}  // namespace

std::string Word(TaskState state) { return nlohmann::json(state).get<std::string>(); }
std::string Word(GroupState state) { return nlohmann::json(state).get<std::string>(); }
std::string Word(FailureKind kind) { return nlohmann::json(kind).get<std::string>(); }

template <>
std::optional<TaskState> FromWord(const std::string& word) {
  return ValueOf<TaskState>(word);
}
template <>
std::optional<GroupState> FromWord(const std::string& word) {
  return ValueOf<GroupState>(word);
}
template <>
std::optional<FailureKind> FromWord(const std::string& word) {
  return ValueOf<FailureKind>(word);
}

std::string ToJson(const Group& group) { return nlohmann::json(group).dump(); }
std::string ToJson(const Task& task) { return nlohmann::json(task).dump(); }

absl::StatusOr<Group> GroupFromJson(const std::string& text) {
  return FromJson<Group>(text, "a first answer");
}
absl::StatusOr<Task> TaskFromJson(const std::string& text) {
  return FromJson<Task>(text, "a first answer");
}

}  // namespace fleetcast::workqueue
