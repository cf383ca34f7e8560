#include "tests/e2e/local_stack.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

namespace fleetcast::e2e {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr int kPortsOfAStack = 20;

std::string BinDir() {
  const char* folder = std::getenv("FLEETCAST_BIN_DIR");
  if (folder == nullptr)
    throw std::runtime_error("FLEETCAST_BIN_DIR is not set; run through ctest");
  return folder;
}

bool PortIsFree(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool is_free =
      bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(descriptor);
  return is_free;
}

// The first of kPortsOfAStack free ports below the range that the kernel hands out by itself.
int FreePortBase() {
  std::mt19937 random(std::random_device{}());
  while (true) {
    const int base = std::uniform_int_distribution<>(10'000, 32'000)(random);
    bool all_free = true;
    for (int port = base; port < base + kPortsOfAStack; ++port) all_free &= PortIsFree(port);
    if (all_free) return base;
  }
}

void WriteFile(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

CommandResult Run(const std::vector<std::string>& arguments, const std::string& working_directory) {
  std::array<int, 2> out{}, err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2 failed");
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    if (chdir(working_directory.c_str()) == 0) execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);

  CommandResult result;
  const auto deadline = SteadyClock::now() + std::chrono::seconds(kPatienceSeconds);
  std::array<pollfd, 2> polls{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  bool killed = false;
  bool exited = false;
  int status = 0;
  // A background process that the command leaves behind may hold the pipes: the command's own end
  // is what counts.
  while (!exited || polls[0].fd >= 0 || polls[1].fd >= 0) {
    const int ready = poll(polls.data(), polls.size(), 50);
    for (std::size_t i = 0; ready > 0 && i < polls.size(); ++i) {
      if (polls[i].fd < 0 || polls[i].revents == 0) continue;
      std::array<char, 4096> buffer{};
      const ssize_t got = read(polls[i].fd, buffer.data(), buffer.size());
      if (got > 0)
        (i == 0 ? result.output : result.errors).append(buffer.data(), static_cast<size_t>(got));
      else
        polls[i].fd = -1;
    }
    if (exited && ready == 0) break;
    if (!exited && waitpid(child, &status, WNOHANG) == child) exited = true;
    if (!exited && !killed && SteadyClock::now() > deadline) {
      kill(child, SIGKILL);
      killed = true;
    }
  }
  close(out[0]);
  close(err[0]);
  result.exit_code = killed              ? 124
                     : WIFEXITED(status) ? WEXITSTATUS(status)
                                         : 128 + WTERMSIG(status);
  return result;
}

std::string CircuitYaml(const CircuitSpec& spec) {
  std::string columns;
  for (const std::string& column : spec.feature_columns)
    columns += (columns.empty() ? "\"" : ", \"") + column + "\"";
  return "plant_id: \"" + spec.plant_id + "\"\ncircuit_id: \"" + spec.circuit_id +
         "\"\n\ntraining:\n  cutoff_date: \"" + spec.cutoff_date +
         "\"\n  environment_version: \"1.5.0\"\n  hyperparameters:\n    sequence_length: 24\n"
         "    lstm_units: " +
         std::to_string(spec.lstm_units) +
         "\n    dropout: 0.2\n    learning_rate: 0.001\n    batch_size: 32\n    epochs: " +
         std::to_string(spec.epochs) + "\n  data_filters:\n    sensor_id: \"" + spec.sensor_id +
         "\"\n    feature_columns: [" + columns + "]\n    target_column: \"" + spec.target_column +
         "\"\n\ndeployment:\n  compute_instance_type: \"Standard_DS3_v2\"\n"
         "  mini_batch_size: 100\n  timeout_minutes: 60\n";
}

LocalStack::LocalStack() {
  std::string pattern = (fs::temp_directory_path() / "fleetcast-e2e-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  root_ = pattern;
  // The private Postgres runs as another user where we are root and must reach its folder.
  fs::permissions(root_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec |
                             fs::perms::group_read | fs::perms::others_read);
  fs::create_directories(sensor_data());
  fs::create_directories(repository());
  Git({"init", "--quiet", "--initial-branch=main"});
  WriteFile(fs::path(repository()) / "config/plants_circuits.yml", "plants: []\n");
  Git({"add", "-A"});
  Git({"commit", "--quiet", "-m", "An empty fleet"});
}

LocalStack::~LocalStack() {
  if (up_) Down();
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

std::string LocalStack::Git(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"git", "-c", "user.name=Test", "-c",
                                      "user.email=test@example.com"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const CommandResult result = Run(command, repository());
  if (result.exit_code != 0) throw std::runtime_error("git " + arguments[0] + ": " + result.errors);
  return result.output;
}

void LocalStack::CommitCircuits(const std::string& branch,
                                const std::vector<CircuitSpec>& circuits) {
  if (Git({"branch", "--show-current"}) != branch + "\n") {
    const bool exists = !Git({"branch", "--list", branch}).empty();
    Git(exists ? std::vector<std::string>{"checkout", "--quiet", branch}
               : std::vector<std::string>{"checkout", "--quiet", "-b", branch});
  }
  std::map<std::string, std::string> plants;
  for (const CircuitSpec& spec : circuits) {
    plants[spec.plant_id] += "      - circuit_id: \"" + spec.circuit_id +
                             "\"\n        circuit_name: \"" + spec.circuit_id + " " +
                             spec.target_column + "\"\n";
    WriteFile(fs::path(repository()) / "config/plants" / spec.plant_id / (spec.circuit_id + ".yml"),
              CircuitYaml(spec));
  }
  std::string master = "plants:\n";
  for (const auto& [plant, entries] : plants)
    master += "  - plant_id: \"" + plant + "\"\n    plant_name: \"Plant " + plant +
              "\"\n    circuits:\n" + entries;
  WriteFile(fs::path(repository()) / "config/plants_circuits.yml", master);
  Git({"add", "-A"});
  Git({"commit", "--quiet", "-m", "Change circuits"});
}

int LocalStack::port(const std::string& service) const {
  static const std::map<std::string, int> kOffsets = {
      {"config", 0}, {"trainer", 1}, {"registry", 2}, {"inference", 3}};
  return port_base_ + kOffsets.at(service);
}

int LocalStack::PidOf(const std::string& process) {
  const nlohmann::json status = Json({"local", "status"});
  for (const nlohmann::json& service : status.at("services"))
    if (service.at("name") == process) return service.at("process").at("pid");
  ADD_FAILURE() << "no process " << process << " in " << status.dump(2);
  return 0;
}

void LocalStack::Up(const std::vector<std::string>& options) {
  port_base_ = FreePortBase();
  std::vector<std::string> arguments = {
      "local",         "up",          "--config-repo", repository(),
      "--sensor-data", sensor_data(), "--port-base",   std::to_string(port_base_)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  up_ = true;
  const CommandResult result = Fleetcast(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.output << result.errors
                                 << Fleetcast({"local", "logs"}).output;
}

void LocalStack::Down() {
  up_ = false;
  const CommandResult result = Fleetcast({"local", "down"});
  EXPECT_EQ(result.exit_code, 0) << result.output << result.errors;
}

CommandResult LocalStack::Fleetcast(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), BinDir() + "/fleetcast");
  arguments.insert(arguments.end(), {"--data-dir", data_dir()});
  return Run(arguments, root_);
}

nlohmann::json LocalStack::Json(std::vector<std::string> arguments) {
  const std::string command = arguments[0] + " " + arguments[1];
  arguments.insert(arguments.end(), {"-o", "json"});
  const CommandResult result = Fleetcast(std::move(arguments));
  EXPECT_EQ(result.exit_code, 0) << command << ":\n" << result.output << result.errors;
  nlohmann::json json = nlohmann::json::parse(result.output, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << command << " printed no JSON:\n" << result.output;
  return json;
}

}  // namespace fleetcast::e2e
