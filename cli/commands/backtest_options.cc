#include "cli/commands/backtest_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/commands/sensor_options.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

using forecast::BacktestRequest;
using forecast::ModelSpec;

// Takes a setting's value; false where it is of the wrong kind. The library checks its range.
using Setter = std::function<bool(const std::string& value, ModelSpec& spec)>;

Setter Whole(int ModelSpec::*field) {
  return [field](const std::string& value, ModelSpec& spec) {
    return absl::SimpleAtoi(value, &(spec.*field));
  };
}

Setter Real(double ModelSpec::*field) {
  return [field](const std::string& value, ModelSpec& spec) {
    return absl::SimpleAtod(value, &(spec.*field));
  };
}

Setter Bound(std::optional<double> ModelSpec::*field) {
  return [field](const std::string& value, ModelSpec& spec) {
    return absl::SimpleAtod(value, &(spec.*field).emplace());
  };
}

// Named as in a circuit's configuration, under `training`.
const std::map<std::string, Setter>& Setters() {
  static const auto& setters = *new std::map<std::string, Setter>{
      {"hyperparameters.sequence_length", Whole(&ModelSpec::sequence_length)},
      {"hyperparameters.lstm_units", Whole(&ModelSpec::lstm_units)},
      {"hyperparameters.dropout", Real(&ModelSpec::dropout)},
      {"hyperparameters.learning_rate", Real(&ModelSpec::learning_rate)},
      {"hyperparameters.batch_size", Whole(&ModelSpec::batch_size)},
      {"hyperparameters.epochs", Whole(&ModelSpec::epochs)},
      {"data_filters.minimum", Bound(&ModelSpec::minimum)},
      {"data_filters.maximum", Bound(&ModelSpec::maximum)},
      {"precision",
       [](const std::string& value, ModelSpec& spec) {
         spec.precision = value;
         return true;
       }},
      {"seed", [](const std::string& value, ModelSpec& spec) {
         return absl::SimpleAtoi(value, &spec.seed);
       }}};
  return setters;
}

absl::Status Apply(const std::string& setting, ModelSpec& spec) {
  const std::size_t equals = setting.find('=');
  const auto found = Setters().find(setting.substr(0, equals));
  if (equals == std::string::npos || found == Setters().end()) {
    return InvalidField("--set", absl::StrCat("\"", setting, "\" is not KEY=VALUE with one of ",
                                              absl::StrJoin(Setters(), ", ",
                                                            [](std::string* out, const auto& each) {
                                                              out->append(each.first);
                                                            })));
  }
  if (found->second(setting.substr(equals + 1), spec)) return absl::OkStatus();
  return InvalidField("--set",
                      absl::StrCat("\"", setting, "\": the value is no number of its kind"));
}

absl::Status CheckColumns(const std::string& flag, const std::vector<std::string>& wanted,
                          const std::vector<std::string>& columns) {
  for (const std::string& column : wanted) {
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) continue;
    return InvalidField(flag, absl::StrCat("\"", column, "\" is no column of the file; it has ",
                                           absl::StrJoin(columns, ", ")));
  }
  return absl::OkStatus();
}

absl::Status CheckParts(const BacktestOptions& options) {
  const int given = (options.train > 0) + (options.validation > 0) + (options.test > 0);
  if (given == 0 || given == 3) return absl::OkStatus();
  return InvalidField("--train",
                      "--train, --validation and --test are given together, each above 0, or not "
                      "at all");
}

}  // namespace

absl::Status CheckSource(const BacktestOptions& options) {
  if (options.circuit.empty()) {
    if (options.csv.empty()) {
      return InvalidField("--csv", "is missing; name a file of readings, or a --circuit");
    }
    if (options.targets.empty())
      return InvalidField("--target", "is missing; name columns, or all");
    return absl::OkStatus();
  }
  if (!options.csv.empty() || !options.targets.empty()) {
    return InvalidField("--circuit",
                        "says itself what is forecast of what; leave --csv and --target out");
  }
  if (!options.sensors.data.empty()) return absl::OkStatus();
  return InvalidField("--sensor-data", "is missing; say where the circuit's sensor is read");
}

void AddBacktestFlags(CLI::App& verb, BacktestOptions& options) {
  verb.add_option("--csv", options.csv, "the readings: a header, a timestamp column, numbers");
  verb.add_option("--target", options.targets, "columns to forecast, one model each; or all")
      ->delimiter(',');
  verb.add_option(
      "--circuit", options.circuit,
      "instead of a file: PLANT/CIRCUIT of a configuration, with its sensor's rows until "
      "the cutoff date");
  verb.add_option("--config", options.config, "the folder above that configuration's config/")
      ->capture_default_str();
  AddSourceFlags(verb, options.sensors);
  AddFormatFlags(verb, options.sensors.format);
  verb.add_option("--features", options.features,
                  "columns that a model may learn from besides its target (all)")
      ->delimiter(',');
  verb.add_option("--train", options.train, "rows to train on, from the first (70% of them)");
  verb.add_option("--validation", options.validation, "rows after them to choose on (15%)");
  verb.add_option("--test", options.test, "rows after those to judge on (15%)");
  verb.add_option("--horizon", options.horizon, "steps forecast (24, or the circuit's)");
  verb.add_option("--refit-every", options.refit_every,
                  "rows to judge on after which the model is trained anew on all before (never)");
  verb.add_option("--origins", options.origins,
                  "forecast from at most so many rows, evenly spread (from every row)");
  verb.add_option("--set", options.settings,
                  "KEY=VALUE as in a circuit's configuration, such as "
                  "hyperparameters.sequence_length=96")
      ->take_all();
  verb.add_option("--seeds", options.seeds, "trainings per target; errors are their mean")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  verb.add_flag(
      "--base", options.base,
      "train a base of all targets together first, as of a plant's circuits, and let each "
      "model weigh it in");
  verb.add_flag("--by-step", options.by_step, "a table of each step's errors too");
  verb.add_flag("--members", options.members,
                "a table of what each member of the model has of the forecast, too");
  verb.add_option("--plot", options.plot, "a page of charts to write")->type_name("FILE.html");
  verb.add_option("--forecasts", options.forecasts, "a file to write all forecasts to")
      ->type_name("FILE.csv");
}

absl::StatusOr<std::vector<BacktestRequest>> ParseBacktest(
    const BacktestOptions& options, const std::vector<std::string>& columns,
    const std::optional<ModelSpec>& circuit) {
  FLEETCAST_RETURN_IF_ERROR(CheckParts(options));
  FLEETCAST_RETURN_IF_ERROR(CheckColumns("--features", options.features, columns));
  BacktestRequest request{.seeds = options.seeds,
                          .train_rows = options.train,
                          .validation_rows = options.validation,
                          .test_rows = options.test,
                          .refit_every = options.refit_every,
                          .origins = options.origins};
  if (circuit) {
    request.spec = *circuit;
  } else {
    request.spec.feature_columns = columns;
  }
  if (options.horizon > 0) request.spec.horizon = options.horizon;
  if (!options.features.empty()) request.spec.feature_columns = options.features;
  for (const std::string& setting : options.settings) {
    FLEETCAST_RETURN_IF_ERROR(Apply(setting, request.spec));
  }
  if (circuit && options.base) {
    return InvalidField("--base", "pools the targets of a file; a --circuit is one alone");
  }
  if (circuit) return std::vector<BacktestRequest>{request};
  const bool all = options.targets == std::vector<std::string>{"all"};
  FLEETCAST_RETURN_IF_ERROR(CheckColumns("--target", all ? columns : options.targets, columns));
  std::vector<BacktestRequest> requests;
  for (const std::string& target : all ? columns : options.targets) {
    request.spec.target_column = target;
    requests.push_back(request);
  }
  if (options.base && requests.size() < 2) {
    return InvalidField("--base", "pools several targets; name more than one with --target");
  }
  return requests;
}

}  // namespace fleetcast::cli
