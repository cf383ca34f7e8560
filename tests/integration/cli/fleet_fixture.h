// The program against fakes of all four services on one server.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/rpc/server.h"
#include "tests/integration/cli/fake_services.h"
#include "tests/integration/cli/program.h"

namespace fleetcast::testing {

class FleetFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = rpc::Server::Start(
        {}, {&config_, &trainer_, &releases_, &endpoints_, &invocations_, &forecasts_, &work_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    trainer_.run.set_name("trainingRuns/run0");
    trainer_.run.set_state(trainer::v1::TrainingRun::STATE_QUEUED);
    trainer_.run.mutable_job_counts()->set_total(3);
  }

  // `arguments` with the flags that lead to the fakes.
  std::vector<std::string> ToFakes(std::vector<std::string> arguments) const {
    for (const char* service : {"config", "trainer", "registry", "inference"}) {
      arguments.insert(arguments.end(),
                       {std::string("--") + service + "-target", server_->address()});
    }
    return arguments;
  }
  Outcome Run(const std::vector<std::string>& arguments) const {
    return RunFleetcast(ToFakes(arguments));
  }

  FakeConfig config_;
  FakeTrainer trainer_;
  FakeReleases releases_;
  FakeEndpoints endpoints_;
  FakeInvocations invocations_;
  FakeForecasts forecasts_;
  FakeWork work_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace fleetcast::testing
