// `fleetcast schedule` against a service that keeps what it was asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/time/clock.h"
#include "common/rpc/server.h"
#include "fleetcast/inference/v1/schedule_service.grpc.pb.h"
#include "tests/integration/cli/program.h"

namespace fleetcast::testing {
namespace {

using inference::v1::Schedule;
using ::testing::HasSubstr;

class FakeSchedules final : public inference::v1::ScheduleService::Service {
 public:
  grpc::Status CreateSchedule(grpc::ServerContext*,
                              const inference::v1::CreateScheduleRequest* request,
                              Schedule* response) override {
    const InTurn in_turn;
    created = *request;
    *response = schedule;
    return grpc::Status::OK;
  }
  grpc::Status GetSchedule(grpc::ServerContext*, const inference::v1::GetScheduleRequest*,
                           Schedule* response) override {
    const InTurn in_turn;
    *response = schedule;
    return grpc::Status::OK;
  }
  grpc::Status ListSchedules(grpc::ServerContext*, const inference::v1::ListSchedulesRequest*,
                             inference::v1::ListSchedulesResponse* response) override {
    const InTurn in_turn;
    *response->add_schedules() = schedule;
    return grpc::Status::OK;
  }
  grpc::Status UpdateSchedule(grpc::ServerContext*,
                              const inference::v1::UpdateScheduleRequest* request,
                              Schedule* response) override {
    const InTurn in_turn;
    ++updates;
    updated = *request;
    *response = schedule;
    return grpc::Status::OK;
  }

  Schedule schedule;
  inference::v1::CreateScheduleRequest created;
  inference::v1::UpdateScheduleRequest updated;
  int updates = 0;
};

class ScheduleCliTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = rpc::Server::Start({}, {&service_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    service_.schedule.set_name("schedules/daily");
    service_.schedule.set_cron("0 6 * * *");
    service_.schedule.set_state(Schedule::STATE_ACTIVE);
    service_.schedule.set_overlap_policy(Schedule::OVERLAP_POLICY_SKIP);
  }
  Outcome Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "schedule");
    arguments.insert(arguments.end(), {"--inference-target", server_->address()});
    return RunFleetcast(arguments);
  }
  std::vector<std::string> MaskOfUpdate() const {
    const auto& paths = service_.updated.update_mask().paths();
    return {paths.begin(), paths.end()};
  }

  FakeSchedules service_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(ScheduleCliTest, CreateSendsEveryField) {
  const auto outcome =
      Run({"create", "hourly", "--cron", "0 * * * *", "--time-zone", "Europe/Berlin", "--plants",
           "P001,P002", "--overlap", "REPLACE", "--catch-up", "90m", "--jitter", "1m30s"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto& schedule = service_.created.schedule();
  EXPECT_EQ(schedule.time_zone(), "Europe/Berlin");
  EXPECT_EQ(schedule.plant_ids_size(), 2);
  EXPECT_EQ(schedule.overlap_policy(), Schedule::OVERLAP_POLICY_REPLACE);
  EXPECT_EQ(schedule.catch_up_window().seconds(), 5400);
  EXPECT_EQ(schedule.jitter().seconds(), 90);
  ASSERT_EQ(Run({"create", "daily", "--cron", "0 6 * * *"}).exit_code, 0);
  EXPECT_EQ(service_.created.schedule().overlap_policy(), Schedule::OVERLAP_POLICY_UNSPECIFIED);
  EXPECT_FALSE(service_.created.schedule().has_catch_up_window());
}

TEST_F(ScheduleCliTest, UpdateChangesWhatIsGivenAndNothingElse) {
  struct Scenario {
    std::vector<std::string> flags;
    std::vector<std::string> mask;
  };
  for (const Scenario& scenario : {
           Scenario{{"--cron", "30 6 * * *"}, {"cron"}},
           Scenario{{"--time-zone", "UTC"}, {"time_zone"}},
           Scenario{{"--plants", "P001"}, {"plant_ids"}},
           Scenario{{"--whole-fleet"}, {"plant_ids"}},
           Scenario{{"--display-name", ""}, {"display_name"}},
           Scenario{{"--overlap", "queue"}, {"overlap_policy"}},
           Scenario{{"--catch-up", "however-late"}, {"catch_up_window"}},
           Scenario{{"--jitter", "0", "--cron", "0 7 * * *"}, {"cron", "jitter"}},
       }) {
    std::vector<std::string> arguments = {"update", "daily"};
    arguments.insert(arguments.end(), scenario.flags.begin(), scenario.flags.end());
    const auto outcome = Run(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(MaskOfUpdate(), scenario.mask) << scenario.flags[0];
    EXPECT_EQ(service_.updated.schedule().name(), "schedules/daily");
  }
  ASSERT_EQ(Run({"update", "daily", "--whole-fleet", "--etag", "7"}).exit_code, 0);
  EXPECT_TRUE(service_.updated.schedule().plant_ids().empty());
  EXPECT_EQ(service_.updated.schedule().etag(), "7");
}

TEST_F(ScheduleCliTest, UpdateRefusesWhatItCannotMean) {
  EXPECT_THAT(Run({"update", "daily"}).err, HasSubstr("nothing to change: give --cron"));
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--overlap", "sometimes"},
           {"--jitter", "soon"},
           {"--catch-up", "-5m"},
           {"--catch-up", "none"},
           {"--plants", ","},
           {"--plants", "P001", "--whole-fleet"},
       }) {
    std::vector<std::string> arguments = {"update", "daily"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const auto outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << flags[0] << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(flags[0]));
  }
  EXPECT_EQ(service_.updates, 0);
}

TEST_F(ScheduleCliTest, ATickThatMadeNoSweepIsShown) {
  const auto seconds = [](absl::Time time) { return absl::ToUnixSeconds(time); };
  const absl::Time now = absl::Now();
  service_.schedule.mutable_last_tick_time()->set_seconds(seconds(now - absl::Hours(25)));
  auto& skipped = *service_.schedule.mutable_last_skipped_tick();
  skipped.mutable_tick_time()->set_seconds(seconds(now - absl::Hours(1)));
  skipped.set_reason("OVERLAP");
  skipped.set_message("sweeps/s1 had not ended");
  service_.schedule.mutable_jitter()->set_seconds(600);
  service_.schedule.mutable_next_tick_time()->set_seconds(seconds(now + absl::Hours(23)));
  service_.schedule.mutable_next_sweep_time()->set_seconds(seconds(now + absl::Hours(23)) + 61);
  EXPECT_THAT(Run({"list"}).out, HasSubstr("skipped 1h ago: OVERLAP"));
  const std::string shown = Run({"show", "daily"}).out;
  EXPECT_THAT(shown, HasSubstr("OVERLAP: sweeps/s1 had not ended"));
  EXPECT_THAT(shown, HasSubstr("overlap    skip"));
  EXPECT_THAT(shown, HasSubstr("the latest missed tick, however late"));
  EXPECT_THAT(shown, HasSubstr(", taken at "));
  const auto json = nlohmann::json::parse(Run({"show", "daily", "-o", "json"}).out, nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["last_skipped_tick"]["reason"], "OVERLAP");
  EXPECT_EQ(json["overlap_policy"], "OVERLAP_POLICY_SKIP");
  // One that made a sweep since is no trouble any more.
  service_.schedule.mutable_last_tick_time()->set_seconds(seconds(now - absl::Minutes(5)));
  EXPECT_THAT(Run({"list"}).out, ::testing::Not(HasSubstr("skipped")));
}

}  // namespace
}  // namespace fleetcast::testing
