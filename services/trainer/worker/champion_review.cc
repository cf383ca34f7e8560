#include "services/trainer/worker/champion_review.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/profile.h"
#include "services/trainer/domain/gate.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/circuit_rows.h"

namespace fleetcast::trainer {
namespace {

constexpr std::size_t kMaxWhyBytes = 500;

double NaiveMae(const forecast::Metrics& metrics) {
  return std::min(metrics.mae_repeat_last, metrics.mae_seasonal_naive);
}

Evidence EvidenceOf(const forecast::Model& candidate, std::int64_t windows) {
  if (windows == 0) return Evidence::kNone;
  const bool few = !CanTellFromChance(windows, candidate.spec().horizon);
  return few && candidate.is_base_alone() ? Evidence::kFewWindows : Evidence::kWindows;
}

// Why two models' errors say nothing about each other; "" if they do.
std::string Difference(const forecast::ModelSpec& candidate, const forecast::ModelSpec& champion) {
  if (candidate.target_column != champion.target_column)
    return absl::StrCat("it forecasts column \"", champion.target_column, "\", not \"",
                        candidate.target_column, "\"");
  if (candidate.horizon != champion.horizon)
    return absl::StrCat("it forecasts ", champion.horizon, " steps, not ", candidate.horizon);
  return "";
}

// Of the steps that are scored; NaN if none is.
double MeanError(const forecast::ScoredWindow& window) {
  double sum = 0;
  int scored = 0;
  for (std::size_t step = 0; step < window.forecast.size(); ++step) {
    if (std::isnan(window.actual[step])) continue;
    sum += std::abs(window.forecast[step] - window.actual[step]);
    ++scored;
  }
  return sum / scored;
}

std::string TagOf(const RegisteredVersion& version, const std::string& name) {
  const auto tag = version.tags.find(name);
  return tag == version.tags.end() ? "" : tag->second;
}

// The day of the last reading that it has seen: a cutoff date may be later than that, even to come.
// "2025-12-09"; "" where the version does not say.
std::string TrainedTo(const RegisteredVersion& version) {
  const std::string cutoff = TagOf(version, "cutoff_date");
  const std::string last = TagOf(version, "last_reading").substr(0, cutoff.size());
  return last.empty() ? cutoff : std::min(cutoff, last);
}

std::string OtherInputs(const RegisteredVersion& candidate, const RegisteredVersion& champion) {
  const std::string now = TagOf(candidate, "sensor_id"), before = TagOf(champion, "sensor_id");
  if (now == before || now.empty() || before.empty()) return "";
  return absl::StrCat("reads ", now, " instead of ", before);
}

std::string OtherColumns(const forecast::ModelSpec& candidate,
                         const forecast::ModelSpec& champion) {
  const std::set<std::string> now(candidate.feature_columns.begin(),
                                  candidate.feature_columns.end());
  std::vector<std::string> left;
  for (const std::string& column : champion.feature_columns)
    if (!now.contains(column)) left.push_back(column);
  return left.empty() ? "" : absl::StrCat("does without ", absl::StrJoin(left, ", "));
}

// What a release reads of it.
std::map<std::string, std::string> VerdictTags(const GateOutcome& outcome) {
  return {{"gate", Word(outcome.verdict)},
          {"gate_champion", outcome.champion},
          {"gate_why", PrintableUtf8(outcome.why, kMaxWhyBytes)}};
}

}  // namespace

absl::StatusOr<GateOutcome> ChampionReview::Judge(const ReviewInput& input) {
  const CircuitConfig& circuit = input.circuit;
  FLEETCAST_ASSIGN_OR_RETURN(const auto champion, RetryTransient(tools_, hold_, [&] {
                               return tools_.registry.GetChampion(circuit.plant_id,
                                                                  circuit.circuit_id);
                             }));
  FLEETCAST_ASSIGN_OR_RETURN(GateOutcome outcome, Compare(input, champion));
  const std::vector<std::int64_t>& times = input.series.unix_seconds;
  if (input.test_rows.begin < input.test_rows.end && input.test_rows.end <= times.size()) {
    outcome.first_unix_seconds = times[input.test_rows.begin];
    outcome.last_unix_seconds = times[input.test_rows.end - 1];
  }
  const std::string request_id = DerivedUuid(absl::StrCat(
      "verdict on ", input.version.name, " of ", JobResource(job_.name), " ", job_.lease_epoch));
  FLEETCAST_RETURN_IF_ERROR(
      RetryTransient(tools_, hold_, [&] { return tools_.confirm_held(hold_); }));
  FLEETCAST_RETURN_IF_ERROR(RetryTransient(tools_, hold_, [&] {
    return tools_.registry.TagVersion(request_id, input.version.name, VerdictTags(outcome));
  }));
  return outcome;
}

absl::StatusOr<GateOutcome> ChampionReview::Compare(
    const ReviewInput& input, const std::optional<RegisteredVersion>& champion) {
  const auto measured = input.candidate.Evaluate(input.series, input.test_rows);
  if (!measured.ok() && ReasonOf(measured.status()) != "DATA_TOO_FEW_ROWS")
    return measured.status();
  const forecast::Metrics metrics = measured.ok() ? *measured : forecast::Metrics{};
  GateInput gate{.evidence = EvidenceOf(input.candidate, metrics.windows),
                 .windows = metrics.windows,
                 .mae = metrics.mae,
                 .naive_mae = NaiveMae(metrics),
                 .candidate = input.version.name,
                 .champion = champion ? champion->name : "",
                 .champion_mae = std::nullopt,
                 .comparison = {},
                 .newer_data = champion && TrainedTo(*champion) < TrainedTo(input.version),
                 .champion_measured = !champion || champion->metrics.contains("mae"),
                 .other_inputs = champion ? OtherInputs(input.version, *champion) : "",
                 .not_comparable = "",
                 .last_known_skill = std::nullopt};
  int windows = static_cast<int>(metrics.windows);
  const auto decided = [&] {
    GateOutcome outcome = DecideGate(gate);
    outcome.windows = windows;
    return outcome;
  };
  if (!champion || champion->name == input.version.name || metrics.windows == 0) return decided();

  auto bytes = RetryTransient(
      tools_, hold_, [&] { return tools_.registry.DownloadArtifact(champion->artifact_sha256); });
  // A champion that cannot be read keeps nobody from being trained: it is said in the verdict.
  if (!bytes.ok() && (IsTransient(bytes.status()) || absl::IsCancelled(bytes.status())))
    return bytes.status();
  const auto model = bytes.ok() ? forecast::Model::Parse(*std::move(bytes)) : bytes.status();
  if (model.ok()) {
    FLEETCAST_RETURN_IF_ERROR(
        CompareWith(*model, TagOf(*champion, "training_hash"), input, gate, windows));
  } else {
    gate.not_comparable = std::string(model.status().message());
    const auto skill = champion->metrics.find("skill");
    if (skill != champion->metrics.end()) gate.last_known_skill = skill->second;
  }
  return decided();
}

absl::Status ChampionReview::CompareWith(const forecast::Model& champion,
                                         const std::string& champion_hash, const ReviewInput& input,
                                         GateInput& gate, int& windows) {
  gate.not_comparable = Difference(input.candidate.spec(), champion.spec());
  if (!gate.not_comparable.empty()) return absl::OkStatus();
  const auto series = SeriesForBoth(champion, input);
  if (!series.ok() && (IsTransient(series.status()) || absl::IsCancelled(series.status())))
    return series.status();
  const auto evaluate = [&](const forecast::Model& model, const forecast::Model& other,
                            std::vector<double>& errors) {
    return series.ok() ? model.Evaluate(*series, input.test_rows, other.needs(),
                                        [&](const forecast::ScoredWindow& window) {
                                          errors.push_back(MeanError(window));
                                        })
                       : absl::StatusOr<forecast::Metrics>(series.status());
  };
  std::vector<double> their_errors, our_errors;
  const auto theirs = evaluate(champion, input.candidate, their_errors);
  const auto ours = evaluate(input.candidate, champion, our_errors);
  if (!theirs.ok() || !ours.ok()) {
    gate.not_comparable = std::string((theirs.ok() ? ours : theirs).status().message());
    return absl::OkStatus();
  }
  gate.mae = ours->mae;
  gate.naive_mae = NaiveMae(*ours);
  gate.champion_mae = theirs->mae;
  if (gate.other_inputs.empty())
    gate.other_inputs = OtherColumns(input.candidate.spec(), champion.spec());
  gate.comparison = CompareErrors(our_errors, their_errors, input.candidate.spec().horizon);
  if (gate.comparison.standing == Standing::kBetter) {
    // Of many that are tried on one cutoff date, the best is better by luck alone.
    FLEETCAST_ASSIGN_OR_RETURN(std::set<std::string> tried, RetryTransient(tools_, hold_, [&] {
                                 return tools_.registry.TriedOn(input.circuit.plant_id,
                                                                input.circuit.circuit_id,
                                                                input.circuit.cutoff_date);
                               }));
    tried.insert(input.circuit.training_hash);
    tried.erase(champion_hash);
    gate.comparison = CompareErrors(our_errors, their_errors, input.candidate.spec().horizon,
                                    static_cast<int>(tried.size()));
  }
  windows = static_cast<int>(ours->windows);
  return absl::OkStatus();
}

absl::StatusOr<TimeSeries> ChampionReview::SeriesForBoth(const forecast::Model& champion,
                                                         const ReviewInput& input) {
  std::vector<std::string> columns = input.series.columns;
  for (const std::string& column : champion.spec().feature_columns)
    if (std::find(columns.begin(), columns.end(), column) == columns.end())
      columns.push_back(column);
  if (columns.size() == input.series.columns.size()) return input.series;
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings readings,
                             ReadRows(tools_, hold_, input.circuit, columns));
  FLEETCAST_ASSIGN_OR_RETURN(TimeSeries series, sensordata::RegularGrid(readings));
  if (series.unix_seconds != input.series.unix_seconds)
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_CHANGED_MEANWHILE",
                   "the sensor's rows have changed while the model was trained");
  return series;
}

}  // namespace fleetcast::trainer
