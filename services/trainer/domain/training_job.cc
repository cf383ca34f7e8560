#include "services/trainer/domain/training_job.h"

#include <array>
#include <utility>

namespace fleetcast::trainer {
namespace {

template <typename Enum>
struct Words;

template <>
struct Words<JobState> {
  static constexpr std::array<std::pair<JobState, const char*>, 5> kAll = {
      {{JobState::kQueued, "QUEUED"},
       {JobState::kRunning, "RUNNING"},
       {JobState::kSucceeded, "SUCCEEDED"},
       {JobState::kFailed, "FAILED"},
       {JobState::kCancelled, "CANCELLED"}}};
};

template <>
struct Words<RunState> {
  static constexpr std::array<std::pair<RunState, const char*>, 5> kAll = {
      {{RunState::kQueued, "QUEUED"},
       {RunState::kRunning, "RUNNING"},
       {RunState::kSucceeded, "SUCCEEDED"},
       {RunState::kFailed, "FAILED"},
       {RunState::kCancelled, "CANCELLED"}}};
};

template <>
struct Words<FailureKind> {
  static constexpr std::array<std::pair<FailureKind, const char*>, 5> kAll = {
      {{FailureKind::kData, "DATA"},
       {FailureKind::kConfiguration, "CONFIGURATION"},
       {FailureKind::kDivergence, "DIVERGENCE"},
       {FailureKind::kEnvironment, "ENVIRONMENT"},
       {FailureKind::kInternal, "INTERNAL"}}};
};

template <>
struct Words<JobPhase> {
  static constexpr std::array<std::pair<JobPhase, const char*>, 5> kAll = {
      {{JobPhase::kNone, "NONE"},
       {JobPhase::kReadingData, "READING_DATA"},
       {JobPhase::kTraining, "TRAINING"},
       {JobPhase::kEvaluating, "EVALUATING"},
       {JobPhase::kPublishing, "PUBLISHING"}}};
};

template <>
struct Words<GateVerdict> {
  static constexpr std::array<std::pair<GateVerdict, const char*>, 2> kAll = {
      {{GateVerdict::kChampion, "CHAMPION"}, {GateVerdict::kCandidate, "CANDIDATE"}}};
};

template <typename Enum>
std::string WordOf(Enum value) {
  for (const auto& [known, word] : Words<Enum>::kAll)
    if (known == value) return word;
  return "";
}

}  // namespace

std::string Word(JobState state) { return WordOf(state); }
std::string Word(RunState state) { return WordOf(state); }
std::string Word(FailureKind kind) { return WordOf(kind); }
std::string Word(JobPhase phase) { return WordOf(phase); }
std::string Word(GateVerdict verdict) { return WordOf(verdict); }

template <typename Enum>
std::optional<Enum> FromWord(const std::string& word) {
  for (const auto& [value, known] : Words<Enum>::kAll)
    if (word == known) return value;
  return std::nullopt;
}

template std::optional<JobState> FromWord(const std::string&);
template std::optional<RunState> FromWord(const std::string&);
template std::optional<FailureKind> FromWord(const std::string&);
template std::optional<JobPhase> FromWord(const std::string&);
template std::optional<GateVerdict> FromWord(const std::string&);

}  // namespace fleetcast::trainer
