#include "services/config/config.h"

#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/rpc/config_service.h"
#include "services/config/yaml/yaml_parser.h"

namespace fleetcast::config {
namespace {

class Config final : public service::Service {
 public:
  explicit Config(const ConfigSettings& settings) : settings_(settings) {}

  absl::Status Open() {
    FLEETCAST_ASSIGN_OR_RETURN(repository_, OpenRepository(settings_.git, clock_));
    reader_ = std::make_unique<FleetReader>(*repository_, ParseYaml, settings_.cache_bytes);
    api_ = std::make_unique<ConfigService>(*reader_);
    return absl::OkStatus();
  }

  std::vector<grpc::Service*> grpc_services() override { return {api_.get()}; }
  LogFields description() const override { return {{"repository", settings_.git.Where()}}; }

 private:
  const ConfigSettings settings_;
  const SystemClock clock_;
  std::unique_ptr<ConfigRepository> repository_;
  std::unique_ptr<FleetReader> reader_;
  std::unique_ptr<ConfigService> api_;
};

}  // namespace

ConfigSettings ReadConfigSettings(SettingsReader& reader) {
  return {.git = ReadGitSettings(reader, "/proc/self/exe"),
          .cache_bytes = static_cast<std::size_t>(reader.Int("cache_mib", 100, 1, 65'536,
                                                             "memory for what was parsed, in MiB"))
                         << 20};
}

absl::StatusOr<std::unique_ptr<service::Service>> MakeConfig(const ConfigSettings& settings) {
  auto config = std::make_unique<Config>(settings);
  FLEETCAST_RETURN_IF_ERROR(config->Open());
  return config;
}

}  // namespace fleetcast::config
