#include "cli/commands/simulation_options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

constexpr int kMaxCircuits = 100'000;
constexpr std::int64_t kMaxSteps = 20'000'000;
constexpr std::int64_t kDay = 86'400;

// "P001=2,P002=1": the plants in order from P001, each with its number of circuits.
absl::StatusOr<std::vector<int>> ParseCircuitsOf(const std::string& text) {
  std::vector<int> counts;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, comma - begin);
    std::string expected = std::to_string(counts.size() + 1);
    if (expected.size() < 3) expected.insert(0, 3 - expected.size(), '0');
    expected.insert(0, "P");
    int count = -1;
    const std::string prefix = expected + "=";
    if (part.rfind(prefix, 0) == 0) {
      const char* end = part.data() + part.size();
      if (std::from_chars(part.data() + prefix.size(), end, count).ptr != end) count = -1;
    }
    if (count < 1 || count > kMaxCircuits) {
      return InvalidField("--circuits-of",
                          absl::StrCat("'", part, "' should be ", expected,
                                       "=NUMBER; name the plants in order: P001=2,P002=1"));
    }
    counts.push_back(count);
    begin = comma + 1;
  }
  return counts;
}

absl::StatusOr<sensordata::FleetPlan> ParseFleet(const SimulationOptions& options) {
  std::vector<int> counts(static_cast<std::size_t>(options.plants), options.circuits);
  if (!options.circuits_of.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(counts, ParseCircuitsOf(options.circuits_of));
  }
  std::int64_t total = 0;
  for (const int count : counts) total += count;
  if (total > kMaxCircuits) {
    return InvalidField("--circuits", std::to_string(total) + " circuits are more than " +
                                          std::to_string(kMaxCircuits));
  }
  return sensordata::PlanFleet(counts);
}

// Whole seconds, at least `least`.
absl::StatusOr<std::int64_t> ParseSeconds(const std::string& flag, const std::string& text,
                                          std::int64_t least) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration) || duration < absl::Seconds(least) ||
      duration != absl::Seconds(absl::ToInt64Seconds(duration))) {
    return InvalidField(flag, "'" + text + "' is no duration of whole seconds; write 1h or 5m");
  }
  return absl::ToInt64Seconds(duration);
}

absl::Status ParseSpan(const SimulationOptions& options, Simulation& simulation) {
  const auto end = sensordata::ParseTimestamp(options.end);
  if (!end) {
    return InvalidField("--end", "'" + options.end +
                                     "' is no date; write 2025-12-10, the first "
                                     "day without data");
  }
  FLEETCAST_ASSIGN_OR_RETURN(simulation.span.step_seconds, ParseSeconds("--step", options.step, 1));
  std::int64_t held_out = 0;
  if (options.hold_out.empty() != options.hold_out_dir.empty()) {
    return InvalidField("--hold-out", "goes together with --hold-out-dir; give both");
  }
  if (!options.hold_out.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(held_out, ParseSeconds("--hold-out", options.hold_out, 1));
  }
  simulation.data_end_unix_seconds = *end;
  simulation.span.begin_unix_seconds = *end - options.days * kDay;
  simulation.span.end_unix_seconds = *end + held_out;
  if (static_cast<std::int64_t>(simulation.span.steps()) > kMaxSteps) {
    return InvalidField("--step", "makes more than " + std::to_string(kMaxSteps) +
                                      " rows a sensor; take fewer days or a longer step");
  }
  return absl::OkStatus();
}

absl::Status ParseConfig(const SimulationOptions& options, Simulation& simulation) {
  if (options.out.empty() && options.postgres.empty()) {
    return InvalidField("--out", "is missing: say where the readings go, --out DIR or --postgres");
  }
  if (!options.config_branch.empty() && options.config_repo.empty()) {
    return InvalidField("--config-branch", "needs --config-repo");
  }
  simulation.config = {.cutoff_date = options.cutoff_date,
                       .lstm_units = options.lstm_units,
                       .epochs = options.epochs};
  if (options.cutoff_date.empty()) {  // the last day with data
    const std::int64_t last = simulation.data_end_unix_seconds - 1;
    simulation.config.cutoff_date = sensordata::FormatTimestamp(last).substr(0, 10);
  }
  return ValidateDate("--cutoff-date", simulation.config.cutoff_date);
}

}  // namespace

void AddSimulationFlags(CLI::App& verb, SimulationOptions& options) {
  verb.add_option("--plants", options.plants, "number of plants")
      ->check(CLI::Range(1, kMaxCircuits))
      ->capture_default_str();
  verb.add_option("--circuits", options.circuits, "circuits of each plant")
      ->check(CLI::Range(1, kMaxCircuits))
      ->capture_default_str();
  verb.add_option("--circuits-of", options.circuits_of,
                  "circuits plant by plant instead: P001=2,P002=1");
  verb.add_option("--days", options.days, "days of data before --end")
      ->check(CLI::Range(1, 36'500))
      ->capture_default_str();
  verb.add_option("--step", options.step, "time between two rows: 1h, 5m, 30s")
      ->capture_default_str();
  verb.add_option("--seed", options.seed, "the same seed gives the same data")
      ->capture_default_str();
  verb.add_option("--end", options.end, "first day (or moment, UTC) without data")
      ->capture_default_str();
  verb.add_option("--out", options.out, "folder for SENSOR_….csv files");
  verb.add_option("--hold-out", options.hold_out, "also make what comes after --end: 48h");
  verb.add_option("--hold-out-dir", options.hold_out_dir, "folder for what comes after --end");
  verb.add_option("--postgres", options.postgres, "connection string: write to a table");
  verb.add_option("--table", options.table, "table or schema.table, made if absent")
      ->capture_default_str();
  verb.add_option("--config-repo", options.config_repo, "make a git repository of configurations");
  verb.add_option("--config-branch", options.config_branch,
                  "main lists the plants only; this branch adds the circuits");
  verb.add_option("--cutoff-date", options.cutoff_date,
                  "cutoff date of every circuit (default: the last day with data)");
  verb.add_option("--lstm-units", options.lstm_units, "hyperparameter of every circuit")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  verb.add_option("--epochs", options.epochs, "hyperparameter of every circuit")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  verb.add_flag("--force", options.force, "write over existing sensor data");
}

absl::StatusOr<Simulation> ParseSimulation(const SimulationOptions& options) {
  Simulation simulation{.seed = options.seed,
                        .out = options.out,
                        .hold_out_dir = options.hold_out_dir,
                        .postgres = options.postgres,
                        .table = options.table,
                        .config_repo = options.config_repo,
                        .config_branch = options.config_branch,
                        .force = options.force};
  FLEETCAST_ASSIGN_OR_RETURN(simulation.fleet, ParseFleet(options));
  FLEETCAST_RETURN_IF_ERROR(ParseSpan(options, simulation));
  FLEETCAST_RETURN_IF_ERROR(ParseConfig(options, simulation));
  return simulation;
}

}  // namespace fleetcast::cli
