// What is out of the ordinary about a circuit: a pure function of what is known of it and of the
// clock, so that it is true at the moment of asking, whoever is alive.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/inference/domain/circuit_record.h"
#include "services/inference/domain/schedule.h"

namespace fleetcast::inference {

enum class ConditionType {
  kOutOfSync,  // the first
  kTraining,
  kGateRefused,
  kForecastLate,
  kForecastFailed,
  kDataStale,
  kPinned,
  kRetired,
  kNotScheduled,
  kWorseThanNaive,
  kOnFallback,
  kSensorStuck,
  kDrifted  // the last
};
enum class Severity { kOk, kInfo, kWarning, kError };

struct Condition {
  ConditionType type = ConditionType::kOutOfSync;
  Severity severity = Severity::kInfo;
  std::string reason;   // UPPER_SNAKE
  std::string message;  // what it is and what to do
  std::optional<absl::Time> since;
};

// What conditions are judged by besides the circuit.
struct FleetClock {
  absl::Time now;  // the database's
  std::vector<Schedule> schedules;
  std::optional<absl::Time> latest_issue;  // of all circuits' forecasts
  // How long after its tick a forecast counts as late.
  absl::Duration late_after = absl::Minutes(15);
  std::string step_obstacle;  // why no step of a release can start; empty: one can
  // Why no invocation can start, of any plant and by plant; empty: some can.
  std::string forecast_obstacle;
  std::map<std::string, std::string> plant_obstacles;
};

// A step that is under way for longer than this is told, and one whose model is being trained.
inline constexpr absl::Duration kStepLateAfter = absl::Hours(1);
inline constexpr absl::Duration kTrainingLateAfter = absl::Hours(6);

// A sensor whose newest reading is this much older than the fleet's newest is told.
inline constexpr absl::Duration kStaleAfter = absl::Hours(24);

// Worst first.
[[nodiscard]] std::vector<Condition> ConditionsOf(const CircuitRecord& circuit,
                                                  const FleetClock& clock);
[[nodiscard]] Severity WorstOf(const std::vector<Condition>& conditions);

[[nodiscard]] std::string Word(ConditionType type);       // "OUT_OF_SYNC"
[[nodiscard]] std::vector<std::string> ConditionWords();  // all of them
[[nodiscard]] std::string Word(Severity severity);        // "OK", "INFO" …

}  // namespace fleetcast::inference
