// What a service's main does: reads settings, starts logging, serves, and at SIGTERM or SIGINT
// drains.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "common/settings/settings.h"

namespace fleetcast::service {

struct Program {
  std::string
      name;  // "trainer": the program is fleetcast-trainer, its environment FLEETCAST_TRAINER
  std::string about;  // the first line of --help
  int port;           // served on unless told otherwise
};

// Does what read_settings(reader) and compose() make of it; returns the process's exit code. 0
// after --help and after a drain in which everything ended; 1 with one line on standard error for
// settings, a database or an address that will not do. A drain that takes five seconds longer than
// drain_timeout is ended by force: the log names what still ran, and the exit code is 1.
// To be called while the process has one thread.
[[nodiscard]] int RunService(const Program& program, int argc, char** argv,
                             absl::FunctionRef<void(SettingsReader&)> read_settings,
                             absl::FunctionRef<absl::StatusOr<std::unique_ptr<Service>>()> compose);

// The same for a service that is made of its settings.
template <typename Settings>
[[nodiscard]] int Run(const Program& program, int argc, char** argv,
                      Settings (*read)(SettingsReader&),
                      absl::StatusOr<std::unique_ptr<Service>> (*compose)(const Settings&)) {
  Settings settings;
  return RunService(
      program, argc, argv, [&](SettingsReader& reader) { settings = read(reader); },
      [&] { return compose(settings); });
}

}  // namespace fleetcast::service
