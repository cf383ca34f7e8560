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

// An update by AIP-134: what a mask names, what is set where there is none, everything for `*`.
class ScheduleUpdateTest : public InferenceStack {
 protected:
  ScheduleUpdateTest() {
    StartReplica(Settings("first"));
    DeployFleet();
  }

  v1::Schedule Whole() {
    v1::Schedule schedule;
    schedule.set_display_name("Every morning");
    schedule.set_cron("0 6 * * *");
    schedule.set_time_zone("Europe/Berlin");
    schedule.add_plant_ids("P001");
    schedule.set_overlap_policy(v1::Schedule::OVERLAP_POLICY_REPLACE);
    schedule.mutable_catch_up_window()->set_seconds(3600);
    schedule.mutable_jitter()->set_seconds(60);
    return schedule;
  }
  absl::StatusOr<v1::Schedule> Create(const std::string& id, const v1::Schedule& schedule) {
    v1::CreateScheduleRequest request;
    request.set_request_id(NewRequestId());
    request.set_schedule_id(id);
    *request.mutable_schedule() = schedule;
    return rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
      return schedules_->CreateSchedule(context, request, response);
    });
  }
  absl::StatusOr<v1::Schedule> Update(v1::Schedule schedule,
                                      const std::vector<std::string>& paths = {}) {
    v1::UpdateScheduleRequest request;
    request.set_request_id(NewRequestId());
    schedule.set_name("schedules/daily");
    *request.mutable_schedule() = schedule;
    for (const std::string& path : paths) request.mutable_update_mask()->add_paths(path);
    return rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
      return schedules_->UpdateSchedule(context, request, response);
    });
  }
  // What a caller may set, for comparison.
  static std::string Text(v1::Schedule schedule) {
    schedule.clear_name();
    schedule.clear_state();
    schedule.clear_etag();
    schedule.clear_next_tick_time();
    schedule.clear_next_sweep_time();
    schedule.clear_create_time();
    schedule.clear_update_time();
    return schedule.DebugString();
  }
};

TEST_F(ScheduleUpdateTest, EveryFieldIsKeptAndReadBack) {
  const auto made = Create("daily", Whole());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(Text(*made), Text(Whole()));
  EXPECT_GE(made->next_sweep_time().seconds(), made->next_tick_time().seconds());
  v1::Schedule least;
  least.set_cron("0 6 * * *");
  const auto defaults = Create("least", least);
  ASSERT_TRUE(defaults.ok()) << defaults.status();
  EXPECT_EQ(defaults->overlap_policy(), v1::Schedule::OVERLAP_POLICY_SKIP);
  EXPECT_FALSE(defaults->has_catch_up_window());
  EXPECT_FALSE(defaults->has_jitter());
}

TEST_F(ScheduleUpdateTest, WithoutAMaskWhatIsSetIsChangedAndNothingElse) {
  ASSERT_TRUE(Create("daily", Whole()).ok());
  v1::Schedule change;
  change.set_cron("30 7 * * *");
  const auto updated = Update(change);
  ASSERT_TRUE(updated.ok()) << updated.status();
  v1::Schedule wanted = Whole();
  wanted.set_cron("30 7 * * *");
  EXPECT_EQ(Text(*updated), Text(wanted)) << "the zone, the plants and the rest are as they were";
}

TEST_F(ScheduleUpdateTest, AMaskSaysWhatIsChangedAlsoToItsDefault) {
  struct Scenario {
    const char* path;
    void (*clear)(v1::Schedule* schedule);
  };
  for (const Scenario& scenario : {
           Scenario{"display_name", [](v1::Schedule* to) { to->clear_display_name(); }},
           Scenario{"time_zone", [](v1::Schedule* to) { to->set_time_zone("UTC"); }},
           Scenario{"plant_ids", [](v1::Schedule* to) { to->clear_plant_ids(); }},
           Scenario{
               "overlap_policy",
               [](v1::Schedule* to) { to->set_overlap_policy(v1::Schedule::OVERLAP_POLICY_SKIP); }},
           Scenario{"catch_up_window", [](v1::Schedule* to) { to->clear_catch_up_window(); }},
           Scenario{"jitter", [](v1::Schedule* to) { to->clear_jitter(); }},
       }) {
    v1::Schedule wanted = Whole();
    scenario.clear(&wanted);
    if (scenario.path == std::string("display_name")) {
      ASSERT_TRUE(Create("daily", Whole()).ok());
    } else {
      ASSERT_TRUE(Update(Whole(), {"*"}).ok());
    }
    const auto updated = Update({}, {scenario.path});
    ASSERT_TRUE(updated.ok()) << scenario.path << updated.status();
    EXPECT_EQ(Text(*updated), Text(wanted)) << scenario.path;
  }
}

TEST_F(ScheduleUpdateTest, AStarReplacesEverything) {
  ASSERT_TRUE(Create("daily", Whole()).ok());
  v1::Schedule least;
  least.set_cron("0 5 * * *");
  const auto replaced = Update(least, {"*"});
  ASSERT_TRUE(replaced.ok()) << replaced.status();
  least.set_time_zone("UTC");
  least.set_overlap_policy(v1::Schedule::OVERLAP_POLICY_SKIP);
  EXPECT_EQ(Text(*replaced), Text(least));
  EXPECT_FALSE(Update({}, {"*"}).ok()) << "a schedule has a cron expression";
}

TEST_F(ScheduleUpdateTest, AMaskThatCannotBeMeantChangesNothingAndSaysWhatCan) {
  const auto made = Create("daily", Whole());
  ASSERT_TRUE(made.ok()) << made.status();
  struct Scenario {
    std::vector<std::string> mask;
    const char* says;
  };
  for (const Scenario& scenario : std::vector<Scenario>{
           {{"colour"}, "\"colour\" is no field of a schedule"},
           {{"cron", "state"}, "\"state\" cannot be changed"},
           {{"name"}, "\"name\" cannot be changed"},
           {{"etag"}, "\"etag\" cannot be changed"},
           {{"next_tick_time"}, "cannot be changed"},
           {{"*", "cron"}, "\"*\" stands alone"},
           {{"schedule.cron"}, "no field of a schedule"},
           {{}, "is empty, and no field of the schedule is set"},
       }) {
    v1::Schedule change;
    if (!scenario.mask.empty()) change.set_cron("1 1 1 1 *");
    const absl::Status status = Update(change, scenario.mask).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << scenario.says;
    const auto details = DetailsOf(status);
    ASSERT_TRUE(details && details->field_violations.size() == 1) << status;
    EXPECT_EQ(details->field_violations[0].field, "update_mask");
    const std::string& text = details->field_violations[0].description;
    EXPECT_NE(text.find(scenario.says), std::string::npos) << text;
    EXPECT_NE(text.find("display_name, cron, time_zone, plant_ids, overlap_policy, "
                        "catch_up_window, jitter"),
              std::string::npos)
        << text;
  }
  v1::Schedule unknown;
  unknown.add_plant_ids("P0001");
  EXPECT_EQ(Update(unknown).status().code(), absl::StatusCode::kNotFound);
  v1::Schedule odd;
  odd.set_overlap_policy(static_cast<v1::Schedule::OverlapPolicy>(7));
  EXPECT_EQ(Update(odd).status().code(), absl::StatusCode::kInvalidArgument);
  v1::Schedule crooked;
  crooked.mutable_jitter()->set_seconds(5);
  crooked.mutable_jitter()->set_nanos(-1);
  EXPECT_EQ(Update(crooked).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Update({}, {"cron"}).status().code(), absl::StatusCode::kInvalidArgument);
  v1::GetScheduleRequest get;
  get.set_name("schedules/daily");
  const auto now = rpc::Call<v1::Schedule>(kScheduleTimeout, [&](auto* context, auto* response) {
    return schedules_->GetSchedule(context, get, response);
  });
  EXPECT_EQ(now->etag(), made->etag());
}

}  // namespace
}  // namespace fleetcast::inference
