// The verbs of `fleetcast local` without their command line: up, down, and what status shows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/local/stack.h"

namespace fleetcast::cli {

using SayLine = std::function<void(const std::string&)>;

enum class UpResult { kStarted, kAlreadyRunning };

// Starts the stack and leaves it in the background, in a process of its own; returns when every
// service serves. What a killed stack has left in the folder is cleaned up first. ABORTED with
// reason STACK_BUSY while another process starts or stops the same one.
[[nodiscard]] absl::StatusOr<UpResult> Up(const StackOptions& options, const SayLine& say);

// The same, but stays in the foreground until SIGINT or SIGTERM, and takes the stack down then.
// To be called before there are other threads.
[[nodiscard]] absl::StatusOr<UpResult> UpInForeground(const StackOptions& options,
                                                      const SayLine& say);

// Takes the stack in `data_dir` down, a killed one's remains too. False if there was none.
[[nodiscard]] absl::StatusOr<bool> Down(const std::string& data_dir, const SayLine& say);

struct ServiceHealth {
  RunningService service;
  std::string health;  // "serving", "not serving" or "down"
};
struct StackHealth {
  StackRecord record;
  bool supervised = false;  // whether its supervisor lives
  std::string postgres;     // as a service's health
  std::vector<ServiceHealth> services;
  [[nodiscard]] bool AllServe() const;
};
// nullopt if there is no stack in `data_dir`. All are asked at the same time, each for a few
// seconds at most: a process that exists need not answer.
[[nodiscard]] absl::StatusOr<std::optional<StackHealth>> Examine(const std::string& data_dir);

}  // namespace fleetcast::cli
