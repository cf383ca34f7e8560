// A local stack: what it is made of, and the record (DIR/stack.json) by which others find it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/process.h"

namespace fleetcast::cli {

inline constexpr int kDefaultPortBase = 7001;

struct StackOptions {
  std::string data_dir;
  std::string config_repo;  // git repository of configurations
  std::string sensor_data;  // folder of CSV files
  std::string programs;     // folder of the services' binaries
  int trainers = 2;
  int port_base = kDefaultPortBase;
  // "SERVICE.NAME=VALUE": given to every process of the service as --NAME VALUE.
  std::vector<std::string> settings;
};

// One process of the stack as it is to be run.
struct ServiceProcess {
  std::string name;     // "trainer-2"; names its log file
  std::string service;  // "trainer"
  int port = 0;
  std::vector<std::string> arguments;  // the program's path first
  int stage = 0;                       // started after all of lower stages serve, stopped before
};

// The same as it is running.
struct RunningService {
  std::string name;
  std::string service;
  int port = 0;
  std::optional<ProcessIdentity> process;  // none while it waits to be started again
  absl::Time start_time = absl::UnixEpoch();
  int restarts = 0;
  std::string last_exit;  // how it ended the last time: "killed by signal 9"; "" if it never did
};

struct StackRecord {
  std::string state;  // "starting", "running" or "stopping"
  ProcessIdentity supervisor;
  std::string database;  // connection string
  int postgres_pid = 0;
  std::vector<RunningService> services;
};

// Where things lie in a data directory.
[[nodiscard]] std::string RecordFile(const std::string& data_dir);
[[nodiscard]] std::string LockFile(const std::string& data_dir);
[[nodiscard]] std::string PostgresDir(const std::string& data_dir);
[[nodiscard]] std::string LogFile(const std::string& data_dir, const std::string& name);

// With "ports": {"config": 7001, …}, one port per service, for those who only look for those.
[[nodiscard]] nlohmann::ordered_json ToJson(const StackRecord& record);

// Replaces the record in one step.
[[nodiscard]] absl::Status WriteRecord(const std::string& data_dir, const StackRecord& record);
// nullopt if there is none. DATA_LOSS if it cannot be understood.
[[nodiscard]] absl::StatusOr<std::optional<StackRecord>> ReadRecord(const std::string& data_dir);

}  // namespace fleetcast::cli
