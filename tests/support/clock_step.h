// What a step of the wall clock does to a program's waits.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace fleetcast::testing {

// Runs the disabled test `name` of this binary under a wall clock that is an hour ahead of the
// kernel's, by libfaketime: what a wait that began during a step looks like once the clock is right
// again. True if it passed, within two minutes.
inline bool PassesAfterAClockStep(const std::string& name) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command = "timeout 120 faketime --exclude-monotonic -m -f +1h " + self +
                              " --gtest_also_run_disabled_tests --gtest_filter=*DISABLED_" + name +
                              " --gtest_output= >&2";
  return std::system(command.c_str()) == 0;
}

}  // namespace fleetcast::testing
