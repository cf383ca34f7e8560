// What the `fleetcast` command tells the shell.
#pragma once

namespace fleetcast::cli {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,  // some circuits failed, or a service refused what was asked
  kUsage = 2,   // the command line is wrong, or a service found an argument invalid
  kUnreachable =
      3,  // a service could not be reached, did not answer in time, or said when to retry
  kInterrupted = 130,
};

}  // namespace fleetcast::cli
