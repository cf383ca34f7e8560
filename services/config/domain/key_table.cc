#include "services/config/domain/key_table.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

// A key's accessors: `alternative` is the Value's alternative, `member` the path in CircuitConfig.
#define FLEETCAST_MEMBER(alternative, member)                                             \
  .get = [](const CircuitConfig& config) -> Value { return alternative(config.member); }, \
  .set = [](CircuitConfig& config, const Value& value) {                                  \
    config.member =                                                                       \
        static_cast<std::decay_t<decltype(config.member)>>(std::get<alternative>(value)); \
  }

// The same of a member that may have no value.
#define FLEETCAST_OPTIONAL_MEMBER(alternative, member)                       \
  .fallback = Value(),                                                       \
  .get = [](const CircuitConfig& config) -> Value {                          \
    return config.member ? Value(*config.member) : Value();                  \
  },                                                                         \
  .set = [](CircuitConfig& config, const Value& value) {                     \
    const auto* given = std::get_if<alternative>(&value);                    \
    config.member = given == nullptr ? std::nullopt : std::optional(*given); \
  }

namespace fleetcast::config {
namespace {

using Integer = std::int64_t;
using Number = double;
using Text = std::string;
using TextList = std::vector<std::string>;
using NumberList = std::vector<double>;

constexpr ValueRange kIdLength{1, 63};
constexpr ValueRange kNameLength{1, 128};
constexpr ValueRange kBounds{-1e12, 1e12};  // within those of common/forecast

std::vector<Key> IdentityKeys() {
  return {
      {.path = "plant_id",
       .type = KeyType::kId,
       .scope = KeyScope::kIdentity,
       .help = "The plant's id; the folder's name must be the same. Holds no `_circuit_` and does "
               "not end in `_circuit`.",
       .range = kIdLength,
       FLEETCAST_MEMBER(Text, plant_id)},
      {.path = "circuit_id",
       .type = KeyType::kId,
       .scope = KeyScope::kIdentity,
       .help = "The circuit's id within its plant; the file's name must be the same. Holds no "
               "`_circuit_`.",
       .range = kIdLength,
       FLEETCAST_MEMBER(Text, circuit_id)},
  };
}

// Within what common/forecast trains with, so that nothing valid fails only there.
std::vector<Key> HyperparameterKeys() {
  return {
      {.path = "training.hyperparameters.sequence_length",
       .help = "Steps of input that the model sees.",
       .range = {1, 4096},
       FLEETCAST_MEMBER(Integer, training.hyperparameters.sequence_length)},
      {.path = "training.hyperparameters.lstm_units",
       .help = "Hidden units of the LSTM.",
       .range = {1, 1024},
       FLEETCAST_MEMBER(Integer, training.hyperparameters.lstm_units)},
      {.path = "training.hyperparameters.dropout",
       .type = KeyType::kNumber,
       .help = "Share of units dropped while training.",
       .range = {0, 0.9},
       FLEETCAST_MEMBER(Number, training.hyperparameters.dropout)},
      {.path = "training.hyperparameters.learning_rate",
       .type = KeyType::kNumber,
       .help = "Step size of the Adam optimizer.",
       .range = {0, 1, true, false},
       FLEETCAST_MEMBER(Number, training.hyperparameters.learning_rate)},
      {.path = "training.hyperparameters.batch_size",
       .help = "Windows per training step.",
       .range = {1, 4096},
       FLEETCAST_MEMBER(Integer, training.hyperparameters.batch_size)},
      {.path = "training.hyperparameters.epochs",
       .help = "Passes over the training data, at most; early stopping may end sooner.",
       .range = {1, 10'000},
       FLEETCAST_MEMBER(Integer, training.hyperparameters.epochs)},
  };
}

std::vector<Key> DataKeys() {
  return {
      {.path = "training.data_filters.sensor_id",
       .type = KeyType::kName,
       .help = "The sensor's id in the source of readings, as the historian has it: "
               "`ns=2;s=Line1/Temp`.",
       .range = {1, 256},
       FLEETCAST_MEMBER(Text, training.data_filters.sensor_id)},
      {.path = "training.data_filters.feature_columns",
       .type = KeyType::kNameList,
       .help = "Columns that the model sees, in this order.",
       .range = kNameLength,
       .max_items = 256,
       FLEETCAST_MEMBER(TextList, training.data_filters.feature_columns)},
      {.path = "training.data_filters.target_column",
       .type = KeyType::kName,
       .help = "The column that is forecast.",
       .range = kNameLength,
       .derived = [](const CircuitConfig& config) -> Value {
         const auto& columns = config.training.data_filters.feature_columns;
         return columns.empty() ? Text() : columns.front();
       },
       .derived_text = "the first feature column",
       FLEETCAST_MEMBER(Text, training.data_filters.target_column)},
      {.path = "training.data_filters.minimum",
       .type = KeyType::kNumber,
       .help = "What the target cannot be below: lower readings are none, and no forecast and no "
               "interval goes below.",
       .range = kBounds,
       FLEETCAST_OPTIONAL_MEMBER(Number, training.data_filters.minimum)},
      {.path = "training.data_filters.maximum",
       .type = KeyType::kNumber,
       .help = "What the target cannot be above, likewise; above the minimum.",
       .range = kBounds,
       FLEETCAST_OPTIONAL_MEMBER(Number, training.data_filters.maximum)},
      {.path = "training.forecast.horizon",
       .help = "Steps forecast from each issue time.",
       .range = {1, 1024},
       .fallback = Integer{24},
       FLEETCAST_MEMBER(Integer, training.forecast.horizon)},
      {.path = "training.forecast.interval_levels",
       .type = KeyType::kLevelList,
       .help = "Prediction intervals in percent.",
       .range = {0, 100, true, true},
       .max_items = 16,
       .fallback = NumberList{80, 95},
       FLEETCAST_MEMBER(NumberList, training.forecast.interval_levels)},
  };
}

std::vector<Key> TrainingKeys() {
  std::vector<Key> keys = {
      {.path = "training.cutoff_date",
       .type = KeyType::kDate,
       .help = "Training data ends with this day (UTC).",
       FLEETCAST_MEMBER(Text, training.cutoff_date)},
      {.path = "training.environment_version",
       .type = KeyType::kToken,
       .help = "The version of `custom-lstm-env` that must train the circuit; replicas of another "
               "version leave it alone.",
       .range = {1, 63},
       FLEETCAST_MEMBER(Text, training.environment_version)},
  };
  for (Key& key : HyperparameterKeys()) keys.push_back(std::move(key));
  for (Key& key : DataKeys()) keys.push_back(std::move(key));
  keys.push_back({.path = "training.seed",
                  .help = "Where all random numbers of the training come from.",
                  .range = {0, std::numeric_limits<std::uint32_t>::max()},
                  .fallback = Integer{0},
                  FLEETCAST_MEMBER(Integer, training.seed)});
  keys.push_back({.path = "training.precision",
                  .type = KeyType::kChoice,
                  .help = "Number format of the training.",
                  .choices = {"float32"},
                  .fallback = Text("float32"),
                  FLEETCAST_MEMBER(Text, training.precision)});
  keys.push_back({.path = "training.base_version",
                  .help =
                      "The version of `plant-base` that the model starts from: weighed in as a "
                      "member, and alone while the circuit has too few rows of its own. It must "
                      "be of the circuit's plant; `fleetcast training start --plant-base "
                      "P001` makes one.",
                  .range = {1, 1'000'000'000},
                  FLEETCAST_OPTIONAL_MEMBER(Integer, training.base_version)});
  keys.push_back({.path = "training.calendar",
                  .type = KeyType::kId,
                  .help = "The plant's holidays, shifts and maintenance: "
                          "`config/calendars/{name}.yml`.",
                  .range = kIdLength,
                  FLEETCAST_OPTIONAL_MEMBER(Text, training.calendar)});
  return keys;
}

std::vector<Key> DeploymentKeys() {
  std::vector<Key> keys = {
      {.path = "deployment.compute_instance_type",
       .type = KeyType::kToken,
       .help =
           "The compute type whose replicas run the circuit's backfills: the pool "
           "`compute-{type}` of those that name it in `--compute_instance_types`, else the pool "
           "`backfilling`.",
       .range = kNameLength,
       FLEETCAST_MEMBER(Text, deployment.compute_instance_type)},
      {.path = "deployment.mini_batch_size",
       .help = "Forecasts of a backfill that are made and stored at a time.",
       .range = {1, 1'000'000},
       FLEETCAST_MEMBER(Integer, deployment.mini_batch_size)},
      {.path = "deployment.timeout_minutes",
       .help = "How long one attempt of an invocation may take, in minutes.",
       .range = {1, 10'080},
       FLEETCAST_MEMBER(Integer, deployment.timeout_minutes)},
      {.path = "deployment.instance_count",
       .help = "With `max_concurrency_per_instance`: that many times as many mini batches of a "
               "backfill are made at once, as far as the replica that runs it has cores.",
       .range = {1, 1000},
       .fallback = Integer{1},
       FLEETCAST_MEMBER(Integer, deployment.instance_count)},
      {.path = "deployment.max_concurrency_per_instance",
       .help = "Mini batches of a backfill that one instance makes at once.",
       .range = {1, 1000},
       .fallback = Integer{1},
       FLEETCAST_MEMBER(Integer, deployment.max_concurrency_per_instance)},
      {.path = "deployment.error_threshold",
       .help = "Forecasts of a backfill that may fail before its invocation does; -1 for any "
               "number, as long as one is made.",
       .range = {-1, 1'000'000'000},
       .fallback = Integer{-1},
       FLEETCAST_MEMBER(Integer, deployment.error_threshold)},
      {.path = "deployment.retry_settings.max_retries",
       .help = "How often an invocation that failed is tried again, and in a backfill a mini "
               "batch.",
       .range = {0, 100},
       .fallback = Integer{3},
       FLEETCAST_MEMBER(Integer, deployment.retry_settings.max_retries)},
      {.path = "deployment.retry_settings.timeout",
       .help = "How long one mini batch of a backfill may take before it is tried again, in "
               "seconds.",
       .range = {1, 604'800},
       .fallback = Integer{30},
       FLEETCAST_MEMBER(Integer, deployment.retry_settings.timeout_seconds)},
      {.path = "deployment.fallback",
       .type = KeyType::kChoice,
       .help = "What forecasts where the deployed version cannot: the version that served before "
               "it, else a naive forecast, or nothing, and the invocation fails.",
       .choices = {"earlier_version_or_naive", "none"},
       .fallback = Text("earlier_version_or_naive"),
       FLEETCAST_MEMBER(Text, deployment.fallback)},
  };
  for (Key& key : keys) key.scope = KeyScope::kDeployment;
  return keys;
}

}  // namespace

const std::vector<Key>& CircuitKeys() {
  static const std::vector<Key> keys = [] {
    std::vector<Key> all = IdentityKeys();
    for (Key& key : TrainingKeys()) all.push_back(std::move(key));
    for (Key& key : DeploymentKeys()) all.push_back(std::move(key));
    return all;
  }();
  return keys;
}

const std::vector<Section>& CircuitSections() {
  static const std::vector<Section> sections = {
      {"training", "How the circuit's model is trained; a change here calls for a retraining."},
      {"training.hyperparameters", "The model's size and how it learns."},
      {"training.data_filters", "The sensor and its columns."},
      {"training.forecast", "What is forecast."},
      {"deployment",
       "How the circuit's model is run; a change here calls for a redeployment only."},
      {"deployment.retry_settings", "How often a failed attempt is tried again."},
  };
  return sections;
}

std::optional<std::size_t> FindCircuitKey(const std::string& path) {
  static const std::unordered_map<std::string, std::size_t> index = [] {
    std::unordered_map<std::string, std::size_t> by_path;
    for (const Key& key : CircuitKeys()) by_path.emplace(key.path, by_path.size());
    return by_path;
  }();
  const auto found = index.find(path);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

bool IsSection(const std::string& path) {
  static const std::unordered_set<std::string> sections = [] {
    std::unordered_set<std::string> prefixes = {""};
    for (const Key& key : CircuitKeys())
      for (auto dot = key.path.find('.'); dot != std::string::npos;
           dot = key.path.find('.', dot + 1))
        prefixes.insert(key.path.substr(0, dot));
    return prefixes;
  }();
  return sections.contains(path);
}

std::vector<std::string> ChildrenOf(const std::string& section) {
  const std::string prefix = section.empty() ? "" : section + ".";
  std::vector<std::string> children;
  for (const Key& key : CircuitKeys()) {
    if (!key.path.starts_with(prefix)) continue;
    const std::string rest = key.path.substr(prefix.size());
    std::string child = rest.substr(0, rest.find('.'));
    if (std::find(children.begin(), children.end(), child) == children.end())
      children.push_back(std::move(child));
  }
  return children;
}

bool ValueRange::Contains(double value) const {
  return (above_minimum ? value > minimum : value >= minimum) &&
         (below_maximum ? value < maximum : value <= maximum);
}

std::string ValueRange::Text() const {
  return absl::StrCat(above_minimum ? "above " : "at least ", NumberText(minimum), " and ",
                      below_maximum ? "below " : "at most ", NumberText(maximum));
}

std::string NumberText(double number) {
  // Whole numbers in plain digits: to_chars would write 4294967295 so but 1e+09 for 1'000'000'000.
  if (number > -1e15 && number < 1e15 && number == static_cast<double>(Integer(number)))
    return absl::StrCat(static_cast<Integer>(number));
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return {buffer, end};
}

std::string ValueText(const Value& value) {
  struct Printer {
    std::string operator()(std::monostate) const { return "none"; }
    std::string operator()(Integer integer) const { return absl::StrCat(integer); }
    std::string operator()(Number number) const { return NumberText(number); }
    std::string operator()(const Text& text) const { return text; }
    std::string operator()(const TextList& list) const {
      return absl::StrCat("[", absl::StrJoin(list, ", "), "]");
    }
    std::string operator()(const NumberList& list) const {
      return absl::StrCat(
          "[",
          absl::StrJoin(list, ", ",
                        [](std::string* out, double number) { *out += NumberText(number); }),
          "]");
    }
  };
  return std::visit(Printer{}, value);
}

const char* TypeText(KeyType type) {
  switch (type) {
    case KeyType::kInteger:
      return "a whole number";
    case KeyType::kNumber:
      return "a number";
    case KeyType::kId:
      return "an id (letters, digits, _ and -)";
    case KeyType::kToken:
      return "text of letters, digits and ._-";
    case KeyType::kName:
      return "text";
    case KeyType::kChoice:
      return "one of a few words";
    case KeyType::kDate:
      return "a date YYYY-MM-DD";
    case KeyType::kNameList:
      return "a list of names";
    case KeyType::kLevelList:
      return "an ascending list of numbers";
  }
  return "";
}

}  // namespace fleetcast::config
