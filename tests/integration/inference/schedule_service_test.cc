#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/integration/inference/inference_stack.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kScheduleTimeout = absl::Seconds(30);

class ScheduleServiceTest : public InferenceStack {
 protected:
  ScheduleServiceTest() {
    StartReplica(Settings("first"));
    StartReplica(Settings("second"));
  }

  absl::StatusOr<v1::Schedule> Create(const std::string& id, const std::string& cron,
                                      const std::string& zone = "") {
    v1::CreateScheduleRequest request;
    request.set_request_id(NewRequestId());
    request.set_schedule_id(id);
    request.mutable_schedule()->set_cron(cron);
    request.mutable_schedule()->set_time_zone(zone);
    return rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
      return schedules_->CreateSchedule(context, request, response);
    });
  }
  absl::StatusOr<v1::Schedule> Get(const std::string& name) {
    v1::GetScheduleRequest request;
    request.set_name(name);
    return rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
      return schedules_->GetSchedule(context, request, response);
    });
  }
  // As if the schedule's next tick had been due for a while.
  void MakeDue(int minutes) {
    const absl::Status moved = db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
      work.exec_params(
          "UPDATE inference.schedules SET next_tick = now() - $1::integer * interval '1 minute'",
          minutes);
      return absl::OkStatus();
    });
    ASSERT_TRUE(moved.ok()) << moved;
  }
};

TEST_F(ScheduleServiceTest, ADueScheduleSweepsTheFleetOnceWithTwoReplicasAwake) {
  DeployFleet();
  const auto made = Create("nightly", "0 0 * * *", "Europe/Berlin");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name(), "schedules/nightly");
  EXPECT_EQ(made->state(), v1::Schedule::STATE_ACTIVE);
  MakeDue(2 * 24 * 60);  // two ticks were missed
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  auto schedule = Get("schedules/nightly");
  while (!schedule->has_last_tick_time()) {
    ASSERT_LT(absl::Now(), deadline);
    absl::SleepFor(absl::Milliseconds(20));
    schedule = Get("schedules/nightly");
  }
  const Watched watched = WatchToEnd(schedule->last_sweep());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  EXPECT_EQ(watched.sweep.schedule(), "schedules/nightly");
  EXPECT_EQ(watched.sweep.as_of().seconds(), schedule->last_tick_time().seconds());
  v1::ListSweepsRequest list;
  list.set_filter("schedule = \"schedules/nightly\"");
  const auto sweeps = rpc::Call<v1::ListSweepsResponse>(
      kScheduleTimeout,
      [&](auto* context, auto* reply) { return invocations_->ListSweeps(context, list, reply); });
  EXPECT_EQ(sweeps->sweeps_size(), 1);
  EXPECT_EQ(Forecasts().size(), 3U);
}

TEST_F(ScheduleServiceTest, MistakesAreNamedByField) {
  const auto bad = Create("daily", "0 25 * * *", "Mars/Olympus");
  ASSERT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument);
  const auto details = DetailsOf(bad.status());
  ASSERT_TRUE(details);
  ASSERT_EQ(details->field_violations.size(), 2U);
  EXPECT_EQ(details->field_violations[0].field, "schedule.cron");
  EXPECT_EQ(details->field_violations[1].field, "schedule.time_zone");
  EXPECT_FALSE(Create("no/id", "0 6 * * *").ok());
  ASSERT_TRUE(Create("daily", "0 6 * * *").ok());
  EXPECT_EQ(Create("daily", "0 7 * * *").status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ScheduleServiceTest, ItIsUpdatedPausedResumedTriggeredAndDeleted) {
  const auto made = Create("daily", "0 6 * * *");
  v1::UpdateScheduleRequest update;
  update.set_request_id(NewRequestId());
  update.mutable_schedule()->set_name("schedules/daily");
  update.mutable_schedule()->set_display_name("Every morning");
  update.mutable_schedule()->set_etag(made->etag());
  update.mutable_update_mask()->add_paths("display_name");
  const auto updated =
      rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
        return schedules_->UpdateSchedule(context, update, response);
      });
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->display_name(), "Every morning");
  EXPECT_EQ(updated->cron(), "0 6 * * *");
  EXPECT_NE(updated->etag(), made->etag());

  v1::PauseScheduleRequest pause;
  pause.set_request_id(NewRequestId());
  pause.set_name("schedules/daily");
  const auto paused = rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
    return schedules_->PauseSchedule(context, pause, response);
  });
  EXPECT_EQ(paused->state(), v1::Schedule::STATE_PAUSED);
  EXPECT_FALSE(paused->has_next_tick_time());

  v1::TriggerScheduleRequest trigger;
  trigger.set_request_id(NewRequestId());
  trigger.set_name("schedules/daily");
  const auto sweep = rpc::Call<v1::Sweep>(kScheduleTimeout, [&](auto* context, auto* response) {
    return schedules_->TriggerSchedule(context, trigger, response);
  });
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_FALSE(sweep->has_tick_time());

  v1::ResumeScheduleRequest resume;
  resume.set_request_id(NewRequestId());
  resume.set_name("schedules/daily");
  const auto resumed =
      rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
        return schedules_->ResumeSchedule(context, resume, response);
      });
  EXPECT_TRUE(resumed->has_next_tick_time());

  v1::DeleteScheduleRequest remove;
  remove.set_request_id(NewRequestId());
  remove.set_name("schedules/daily");
  EXPECT_TRUE(
      rpc::Call<google::protobuf::Empty>(kScheduleTimeout, [&](auto* context, auto* response) {
        return schedules_->DeleteSchedule(context, remove, response);
      }).ok());
  EXPECT_EQ(Get("schedules/daily").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fleetcast::inference
