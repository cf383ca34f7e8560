// The gate: is a model version better than what its circuit has?
#pragma once

#include <optional>
#include <string>

#include "services/trainer/domain/error_comparison.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

// What the candidate could be measured on.
enum class Evidence {
  kWindows,
  kFewWindows,  // the plant's base alone, on too few windows to tell it from chance
  kNone,        // no window: its errors mean nothing
};

struct GateInput {
  Evidence evidence = Evidence::kWindows;
  std::int64_t windows = 0;            // that the candidate was measured on
  double mae = 0;                      // of the candidate on the test rows, in the sensor's unit
  double naive_mae = 0;                // of the best naive forecast on the same rows
  std::string candidate;               // resource names
  std::string champion;                // empty: the circuit has none
  std::optional<double> champion_mae;  // re-evaluated on the same rows; nullopt: not comparable
  ErrorComparison comparison;          // of both on the windows that both can forecast
  bool newer_data = false;             // the candidate was trained to a later date
  bool champion_measured = true;       // some window has measured it when it was trained
  // What the candidate reads otherwise than the champion, for people: "reads SENSOR_2 instead of
  // SENSOR_1"; empty if nothing is known to differ.
  std::string other_inputs;
  std::string not_comparable;  // why it is not, for people
  // The champion's when it was trained; where it asks the same question and cannot be read any
  // more.
  std::optional<double> last_known_skill;
};

// Better if and only if the candidate's error is below the best naive forecast's and, where there
// is a comparable champion, below the champion's on the same rows by more than chance explains. As
// good where chance explains the difference and the candidate knows newer data, for a model that is
// not renewed goes stale, or reads what the champion does not: the champion would go on with a
// sensor or a column that the configuration has left. An error that is not finite is below nothing.
// A version that is champion already is better. Where there is nothing to compare on, it is not
// comparable, which a release may promote, if it is the circuit's first, reads another sensor than
// the champion, or follows one that nothing has measured either with newer data: the plant's base
// that forecasts alone was judged on other circuits. Any other is not better. A champion that
// cannot be read any more is not passed by a version whose skill is below what the champion's was:
// a person decides.
[[nodiscard]] GateOutcome DecideGate(const GateInput& input);

}  // namespace fleetcast::trainer
