#include "services/inference/domain/invocation.h"

#include <array>
#include <utility>

namespace fleetcast::inference {
namespace {

template <typename Enum, std::size_t N>
using Words = std::array<std::pair<Enum, const char*>, N>;

constexpr Words<InvocationState, 5> kInvocationStates = {
    {{InvocationState::kQueued, "QUEUED"},
     {InvocationState::kRunning, "RUNNING"},
     {InvocationState::kSucceeded, "SUCCEEDED"},
     {InvocationState::kFailed, "FAILED"},
     {InvocationState::kCancelled, "CANCELLED"}}};
constexpr Words<SweepState, 6> kSweepStates = {
    {{SweepState::kQueued, "QUEUED"},
     {SweepState::kRunning, "RUNNING"},
     {SweepState::kSucceeded, "SUCCEEDED"},
     {SweepState::kPartiallySucceeded, "PARTIALLY_SUCCEEDED"},
     {SweepState::kFailed, "FAILED"},
     {SweepState::kCancelled, "CANCELLED"}}};
constexpr Words<FailureKind, 4> kFailureKinds = {{{FailureKind::kData, "DATA"},
                                                  {FailureKind::kModel, "MODEL"},
                                                  {FailureKind::kTimeout, "TIMEOUT"},
                                                  {FailureKind::kInternal, "INTERNAL"}}};

template <typename Enum, std::size_t N>
std::string WordIn(const Words<Enum, N>& words, Enum value) {
  for (const auto& [candidate, word] : words) {
    if (candidate == value) return word;
  }
  return "UNKNOWN";
}

template <typename Enum, std::size_t N>
Enum ValueIn(const Words<Enum, N>& words, const std::string& text, Enum otherwise) {
  for (const auto& [value, word] : words) {
    if (text == word) return value;
  }
  return otherwise;
}

}  // namespace

std::string Word(InvocationState state) { return WordIn(kInvocationStates, state); }
std::string Word(SweepState state) { return WordIn(kSweepStates, state); }
std::string Word(FailureKind kind) { return WordIn(kFailureKinds, kind); }

InvocationState InvocationStateOf(const std::string& word) {
  return ValueIn(kInvocationStates, word, InvocationState::kFailed);
}
SweepState SweepStateOf(const std::string& word) {
  return ValueIn(kSweepStates, word, SweepState::kFailed);
}
FailureKind FailureKindOf(const std::string& word) {
  return ValueIn(kFailureKinds, word, FailureKind::kInternal);
}

bool IsTerminal(InvocationState state) {
  return state != InvocationState::kQueued && state != InvocationState::kRunning;
}
bool IsTerminal(SweepState state) {
  return state != SweepState::kQueued && state != SweepState::kRunning;
}

}  // namespace fleetcast::inference
