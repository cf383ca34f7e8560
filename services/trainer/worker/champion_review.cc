#include "services/trainer/worker/champion_review.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/sensordata/profile.h"
#include "services/trainer/domain/gate.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/circuit_rows.h"

namespace fleetcast::trainer {
namespace {

constexpr int kMaxReviews = 5;

double NaiveMae(const forecast::Metrics& metrics) {
  return std::min(metrics.mae_repeat_last, metrics.mae_seasonal_naive);
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

std::map<std::string, std::string> Evidence(const GateOutcome& outcome) {
  std::map<std::string, std::string> evidence = {{"mae", absl::StrCat(outcome.mae)},
                                                 {"naive_mae", absl::StrCat(outcome.naive_mae)},
                                                 {"skill", absl::StrCat(outcome.skill)}};
  if (outcome.champion_mae) evidence["champion_mae"] = absl::StrCat(*outcome.champion_mae);
  return evidence;
}

}  // namespace

absl::StatusOr<GateOutcome> ChampionReview::Decide(const ReviewInput& input) {
  const CircuitConfig& circuit = input.circuit;
  for (int review = 1;; ++review) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto champion, RetryTransient(tools_, hold_, [&] {
                                 return tools_.registry.GetChampion(circuit.plant_id,
                                                                    circuit.circuit_id);
                               }));
    FLEETCAST_ASSIGN_OR_RETURN(const GateOutcome outcome, Compare(input, champion));
    if (outcome.verdict == GateVerdict::kCandidate || outcome.champion == input.version.name)
      return outcome;

    const ChampionChange change{.plant_id = circuit.plant_id,
                                .circuit_id = circuit.circuit_id,
                                .model_version = input.version.name,
                                .expected_current_version = champion ? champion->number : 0,
                                .reason = outcome.why,
                                .evidence = Evidence(outcome)};
    const std::string request_id = DerivedUuid(
        absl::StrCat("champion ", change.model_version, " after ", change.expected_current_version,
                     " ", review, " of ", JobResource(job_.name), " ", job_.lease_epoch));
    FLEETCAST_RETURN_IF_ERROR(
        RetryTransient(tools_, hold_, [&] { return tools_.confirm_held(hold_); }));
    const absl::Status set = RetryTransient(
        tools_, hold_, [&] { return tools_.registry.SetChampion(request_id, change); });
    if (set.ok()) return outcome;
    if (ReasonOf(set) != "CHAMPION_CHANGED" || review == kMaxReviews) return set;
  }
}

absl::StatusOr<GateOutcome> ChampionReview::Compare(
    const ReviewInput& input, const std::optional<RegisteredVersion>& champion) {
  FLEETCAST_ASSIGN_OR_RETURN(const forecast::Metrics metrics,
                             input.candidate.Evaluate(input.series, input.test_rows));
  GateInput gate{.mae = metrics.mae,
                 .naive_mae = NaiveMae(metrics),
                 .candidate = input.version.name,
                 .champion = champion ? champion->name : "",
                 .champion_mae = std::nullopt,
                 .not_comparable = ""};
  if (!champion || champion->name == input.version.name) return DecideGate(gate);

  auto bytes = RetryTransient(
      tools_, hold_, [&] { return tools_.registry.DownloadArtifact(champion->artifact_sha256); });
  // A champion that cannot be read keeps nobody from being trained: it is said in the verdict.
  if (!bytes.ok() && (IsTransient(bytes.status()) || absl::IsCancelled(bytes.status())))
    return bytes.status();
  const auto model = bytes.ok() ? forecast::Model::Parse(*std::move(bytes)) : bytes.status();
  if (model.ok())
    FLEETCAST_RETURN_IF_ERROR(CompareWith(*model, input, gate));
  else
    gate.not_comparable = std::string(model.status().message());
  return DecideGate(gate);
}

absl::Status ChampionReview::CompareWith(const forecast::Model& champion, const ReviewInput& input,
                                         GateInput& gate) {
  gate.not_comparable = Difference(input.candidate.spec(), champion.spec());
  if (!gate.not_comparable.empty()) return absl::OkStatus();
  const auto series = SeriesForBoth(champion, input);
  if (!series.ok() && (IsTransient(series.status()) || absl::IsCancelled(series.status())))
    return series.status();
  const auto evaluate = [&](const forecast::Model& model, const forecast::Model& other) {
    return series.ok() ? model.Evaluate(*series, input.test_rows, other.needs())
                       : absl::StatusOr<forecast::Metrics>(series.status());
  };
  const auto theirs = evaluate(champion, input.candidate);
  const auto ours = evaluate(input.candidate, champion);
  if (!theirs.ok() || !ours.ok()) {
    gate.not_comparable = std::string((theirs.ok() ? ours : theirs).status().message());
    return absl::OkStatus();
  }
  gate.mae = ours->mae;
  gate.naive_mae = NaiveMae(*ours);
  gate.champion_mae = theirs->mae;
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
