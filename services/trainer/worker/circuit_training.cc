#include "services/trainer/worker/circuit_training.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/attempt_description.h"
#include "services/trainer/worker/champion_review.h"

namespace fleetcast::trainer {
namespace {

struct Candidate {
  forecast::Model model;
  RegisteredVersion version;
};

absl::StatusOr<PinnedRows> ReadData(TrainingAttempt& attempt, const CircuitConfig& circuit) {
  FLEETCAST_ASSIGN_OR_RETURN(PinnedRows rows, attempt.ReadAndPin(circuit));
  JobProgress& progress = attempt.progress();
  progress.data_asset_version = rows.version;
  for (const forecast::Remark& remark : rows.remarks) progress.data_warnings.push_back(remark.text);
  attempt.Report();
  return rows;
}

// The version that an earlier attempt has registered already or, where the run says so, any job of
// the same configuration; nullopt if there is none.
absl::StatusOr<std::optional<Candidate>> FindEarlier(TrainingAttempt& attempt,
                                                     const CircuitConfig& circuit) {
  FLEETCAST_ASSIGN_OR_RETURN(std::optional<RegisteredVersion> earlier, attempt.FindEarlier());
  if (!earlier && attempt.job().run.spec.reuse_versions) {
    FLEETCAST_ASSIGN_OR_RETURN(earlier, attempt.Retry([&] {
      return attempt.tools().registry.FindVersionOfHash(circuit.training_hash);
    }));
  }
  if (!earlier) return std::optional<Candidate>();
  LogInfo("the version is registered already", {{"model_version", earlier->name}});
  FLEETCAST_ASSIGN_OR_RETURN(forecast::Model model, attempt.Load(*earlier));
  return std::optional<Candidate>({.model = std::move(model), .version = *std::move(earlier)});
}

absl::Status WrongBase(const std::string& reason, const CircuitConfig& circuit,
                       const std::string& what) {
  return Refused(absl::StatusCode::kFailedPrecondition, reason,
                 absl::StrCat("`training.base_version` is ", circuit.base_version, ", and ", what),
                 {{"field", "training.base_version"},
                  {"base_version", PlantBaseVersion(circuit.base_version)},
                  {"plant_id", circuit.plant_id}});
}

// The plant's base that the configuration pins; nullopt where it pins none.
absl::StatusOr<std::optional<forecast::Model>> LoadBase(TrainingAttempt& attempt,
                                                        const CircuitConfig& circuit) {
  if (circuit.base_version == 0) return std::optional<forecast::Model>();
  const std::string name = PlantBaseVersion(circuit.base_version);
  const std::string& plant = circuit.plant_id;
  const std::string remedy =
      absl::StrCat("name one of ", plant, "'s (`fleetcast model list --plant-base --plant ", plant,
                   "`), or train one: `fleetcast training start --plant-base ", plant, "`");
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto version, attempt.Retry([&] { return attempt.tools().registry.GetVersion(name); }));
  if (!version)
    return WrongBase("BASE_NOT_FOUND", circuit, absl::StrCat("there is no ", name, "; ", remedy));
  const auto of = version->tags.find("plant_id");
  if (of == version->tags.end() || of->second != plant)
    return WrongBase("BASE_OF_OTHER_PLANT", circuit,
                     absl::StrCat(name, " is of plant ",
                                  of == version->tags.end() ? "?" : of->second, "; ", remedy));
  FLEETCAST_ASSIGN_OR_RETURN(forecast::Model model, attempt.Load(*version));
  return std::optional<forecast::Model>(std::move(model));
}

// With what can be done about it where the configuration can do something.
absl::Status WithRemedy(const absl::Status& trained, const CircuitConfig& circuit) {
  const std::string reason = ReasonOf(trained);
  if (reason == "BASE_DOES_NOT_FIT")
    return WrongBase(
        reason, circuit,
        absl::StrCat(trained.message(), "; name another version, or leave the key out"));
  if (reason != "DATA_TOO_FEW_ROWS" || circuit.base_version > 0) return trained;
  return Refused(trained.code(), reason,
                 absl::StrCat(trained.message(),
                              "; with `training.base_version` it would start from its plant's base "
                              "until there are more (`fleetcast training start --plant-base ",
                              circuit.plant_id, "` trains one)"),
                 DetailsOf(trained).value_or(ErrorDetails{}).metadata);
}

absl::StatusOr<forecast::TrainedModel> Train(TrainingAttempt& attempt, const CircuitConfig& circuit,
                                             const PinnedRows& data) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto base, LoadBase(attempt, circuit));
  attempt.Enter(JobPhase::kTraining);
  forecast::ModelSpec spec = SpecOf(circuit);
  spec.data_fingerprint = data.asset.fingerprint;
  auto trained = forecast::Train(
      data.series, spec, forecast::SplitShares{},
      [&](const forecast::EpochProgress& epoch) { return attempt.OnEpoch(epoch); },
      base ? &*base : nullptr);
  if (const absl::Status end = attempt.EndOfTraining(trained.status()); !end.ok())
    return WithRemedy(end, circuit);
  for (const forecast::Remark& remark : trained->remarks) {
    LogInfo("something was left out or masked in training",
            {{"kind", remark.kind}, {"column", remark.column}, {"what", remark.text}});
  }
  trained->remarks.insert(trained->remarks.end(), data.remarks.begin(), data.remarks.end());
  return trained;
}

absl::StatusOr<Candidate> Publish(TrainingAttempt& attempt, const CircuitConfig& circuit,
                                  forecast::TrainedModel trained, const PinnedRows& data) {
  const std::string bytes = trained.model.Serialize();
  FLEETCAST_ASSIGN_OR_RETURN(
      RegisteredVersion registered,
      attempt.Publish(DescribeVersion(attempt.job(), circuit, trained, data.version,
                                      absl::FromUnixSeconds(data.series.unix_seconds.back()),
                                      attempt.tools().clock.Now()),
                      bytes, trained.best_epoch));
  // A job has one version: if another attempt was faster, it is that one that is judged.
  if (registered.artifact_sha256 != Sha256Hex(bytes)) {
    FLEETCAST_ASSIGN_OR_RETURN(trained.model, attempt.Load(registered));
  }
  return Candidate{.model = std::move(trained.model), .version = std::move(registered)};
}

}  // namespace

absl::StatusOr<JobResult> TrainCircuit(TrainingAttempt& attempt, const CircuitConfig& circuit) {
  FLEETCAST_ASSIGN_OR_RETURN(const PinnedRows data, ReadData(attempt, circuit));
  FLEETCAST_ASSIGN_OR_RETURN(std::optional<Candidate> candidate, FindEarlier(attempt, circuit));
  if (!candidate) {
    FLEETCAST_ASSIGN_OR_RETURN(forecast::TrainedModel trained, Train(attempt, circuit, data));
    FLEETCAST_ASSIGN_OR_RETURN(candidate, Publish(attempt, circuit, std::move(trained), data));
  }
  attempt.Enter(JobPhase::kEvaluating);
  ChampionReview review(attempt.tools(), attempt.job(), attempt.hold());
  FLEETCAST_ASSIGN_OR_RETURN(
      GateOutcome outcome,
      review.Judge(
          {.circuit = circuit,
           .series = data.series,
           .test_rows = forecast::SplitOf(data.series.rows(), forecast::SplitShares{}).test,
           .candidate = candidate->model,
           .version = candidate->version}));
  std::map<std::string, std::string>& tags = candidate->version.tags;
  return JobResult{.model_version = candidate->version.name,
                   .members = tags["members"],
                   .remarks = tags["remarks"],
                   .gate = std::move(outcome)};
}

}  // namespace fleetcast::trainer
