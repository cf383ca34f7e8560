#include "cli/commands/data.h"

#include <google/protobuf/message.h>  // complete, for the JSON overload of Session::Show

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/commands/data_check.h"
#include "cli/commands/simulation_options.h"
#include "cli/interrupt.h"
#include "cli/output/progress_line.h"
#include "cli/output/text.h"
#include "cli/session.h"
#include "common/base/status.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/simulator/config_repository.h"
#include "common/sensordata/simulator/fleet_simulation.h"
#include "common/sensordata/simulator/readings_writer.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

using sensordata::CircuitPlan;
using sensordata::RawReadings;

// A folder to write to: made if absent, refused if something lies in it, unless `force`.
absl::Status PrepareFolder(const std::string& option, const std::string& path, bool force) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return InvalidField(option, "cannot make " + path + ": " + error.message());
  if (!force && !std::filesystem::is_empty(path, error)) {
    return Refused(absl::StatusCode::kFailedPrecondition, "FOLDER_NOT_EMPTY",
                   path + " is not empty; name another folder for " + option +
                       ", or write over what is there with --force",
                   {{"folder", path}});
  }
  return absl::OkStatus();
}

// The rows of [from, before).
RawReadings RowsBetween(const RawReadings& readings, std::int64_t from, std::int64_t before) {
  const auto& time = readings.unix_seconds;
  const auto begin = std::lower_bound(time.begin(), time.end(), from) - time.begin();
  const auto end = std::lower_bound(time.begin(), time.end(), before) - time.begin();
  const auto width = static_cast<std::ptrdiff_t>(readings.columns.size());
  return {
      .columns = readings.columns,
      .unix_seconds = {time.begin() + begin, time.begin() + end},
      .values = {readings.values.begin() + begin * width, readings.values.begin() + end * width}};
}

// Where the readings of one simulation go. Thread safe.
class Destination {
 public:
  static absl::StatusOr<std::unique_ptr<Destination>> Open(const Simulation& simulation) {
    auto destination = std::make_unique<Destination>(simulation);
    if (!simulation.out.empty()) {
      FLEETCAST_RETURN_IF_ERROR(PrepareFolder("--out", simulation.out, simulation.force));
    }
    if (!simulation.hold_out_dir.empty()) {
      FLEETCAST_RETURN_IF_ERROR(
          PrepareFolder("--hold-out-dir", simulation.hold_out_dir, simulation.force));
    }
    if (!simulation.postgres.empty()) {
      FLEETCAST_ASSIGN_OR_RETURN(destination->postgres_, sensordata::PostgresReadingsWriter::Open(
                                                             simulation.postgres, simulation.table,
                                                             sensordata::SimulatedColumns()));
    }
    return destination;
  }

  explicit Destination(const Simulation& simulation) : simulation_(simulation) {}

  absl::Status Write(const CircuitPlan& circuit, const RawReadings& readings) {
    const RawReadings given = RowsBetween(readings, simulation_.span.begin_unix_seconds,
                                          simulation_.data_end_unix_seconds);
    rows_ += static_cast<std::int64_t>(given.rows());
    if (!simulation_.out.empty()) {
      FLEETCAST_RETURN_IF_ERROR(sensordata::WriteCsv(simulation_.out, circuit.sensor_id, given));
    }
    if (postgres_ != nullptr) {
      FLEETCAST_RETURN_IF_ERROR(postgres_->Write(circuit.sensor_id, given, simulation_.force));
    }
    if (simulation_.hold_out_dir.empty()) return absl::OkStatus();
    return sensordata::WriteCsv(simulation_.hold_out_dir, circuit.sensor_id,
                                RowsBetween(readings, simulation_.data_end_unix_seconds,
                                            simulation_.span.end_unix_seconds));
  }
  [[nodiscard]] std::int64_t rows() const { return rows_; }

 private:
  const Simulation& simulation_;
  std::unique_ptr<sensordata::PostgresReadingsWriter> postgres_;
  std::atomic<std::int64_t> rows_{0};
};

absl::Status WriteReadings(const Simulation& simulation, Session& session,
                           Destination& destination) {
  const InterruptGuard guard;
  ProgressLine line(session);
  absl::Status status = sensordata::SimulateFleet(
      simulation.fleet, simulation.seed, simulation.span,
      static_cast<int>(std::max(1U, std::thread::hardware_concurrency())),
      [&](const CircuitPlan& circuit, const RawReadings& readings) {
        return destination.Write(circuit, readings);
      },
      [&](int done, int total) {
        line.Show("sensors simulated", done, total);
        return !Interrupted();
      });
  line.Clear();
  return status;
}

absl::StatusOr<std::string> WriteConfiguration(const Simulation& simulation) {
  if (simulation.config_repo.empty()) return std::string();
  return sensordata::WriteConfigRepository(
      simulation.config_repo, simulation.fleet,
      {.values = simulation.config,
       .circuits_branch = simulation.config_branch,
       .commit_unix_seconds = simulation.data_end_unix_seconds});
}

void Report(const Simulation& simulation, std::int64_t rows, const std::string& commit,
            Session& session) {
  const std::string begin = sensordata::FormatTimestamp(simulation.span.begin_unix_seconds);
  const std::string end = sensordata::FormatTimestamp(simulation.data_end_unix_seconds);
  nlohmann::ordered_json value = {
      {"plants", simulation.fleet.plants.size()},
      {"circuits", simulation.fleet.circuits()},
      {"rows", rows},
      {"begin", begin},
      {"end", end},
      {"seed", simulation.seed},
      {"sensor_data", simulation.out},
      {"sensor_table", simulation.postgres.empty() ? "" : simulation.table},
      {"hold_out", simulation.hold_out_dir},
      {"config_repo", simulation.config_repo},
      {"config_commit", commit}};
  session.Show(value, [&](const Terminal&) {
    std::string text = Count(simulation.fleet.circuits(), "circuit") + " of " +
                       Count(static_cast<std::int64_t>(simulation.fleet.plants.size()), "plant") +
                       ", " + Count(rows, "row") + " from " + begin + " to " + end + "\n";
    if (!simulation.out.empty()) text += "  sensor data   " + simulation.out + "\n";
    if (!simulation.postgres.empty()) text += "  sensor table  " + simulation.table + "\n";
    if (!simulation.hold_out_dir.empty()) {
      text += "  what is next  " + simulation.hold_out_dir + "\n";
    }
    if (!simulation.config_repo.empty()) {
      text += "  configuration " + simulation.config_repo + " at " + commit.substr(0, 12) + "\n";
    }
    return text;
  });
}

absl::Status Simulate(const SimulationOptions& options, Session& session) {
  FLEETCAST_ASSIGN_OR_RETURN(const Simulation simulation, ParseSimulation(options));
  if (!simulation.config_repo.empty()) {  // before the long work; --force does not reach commits
    FLEETCAST_RETURN_IF_ERROR(PrepareFolder("--config-repo", simulation.config_repo, false));
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto destination, Destination::Open(simulation));
  FLEETCAST_RETURN_IF_ERROR(WriteReadings(simulation, session, *destination));
  FLEETCAST_ASSIGN_OR_RETURN(const std::string commit, WriteConfiguration(simulation));
  Report(simulation, destination->rows(), commit, session);
  return absl::OkStatus();
}

}  // namespace

void AddDataCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "data", "sensor data");
  auto options = std::make_shared<SimulationOptions>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "simulate",
       .about = "make believable sensor data, and a configuration repository to go with it",
       .examples =
           "fleetcast data simulate --plants 2 --circuits 3 --days 365 --seed 7 --out data/\n"
           "fleetcast data simulate --circuits-of P001=2,P002=1 --out data/ --config-repo config/\n"
           "fleetcast data simulate --plants 100 --circuits 100 --out data/ --config-repo config/\n"
           "fleetcast data simulate --hold-out 48h --hold-out-dir next/ --out data/\n"
           "fleetcast data simulate --postgres \"host=db dbname=plant\" --table sensor_readings"},
      [options, &session] { return Simulate(*options, session); });
  AddSimulationFlags(verb, *options);
  AddDataCheckVerb(noun, session);
}

}  // namespace fleetcast::cli
