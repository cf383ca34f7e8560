#include "cli/local/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/local/supervisor.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

StackOptions Options() {
  return {.data_dir = "/data",
          .config_repo = "/repo",
          .sensor_data = "/sensors",
          .programs = "/bin",
          .trainers = 3,
          .port_base = 7001};
}

bool Has(const ServiceProcess& process, const std::string& argument) {
  return std::count(process.arguments.begin(), process.arguments.end(), argument) == 1;
}

TEST(PlanTest, PortsFollowTheBase) {
  const auto plan = PlanServices(Options(), "host=/s");
  ASSERT_TRUE(plan.ok());
  std::map<std::string, int> ports;
  for (const ServiceProcess& process : *plan) ports[process.name] = process.port;
  EXPECT_EQ(ports, (std::map<std::string, int>{{"config", 7001},
                                               {"trainer-1", 7002},
                                               {"registry", 7003},
                                               {"inference", 7004},
                                               {"trainer-2", 7011},
                                               {"trainer-3", 7012}}));
}

TEST(PlanTest, ServicesStartAfterThoseTheyCall) {
  const auto plan = PlanServices(Options(), "host=/s");
  for (const ServiceProcess& process : *plan)
    EXPECT_EQ(process.stage, process.service == "config" || process.service == "registry" ? 0 : 1);
}

TEST(PlanTest, EveryServiceGetsWhatItNeeds) {
  const auto plan = PlanServices(Options(), "host=/s dbname=x");
  for (const ServiceProcess& process : *plan) {
    EXPECT_EQ(process.arguments[0], "/bin/fleetcast-" + process.service);
    EXPECT_TRUE(Has(process, "--listen=127.0.0.1:" + std::to_string(process.port)));
    const bool stores = process.service != "config";
    EXPECT_EQ(Has(process, "--database=host=/s dbname=x"), stores);
    const bool calls = process.service == "trainer" || process.service == "inference";
    EXPECT_EQ(Has(process, "--config-target=127.0.0.1:7001"), calls);
    EXPECT_EQ(Has(process, "--registry-target=127.0.0.1:7003"), calls);
    EXPECT_EQ(Has(process, "--sensor-data=/sensors"), calls);
  }
}

TEST(PlanTest, SettingsReachAllProcessesOfTheirServiceAndTheLastWins) {
  StackOptions options = Options();
  options.settings = {"trainer.lease=5s", "trainer.lease=7s", "config.repository=/other"};
  const auto plan = PlanServices(options, "host=/s");
  for (const ServiceProcess& process : *plan) {
    EXPECT_EQ(Has(process, "--lease=7s"), process.service == "trainer") << process.name;
    EXPECT_FALSE(Has(process, "--lease=5s"));
    EXPECT_EQ(Has(process, "--repository=/other"), process.service == "config");
    EXPECT_FALSE(Has(process, "--repository=/repo"));
  }
}

TEST(PlanTest, WhoFollowsARemoteNeedsNoRepository) {
  StackOptions options = Options();
  options.config_repo = "";
  options.sensor_data = options.programs = "/nowhere";
  const auto field = [&] {
    return DetailsOf(CheckPrerequisites(options))->field_violations[0].field;
  };
  EXPECT_EQ(field(), "--config-repo");
  options.settings = {"config.remote_url=https://git.example.org/circuits.git"};
  EXPECT_EQ(field(), "--sensor-data");
  const auto plan = PlanServices(options, "host=/s");
  ASSERT_TRUE(plan.ok()) << plan.status();
  for (const ServiceProcess& process : *plan)
    for (const std::string& argument : process.arguments)
      EXPECT_EQ(argument.find("--repository"), std::string::npos) << process.name;
}

TEST(PlanTest, WhatDoesNotFitIsRefusedByItsFlag) {
  const auto flag = [](const StackOptions& options) {
    const absl::Status status = PlanServices(options, "").status();
    return status.ok() ? "" : DetailsOf(status)->field_violations[0].field;
  };
  StackOptions options = Options();
  options.trainers = 0;
  EXPECT_EQ(flag(options), "--trainers");
  options = Options();
  options.port_base = 65530;
  EXPECT_EQ(flag(options), "--port-base");
  for (const char* setting : {"lease=5s", "trainer.lease", "toaster.lease=5s", "trainer.=5", ""}) {
    options = Options();
    options.settings = {setting};
    EXPECT_EQ(flag(options), "--set") << setting;
  }
}

TEST(RestartPauseTest, ItDoublesUpToHalfAMinute) {
  EXPECT_EQ(RestartPause(1), absl::Milliseconds(500));
  EXPECT_EQ(RestartPause(2), absl::Seconds(1));
  EXPECT_EQ(RestartPause(3), absl::Seconds(2));
  EXPECT_EQ(RestartPause(50), absl::Seconds(30));
}

}  // namespace
}  // namespace fleetcast::cli
