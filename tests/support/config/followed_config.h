// A config service that follows a repository, and whose remote can be pushed to and taken away.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/rpc/server.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/followed_repository.h"
#include "services/config/rpc/config_service.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::config::testing {

// What cannot be made dies. FLEETCAST_BIN_DIR names the folder of fleetcast-config.
class FollowedConfig {
 public:
  FollowedConfig() {
    std::string pattern = (std::filesystem::temp_directory_path() / "config-state-XXXXXX").string();
    const char* bin = std::getenv("FLEETCAST_BIN_DIR");
    if (bin == nullptr || mkdtemp(pattern.data()) == nullptr) std::abort();
    state_ = pattern;
    repository_ = FollowedRepository::Open({.state_dir = state_ / "mirror",
                                            .program = absl::StrCat(bin, "/fleetcast-config"),
                                            .remote = {.url = "file://" + remote->path()}},
                                           clock_)
                      .value();
    reader_ = std::make_unique<FleetReader>(*repository_, ParseYaml, 16 << 20);
    service_ = std::make_unique<ConfigService>(*reader_);
    server_ = rpc::Server::Start({}, {service_.get()}).value();
  }
  ~FollowedConfig() {
    server_.reset();
    repository_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(state_, ignored);
  }
  FollowedConfig(const FollowedConfig&) = delete;
  FollowedConfig& operator=(const FollowedConfig&) = delete;

  [[nodiscard]] std::string address() const { return server_->address(); }

  std::unique_ptr<GitTestRepository> remote = std::make_unique<GitTestRepository>();

 private:
  const SystemClock clock_;
  std::filesystem::path state_;
  std::unique_ptr<FollowedRepository> repository_;
  std::unique_ptr<FleetReader> reader_;
  std::unique_ptr<ConfigService> service_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace fleetcast::config::testing
