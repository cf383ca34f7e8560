#include "cli/views/fleet_view.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/views/inference_view.h"
#include "cli/views/model_view.h"
#include "cli/views/proto_text.h"
#include "cli/views/training_view.h"

namespace fleetcast::cli {
namespace {

using Align = Column::Align;
using Json = nlohmann::ordered_json;
using trainer::v1::TrainingJob;

// Sensors do not report at the same moment; a day apart is no accident.
constexpr absl::Duration kForecastMayLag = absl::Hours(24);

double ChampionMetric(const CircuitFacts& facts, const std::string& key) {
  return facts.champion_version ? MetricOf(*facts.champion_version, key)
                                : std::numeric_limits<double>::quiet_NaN();
}

std::string ChampionText(const CircuitFacts& facts) {
  return facts.champion ? absl::StrCat("v", facts.champion->version()) : "";
}

std::string DeployedText(const CircuitFacts& facts) {
  return facts.deployment ? ShortVersion(facts.deployment->model()) : "";
}

void AddTrainingProblems(const CircuitFacts& facts, const FleetSources& sources,
                         std::vector<std::string>& problems) {
  const bool failed = facts.latest_job && facts.latest_job->state() == TrainingJob::STATE_FAILED;
  if (failed) problems.push_back("training failed: " + FailureText(*facts.latest_job));
  if (sources.registry && !facts.champion && !failed) {
    const bool candidate =
        facts.latest_job && facts.latest_job->state() == TrainingJob::STATE_SUCCEEDED;
    problems.push_back(candidate ? "no champion: " + WhyText(facts.latest_job->gate_outcome().why())
                                 : "no champion: not trained yet");
  }
  if (facts.configuration && facts.champion_version) {
    const std::string wanted = facts.configuration->training().cutoff_date();
    const std::string trained = TagOf(*facts.champion_version, "cutoff_date");
    if (wanted != trained) {
      problems.push_back(
          absl::StrCat("champion is trained to ", trained, ", configured is ", wanted));
    }
  }
  const double skill = ChampionMetric(facts, "skill");
  if (skill < 0) problems.push_back("champion is worse than a naive forecast");
}

void AddInferenceProblems(const CircuitFacts& facts, const FleetSources& sources,
                          std::vector<std::string>& problems) {
  if (!sources.inference) return;
  if (facts.champion && !facts.deployment) problems.push_back("champion is not deployed");
  if (facts.champion && facts.deployment &&
      facts.champion->model_version() != facts.deployment->model()) {
    problems.push_back(
        absl::StrCat("deployed is ", DeployedText(facts), ", champion is ", ChampionText(facts)));
  }
  if (facts.failed_invocation) {
    problems.push_back("last sweep failed: " + FailureText(*facts.failed_invocation));
  }
  if (facts.deployment && !facts.forecast && !facts.failed_invocation) {
    problems.push_back("no forecast yet");
  }
  if (facts.deployment && sources.config && !facts.configuration) {
    problems.push_back("deployed, but not (soundly) configured");
  }
}

void AddForecastProblems(const CircuitFacts& facts, absl::Time latest_issue,
                         std::vector<std::string>& problems) {
  if (!facts.forecast || !facts.deployment) return;
  const absl::Time issue = TimeOf(facts.forecast->issue_time());
  if (latest_issue - issue > kForecastMayLag) {
    problems.push_back(absl::StrCat("forecast is from ", MinuteText(issue), ", ",
                                    DurationText(latest_issue - issue),
                                    " behind the fleet's latest: does its sensor still report?"));
  }
  if (facts.forecast->model_version() != facts.deployment->model()) {
    problems.push_back(absl::StrCat("forecast is by ",
                                    ShortVersion(facts.forecast->model_version()),
                                    ", deployed since is ", DeployedText(facts)));
  }
}

std::vector<std::string> Unanswered(const FleetSources& sources) {
  std::vector<std::string> names;
  if (!sources.config) names.push_back("config");
  if (!sources.registry) names.push_back("registry");
  if (!sources.trainer) names.push_back("trainer");
  if (!sources.inference) names.push_back("inference");
  return names;
}

// Nothing is known to be wrong; all is well only if everybody answered.
Cell NoProblem(const FleetSources& sources) {
  const std::vector<std::string> unanswered = Unanswered(sources);
  if (unanswered.empty()) return {"none", Style::kGood};
  return {"not known without " + absl::StrJoin(unanswered, ", "), Style::kDim};
}

template <typename T>
void Add(std::optional<T>&& from, std::optional<T>& to) {
  if (from) to = std::move(from);
}

Json NumberOrNull(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

}  // namespace

void AddFacts(FleetFacts part, FleetFacts& fleet) {
  for (auto& [circuit, from] : part.circuits) {
    CircuitFacts& to = fleet.circuits[circuit];
    Add(std::move(from.configuration), to.configuration);
    Add(std::move(from.champion), to.champion);
    Add(std::move(from.champion_version), to.champion_version);
    Add(std::move(from.deployment), to.deployment);
    Add(std::move(from.forecast), to.forecast);
    Add(std::move(from.failed_invocation), to.failed_invocation);
    Add(std::move(from.latest_job), to.latest_job);
  }
}

std::vector<std::string> ProblemsOf(const CircuitFacts& facts, const FleetSources& sources,
                                    absl::Time latest_issue) {
  std::vector<std::string> problems;
  AddTrainingProblems(facts, sources, problems);
  AddInferenceProblems(facts, sources, problems);
  AddForecastProblems(facts, latest_issue, problems);
  return problems;
}

absl::Time LatestIssue(const FleetFacts& fleet) {
  absl::Time latest = absl::InfinitePast();
  for (const auto& [circuit, facts] : fleet.circuits) {
    if (facts.forecast) latest = std::max(latest, TimeOf(facts.forecast->issue_time()));
  }
  return latest;
}

int TroubledCircuits(const FleetFacts& fleet) {
  int troubled = 0;
  const absl::Time latest_issue = LatestIssue(fleet);
  for (const auto& [circuit, facts] : fleet.circuits) {
    troubled += ProblemsOf(facts, fleet.sources, latest_issue).empty() ? 0 : 1;
  }
  return troubled;
}

std::string FleetSummary(const FleetFacts& fleet) {
  const int troubled = TroubledCircuits(fleet);
  const std::vector<std::string> unanswered = Unanswered(fleet.sources);
  std::string summary = Count(static_cast<std::int64_t>(fleet.circuits.size()), "circuit");
  if (troubled > 0) absl::StrAppend(&summary, ", ", troubled, " with problems");
  if (!unanswered.empty()) {
    absl::StrAppend(&summary, "; not all is known: no answer from ",
                    absl::StrJoin(unanswered, ", "));
  } else if (troubled == 0) {
    summary += ", no problems";
  }
  return summary;
}

Table FleetTable(const FleetFacts& fleet, absl::Time now) {
  Table table({{"CIRCUIT"},
               {"CHAMPION", Align::kRight},
               {"DEPLOYED", Align::kRight},
               {"MAE", Align::kRight},
               {"SKILL", Align::kRight},
               {"FORECAST FROM"},
               {"STORED"},
               {"NEXT", Align::kRight},
               {"PROBLEMS"}});
  const absl::Time latest_issue = LatestIssue(fleet);
  for (const auto& [circuit, facts] : fleet.circuits) {
    const auto problems = ProblemsOf(facts, fleet.sources, latest_issue);
    const bool points = facts.forecast && !facts.forecast->points().empty();
    table.AddRow(
        {circuit, ChampionText(facts), DeployedText(facts),
         NumberText(ChampionMetric(facts, "mae")), SkillCell(ChampionMetric(facts, "skill")),
         facts.forecast ? MinuteText(TimeOf(facts.forecast->issue_time())) : "",
         facts.forecast ? AgoCell(facts.forecast->create_time(), now) : Cell(""),
         points ? NumberText(facts.forecast->points(0).value()) : "",
         problems.empty() ? NoProblem(fleet.sources) : Cell(problems.front(), Style::kBad)});
    for (std::size_t i = 1; i < problems.size(); ++i) {
      table.AddContinuation(problems[i], Style::kBad);
    }
  }
  return table;
}

Json FleetJson(const FleetFacts& fleet) {
  Json list = Json::array();
  const absl::Time latest_issue = LatestIssue(fleet);
  for (const auto& [circuit, facts] : fleet.circuits) {
    const std::size_t slash = circuit.find('/');
    Json entry;
    entry["plant_id"] = circuit.substr(0, slash);
    entry["circuit_id"] = circuit.substr(slash + 1);
    entry["champion"] = facts.champion ? Json(facts.champion->model_version()) : Json(nullptr);
    entry["deployed"] = facts.deployment ? Json(facts.deployment->model()) : Json(nullptr);
    entry["mae"] = NumberOrNull(ChampionMetric(facts, "mae"));
    entry["skill"] = NumberOrNull(ChampionMetric(facts, "skill"));
    entry["cutoff_date"] = facts.champion_version
                               ? Json(TagOf(*facts.champion_version, "cutoff_date"))
                               : Json(nullptr);
    entry["latest_forecast"] = facts.forecast ? ToJson(*facts.forecast) : Json(nullptr);
    entry["unanswered"] = Unanswered(fleet.sources);
    entry["problems"] = ProblemsOf(facts, fleet.sources, latest_issue);
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace fleetcast::cli
