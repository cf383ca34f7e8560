// The main function of benchmarks that measure a fleet of so many circuits.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>

#include "absl/strings/numbers.h"

namespace fleetcast::bench {

// Calls `measure(circuits, as_json, folder)` as the arguments `--circuits N` and `-o json` ask,
// with an empty folder that is removed afterwards. The process's exit status.
template <typename Measure>
int RunFleetBench(int argc, char** argv, const std::string& name, Measure measure) {
  int circuits = 10'000;
  bool as_json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "-o") as_json = ++i < argc && std::string(argv[i]) == "json";
    if (argument == "--circuits" && ++i < argc && !absl::SimpleAtoi(argv[i], &circuits)) return 2;
  }
  std::string folder = std::filesystem::temp_directory_path() / (name + "_XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) return 1;
  int status = 0;
  try {
    measure(circuits, as_json, folder);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), exception.what());
    status = 1;
  }
  std::filesystem::remove_all(folder);
  return status;
}

}  // namespace fleetcast::bench
