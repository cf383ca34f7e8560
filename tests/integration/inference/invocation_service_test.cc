#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "fleetcast/inference/v1/release_service.grpc.pb.h"
#include "tests/integration/inference/inference_stack.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kInvocationTimeout = absl::Seconds(30);

class InvocationServiceTest : public InferenceStack {
 protected:
  InvocationServiceTest() { StartReplica(Settings("first")); }

  // Another replica, which serves but does no work, in place of the first.
  service::Replica& StartApiOnly() {
    replicas_.clear();
    endpoints_ = nullptr;
    InferenceSettings settings = Settings("api");
    settings.slots = 0;
    return StartReplica(settings);
  }
  [[nodiscard]] std::string DatabaseName() {
    std::string name;
    const absl::Status read = db::ReadInTransaction(pool_, [&](pqxx::work& work) {
      name = work.exec1("SELECT quote_ident(current_database())")[0].as<std::string>();
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return name;
  }

  // Damages the stored bytes of the artifact that the deployment pins.
  void DamageArtifact(const std::string& sha256) {
    int damaged = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(artifacts_dir_)) {
      if (file.path().filename().string().find(sha256) == std::string::npos) continue;
      std::filesystem::permissions(file.path(), std::filesystem::perms::owner_write,
                                   std::filesystem::perm_options::add);
      std::ofstream(file.path(), std::ios::app) << "x";
      ++damaged;
    }
    ASSERT_EQ(damaged, 1);
  }
};

TEST_F(InvocationServiceTest, ASweepStoresAForecastForEveryDeployment) {
  DeployFleet();
  const auto sweep = InvokeFleet();
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->counts().total(), 3);
  const Watched watched = WatchToEnd(sweep->name());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_SUCCEEDED) << watched.sweep.DebugString();
  EXPECT_EQ(watched.sweep.counts().succeeded(), 3);
  ASSERT_EQ(watched.invocations.size(), 3U);

  const auto forecasts = Forecasts();
  ASSERT_EQ(forecasts.size(), 3U);
  for (const v1::Forecast& forecast : forecasts) {
    // The last reading of the data, whatever the wall clock says.
    EXPECT_EQ(forecast.issue_time().seconds(), 1'765'321'200);
    EXPECT_EQ(forecast.target_column(), "temperature");
    ASSERT_EQ(forecast.points_size(), 24);
    for (const v1::ForecastPoint& point : forecast.points()) {
      EXPECT_EQ(point.time().seconds(), 1'765'321'200 + 3600 * point.step());
      EXPECT_TRUE(std::isfinite(point.value()));
      ASSERT_EQ(point.intervals_size(), 2);
      EXPECT_EQ(point.intervals(0).level(), 80);
      EXPECT_LE(point.intervals(1).lower(), point.intervals(0).lower());
      EXPECT_GE(point.intervals(1).upper(), point.intervals(0).upper());
    }
  }
  const v1::Invocation& invocation = watched.invocations.at("P001.C001");
  EXPECT_EQ(invocation.state(), v1::Invocation::STATE_SUCCEEDED);
  EXPECT_EQ(invocation.attempt_count(), 1);
  EXPECT_EQ(invocation.forecast(),
            "plants/P001/circuits/C001/forecasts/20251209T230000Z-v" +
                invocation.model().substr(invocation.model().rfind('/') + 1));
}

TEST_F(InvocationServiceTest, SweepingAgainOnTheSameReadingsReplacesTheForecasts) {
  DeployFleet();
  std::string last;
  for (int i = 0; i < 2; ++i) {
    last = InvokeFleet()->name();
    EXPECT_EQ(WatchToEnd(last).sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  }
  const auto forecasts = Forecasts();
  ASSERT_EQ(forecasts.size(), 3U);
  for (const auto& forecast : forecasts) {
    EXPECT_EQ(forecast.invocation().find(last), 0U) << forecast.invocation();
  }
}

TEST_F(InvocationServiceTest, EachFailureIsNamedAndLeavesTheOthersAlone) {
  DeployFleet();
  std::filesystem::remove(SensorFile("P001", "C001"));
  const auto own = Deploy(Register("P001", "C002", ModelBytes() + " of its own"));
  ASSERT_TRUE(own.ok()) << own.status();
  Sql("UPDATE inference.deployments SET fallback = 'none'");

  const auto sweep = InvokeFleet();
  Watched watched = WatchToEnd(sweep->name());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_PARTIALLY_SUCCEEDED);
  EXPECT_EQ(watched.sweep.state_reason(), "2 of 3 invocations failed");
  const auto& data = watched.invocations.at("P001.C001");
  EXPECT_EQ(data.failure().kind(), workqueue::v1::Failure::KIND_DATA) << data.DebugString();
  EXPECT_EQ(data.failure().reason(), "SENSOR_NOT_FOUND");
  EXPECT_EQ(data.attempt_count(), 1);
  const auto& model = watched.invocations.at("P001.C002");
  EXPECT_EQ(model.failure().kind(), workqueue::v1::Failure::KIND_MODEL) << model.DebugString();
  EXPECT_EQ(model.failure().reason(), "MODEL_FILE_CORRUPT");
  EXPECT_EQ(watched.invocations.at("P002.C001").state(), v1::Invocation::STATE_SUCCEEDED);

  // Mended, the failed ones alone are tried again.
  WriteSensor("P001", "C001");
  ASSERT_TRUE(Deploy(Register("P001", "C002")).ok());
  const auto retry = Retry(sweep->name());
  ASSERT_TRUE(retry.ok()) << retry.status();
  EXPECT_EQ(retry->retry_of(), sweep->name());
  EXPECT_EQ(retry->counts().total(), 2);
  EXPECT_EQ(WatchToEnd(retry->name()).sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  EXPECT_EQ(Forecasts(true).size(), 3U);
  EXPECT_EQ(ReasonOf(Retry(retry->name()).status()), "NOTHING_TO_RETRY");
}

TEST_F(InvocationServiceTest, AnArtifactDamagedOnDiskIsTheModelsFailure) {
  DeployFleet();
  const auto version = Register("P001", "C001", ModelBytes() + "!");
  const auto deployed = Deploy(version);
  ASSERT_TRUE(deployed.ok()) << deployed.status();
  DamageArtifact(deployed->artifact_sha256());
  Sql("UPDATE inference.deployments SET fallback = 'none'");
  const Watched watched = WatchToEnd(InvokeFleet()->name());
  const auto& failed = watched.invocations.at("P001.C001");
  EXPECT_EQ(failed.failure().kind(), workqueue::v1::Failure::KIND_MODEL);
  EXPECT_EQ(failed.failure().reason(), "MODEL_ARTIFACT_CORRUPT");
  EXPECT_EQ(watched.sweep.counts().succeeded(), 2);
}

TEST_F(InvocationServiceTest, AWeekThatIsMostlyMissingIsTheDatasFailure) {
  DeployFleet();
  std::ifstream in(SensorFile("P002", "C001"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  lines.erase(lines.end() - 170, lines.end() - 2);
  std::ofstream out(SensorFile("P002", "C001"));
  for (const std::string& line : lines) out << line << "\n";
  out.close();
  Sql("UPDATE inference.deployments SET fallback = 'none'");
  const Watched watched = WatchToEnd(InvokeFleet()->name());
  EXPECT_EQ(watched.invocations.at("P002.C001").failure().kind(),
            workqueue::v1::Failure::KIND_DATA);
  EXPECT_EQ(watched.invocations.at("P002.C001").failure().reason(), "DATA_NOT_FINITE");
  EXPECT_EQ(watched.sweep.counts().succeeded(), 2);
}

TEST_F(InvocationServiceTest, ADamagedVersionIsStoodInForByTheOneBeforeElseByTheDayBefore) {
  DeployFleet();
  // C001 had a sound version before; of C002 both are damaged.
  for (const char* const circuit : {"C001", "C002"}) {
    if (circuit == std::string("C002")) {
      const auto before = Deploy(Register("P001", circuit, ModelBytes() + " before"));
      ASSERT_TRUE(before.ok()) << before.status();
    }
    const auto damaged = Deploy(Register("P001", circuit, ModelBytes() + circuit));
    ASSERT_TRUE(damaged.ok()) << damaged.status();
    EXPECT_EQ(damaged->fallback(), v1::Deployment::FALLBACK_EARLIER_VERSION_OR_NAIVE);
    EXPECT_FALSE(damaged->earlier_model().empty());
  }
  const Watched watched = WatchToEnd(InvokeFleet()->name());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_SUCCEEDED) << watched.sweep.DebugString();
  EXPECT_EQ(watched.sweep.counts().on_fallback(), 2);
  EXPECT_THAT(watched.sweep.state_reason(), ::testing::HasSubstr("for 2 of 3 something stood in"));

  const v1::Invocation& one = watched.invocations.at("P001.C001");
  EXPECT_EQ(one.source(), v1::Forecast::SOURCE_EARLIER_VERSION);
  EXPECT_THAT(one.state_reason(), ::testing::HasSubstr("MODEL_FILE_CORRUPT"));
  const v1::Invocation& two = watched.invocations.at("P001.C002");
  EXPECT_EQ(two.source(), v1::Forecast::SOURCE_SEASONAL_NAIVE);
  EXPECT_EQ(two.forecast(), "plants/P001/circuits/C002/forecasts/20251209T230000Z-naive");

  for (const v1::Invocation* invocation : {&one, &two}) {
    v1::GetForecastRequest request;
    request.set_name(invocation->forecast());
    const auto forecast =
        rpc::Call<v1::Forecast>(kInvocationTimeout, [&](auto* context, auto* response) {
          return forecasts_->GetForecast(context, request, response);
        });
    ASSERT_TRUE(forecast.ok()) << forecast.status();
    EXPECT_EQ(forecast->name(), invocation->forecast());
    EXPECT_EQ(forecast->source(), invocation->source());
    EXPECT_EQ(forecast->source_reason(), invocation->source_reason());
    EXPECT_EQ(forecast->model_version().empty(), invocation == &two);
    EXPECT_EQ(forecast->target_column(), "temperature");
    ASSERT_EQ(forecast->points_size(), 24);
    for (const v1::ForecastPoint& point : forecast->points()) {
      ASSERT_EQ(point.intervals_size(), 2);
      EXPECT_LT(point.intervals(1).lower(), point.value());
      EXPECT_GT(point.intervals(1).upper(), point.value());
    }
  }
}

TEST_F(InvocationServiceTest, ReadingsThatComeAreHeldAgainstWhatWasSaidOfThem) {
  DeployFleet();
  WatchToEnd(InvokeFleet()->name());
  std::ofstream(SensorFile("P001", "C001"), std::ios::app)
      << "2025-12-10T00:00:00Z,16,2.1,0.9\n2025-12-10T01:00:00Z,15.5,2.1,0.9\n";
  const auto releases = v1::ReleaseService::NewStub(rpc::Connect(replicas_.front()->address()));
  v1::GetCircuitStatusRequest request;
  request.set_name("plants/P001/circuits/C001/status");
  for (int sweep = 0; sweep < 2; ++sweep) {  // the second sees nothing new
    WatchToEnd(InvokeFleet()->name());
    const auto status =
        rpc::Call<v1::CircuitStatus>(kInvocationTimeout, [&](auto* context, auto* response) {
          return releases->GetCircuitStatus(context, request, response);
        });
    ASSERT_TRUE(status.ok()) << status.status();
    const v1::LiveAccuracy& live = status->live_accuracy();
    EXPECT_EQ(live.scored_until_time().seconds(), 1'765'328'400);
    EXPECT_EQ(live.scored_values(), 2);
    EXPECT_EQ(live.first_day(), "2025-12-10");
    EXPECT_GT(live.mae(), 0);
    ASSERT_EQ(live.horizon_bands_size(), 1);
    EXPECT_EQ(live.horizon_bands(0).last_step(), 6);
    ASSERT_EQ(live.coverage_size(), 2);
    EXPECT_EQ(live.coverage(1).level(), 95);
  }
}

TEST_F(InvocationServiceTest, OneCircuitIsInvokedAsOfAnEarlierTime) {
  const auto deployments = DeployFleet();
  v1::InvokeDeploymentRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(deployments[0]);
  request.mutable_as_of()->set_seconds(1'765'321'200 - 48 * 3600 + 60);
  const auto invocation =
      rpc::Call<v1::Invocation>(kInvocationTimeout, [&](auto* context, auto* response) {
        return invocations_->InvokeDeployment(context, request, response);
      });
  ASSERT_TRUE(invocation.ok()) << invocation.status();
  EXPECT_EQ(invocation->plant_id(), "P001");
  const std::string sweep = invocation->name().substr(0, invocation->name().find("/invocations"));
  const Watched watched = WatchToEnd(sweep);
  ASSERT_EQ(watched.invocations.size(), 1U);
  EXPECT_EQ(GetInvocation(invocation->name())->issue_time().seconds(), 1'765'321'200 - 48 * 3600);
  EXPECT_EQ(Forecasts().size(), 1U);
}

TEST_F(InvocationServiceTest, WhatADeadReplicaHeldIsDoneByAnother) {
  StartApiOnly();
  DeployFleet();
  const auto sweep = InvokeFleet();
  const auto held = Hold(2, absl::Seconds(2));
  ASSERT_EQ(held.size(), 2U);
  StartReplica(Settings("survivor"));
  const Watched watched = WatchToEnd(sweep->name());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  for (const auto& task : held) {
    EXPECT_EQ(watched.invocations.at(task.name).attempt_count(), 2);
    EXPECT_EQ(watched.invocations.at(task.name).replica(), "survivor");
  }
  EXPECT_EQ(Forecasts().size(), 3U);
}

TEST_F(InvocationServiceTest, ADeadHolderKeepsNobodyFromCancelling) {
  StartApiOnly();
  DeployFleet();
  const auto sweep = InvokeFleet();
  ASSERT_EQ(Hold(3, absl::Hours(1)).size(), 3U);
  EXPECT_EQ(GetInvocation(sweep->name() + "/invocations/P001.C001")->state(),
            v1::Invocation::STATE_RUNNING);
  v1::CancelSweepRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(sweep->name());
  const auto cancelled =
      rpc::Call<v1::Sweep>(kInvocationTimeout, [&](auto* context, auto* response) {
        return invocations_->CancelSweep(context, request, response);
      });
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Sweep::STATE_CANCELLED);
  EXPECT_EQ(cancelled->counts().cancelled(), 3);
  EXPECT_EQ(WatchToEnd(sweep->name()).sweep.state(), v1::Sweep::STATE_CANCELLED);
}

TEST_F(InvocationServiceTest, WhileTheRegistryIsAwayNoAttemptIsSpent) {
  DeployFleet();
  const std::string address = server_->address();
  server_.reset();
  const auto sweep = InvokeFleet();
  const std::string name = absl::StrCat(sweep->name(), "/invocations/P001.C001");
  const v1::Invocation waiting =
      WaitFor(name, [](const v1::Invocation& seen) { return seen.snooze_count() >= 3; });
  EXPECT_EQ(waiting.attempt_count(), 0);
  EXPECT_FALSE(waiting.has_failure());
  EXPECT_NE(waiting.state_reason().find("MODEL_UNAVAILABLE"), std::string::npos)
      << waiting.state_reason();
  auto server = rpc::Server::Start({.listen = address}, service_->grpc_services());
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  const Watched watched = WatchToEnd(sweep->name());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  for (const auto& [key, invocation] : watched.invocations)
    EXPECT_EQ(invocation.attempt_count(), 1) << key;
}

TEST_F(InvocationServiceTest, BytesThatAreNoTextFailTheirCircuitOnceAsData) {
  DeployFleet();
  std::ofstream(SensorFile("P001", "C002"), std::ios::app) << "2025-12-10T00:00:00Z,20.5 \xb0"
                                                              "C,3,0.5\n";
  const Watched watched = WatchToEnd(InvokeFleet()->name());
  EXPECT_EQ(watched.sweep.counts().succeeded(), 2);
  const v1::Invocation& failed = watched.invocations.at("P001.C002");
  EXPECT_EQ(failed.state(), v1::Invocation::STATE_FAILED);
  EXPECT_EQ(failed.failure().kind(), workqueue::v1::Failure::KIND_DATA) << failed.DebugString();
  EXPECT_EQ(failed.attempt_count(), 1);
}

TEST_F(InvocationServiceTest, AnInvocationWhosePayloadCannotBeReadFailsAlone) {
  StartApiOnly();
  DeployFleet();
  const auto sweep = InvokeFleet();
  Sql("UPDATE inference.tasks SET payload = '{\"model_version\": \"twelve\"}'"
      " WHERE name = 'P001.C001'");
  StartReplica(Settings("replica"));
  const Watched watched = WatchToEnd(sweep->name());
  EXPECT_EQ(watched.sweep.counts().succeeded(), 2);
  const v1::Invocation& failed = watched.invocations.at("P001.C001");
  EXPECT_EQ(failed.failure().kind(), workqueue::v1::Failure::KIND_CONFIGURATION);
  EXPECT_EQ(failed.failure().reason(), "PAYLOAD_UNREADABLE");
  EXPECT_EQ(failed.attempt_count(), 1);
}

TEST_F(InvocationServiceTest, ADatabaseThatIsSerializableByDefaultIsNoObstacle) {
  Sql(absl::StrCat("ALTER DATABASE ", DatabaseName(),
                   " SET default_transaction_isolation = 'serializable'"));
  StartApiOnly();
  DeployFleet();
  StartReplica(Settings("first"));
  StartReplica(Settings("second"));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(WatchToEnd(InvokeFleet()->name()).sweep.state(), v1::Sweep::STATE_SUCCEEDED);
}

TEST_F(InvocationServiceTest, TwoSweepsAtOnceRunEachCircuitOneAtATime) {
  DeployFleet();
  StartReplica(Settings("second"));
  const auto one = InvokeFleet();
  const auto other = InvokeFleet();
  EXPECT_EQ(WatchToEnd(one->name()).sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  EXPECT_EQ(WatchToEnd(other->name()).sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  EXPECT_EQ(Forecasts().size(), 3U);
}

TEST_F(InvocationServiceTest, APausedSweepSaysSoAndWaits) {
  StartApiOnly();
  DeployFleet();
  const auto sweep = InvokeFleet();
  workqueue::v1::PauseTasksRequest pause;
  pause.set_name(sweep->name());
  const auto ask_to_pause = [&] {
    pause.set_request_id(NewRequestId());
    return rpc::Call<workqueue::v1::PauseTasksResponse>(
        kInvocationTimeout, [&](auto* context, auto* response) {
          return work_queue_->PauseTasks(context, pause, response);
        });
  };
  const auto paused = ask_to_pause();
  ASSERT_TRUE(paused.ok()) << paused.status();
  EXPECT_EQ(paused->count(), 1);
  const auto again = ask_to_pause();
  ASSERT_TRUE(again.ok()) << "it is paused already: " << again.status();
  EXPECT_EQ(again->count(), 0);
  StartReplica(Settings("replica"));
  v1::GetSweepRequest get;
  get.set_name(sweep->name());
  const auto seen = rpc::Call<v1::Sweep>(kInvocationTimeout, [&](auto* context, auto* response) {
    return invocations_->GetSweep(context, get, response);
  });
  EXPECT_TRUE(seen->paused());
  EXPECT_EQ(GetInvocation(sweep->name() + "/invocations/P001.C001")->state_reason(),
            "paused with all of its group");
  workqueue::v1::ResumeTasksRequest resume;
  resume.set_request_id(NewRequestId());
  resume.set_name(sweep->name());
  ASSERT_TRUE(
      rpc::Call<workqueue::v1::ResumeTasksResponse>(kInvocationTimeout, [&](auto* context,
                                                                            auto* response) {
        return work_queue_->ResumeTasks(context, resume, response);
      }).ok());
  EXPECT_EQ(WatchToEnd(sweep->name()).sweep.state(), v1::Sweep::STATE_SUCCEEDED);
  EXPECT_EQ(ReasonOf(ask_to_pause().status()), "ENDED");
  pause.set_name("sweeps/01m8d3vs000000000000000000");
  EXPECT_EQ(ReasonOf(ask_to_pause().status()), "RESOURCE_NOT_FOUND");
}

TEST_F(InvocationServiceTest, ARepeatedRequestGetsTheSweepAsItWasFirstAnswered) {
  DeployFleet();
  const std::string request_id = NewRequestId();
  const auto first = InvokeFleet(request_id);
  WatchToEnd(first->name());
  const auto second = InvokeFleet(request_id);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->DebugString(), first->DebugString());
}

TEST_F(InvocationServiceTest, TheSameRequestManyTimesAtOnceMakesOneSweep) {
  DeployFleet();
  const std::string request_id = NewRequestId();
  std::vector<std::string> names(20);
  std::vector<std::thread> threads;
  for (std::string& name : names) {
    threads.emplace_back([&] { name = InvokeFleet(request_id).value_or(v1::Sweep{}).name(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(names[0].empty());
  for (const std::string& name : names) EXPECT_EQ(name, names[0]);
}

TEST_F(InvocationServiceTest, AWatchEndsWithUnavailableWhenTheServerDrains) {
  service::Replica& replica = StartApiOnly();
  DeployFleet();
  v1::WatchSweepRequest request;
  request.set_name(InvokeFleet()->name());
  const auto context = rpc::MakeContext(kInvocationTimeout);
  const auto reader = invocations_->WatchSweep(context.get(), request);
  v1::WatchSweepResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.invocations_size(), 3);
  replica.Drain();
  while (reader->Read(&response)) {
  }
  const absl::Status status = rpc::FromGrpc(reader->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "SERVER_DRAINING");
}

TEST_F(InvocationServiceTest, BadRequestsAreRefusedAtTheDoor) {
  v1::InvokeFleetRequest request;
  const auto call = [&] {
    return rpc::Call<v1::Sweep>(kInvocationTimeout, [&](auto* context, auto* response) {
      return invocations_->InvokeFleet(context, request, response);
    });
  };
  EXPECT_EQ(call().status().code(), absl::StatusCode::kInvalidArgument);
  request.set_request_id(NewRequestId());
  request.add_plant_ids("../P001");
  EXPECT_EQ(call().status().code(), absl::StatusCode::kInvalidArgument);
  request.set_plant_ids(0, "P777");
  EXPECT_EQ(call().status().code(), absl::StatusCode::kNotFound);
  request.clear_plant_ids();
  request.mutable_as_of()->set_seconds(-5);
  EXPECT_EQ(call().status().code(), absl::StatusCode::kInvalidArgument);
  request.clear_as_of();
  const auto nothing = call();
  ASSERT_TRUE(nothing.ok()) << nothing.status();
  EXPECT_EQ(nothing->state(), v1::Sweep::STATE_SUCCEEDED);
  v1::ListSweepsRequest list;
  list.set_filter("colour = red");
  const auto listed = rpc::Call<v1::ListSweepsResponse>(
      kInvocationTimeout,
      [&](auto* context, auto* reply) { return invocations_->ListSweeps(context, list, reply); });
  EXPECT_EQ(listed.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(InvocationServiceTest, AStreamOfForecastsHasThemAll) {
  DeployFleet();
  WatchToEnd(InvokeFleet()->name());
  v1::StreamForecastsRequest request;
  request.set_parent("plants/P001/circuits/-");
  const auto context = rpc::MakeContext(kInvocationTimeout);
  const auto reader = forecasts_->StreamForecasts(context.get(), request);
  std::vector<std::string> circuits;
  v1::StreamForecastsResponse response;
  while (reader->Read(&response)) circuits.push_back(response.forecast().circuit());
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(circuits,
            (std::vector<std::string>{"plants/P001/circuits/C001", "plants/P001/circuits/C002"}));
}

// As each forecast would have been made then: from the readings up to its window only.
TEST_F(InvocationServiceTest, ABackfillMakesTheForecastsOfTimesPast) {
  replicas_.clear();
  endpoints_ = nullptr;
  InferenceSettings settings = Settings("backfills");
  settings.keep_forecasts = absl::Hours(24 * 36'500);
  StartReplica(settings);
  DeployFleet();
  const auto live = InvokeFleet();
  WatchToEnd(live->name());
  const std::vector<v1::Forecast> latest = Forecasts(/*latest_only=*/true);

  const auto invoke = [&](const v1::InvokeFleetRequest& request) {
    return rpc::Call<v1::Sweep>(kInvocationTimeout, [&](auto* context, auto* response) {
      return invocations_->InvokeFleet(context, request, response);
    });
  };
  v1::InvokeFleetRequest request;
  request.set_request_id(NewRequestId());
  request.add_circuits("plants/P001/circuits/C001");
  const std::int64_t start = 1'765'238'400;  // 2025-12-09
  request.mutable_backfill()->mutable_start_time()->set_seconds(start);
  request.mutable_backfill()->mutable_end_time()->set_seconds(start + 20 * 3600);
  request.mutable_backfill()->mutable_every()->set_seconds(2 * 3600);
  const auto sweep = invoke(request);
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->backfill().window_count(), 11);
  EXPECT_EQ(sweep->circuits_size(), 1);
  const Watched watched = WatchToEnd(sweep->name());
  EXPECT_EQ(watched.sweep.state(), v1::Sweep::STATE_SUCCEEDED) << watched.sweep.DebugString();
  const v1::Invocation& invocation = watched.invocations.at("P001.C001");
  EXPECT_EQ(invocation.backfill_progress().made_count(), 11);
  EXPECT_EQ(invocation.backfill_progress().failed_count(), 0);
  EXPECT_EQ(invocation.pool(), "pools/backfilling");
  EXPECT_EQ(invocation.issue_time().seconds(), start + 20 * 3600);

  std::vector<std::int64_t> issued;
  for (const v1::Forecast& forecast : Forecasts(false, "plants/P001/circuits/C001"))
    issued.push_back(forecast.issue_time().seconds());
  ASSERT_EQ(issued.size(), 12U) << "and the live one";
  for (int i = 1; i < 12; ++i) EXPECT_EQ(issued[i], start + (11 - i) * 2 * 3600);
  const std::vector<v1::Forecast> latest_now = Forecasts(/*latest_only=*/true);
  ASSERT_EQ(latest_now.size(), latest.size());
  for (std::size_t i = 0; i < latest.size(); ++i) EXPECT_EQ(latest_now[i].name(), latest[i].name());

  struct Mistake {
    const char* field;
    void (*make)(v1::InvokeFleetRequest* request);
  };
  for (const Mistake& mistake : {
           Mistake{"as_of", [](auto* to) { to->mutable_as_of()->set_seconds(1'765'238'400); }},
           Mistake{"circuits", [](auto* to) { to->add_plant_ids("P001"); }},
           Mistake{"backfill.every", [](auto* to) { to->mutable_backfill()->clear_every(); }},
           Mistake{"backfill.every",
                   [](auto* to) { to->mutable_backfill()->mutable_every()->set_nanos(1); }},
           Mistake{"backfill.end_time", [](auto* to) { to->mutable_backfill()->clear_end_time(); }},
       }) {
    v1::InvokeFleetRequest wrong = request;
    wrong.set_request_id(NewRequestId());
    mistake.make(&wrong);
    const absl::Status status = invoke(wrong).status();
    const auto details = DetailsOf(status);
    ASSERT_TRUE(details && !details->field_violations.empty()) << status;
    EXPECT_EQ(details->field_violations[0].field, mistake.field) << status;
  }
}

}  // namespace
}  // namespace fleetcast::inference
