#include "services/trainer/domain/gate.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fleetcast::trainer {
namespace {

std::string Number(double value) { return absl::StrFormat("%.4g", value); }

// 1 - mae / naive; where the naive forecast is perfect nothing can beat it.
double Skill(double mae, double naive_mae) {
  if (naive_mae > 0) return 1 - mae / naive_mae;
  return mae > 0 ? -1 : 0;
}

// Of a candidate with whose errors nothing can be said.
GateOutcome WithoutEvidence(const GateInput& input) {
  const std::string nothing = "no window of the test rows can be forecast and scored";
  std::string passes;  // why it does
  if (input.champion.empty())
    passes = "the circuit has no champion";
  else if (!input.other_inputs.empty())
    passes = input.other_inputs;
  else if (!input.champion_measured && input.newer_data)
    passes = absl::StrCat("trained on newer data than ", input.champion,
                          ", which nothing has measured either");
  if (!passes.empty())
    return {.verdict = GateVerdict::kNotComparable,
            .why = absl::StrCat("not comparable: ", nothing, "; ", passes),
            .champion = input.champion};
  return {.verdict = GateVerdict::kNotBetter,
          .why = absl::StrCat("not better: ", nothing, " to tell it from ", input.champion,
                              "; a person may promote it all the same"),
          .champion = input.champion};
}

}  // namespace

GateOutcome DecideGate(const GateInput& input) {
  if (input.evidence == Evidence::kNone && input.champion != input.candidate)
    return WithoutEvidence(input);
  GateOutcome outcome{.verdict = GateVerdict::kNotBetter,
                      .why = "",
                      .mae = input.mae,
                      .skill = Skill(input.mae, input.naive_mae),
                      .naive_mae = input.naive_mae,
                      .champion_mae = input.champion_mae,
                      .champion = input.champion};
  const auto [of_model, of_naive] = ToldApart(input.mae, input.naive_mae);
  const std::string mae = absl::StrCat("MAE ", of_model);
  const std::string naive = absl::StrCat("the best naive forecast's ", of_naive);
  if (!input.champion.empty() && input.champion == input.candidate) {
    outcome.verdict = GateVerdict::kBetter;
    outcome.why = input.evidence == Evidence::kNone
                      ? "is champion already"
                      : absl::StrCat("is champion already, with ", mae);
    return outcome;
  }
  if (input.evidence == Evidence::kFewWindows && input.champion.empty()) {
    outcome.verdict = GateVerdict::kNotComparable;
    outcome.why =
        absl::StrCat("not comparable: the plant's base forecasts alone, with ", mae, " to ", naive,
                     " on ", input.windows, input.windows == 1 ? " window" : " windows",
                     ", too few to tell that from chance");
    return outcome;
  }
  if (!(input.mae < input.naive_mae)) {
    outcome.why = absl::StrCat("not better: ", mae, " is not below ", naive);
    return outcome;
  }
  if (input.champion.empty()) {
    outcome.verdict = GateVerdict::kBetter;
    outcome.why =
        absl::StrCat("better: ", mae, " is below ", naive, ", and the circuit has no champion");
    return outcome;
  }
  if (!input.champion_mae && input.last_known_skill && outcome.skill < *input.last_known_skill) {
    outcome.why = absl::StrCat(
        "not better: ", input.champion, " could not be compared: ", input.not_comparable,
        "; its skill was ", Number(*input.last_known_skill), " when it was trained, this one's is ",
        Number(outcome.skill), ": a person may promote it all the same");
    return outcome;
  }
  if (!input.champion_mae) {
    outcome.verdict = GateVerdict::kNotComparable;
    outcome.why = absl::StrCat("not comparable: ", mae, " is below ", naive, "; ", input.champion,
                               " could not be compared: ", input.not_comparable);
    return outcome;
  }
  if (std::isfinite(input.comparison.margin)) outcome.margin = input.comparison.margin;
  const std::string against =
      absl::StrCat("against ", input.champion, " on the same rows, MAE ", input.comparison.why);
  if (!std::isfinite(*input.champion_mae) || input.comparison.standing == Standing::kBetter) {
    outcome.verdict = GateVerdict::kBetter;
    outcome.why = absl::StrCat("better: ", against);
  } else if (input.comparison.standing == Standing::kNotToldApart &&
             (input.newer_data || !input.other_inputs.empty())) {
    outcome.verdict = GateVerdict::kAsGood;
    outcome.why =
        absl::StrCat("as good: ", input.newer_data ? "trained on newer data" : input.other_inputs,
                     "; ", against);
  } else {
    outcome.why = absl::StrCat("not better: ", against);
  }
  return outcome;
}

}  // namespace fleetcast::trainer
