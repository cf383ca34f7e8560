// Runs the real `fleetcast` program, in a pipe or on a pseudo-terminal.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace fleetcast::testing {

struct Outcome {
  int exit_code = -1;  // 128 + signal if a signal ended it
  std::string out;     // on a terminal, standard error too
  std::string err;
};

// Orders what a test does before and after a program with what services in the test's own process
// do while it runs: that a program calls them only then is not seen by a sanitizer.
struct InTurn {
  InTurn();
  ~InTurn();
};

// Waits for the end, ten minutes at most. `targets` are flags such as --trainer-target.
Outcome RunFleetcast(const std::vector<std::string>& arguments);

// As RunFleetcast, on a terminal of 100 columns and 30 rows. `on_output` sees all output so far
// after each read, and may send signals to the process.
Outcome RunFleetcastOnTerminal(
    const std::vector<std::string>& arguments,
    const std::function<void(const std::string& output, pid_t process)>& on_output);

}  // namespace fleetcast::testing
