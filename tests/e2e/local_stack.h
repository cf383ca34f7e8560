// A whole Fleetcast on this machine, as its users have it: a git repository, a folder of sensor
// data, the real binaries started by `fleetcast local up`, and the real command line to talk to it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace fleetcast::e2e {

struct CommandResult {
  int exit_code = -1;
  std::string output;  // standard output
  std::string errors;  // standard error
};

// How long a test waits for what takes seconds on an idle machine; every wait ends early.
inline constexpr int kPatienceSeconds = 600;

// Runs a program to its end; after kPatienceSeconds it is killed and exit_code is 124.
CommandResult Run(const std::vector<std::string>& arguments, const std::string& working_directory);

// The settings of a circuit whose training is short.
struct CircuitSpec {
  std::string plant_id, circuit_id, sensor_id;
  std::string cutoff_date;
  std::vector<std::string> feature_columns;
  std::string target_column;
  int epochs = 2;
  int lstm_units = 16;
};

// The YAML file of a circuit.
std::string CircuitYaml(const CircuitSpec& spec);

// Folders and a stack in a temporary directory; the destructor stops what Up started and removes
// everything. Not thread safe.
class LocalStack {
 public:
  LocalStack();
  ~LocalStack();
  LocalStack(const LocalStack&) = delete;
  LocalStack& operator=(const LocalStack&) = delete;

  [[nodiscard]] std::string sensor_data() const { return root_ + "/sensors"; }
  [[nodiscard]] std::string repository() const { return root_ + "/config"; }
  [[nodiscard]] std::string data_dir() const { return root_ + "/data"; }
  [[nodiscard]] int port(const std::string& service) const;
  // The process of one service, by its name in `local status`: "trainer-1". 0 if there is none.
  int PidOf(const std::string& process);

  // Writes the circuits' files and the master list on `branch` (made if need be) and commits.
  void CommitCircuits(const std::string& branch, const std::vector<CircuitSpec>& circuits);

  // `fleetcast local up`; `options` are added. Fails the test, with the logs, if it does not work.
  void Up(const std::vector<std::string>& options = {});
  void Down();

  // `fleetcast ARGUMENTS --data-dir …`.
  CommandResult Fleetcast(std::vector<std::string> arguments);
  // The same with `-o json`, which must succeed: what it printed.
  nlohmann::json Json(std::vector<std::string> arguments);

 private:
  std::string Git(const std::vector<std::string>& arguments);

  std::string root_;
  int port_base_ = 0;
  bool up_ = false;
};

}  // namespace fleetcast::e2e
