// Champions: which model version a circuit is forecast with, and how that may change. Decisions
// are functions from the present champion to the event that follows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/filter.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/model_version.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

enum class ChampionEventKind { kPromoted, kRolledBack, kRemoved };
[[nodiscard]] std::string ChampionEventKindText(ChampionEventKind kind);
[[nodiscard]] ChampionEventKind ChampionEventKindOf(const std::string& text);

// Why and by whom.
struct ChampionCause {
  std::string actor;
  std::string reason;
  StringMap evidence;
};

// One change of a circuit's champion. `beneath` is the event that a rollback of this one returns
// to, 0 for none: the promotions still standing form a stack.
struct ChampionEvent {
  std::int64_t event = 0;  // allotted by the store
  CircuitName circuit;
  ChampionEventKind kind = ChampionEventKind::kPromoted;
  std::int64_t version = 0;           // of kRemoved: what was removed
  std::int64_t replaced_version = 0;  // 0: there was none
  std::int64_t beneath = 0;
  ChampionCause cause;
  absl::Time create_time;

  [[nodiscard]] std::string NameText() const;
};

// The present champion: the event that made it one, and what lies beneath.
struct Champion {
  ChampionEvent event;
  std::int64_t previous_version = 0;  // what a rollback returns to; 0: nothing
};

// INVALID_ARGUMENT naming the field.
[[nodiscard]] absl::Status CheckChampionCause(const ChampionCause& cause,
                                              std::int64_t expected_version);

// FAILED_PRECONDITION (CHAMPION_OF_OTHER_CIRCUIT) unless the version's tags name `circuit`.
[[nodiscard]] absl::Status CheckVersionOfCircuit(const ModelVersionName& version,
                                                 const StringMap& tags, const CircuitName& circuit);

// The event that makes `version` champion of `circuit`; nullopt if it is already. ABORTED
// (CHAMPION_CHANGED) if the present champion is not `expected_version` (0: none).
[[nodiscard]] absl::StatusOr<std::optional<ChampionEvent>> DecidePromotion(
    const CircuitName& circuit, const std::optional<ChampionEvent>& present, std::int64_t version,
    std::int64_t expected_version, const ChampionCause& cause);

// The event that returns from `present` to `beneath` (nullopt: nothing lies beneath). ABORTED as
// above, FAILED_PRECONDITION (NO_PREVIOUS_CHAMPION).
[[nodiscard]] absl::StatusOr<ChampionEvent> DecideRollback(
    const ChampionEvent& present, const std::optional<ChampionEvent>& beneath,
    std::int64_t expected_version, const ChampionCause& cause);

// The event that leaves the circuit of `present` without champion. ABORTED as above.
[[nodiscard]] absl::StatusOr<ChampionEvent> DecideRemoval(const ChampionEvent& present,
                                                          std::int64_t expected_version,
                                                          const ChampionCause& cause);

[[nodiscard]] absl::Status ChampionNotFound(const CircuitName& circuit);

[[nodiscard]] absl::StatusOr<std::optional<Filter>> ParseChampionFilter(const std::string& text);
[[nodiscard]] std::optional<std::string> ChampionField(const Champion& champion,
                                                       const std::string& field);

}  // namespace fleetcast::registry
