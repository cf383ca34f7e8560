#include "cli/targets.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

constexpr int kDefaultPorts[] = {7001, 7002, 7003, 7004};

absl::StatusOr<PerService> ReadStack(const std::string& data_dir) {
  const std::filesystem::path file = std::filesystem::path(data_dir) / "stack.json";
  std::ifstream in(file);
  if (!in) {
    return InvalidField("--data-dir",
                        "there is no local stack in " + data_dir +
                            " (no stack.json): give the folder of `fleetcast local up`");
  }
  const auto stack = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  PerService targets;
  for (const Service service : kServices) {
    const nlohmann::json::json_pointer at("/ports/" + ServiceName(service));
    if (stack.is_discarded() || !stack.contains(at) || !stack.at(at).is_number_integer()) {
      return InvalidField("--data-dir", file.string() + " does not name the port of the " +
                                            ServiceName(service) +
                                            " service: start the stack again with `fleetcast "
                                            "local up`");
    }
    targets[service] = "127.0.0.1:" + std::to_string(stack.at(at).get<int>());
  }
  return targets;
}

}  // namespace

std::string ServiceName(Service service) {
  switch (service) {
    case Service::kConfig:
      return "config";
    case Service::kTrainer:
      return "trainer";
    case Service::kRegistry:
      return "registry";
    case Service::kInference:
      return "inference";
  }
  return "unknown";
}

absl::StatusOr<PerService> ResolveTargets(
    const PerService& flags, const std::function<std::string(const std::string&)>& environment,
    const std::string& data_dir) {
  PerService targets;
  bool complete = true;
  for (const Service service : kServices) {
    targets[service] = flags[service];
    if (targets[service].empty()) {
      targets[service] =
          environment("FLEETCAST_" + absl::AsciiStrToUpper(ServiceName(service)) + "_TARGET");
    }
    complete = complete && !targets[service].empty();
  }
  if (complete) return targets;

  PerService stack;
  if (!data_dir.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(stack, ReadStack(data_dir));
  }
  for (const Service service : kServices) {
    if (!targets[service].empty()) continue;
    targets[service] =
        data_dir.empty()
            ? "127.0.0.1:" + std::to_string(kDefaultPorts[static_cast<std::size_t>(service)])
            : stack[service];
  }
  return targets;
}

}  // namespace fleetcast::cli
