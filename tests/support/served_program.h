// A service of ours as a process of its own, on a port that the kernel gives.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::testing {

// The whole path of one of our programs, "fleetcast-registry": in FLEETCAST_BIN_DIR, else in
// build/bin.
[[nodiscard]] std::string ProgramPath(const std::string& name);

// Not thread safe. Its end is the process's end.
class ServedProgram {
 public:
  // Runs `arguments`, the program's path first, with `--listen`, and returns once it serves;
  // INTERNAL with the end of `log_file` if it does not.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ServedProgram>> Start(
      std::vector<std::string> arguments, std::string log_file);
  ~ServedProgram();
  ServedProgram(const ServedProgram&) = delete;
  ServedProgram& operator=(const ServedProgram&) = delete;

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // SIGTERM; INTERNAL with the end of the log unless it ends with 0 within `patience`.
  [[nodiscard]] absl::Status Stop(absl::Duration patience);

 private:
  ServedProgram(pid_t pid, std::string log_file) : pid_(pid), log_file_(std::move(log_file)) {}
  [[nodiscard]] absl::Status AwaitAddress();
  [[nodiscard]] absl::Status Failed(const std::string& what) const;

  pid_t pid_;
  const std::string log_file_;
  std::string address_;
};

}  // namespace fleetcast::testing
