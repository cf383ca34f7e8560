#include "services/trainer/domain/subject.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/json.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"

namespace fleetcast {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Span, begin, end)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PlantCalendar, time_zone, holidays, shifts,
                                                maintenance)
}  // namespace fleetcast

namespace fleetcast::trainer {

using nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Hyperparameters, sequence_length, lstm_units,
                                                dropout, learning_rate, batch_size, epochs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitConfig, plant_id, circuit_id,
                                                plant_display_name, display_name, cutoff_date,
                                                environment_version, hyperparameters, sensor_id,
                                                feature_columns, target_column, minimum, maximum,
                                                horizon, interval_levels, seed, precision,
                                                base_version, calendar, training_hash, commit, path)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(PlantConfig, plant_id, plant_display_name,
                                                cutoff_date, environment_version, commit)

namespace {

// Two ids with this between them name a circuit; an id holds none.
constexpr char kBetweenIds = '.';

bool IsOfPlant(const std::string& job_id) { return job_id.find(kBetweenIds) == std::string::npos; }

template <typename T>
absl::StatusOr<Subject> Read(const std::string& text, const std::string& what,
                             const std::string& needed, bool (*complete)(const T&)) {
  auto config = FromJson<T>(text, what);
  if (config.ok() && complete(*config)) return Subject{*std::move(config)};
  return Refused(absl::StatusCode::kFailedPrecondition, "CONFIGURATION_UNREADABLE",
                 absl::StrCat(config.ok() ? absl::StrCat(what, " lacks ", needed)
                                          : std::string(config.status().message()),
                              "; start the training anew"));
}

}  // namespace

// nlohmann's objects keep their keys sorted, which makes this canonical.
std::string HyperparametersHash(const Hyperparameters& hyperparameters) {
  return Sha256Hex(json(hyperparameters).dump());
}

PlantConfig PlantOf(const std::vector<CircuitConfig>& circuits) {
  const CircuitConfig& first = circuits.front();
  PlantConfig plant{.plant_id = first.plant_id,
                    .plant_display_name = first.plant_display_name,
                    .cutoff_date = first.cutoff_date,
                    .environment_version = first.environment_version,
                    .commit = first.commit};
  std::map<std::string, int> asking;
  for (const CircuitConfig& circuit : circuits) {
    plant.cutoff_date = std::max(plant.cutoff_date, circuit.cutoff_date);
    ++asking[circuit.environment_version];
  }
  for (const CircuitConfig& circuit : circuits)
    if (asking[circuit.environment_version] > asking[plant.environment_version])
      plant.environment_version = circuit.environment_version;
  return plant;
}

const std::string& Subject::plant_id() const {
  return std::visit([](const auto& of) -> const std::string& { return of.plant_id; }, config);
}

std::string Subject::circuit_id() const {
  return circuit() == nullptr ? std::string() : circuit()->circuit_id;
}

const std::string& Subject::cutoff_date() const {
  return std::visit([](const auto& of) -> const std::string& { return of.cutoff_date; }, config);
}

const std::string& Subject::environment_version() const {
  return std::visit([](const auto& of) -> const std::string& { return of.environment_version; },
                    config);
}

const std::string& Subject::commit() const {
  return std::visit([](const auto& of) -> const std::string& { return of.commit; }, config);
}

std::string Subject::environment() const { return EnvironmentOf(environment_version()); }

std::string Subject::job_id() const {
  return circuit() == nullptr ? plant_id() : absl::StrCat(plant_id(), ".", circuit_id());
}

std::string Subject::asset_id() const {
  return circuit() == nullptr ? PlantBaseId(plant_id()) : CircuitAssetId(plant_id(), circuit_id());
}

std::string Subject::model() const { return circuit() == nullptr ? kPlantBase : kSensorModel; }

std::string ToJson(const Subject& subject) {
  return std::visit([](const auto& of) { return json(of).dump(); }, subject.config);
}

absl::StatusOr<Subject> SubjectFromJson(const std::string& job_id, const std::string& text) {
  if (IsOfPlant(job_id)) {
    return Read<PlantConfig>(text, "the plant's configuration",
                             "its plant_id, cutoff_date or commit", [](const PlantConfig& plant) {
                               return !plant.plant_id.empty() && !plant.cutoff_date.empty() &&
                                      !plant.commit.empty();
                             });
  }
  return Read<CircuitConfig>(text, "the circuit's configuration",
                             "its sensor_id, cutoff_date or feature_columns",
                             [](const CircuitConfig& circuit) {
                               return !circuit.sensor_id.empty() && !circuit.cutoff_date.empty() &&
                                      !circuit.feature_columns.empty();
                             });
}

Subject SubjectOfJob(const std::string& job_id) {
  if (IsOfPlant(job_id)) return {PlantConfig{.plant_id = job_id}};
  const std::pair<std::string, std::string> ids = absl::StrSplit(job_id, kBetweenIds);
  return {CircuitConfig{.plant_id = ids.first, .circuit_id = ids.second}};
}

}  // namespace fleetcast::trainer
