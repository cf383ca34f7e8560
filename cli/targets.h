// Where the four services are: flags first, then the environment, then the local stack that
// `--data-dir` names, then this machine's default ports.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace fleetcast::cli {

enum class Service { kConfig, kTrainer, kRegistry, kInference };
inline constexpr std::array<Service, 4> kServices = {Service::kConfig, Service::kTrainer,
                                                     Service::kRegistry, Service::kInference};

// "config", "trainer", "registry", "inference".
[[nodiscard]] std::string ServiceName(Service service);

// One text per service, in the order of kServices.
class PerService {
 public:
  std::string& operator[](Service service) { return texts_[static_cast<std::size_t>(service)]; }
  const std::string& operator[](Service service) const {
    return texts_[static_cast<std::size_t>(service)];
  }

 private:
  std::array<std::string, 4> texts_;
};

// `flags` holds the --*-target flags, empty where not given; `environment` looks up a variable
// (FLEETCAST_TRAINER_TARGET …), "" if unset; `data_dir` may be empty. INVALID_ARGUMENT if
// data_dir has no readable stack.json (`{"ports": {"config": 7001, …}}`).
[[nodiscard]] absl::StatusOr<PerService> ResolveTargets(
    const PerService& flags, const std::function<std::string(const std::string&)>& environment,
    const std::string& data_dir);

}  // namespace fleetcast::cli
