#include "cli/views/fleet_view.h"

#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/names.h"
#include "cli/views/inference_view.h"
#include "cli/views/proto_text.h"

namespace fleetcast::cli {
namespace {

using Align = Column::Align;
using inference::v1::CircuitStatus;
using inference::v1::Condition;
using inference::v1::FleetSummary;
using inference::v1::Release;
using inference::v1::ReleasePlan;
using inference::v1::ReleaseStep;
using workqueue::v1::Failure;

Style StyleOf(Condition::Severity severity) {
  const bool troubled =
      severity == Condition::SEVERITY_ERROR || severity == Condition::SEVERITY_WARNING;
  return troubled ? Style::kBad : Style::kDim;
}

std::string ConditionName(const Condition& condition) {
  return WithoutPrefix(Condition::Type_Name(condition.type()), "TYPE_");
}

Cell ConditionCell(const Condition& condition) {
  return {absl::StrCat(ConditionName(condition), ": ", condition.message()),
          StyleOf(condition.severity())};
}

// "is retired" → "retired": words of the API as people write them.
std::string Lower(const std::string& word) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(word), {{"_", " "}});
}

std::string ActionText(const ReleaseStep& step) {
  if (step.state() == ReleaseStep::STATE_FAILED) return FailureText(step);
  if (step.state() != ReleaseStep::STATE_SUCCEEDED) return step.state_reason();
  const std::string action =
      step.action() == ReleaseStep::ACTION_NONE
          ? "in sync already"
          : Lower(WithoutPrefix(ReleaseStep::Action_Name(step.action()), "ACTION_"));
  std::string text = action;
  if (!step.model_version().empty())
    absl::StrAppend(&text, ", ", ShortVersion(step.model_version()), " serves");
  if (!step.state_reason().empty()) absl::StrAppend(&text, ": ", WhyText(step.state_reason()));
  return text;
}

Standing StandingOf(ReleaseStep::State state) {
  switch (state) {
    case ReleaseStep::STATE_RUNNING:
      return Standing::kRunning;
    case ReleaseStep::STATE_SUCCEEDED:
      return Standing::kSucceeded;
    case ReleaseStep::STATE_FAILED:
      return Standing::kFailed;
    case ReleaseStep::STATE_CANCELLED:
      return Standing::kCancelled;
    default:
      return Standing::kQueued;
  }
}

Cell ReleaseStateCell(const Release& release) {
  const std::string state = StateText(release);
  switch (release.state()) {
    case Release::STATE_APPLIED:
      return {state, Style::kGood};
    case Release::STATE_DEGRADED:
      return {state, Style::kBad};
    default:
      return {state, release.state() == Release::STATE_SUPERSEDED ? Style::kDim : Style::kPlain};
  }
}

std::string StepsText(const inference::v1::StepCounts& counts) {
  std::string text = absl::StrCat(counts.succeeded(), "/", counts.total());
  if (counts.failed() > 0) absl::StrAppend(&text, ", ", counts.failed(), " failed");
  return text;
}

Table StepsTable(const std::vector<ReleaseStep>& steps) {
  Table table({{"CIRCUIT"}, {"STATE"}, {"WHAT"}});
  for (const ReleaseStep& step : steps)
    table.AddRow({ShortCircuit(step.circuit()),
                  StateCell(WithoutPrefix(ReleaseStep::State_Name(step.state()), "STATE_")),
                  ActionText(step)});
  return table;
}

double OrNan(bool has, double value) {
  return has ? value : std::numeric_limits<double>::quiet_NaN();
}

// "MAE 1.31 over 14 days (1.20 on held-out rows); steps 1 to 6: 0.84, …; 80 %: 78 %, 95 %: 93 %"
std::string LiveText(const inference::v1::LiveAccuracy& live) {
  std::string text =
      absl::StrCat("MAE ", NumberText(live.mae()), " over ", Count(live.days(), "day"));
  if (live.has_backtest_mae())
    absl::StrAppend(&text, " (", NumberText(live.backtest_mae()), " on held-out rows)");
  for (const auto& band : live.horizon_bands())
    absl::StrAppend(&text, &band == &live.horizon_bands(0) ? "; steps " : ", ", band.first_step(),
                    " to ", band.last_step(), ": ", NumberText(band.mae()));
  for (const auto& coverage : live.coverage())
    absl::StrAppend(&text, &coverage == &live.coverage(0) ? "; within " : ", ",
                    absl::StrFormat("%g%%: %.0f%%", coverage.level(), coverage.covered()));
  return text;
}

}  // namespace

Table FleetTable(const std::vector<CircuitStatus>& circuits, absl::Time now) {
  Table table({{"CIRCUIT"},
               {"SERVING", Align::kRight},
               {"MAE", Align::kRight},
               {"SKILL", Align::kRight},
               {"FORECAST FROM"},
               {"STORED"},
               {"NEXT", Align::kRight},
               {"CONDITIONS"}});
  for (const CircuitStatus& circuit : circuits) {
    const auto& serving = circuit.serving();
    const auto& forecast = circuit.latest_forecast();
    const bool has_forecast = circuit.has_latest_forecast();
    table.AddRow({circuit.plant_id() + "/" + circuit.circuit_id(),
                  circuit.has_serving() ? ShortVersion(serving.model_version()) : "",
                  NumberText(OrNan(serving.has_mae(), serving.mae())),
                  SkillCell(OrNan(serving.has_skill(), serving.skill())),
                  has_forecast ? MinuteText(TimeOf(forecast.issue_time())) : "",
                  has_forecast ? AgoCell(forecast.create_time(), now) : Cell(""),
                  forecast.has_next_value() ? NumberText(forecast.next_value()) : "",
                  circuit.conditions().empty() ? Cell("none", Style::kGood)
                                               : ConditionCell(circuit.conditions(0))});
    for (int i = 1; i < circuit.conditions_size(); ++i) {
      const Cell cell = ConditionCell(circuit.conditions(i));
      table.AddContinuation(cell.text, cell.style);
    }
  }
  return table;
}

int TroubledCircuits(const FleetSummary& summary) {
  int troubled = 0;
  for (const char* const severity : {"WARNING", "ERROR"}) {
    const auto found = summary.by_severity().find(severity);
    if (found != summary.by_severity().end()) troubled += found->second;
  }
  return troubled;
}

std::string FleetSummaryText(const FleetSummary& summary, absl::Time now) {
  std::string text = Count(summary.circuits(), "circuit");
  const int troubled = TroubledCircuits(summary);
  if (troubled > 0) absl::StrAppend(&text, ", ", troubled, " with problems");
  if (troubled == 0 && summary.problems().empty()) text += ", no problems";
  std::vector<std::string> conditions;
  const std::map<std::string, int> sorted(summary.by_condition().begin(),
                                          summary.by_condition().end());
  conditions.reserve(sorted.size());
  for (const auto& [name, count] : sorted) conditions.push_back(absl::StrCat(count, " ", name));
  if (!conditions.empty()) absl::StrAppend(&text, " (", absl::StrJoin(conditions, ", "), ")");
  for (const auto& problem : summary.problems())
    absl::StrAppend(&text, "\n", problem.reason(), ": ", OneLine(problem.message()));
  if (!summary.has_release())
    return absl::StrCat(text, summary.problems().empty() ? "; " : "\n",
                        "no release has been made yet");
  const Release& release = summary.release();
  return absl::StrCat(text, "\nrelease ", LastPart(release.name()), " of ",
                      ShortCommit(release.commit()), " ", StateText(release), ", ",
                      TimeAgo(TimeOf(release.create_time()), now), ": ",
                      OneLine(release.state_reason()));
}

std::string CircuitText(const CircuitStatus& status, const Terminal& terminal, absl::Time now) {
  Properties text;
  text.Add("circuit", {status.plant_id() + "/" + status.circuit_id(), Style::kBold});
  text.AddGiven("for people", status.display_name());
  if (status.desired_state() == CircuitStatus::DESIRED_STATE_UNSPECIFIED) {
    text.Add("is to be", "nothing is asked of it: it is in no release");
  } else {
    text.Add(
        "is to be",
        absl::StrCat(Lower(WithoutPrefix(CircuitStatus::DesiredState_Name(status.desired_state()),
                                         "DESIRED_STATE_")),
                     ", by release ", LastPart(status.release()), " of ",
                     ShortCommit(status.commit())));
    text.AddGiven("cutoff date", status.cutoff_date());
  }
  if (status.has_serving()) {
    const auto& serving = status.serving();
    text.Add("serving", absl::StrCat(ShortVersion(serving.model_version()), ", since ",
                                     MinuteText(TimeOf(serving.deploy_time())), " (",
                                     TimeAgo(TimeOf(serving.deploy_time()), now), ")",
                                     serving.cutoff_date().empty()
                                         ? ""
                                         : absl::StrCat(", trained to ", serving.cutoff_date())));
    if (serving.has_mae())
      text.Add("error", absl::StrCat("MAE ", NumberText(serving.mae()), ", skill ",
                                     PercentText(OrNan(serving.has_skill(), serving.skill()))));
  } else {
    text.Add("serving", {"nothing", Style::kBad});
  }
  if (status.has_latest_forecast()) {
    const auto& forecast = status.latest_forecast();
    text.Add("forecast",
             absl::StrCat("from ", MinuteText(TimeOf(forecast.issue_time())), ", by ",
                          MadeByText(forecast.source(), forecast.model_version()), ", stored ",
                          TimeAgo(TimeOf(forecast.create_time()), now),
                          forecast.has_next_value()
                              ? absl::StrCat("; next ", NumberText(forecast.next_value()))
                              : ""));
  }
  if (status.live_accuracy().scored_values() > 0)
    text.Add("came out", LiveText(status.live_accuracy()));
  if (status.has_pin())
    text.Add("pinned", absl::StrCat("to ", ShortVersion(status.pin().model_version()), " by ",
                                    status.pin().actor(), ": ", status.pin().reason()));
  for (const Condition& condition : status.conditions())
    text.Add(WithoutPrefix(Condition::Severity_Name(condition.severity()), "SEVERITY_"),
             ConditionCell(condition));
  if (status.conditions().empty()) text.Add("conditions", {"none", Style::kGood});
  return text.Render(terminal);
}

std::string StateText(const Release& release) {
  return WithoutPrefix(Release::State_Name(release.state()), "STATE_");
}

std::string PlanText(const ReleasePlan& plan) {
  std::vector<std::string> parts;
  const auto add = [&](int count, const char* what) {
    if (count > 0) parts.push_back(absl::StrCat(count, " ", what));
  };
  add(plan.promote(), "to promote");
  add(plan.train(), "to train or judge");
  add(plan.redeploy(), "to redeploy");
  add(plan.retire(), "to retire");
  add(plan.refused(), "refused by the gate");
  add(plan.pinned(), "pinned");
  add(plan.unsound(), "unsound");
  add(plan.in_sync(), "in sync");
  return absl::StrJoin(parts, ", ");
}

Table ReleasesTable(const std::vector<Release>& releases, absl::Time now) {
  Table table({{"ID"},
               {"STATE"},
               {"COMMIT"},
               {"STEPS"},
               {"CREATED"},
               {"TIME", Align::kRight},
               {"BY"},
               {"WHY"}});
  for (const Release& release : releases)
    table.AddRow(
        {absl::StrCat(LastPart(release.name()), release.in_force() ? " *" : ""),
         ReleaseStateCell(release), ShortCommit(release.commit()), StepsText(release.step_counts()),
         AgoCell(release.create_time(), now),
         SpanText(release.create_time(), release.end_time(), now), release.actor(),
         release.rollback_of().empty()
             ? release.reason()
             : absl::StrCat("back to ", LastPart(release.rollback_of()), ": ", release.reason())});
  return table;
}

std::string ReleaseText(const Release& release, const std::vector<ReleaseStep>& steps,
                        const Terminal& terminal, absl::Time now) {
  Properties text;
  text.Add("release", {LastPart(release.name()), Style::kBold});
  text.Add("state", ReleaseStateCell(release));
  text.AddGiven("why", release.state_reason());
  text.Add("in force", release.in_force() ? "yes" : "no");
  text.Add("commit", release.revision() == release.commit()
                         ? release.commit()
                         : absl::StrCat(release.commit(), " (", release.revision(), ")"));
  if (!release.rollback_of().empty()) text.Add("back to", LastPart(release.rollback_of()));
  if (!release.previous_release().empty()) text.Add("after", LastPart(release.previous_release()));
  text.AddGiven("by", release.actor());
  text.AddGiven("reason", release.reason());
  text.AddGiven("found", PlanText(release.plan()));
  text.AddGiven("training", LastPart(release.training_run()));
  for (const std::string& circuit : release.unsound_circuits())
    text.Add("unsound", {ShortCircuit(circuit), Style::kBad});
  text.Add("created", MinuteText(TimeOf(release.create_time())) + " (" +
                          TimeAgo(TimeOf(release.create_time()), now) + ")");
  text.AddGiven("took", SpanText(release.create_time(), release.end_time(), now));
  std::string result = text.Render(terminal);
  if (!steps.empty()) result += "\n" + StepsTable(steps).Render(terminal);
  return result;
}

std::string FailureText(const ReleaseStep& step) {
  if (!step.has_failure()) return step.state_reason();
  const auto& failure = step.failure();
  return absl::StrCat(WithoutPrefix(Failure::Kind_Name(failure.kind()), "KIND_"), " ",
                      failure.reason(), ": ", failure.message());
}

CircuitProgress ProgressOf(const ReleaseStep& step) {
  CircuitProgress progress;
  progress.circuit = ShortCircuit(step.circuit());
  progress.standing = StandingOf(step.state());
  progress.note = ActionText(step);
  return progress;
}

}  // namespace fleetcast::cli
