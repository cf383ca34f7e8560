#include "services/trainer/worker/base_training.h"

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/trainer/domain/failure.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/attempt_description.h"

namespace fleetcast::trainer {
namespace {

// Texts among the job's warnings and in its failure; the base's data asset has up to a thousand.
constexpr std::size_t kMostWarnings = 20, kMostNamedInFailure = 3;
constexpr std::size_t kMostLevels = 16;

// What has been read of a circuit: its target alone, for that is what a base looks at.
struct Reading {
  forecast::ModelSpec spec;
  TimeSeries target;
  BaseInput input;
  [[nodiscard]] std::int64_t step() const {
    return target.unix_seconds[1] - target.unix_seconds[0];
  }
};

struct Readings {
  std::list<Reading> circuits;  // whose addresses stay
  std::vector<forecast::Remark> remarks;
};

TimeSeries TargetOf(const TimeSeries& series, const std::string& target) {
  const auto found = std::find(series.columns.begin(), series.columns.end(), target);
  const auto column = static_cast<std::size_t>(found - series.columns.begin());
  TimeSeries alone{.columns = {target}, .unix_seconds = series.unix_seconds, .values = {}};
  alone.values.reserve(series.rows());
  for (std::size_t row = 0; row < series.rows(); ++row)
    alone.values.push_back(series.values[row * series.columns.size() + column]);
  return alone;
}

Reading ReadingOf(const CircuitConfig& circuit, const PinnedRows& rows, std::string location) {
  const DataAsset& asset = rows.asset;
  const auto target =
      std::find_if(asset.columns.begin(), asset.columns.end(),
                   [&](const DataColumn& column) { return column.name == circuit.target_column; });
  return {.spec = SpecOf(circuit),
          .target = TargetOf(rows.series, circuit.target_column),
          .input = {.circuit_id = circuit.circuit_id,
                    .data_asset_version = rows.version,
                    .fingerprint = asset.fingerprint,
                    .location = std::move(location),
                    .target = target == asset.columns.end() ? DataColumn{} : *target,
                    .row_count = asset.row_count,
                    .first_unix_seconds = asset.first_unix_seconds,
                    .last_unix_seconds = asset.last_unix_seconds,
                    .step_seconds = asset.step_seconds}};
}

forecast::Remark LeftOut(const std::string& circuit_id, const std::string& why) {
  return {.kind = "CIRCUIT_LEFT_OUT",
          .column = circuit_id,
          .count = 1,
          .text = absl::StrCat(circuit_id, " is left out: ", why)};
}

// Data that nothing can be made of is its circuit's business alone; a source that is away is not.
bool IsFaultOfCircuit(const absl::Status& status) {
  const workqueue::Verdict verdict = Classify(status);
  return verdict.failure.kind == workqueue::FailureKind::kData && verdict.away.empty();
}

absl::StatusOr<ResolvedCircuits> CircuitsOf(TrainingAttempt& attempt, const PlantConfig& plant) {
  auto resolved = attempt.Retry([&] {
    return attempt.tools().circuits.NamedCircuits(
        {absl::StrCat("plants/", plant.plant_id, "/circuits/-")}, plant.commit);
  });
  const absl::Status& status = resolved.status();
  if (resolved.ok() || IsTransient(status) || absl::IsCancelled(status)) return resolved;
  return Refused(
      absl::StatusCode::kFailedPrecondition, "CONFIGURATION_UNREADABLE",
      absl::StrCat("the circuits of plant ", plant.plant_id, " cannot be read at commit ",
                   plant.commit, ": ", status.message(), "; start the training anew"),
      {{"plant_id", plant.plant_id}, {"commit", plant.commit}});
}

absl::StatusOr<Readings> ReadCircuits(TrainingAttempt& attempt, const PlantConfig& plant) {
  FLEETCAST_ASSIGN_OR_RETURN(const ResolvedCircuits resolved, CircuitsOf(attempt, plant));
  Readings readings;
  for (const UnsoundCircuit& unsound : resolved.unsound)
    readings.remarks.push_back(LeftOut(unsound.circuit_id, unsound.why));
  JobProgress& progress = attempt.progress();
  progress.circuits = static_cast<int>(resolved.circuits.size());
  for (const CircuitConfig& circuit : resolved.circuits) {
    attempt.Report();
    const absl::StatusOr<PinnedRows> rows = attempt.ReadAndPin(circuit);
    ++progress.circuits_read;
    if (!rows.ok()) {
      if (!IsFaultOfCircuit(rows.status())) return rows.status();
      readings.remarks.push_back(LeftOut(circuit.circuit_id, std::string(rows.status().message())));
      continue;
    }
    readings.circuits.push_back(
        ReadingOf(circuit, *rows, attempt.tools().sensors.Location(circuit.sensor_id)));
    for (const forecast::Remark& remark : rows->remarks) {
      readings.remarks.push_back(remark);
      readings.remarks.back().column = circuit.circuit_id;
      readings.remarks.back().text = absl::StrCat(circuit.circuit_id, ": ", remark.text);
    }
  }
  attempt.Report();
  return readings;
}

// A base is of one step, that of the first circuit: first come those of the step that most have.
void PutUsualStepFirst(std::list<Reading>& circuits) {
  std::map<std::int64_t, int> steps;
  for (const Reading& circuit : circuits) ++steps[circuit.step()];
  std::int64_t usual = circuits.front().step();
  for (const Reading& circuit : circuits)
    if (steps[circuit.step()] > steps[usual]) usual = circuit.step();
  circuits.sort([usual](const Reading& a, const Reading& b) {
    return a.step() == usual && b.step() != usual;
  });
}

// What fits every circuit: the longest horizon and the intervals that any of them asks for.
forecast::ModelSpec SpecOfBase(const std::list<Reading>& circuits) {
  forecast::ModelSpec spec = circuits.front().spec;
  std::set<double> levels;
  for (const Reading& circuit : circuits) {
    spec.horizon = std::max(spec.horizon, circuit.spec.horizon);
    spec.sequence_length = std::max(spec.sequence_length, circuit.spec.sequence_length);
    for (const double level : circuit.spec.interval_levels)
      if (levels.size() < kMostLevels) levels.insert(level);
  }
  spec.interval_levels.assign(levels.begin(), levels.end());
  return spec;
}

void Warn(const std::vector<forecast::Remark>& remarks, JobProgress& progress) {
  progress.data_warnings.clear();
  for (const forecast::Remark& remark : remarks) {
    if (progress.data_warnings.size() == kMostWarnings) {
      progress.data_warnings.push_back(absl::StrCat("and ", remarks.size() - kMostWarnings,
                                                    " more: the base's data asset names them"));
      return;
    }
    progress.data_warnings.push_back(remark.text);
  }
}

absl::Status NoneUsable(const PlantConfig& plant, const std::vector<forecast::Remark>& remarks) {
  std::string why;
  std::size_t left_out = 0;
  for (const forecast::Remark& remark : remarks) {
    if (remark.kind != "CIRCUIT_LEFT_OUT" || ++left_out > kMostNamedInFailure) continue;
    absl::StrAppend(&why, "; ", remark.text);
  }
  if (left_out > kMostNamedInFailure)
    absl::StrAppend(&why, "; and ", left_out - kMostNamedInFailure, " more");
  return Refused(
      absl::StatusCode::kFailedPrecondition, "DATA_NO_CIRCUIT_USABLE",
      absl::StrCat("plant ", plant.plant_id, " has no circuit that a base could learn from", why),
      {{"plant_id", plant.plant_id}, {"left_out", absl::StrCat(left_out)}});
}

absl::StatusOr<forecast::TrainedModel> Train(TrainingAttempt& attempt, const PlantConfig& plant,
                                             Readings& readings) {
  if (readings.circuits.empty()) return NoneUsable(plant, readings.remarks);
  attempt.Enter(JobPhase::kTraining);
  PutUsualStepFirst(readings.circuits);
  std::vector<forecast::BaseCircuit> circuits;
  for (const Reading& circuit : readings.circuits)
    circuits.push_back({circuit.input.circuit_id, circuit.target, circuit.spec});
  auto trained = forecast::TrainBase(circuits, SpecOfBase(readings.circuits),
                                     forecast::SplitShares{}, [&](const forecast::EpochProgress&) {
                                       attempt.Report();
                                       return !attempt.hold().MustStop();
                                     });
  if (const absl::Status end = attempt.EndOfTraining(trained.status()); !end.ok()) {
    if (!IsFaultOfCircuit(end)) return end;
    for (const Reading& circuit : readings.circuits)
      readings.remarks.push_back(LeftOut(circuit.input.circuit_id, std::string(end.message())));
    return NoneUsable(plant, readings.remarks);
  }
  for (const forecast::Remark& remark : trained->remarks)
    readings.circuits.remove_if(
        [&](const Reading& circuit) { return circuit.input.circuit_id == remark.column; });
  trained->remarks.insert(trained->remarks.end(), readings.remarks.begin(), readings.remarks.end());
  return trained;
}

JobResult ResultOf(const RegisteredVersion& version) {
  const auto tag = [&](const char* key) {
    const auto found = version.tags.find(key);
    return found == version.tags.end() ? std::string() : found->second;
  };
  JobResult result{
      .model_version = version.name, .members = tag("members"), .remarks = tag("remarks")};
  if (!absl::SimpleAtoi(tag("circuit_count"), &result.circuit_count)) result.circuit_count = 0;
  if (const auto skill = version.metrics.find("skill"); skill != version.metrics.end())
    result.skill = skill->second;
  return result;
}

}  // namespace

absl::StatusOr<JobResult> TrainPlantBase(TrainingAttempt& attempt, const PlantConfig& plant) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto earlier, attempt.FindEarlier());
  if (earlier) {
    LogInfo("the version is registered already", {{"model_version", earlier->name}});
    return ResultOf(*earlier);
  }
  FLEETCAST_ASSIGN_OR_RETURN(Readings readings, ReadCircuits(attempt, plant));
  FLEETCAST_ASSIGN_OR_RETURN(const forecast::TrainedModel trained, Train(attempt, plant, readings));
  std::vector<BaseInput> inputs;
  for (const Reading& circuit : readings.circuits) inputs.push_back(circuit.input);
  FLEETCAST_ASSIGN_OR_RETURN(const PinnedData pinned,
                             attempt.Pin(DescribeBaseData(plant, inputs, trained.remarks)));
  attempt.progress().data_asset_version = pinned.version;
  Warn(trained.remarks, attempt.progress());
  FLEETCAST_RETURN_IF_ERROR(attempt.LogParams("inputs", DescribeInputs(inputs)));
  const std::string bytes = trained.model.Serialize();
  FLEETCAST_ASSIGN_OR_RETURN(const RegisteredVersion registered,
                             attempt.Publish(DescribeBaseVersion(attempt.job(), plant, trained,
                                                                 static_cast<int>(inputs.size()),
                                                                 attempt.tools().clock.Now()),
                                             bytes, trained.best_epoch));
  return ResultOf(registered);
}

}  // namespace fleetcast::trainer
