// How the command line tells a person that something failed, and what that means to the shell.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "cli/exit_code.h"

namespace fleetcast::cli {

// "error: what failed" and, indented, the reason, each field violation, and what to do next where
// the status does not say so itself. Ends with a newline. `status` must not be OK. `call_id` is
// what the services' logs know the calls by; told where only the logs can explain.
[[nodiscard]] std::string ErrorReport(const absl::Status& status, bool color,
                                      const std::string& call_id = "");

// What to do after a command that may have been carried out: a line, with the request id it used.
[[nodiscard]] std::string RepeatAdvice(const std::string& request_id, bool color);

// `text` with the calls that services speak of as the commands that make them.
[[nodiscard]] std::string InCommands(const std::string& text);

// `interrupted`: by Ctrl-C or SIGTERM, and not by a service.
[[nodiscard]] ExitCode ExitCodeOf(const absl::Status& status, bool interrupted = false);

}  // namespace fleetcast::cli
