#include "common/workqueue/task.h"

#include <array>
#include <utility>

namespace fleetcast::workqueue {
namespace {

template <typename Enum>
using Words = std::pair<Enum, const char*>;

constexpr std::array<Words<TaskState>, 5> kTaskStates = {{{TaskState::kQueued, "QUEUED"},
                                                          {TaskState::kRunning, "RUNNING"},
                                                          {TaskState::kSucceeded, "SUCCEEDED"},
                                                          {TaskState::kFailed, "FAILED"},
                                                          {TaskState::kCancelled, "CANCELLED"}}};
constexpr std::array<Words<GroupState>, 6> kGroupStates = {
    {{GroupState::kQueued, "QUEUED"},
     {GroupState::kRunning, "RUNNING"},
     {GroupState::kSucceeded, "SUCCEEDED"},
     {GroupState::kPartiallySucceeded, "PARTIALLY_SUCCEEDED"},
     {GroupState::kFailed, "FAILED"},
     {GroupState::kCancelled, "CANCELLED"}}};
constexpr std::array<Words<FailureKind>, 6> kFailureKinds = {
    {{FailureKind::kData, "DATA"},
     {FailureKind::kConfiguration, "CONFIGURATION"},
     {FailureKind::kModel, "MODEL"},
     {FailureKind::kEnvironment, "ENVIRONMENT"},
     {FailureKind::kTimeout, "TIMEOUT"},
     {FailureKind::kInternal, "INTERNAL"}}};

template <typename Table, typename Enum>
std::string WordOf(const Table& table, Enum value) {
  for (const auto& [known, word] : table)
    if (known == value) return word;
  return "UNKNOWN";
}

template <typename Enum, typename Table>
std::optional<Enum> ValueOf(const Table& table, const std::string& text) {
  for (const auto& [value, word] : table)
    if (word == text) return value;
  return std::nullopt;
}

}  // namespace

std::string Word(TaskState state) { return WordOf(kTaskStates, state); }
std::string Word(GroupState state) { return WordOf(kGroupStates, state); }
std::string Word(FailureKind kind) { return WordOf(kFailureKinds, kind); }

template <>
std::optional<TaskState> FromWord(const std::string& word) {
  return ValueOf<TaskState>(kTaskStates, word);
}
template <>
std::optional<GroupState> FromWord(const std::string& word) {
  return ValueOf<GroupState>(kGroupStates, word);
}
template <>
std::optional<FailureKind> FromWord(const std::string& word) {
  return ValueOf<FailureKind>(kFailureKinds, word);
}

}  // namespace fleetcast::workqueue
