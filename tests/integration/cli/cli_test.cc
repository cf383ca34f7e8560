#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/rpc/status.h"
#include "tests/integration/cli/fleet_fixture.h"

namespace fleetcast::testing {
namespace {

using absl::StrContains;
using trainer::v1::TrainingJob;
using trainer::v1::TrainingRun;

class CliTest : public FleetFixture {};

constexpr char kUuid[] = "6a1d2c34-9f52-4f8e-a1de-0f6b5d3c2b1a";

TEST_F(CliTest, AServiceOutOfReachIsNamedWithItsAddressAndExitCode3) {
  const auto outcome = RunFleetcast({"training", "list", "--trainer-target", "127.0.0.1:1"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(StrContains(outcome.err, "cannot reach the trainer service at 127.0.0.1:1"))
      << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, "fleetcast local up")) << outcome.err;
  EXPECT_EQ(outcome.out, "");
}

TEST_F(CliTest, TextThatIsNotUtf8IsRefusedByNameBeforeItIsSent) {
  const auto outcome = Run({"training", "start", "--head", "t\xb0pic"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_TRUE(StrContains(outcome.err, "is not UTF-8")) << outcome.err;
  EXPECT_FALSE(StrContains(outcome.err, "libprotobuf")) << outcome.err;
  EXPECT_EQ(trainer_.creations, 0);
}

TEST_F(CliTest, AWrongWordIsToldWithTheRightOne) {
  const auto said = [&](const std::vector<std::string>& arguments) {
    const auto outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    return outcome.err;
  };
  EXPECT_TRUE(StrContains(said({"trainig", "list"}), "did you mean `training`?"));
  EXPECT_TRUE(StrContains(said({"training", "lst"}), "did you mean `list`?"));
  EXPECT_TRUE(StrContains(said({"model", "list", "--circut", "P001/C001"}),
                          "has no option --circut; did you mean `--circuit`?"));
  EXPECT_TRUE(
      StrContains(said({"model", "list", "-o", "xml"}), "'xml' is no format: table, json or yaml"));
  EXPECT_TRUE(StrContains(said({"model", "list", "P001"}), "one argument too many"));
  EXPECT_TRUE(StrContains(said({"training", "start", "--head", "x", "--pr", "-1"}), "--pr"));
}

TEST_F(CliTest, AWrongCommandLineIsExitCode2) {
  EXPECT_EQ(Run({"training", "strat"}).exit_code, 2);
  EXPECT_EQ(Run({"training", "start"}).exit_code, 2);
  EXPECT_EQ(Run({"training", "start", "--head", "x", "--circuits", "P001/C001"}).exit_code, 2);
  EXPECT_EQ(Run({"config", "show", "C001"}).exit_code, 2);
  EXPECT_EQ(Run({"deployment", "deploy"}).exit_code, 2);
  EXPECT_EQ(Run({"sweep", "start", "--as-of", "yesterday"}).exit_code, 2);
}

TEST_F(CliTest, WhatAServiceRefusesIsToldWithReasonAndRemedy) {
  const auto outcome = Run({"config", "show", "P001/C009"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(StrContains(outcome.err, "plants/P001/circuits/C009")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, "list the circuits of that revision")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, "reason: ")) << outcome.err;
}

TEST_F(CliTest, AServerWithoutTheMethodIsNoFleetcastService) {
  const auto outcome = Run({"schedule", "list"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(StrContains(outcome.err, "ListSchedules")) << outcome.err;
}

TEST_F(CliTest, WatchedTrainingNamesEachFailedCircuitAndExitsWith1) {
  trainer_.watches = {{.events = {RunEvent(TrainingRun::STATE_RUNNING),
                                  JobEvent("C001", TrainingJob::STATE_RUNNING, 5),
                                  JobEvent("C002", TrainingJob::STATE_FAILED),
                                  JobEvent("C003", TrainingJob::STATE_FAILED),
                                  JobEvent("C001", TrainingJob::STATE_SUCCEEDED),
                                  RunEvent(TrainingRun::STATE_FAILED)},
                       .end = grpc::Status::OK}};
  const auto outcome = Run({"training", "start", "--circuits", "P001", "--watch"});
  EXPECT_EQ(outcome.exit_code, 1);
  for (const char* circuit : {"P001/C002", "P001/C003"}) {
    EXPECT_TRUE(StrContains(outcome.err, std::string("failed: ") + circuit +
                                             ": DATA DATA_TOO_FEW_ROWS: 12 rows, 100 needed"))
        << outcome.err;
  }
  EXPECT_FALSE(StrContains(outcome.err, "P001/C001")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, "fleetcast training retry run0")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.out, "P001/C001: epoch 5/10, loss 0.5000")) << outcome.out;
  EXPECT_TRUE(StrContains(outcome.out, "P001/C001: succeeded")) << outcome.out;
  EXPECT_FALSE(StrContains(outcome.out + outcome.err, "\x1b")) << "control codes in a pipe";
}

TEST_F(CliTest, AWatchThatBreaksIsTakenUpAgain) {
  trainer_.watches = {{.events = {RunEvent(TrainingRun::STATE_RUNNING),
                                  JobEvent("C001", TrainingJob::STATE_RUNNING, 1)},
                       .end = grpc::Status(grpc::StatusCode::UNAVAILABLE, "drains")},
                      {.events = {JobEvent("C001", TrainingJob::STATE_SUCCEEDED),
                                  RunEvent(TrainingRun::STATE_SUCCEEDED)},
                       .end = grpc::Status::OK}};
  const auto outcome = Run({"training", "watch", "run0"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(trainer_.watched, 2U);
  EXPECT_TRUE(StrContains(outcome.out, "P001/C001: succeeded")) << outcome.out;
}

TEST_F(CliTest, WatchingAsJsonLeavesOneDocumentOnStandardOutput) {
  trainer_.watches = {{.events = {JobEvent("C001", TrainingJob::STATE_SUCCEEDED),
                                  RunEvent(TrainingRun::STATE_SUCCEEDED)},
                       .end = grpc::Status::OK}};
  const auto outcome = Run({"training", "watch", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << outcome.out;
  EXPECT_EQ(json["state"], "STATE_SUCCEEDED");
  EXPECT_EQ(json["jobs"][0]["circuit_id"], "C001");
  EXPECT_TRUE(StrContains(outcome.err, "P001/C001: succeeded")) << outcome.err;
}

TEST_F(CliTest, StartSendsWhatWasTyped) {
  const auto outcome = Run({"training", "start", "--base", "origin/main", "--head", "topic", "--pr",
                            "12", "--author", "mia", "--request-id", kUuid});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto& spec = trainer_.created.training_run_spec();
  EXPECT_EQ(trainer_.created.request_id(), kUuid);
  EXPECT_EQ(spec.revision_range().base_revision(), "origin/main");
  EXPECT_EQ(spec.revision_range().head_revision(), "topic");
  EXPECT_EQ(spec.pull_request().number(), 12);
  EXPECT_EQ(spec.pull_request().author(), "mia");
  EXPECT_TRUE(StrContains(outcome.out, "fleetcast training watch run0")) << outcome.out;
}

TEST_F(CliTest, ACommandThatMayHaveBeenCarriedOutSaysHowToRepeatIt) {
  trainer_.keeps_silent = true;
  const auto timed_out = Run({"training", "start", "--circuits", "P001", "--timeout", "2s"});
  EXPECT_EQ(timed_out.exit_code, 3);
  EXPECT_TRUE(StrContains(timed_out.err, "the trainer service at ")) << timed_out.err;
  EXPECT_TRUE(StrContains(timed_out.err, "did not answer within 2s")) << timed_out.err;
  const std::string request_id = trainer_.created.request_id();
  EXPECT_TRUE(StrContains(timed_out.err, "--request-id " + request_id)) << timed_out.err;

  // The program has given up; the call may be a little later.
  while (trainer_.ended == 0) absl::SleepFor(absl::Milliseconds(5));
  trainer_.keeps_silent = false;
  trainer_.creation = grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed");
  trainer_.creations = 0;
  const auto broken = Run({"training", "start", "--circuits", "P001", "--request-id", request_id});
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_EQ(trainer_.creations, 3);
  EXPECT_EQ(trainer_.created.request_id(), request_id);
  EXPECT_TRUE(StrContains(broken.err, "--request-id " + request_id)) << broken.err;
}

TEST_F(CliTest, WhatCannotHaveBeenCarriedOutIsNotSaidToHaveBeen) {
  trainer_.creation = rpc::ToGrpc(
      Refused(absl::StatusCode::kFailedPrecondition, "CONFIGURATION_UNSOUND", "line 3 is wrong"));
  const auto refused = Run({"training", "start", "--circuits", "P001"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_FALSE(StrContains(refused.err, "--request-id")) << refused.err;
  trainer_.creation = rpc::ToGrpc(Refused(absl::StatusCode::kDeadlineExceeded,
                                          "POSTGRES_LOCK_TIMEOUT", "nothing was done: a lock"));
  const auto locked = Run({"training", "start", "--circuits", "P001"});
  EXPECT_FALSE(StrContains(locked.err, "--request-id")) << locked.err;
  const auto never_sent =
      RunFleetcast({"training", "start", "--circuits", "P001", "--trainer-target", "127.0.0.1:1"});
  EXPECT_EQ(never_sent.exit_code, 3);
  EXPECT_FALSE(StrContains(never_sent.err, "--request-id")) << never_sent.err;
}

TEST_F(CliTest, AServiceInTroubleIsNamedOnceWithItsReason) {
  trainer_.creation = rpc::ToGrpc(Refused(absl::StatusCode::kDeadlineExceeded, "DEPENDENCY_TIMEOUT",
                                          "the config service at host:7001 did not answer"));
  const auto outcome = Run({"training", "start", "--circuits", "P001"});
  EXPECT_EQ(outcome.exit_code, 3);
  const std::string says = "the trainer service: the config service at host:7001 did not answer\n";
  ASSERT_TRUE(StrContains(outcome.err, says)) << outcome.err;
  EXPECT_EQ(outcome.err.find("did not answer"), outcome.err.rfind("did not answer"));
  EXPECT_TRUE(StrContains(outcome.err, "reason: DEPENDENCY_TIMEOUT")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, "--request-id")) << outcome.err;
}

TEST_F(CliTest, StartTakesCircuitsInEveryForm) {
  Run({"training", "start", "--circuits", "P001/C001,plants/P002/circuits/C002", "--circuits",
       "P003", "--revision", "v1"});
  const auto& selection = trainer_.created.training_run_spec().circuit_selection();
  ASSERT_EQ(selection.circuits_size(), 3);
  EXPECT_EQ(selection.circuits(0), "plants/P001/circuits/C001");
  EXPECT_EQ(selection.circuits(1), "plants/P002/circuits/C002");
  EXPECT_EQ(selection.circuits(2), "plants/P003/circuits/-");
  EXPECT_EQ(selection.revision(), "v1");
}

TEST_F(CliTest, StartTakesPlantsForTheirBases) {
  Run({"training", "start", "--plant-base", "P001,P002", "--revision", "v1"});
  const auto& selection = trainer_.created.training_run_spec().circuit_selection();
  ASSERT_EQ(selection.circuits_size(), 2);
  EXPECT_EQ(selection.circuits(1), "plants/P002/circuits/-");
  EXPECT_TRUE(selection.plant_base());
  EXPECT_EQ(selection.revision(), "v1");
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--circuits", "P001"}, {"--head", "x"}, {"--base", "main"}}) {
    std::vector<std::string> line = {"training", "start", "--plant-base", "P001"};
    line.insert(line.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(Run(line).exit_code, 2) << wrong[0];
  }
}

TEST_F(CliTest, ListsRunOverAllPagesAndParseAsJson) {
  trainer_.run_count = 3;
  const auto outcome = Run({"training", "list", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(json.is_array()) << outcome.out;
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[2]["name"], "trainingRuns/run2");
  EXPECT_TRUE(json[0].contains("job_counts"));
}

TEST_F(CliTest, ALimitedListSaysThatThereIsMore) {
  trainer_.run_count = 3;
  const auto outcome = Run({"training", "list", "--limit", "2"});
  EXPECT_TRUE(StrContains(outcome.err, "--limit 0")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.out, "run1")) << outcome.out;
  EXPECT_FALSE(StrContains(outcome.out, "run2")) << outcome.out;
}

TEST_F(CliTest, AnEmptyListSaysWhatWouldFillIt) {
  trainer_.run_count = 0;
  const auto table = Run({"training", "list"});
  EXPECT_EQ(table.exit_code, 0);
  EXPECT_EQ(table.out, "");
  EXPECT_TRUE(StrContains(table.err, "fleetcast training start")) << table.err;
  EXPECT_EQ(Run({"training", "list", "-o", "json"}).out, "[]\n");
}

TEST_F(CliTest, AListOfWhatNobodyKnowsIsAnError) {
  for (const char* format : {"table", "json"}) {
    for (const auto& [what, reason] : {std::pair{"P009/C001", "CIRCUIT_UNKNOWN"},
                                       {"plants/P009/circuits/C001", "CIRCUIT_UNKNOWN"},
                                       {"P009", "PLANT_UNKNOWN"}}) {
      const auto outcome = Run({"forecast", "list", what, "-o", format});
      EXPECT_EQ(outcome.exit_code, 1) << what;
      EXPECT_EQ(outcome.out, "");
      EXPECT_TRUE(StrContains(outcome.err, reason)) << outcome.err;
    }
  }
  EXPECT_EQ(Run({"forecast", "list"}).exit_code, 0);
  releases_.known = "plants/P009/circuits/C001";
  const auto known = Run({"forecast", "list", "P009/C001"});
  EXPECT_EQ(known.exit_code, 0) << known.err;
  EXPECT_TRUE(StrContains(known.err, "no forecasts yet")) << known.err;
  config_.circuits.add_circuits();
  EXPECT_EQ(Run({"forecast", "list", "P009", "-o", "json"}).out, "[]\n");
}

TEST_F(CliTest, WorkThatIsPausedResumedOrMovedIsNamedForPrograms) {
  using nlohmann::json;
  const std::string job = "trainingRuns/r1/jobs/P001.C001";
  for (const auto& [arguments, said] : std::vector<std::pair<std::vector<std::string>, json>>{
           {{"training", "pause", "r1", "--reason", "heat"},
            {{"paused", "trainingRuns/r1"}, {"count", 1}, {"reason", "heat"}}},
           {{"training", "resume", "r1", "--circuit", "P001/C001"},
            {{"resumed", job}, {"count", 1}}},
           {{"training", "move", "r1", "--circuit", "plants/P001/circuits/C001", "--priority", "5"},
            {{"moved", job}, {"count", 2}, {"priority", 5}}},
           {{"sweep", "move", "s1", "--pool", "night"},
            {{"moved", "sweeps/s1"}, {"count", 2}, {"pool", "pools/night"}}}}) {
    auto with_format = arguments;
    with_format.insert(with_format.end(), {"-o", "json"});
    const auto outcome = Run(with_format);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out), said) << outcome.out;
  }
  EXPECT_EQ(Run({"training", "pause", "r1"}).out, "trainingRuns/r1 is paused (1)\n");
  for (const char* pool : {"night", "nihgt"})
    EXPECT_TRUE(StrContains(Run({"training", "move", "r1", "--pool", pool}).err,
                            absl::StrCat("no replica works for pool ", pool)));
  EXPECT_EQ(Run({"training", "move", "r1", "--pool", "day"}).err, "");
}

TEST_F(CliTest, ChangesCanPrintThePipelinesMatrixAlone) {
  config_.changes.set_matrix_json(R"([{"plant_id":"P001"}])");
  EXPECT_EQ(Run({"config", "changes", "--head", "topic", "--matrix"}).out,
            "[{\"plant_id\":\"P001\"}]\n");
}

TEST_F(CliTest, ChangesOfAllPagesAreOneAnswer) {
  const auto fill = [](config::v1::DetectChangesResponse& page, const std::string& circuit,
                       const std::string& field) {
    auto& change = *page.add_changes();
    change.set_plant_id("P001");
    change.set_circuit_id(circuit);
    change.add_field_change_indexes(0);
    auto& value = *page.add_field_changes();
    value.set_field(field);
    value.set_old_value("1");
    value.set_new_value("2");
    page.set_matrix_json(R"([{"circuit_id":")" + circuit + "\"}]");
    page.set_change_count(2);
  };
  fill(config_.changes, "C001", "training.seed");
  fill(config_.more_changes, "C002", "training.forecast.horizon");
  config_.changes.set_next_page_token("more");
  const auto table = Run({"config", "changes", "--head", "topic"});
  EXPECT_TRUE(StrContains(table.out, "training.seed: 1 -> 2")) << table.out;
  EXPECT_TRUE(StrContains(table.out, "training.forecast.horizon: 1 -> 2")) << table.out;
  EXPECT_TRUE(StrContains(table.out, "2 circuits changed")) << table.out;
  EXPECT_EQ(Run({"config", "changes", "--matrix"}).out,
            "[{\"circuit_id\":\"C001\"},{\"circuit_id\":\"C002\"}]\n");
  const auto json = nlohmann::json::parse(Run({"config", "changes", "-o", "json"}).out);
  EXPECT_EQ(json.at("changes").at(1).at("field_change_indexes").at(0), 1);
  EXPECT_EQ(json.at("field_changes").at(1).at("field"), "training.forecast.horizon");
  EXPECT_EQ(json.at("next_page_token"), "");
}

TEST_F(CliTest, ChangesPrintOneLineForEachShardOfAPipelineSystemsMatrix) {
  config_.changes.set_matrix_json("[]");
  config_.changes.add_matrix_shards_json(R"({"include":[{"plant_id":"P001"}]})");
  config_.changes.add_matrix_shards_json(R"({"include":[{"plant_id":"P002"}]})");
  EXPECT_EQ(Run({"config", "changes", "--matrix", "github", "--shard-size", "1"}).out,
            "{\"include\":[{\"plant_id\":\"P001\"}]}\n{\"include\":[{\"plant_id\":\"P002\"}]}\n");
  EXPECT_EQ(config_.asked.matrix_format(),
            config::v1::DetectChangesRequest::MATRIX_FORMAT_GITHUB_ACTIONS);
  EXPECT_EQ(config_.asked.matrix_shard_size(), 1);
  EXPECT_EQ(Run({"config", "changes", "--matrix=jenkins"}).exit_code, 2);
  EXPECT_EQ(Run({"config", "changes", "--shard-size", "1"}).exit_code, 2);
}

TEST_F(CliTest, WhatTheServiceFetchedBeforeIsSaidToBeSo) {
  for (auto* freshness :
       {config_.changes.mutable_freshness(), config_.circuits.mutable_freshness()}) {
    freshness->set_stale(true);
    freshness->set_message("git.example.org refuses connections");
  }
  config_.circuits.add_circuits();
  for (const auto& outcome : {Run({"config", "changes"}), Run({"config", "list"})}) {
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(StrContains(outcome.err, "fetched before: git.example.org refuses connections"))
        << outcome.err;
  }
}

TEST_F(CliTest, ChangesCanAskForAFetchFirst) {
  EXPECT_EQ(Run({"config", "changes", "--max-staleness", "1.5s"}).exit_code, 0);
  EXPECT_EQ(config_.asked.max_staleness().seconds(), 1);
  EXPECT_EQ(config_.asked.max_staleness().nanos(), 500'000'000);
  EXPECT_EQ(Run({"config", "changes", "--max-staleness", "0s"}).exit_code, 0);
  EXPECT_TRUE(config_.asked.has_max_staleness());
  EXPECT_EQ(Run({"config", "changes"}).exit_code, 0);
  EXPECT_FALSE(config_.asked.has_max_staleness());
  for (const char* wrong : {"-1s", "soon", "inf"}) {
    const auto outcome = Run({"config", "changes", "--max-staleness", wrong});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_NE(outcome.err.find("is no age"), std::string::npos) << outcome.err;
  }
}

TEST_F(CliTest, AServiceThatCannotReachItsRemoteIsNotTakenForOneOutOfReach) {
  config_.refusal =
      MakeError(absl::StatusCode::kUnavailable, "the remote is down", {.reason = "REMOTE_TIMEOUT"});
  const auto outcome = Run({"config", "changes"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(StrContains(outcome.err, "the remote is down")) << outcome.err;
  EXPECT_TRUE(StrContains(outcome.err, "REMOTE_TIMEOUT")) << outcome.err;
  EXPECT_FALSE(StrContains(outcome.err, "cannot reach")) << outcome.err;
}

TEST_F(CliTest, AllTriesOfACallEndByTheTimeThatTheCommandWasGiven) {
  releases_.refusal = MakeError(absl::StatusCode::kUnavailable, "Postgres does not answer",
                                {.reason = "DATABASE_UNAVAILABLE"});
  releases_.thought = absl::Seconds(2);
  const auto outcome = Run({"fleet", "status", "--timeout", "60s"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(StrContains(outcome.err, "Postgres does not answer")) << outcome.err;
  ASSERT_GT(releases_.deadlines.size(), 1u);
  for (const auto& deadline : releases_.deadlines)
    EXPECT_LT(deadline - releases_.deadlines.front(), std::chrono::milliseconds(1500));
}

TEST_F(CliTest, ChangesOfAServiceWhoseRemoteIsDownSaySoAndSucceed) {
  config_.changes.set_matrix_json("[]");
  config_.changes.mutable_freshness()->set_stale(true);
  config_.changes.mutable_freshness()->set_message("fetching took longer than 30s");
  const auto outcome = Run({"config", "changes", "--matrix"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "[]\n");
  EXPECT_TRUE(StrContains(outcome.err, "fetching took longer than 30s")) << outcome.err;
}

TEST_F(CliTest, ChangesWithAnErrorAtTheHeadExitWith1AndPointToTheLine) {
  auto& diagnostic = *config_.changes.add_diagnostics();
  diagnostic.set_severity(config::v1::Diagnostic::SEVERITY_ERROR);
  diagnostic.set_path("config/plants/P001/C001.yml");
  diagnostic.set_line(7);
  diagnostic.set_column(3);
  const auto outcome = Run({"config", "changes", "--head", "topic"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(StrContains(outcome.err, "config/plants/P001/C001.yml:7:3: error")) << outcome.err;
}

TEST_F(CliTest, DeployingSeveralGoesOnAfterOneFails) {
  endpoints_.broken_version = "models/sensor-model/versions/2";
  const auto outcome = Run({"deployment", "deploy", "1,2,3"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(StrContains(outcome.err, "failed: v2")) << outcome.err;
  EXPECT_EQ(endpoints_.deployed, (std::vector<std::string>{"models/sensor-model/versions/1",
                                                           "models/sensor-model/versions/3"}));
}

// So that the service can refuse the second one: it is another request under the same id.
TEST_F(CliTest, OtherVersionsUnderTheSameRequestIdAreSentUnderThatId) {
  for (const char* versions : {"1,2", "1,3"})
    EXPECT_EQ(Run({"deployment", "deploy", versions, "--request-id", kUuid}).exit_code, 0);
  EXPECT_EQ(endpoints_.batch_ids, (std::vector<std::string>{kUuid, kUuid}));
}

TEST_F(CliTest, ASweepWithFailuresNamesThemAndExitsWith1) {
  invocations_.sweep.set_name("sweeps/s1");
  invocations_.sweep.mutable_counts()->set_total(2);
  *invocations_.watched.mutable_sweep() = invocations_.sweep;
  invocations_.watched.mutable_sweep()->set_state(inference::v1::Sweep::STATE_PARTIALLY_SUCCEEDED);
  for (const char* circuit : {"C001", "C002"}) {
    auto& invocation = *invocations_.watched.add_invocations();
    invocation.set_name(std::string("sweeps/s1/invocations/P001.") + circuit);
    invocation.set_plant_id("P001");
    invocation.set_circuit_id(circuit);
    invocation.set_state(inference::v1::Invocation::STATE_SUCCEEDED);
  }
  auto& failed = *invocations_.watched.mutable_invocations(1);
  failed.set_state(inference::v1::Invocation::STATE_FAILED);
  failed.mutable_failure()->set_kind(workqueue::v1::Failure::KIND_DATA);
  failed.mutable_failure()->set_reason("DATA_STALE");
  const auto outcome =
      Run({"sweep", "start", "--plants", "P001,P002", "--as-of", "2025-12-09", "--watch"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(StrContains(outcome.err, "failed: P001/C002: DATA DATA_STALE")) << outcome.err;
  EXPECT_EQ(invocations_.invoked.plant_ids_size(), 2);
  EXPECT_EQ(invocations_.invoked.as_of().seconds(), 1'765'324'799);
}

TEST_F(CliTest, ABackfillSendsItsRangeAndWhatItIsOf) {
  invocations_.sweep.set_name("sweeps/s1");
  invocations_.sweep.mutable_counts()->set_total(2);
  const auto outcome =
      Run({"sweep", "backfill", "--from", "2025-12-01", "--to", "2025-12-09", "--every", "90m",
           "--circuits", "P001/C001,P002/C001", "--request-id", kUuid});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto& request = invocations_.invoked;
  EXPECT_EQ(request.request_id(), kUuid);
  EXPECT_EQ(request.backfill().start_time().seconds(), 1'764'547'200) << "the day's first moment";
  EXPECT_EQ(request.backfill().end_time().seconds(), 1'765'324'799) << "the day's last";
  EXPECT_EQ(request.backfill().every().seconds(), 5400);
  ASSERT_EQ(request.circuits_size(), 2);
  EXPECT_EQ(request.circuits(1), "plants/P002/circuits/C001");
  EXPECT_TRUE(request.plant_ids().empty());
  for (const char* wrong : {"--every=hourly", "--every=0s", "--to=soon", "--circuits=P001"}) {
    std::vector<std::string> arguments = {"sweep", "backfill", "--from", "2025-12-01"};
    if (!StrContains(wrong, "--to")) arguments.insert(arguments.end(), {"--to", "2025-12-02"});
    if (!StrContains(wrong, "--every")) arguments.insert(arguments.end(), {"--every", "1h"});
    arguments.emplace_back(wrong);
    EXPECT_EQ(Run(arguments).exit_code, 2) << wrong;
  }
  EXPECT_EQ(Run({"sweep", "backfill", "--from", "2025-12-01"}).exit_code, 2);
}

TEST_F(CliTest, ASweepOfCircuitsByNameTakesBothSpellings) {
  invocations_.sweep.set_name("sweeps/s1");
  invocations_.sweep.mutable_counts()->set_total(2);
  for (const char* option : {"--circuits", "--circuit"}) {
    for (const std::vector<std::string>& verb :
         std::vector<std::vector<std::string>>{{"sweep", "start"},
                                               {"sweep", "backfill", "--from", "2025-12-01", "--to",
                                                "2025-12-02", "--every", "1h"}}) {
      invocations_.invoked.Clear();
      auto arguments = verb;
      arguments.insert(arguments.end(), {option, "P001/C001,P002/C001"});
      const auto outcome = Run(arguments);
      ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
      ASSERT_EQ(invocations_.invoked.circuits_size(), 2);
      EXPECT_EQ(invocations_.invoked.circuits(1), "plants/P002/circuits/C001");
    }
  }
}

// An unset variable of a pipeline's.
TEST_F(CliTest, AnEmptyListSweepsNothing) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"sweep", "start", "--plants", ""},
                                             {"sweep", "start", "--circuit="},
                                             {"sweep", "backfill", "--from", "2025-12-01", "--to",
                                              "2025-12-02", "--every", "1h", "--circuits", ""}}) {
    const auto outcome = Run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.out;
    EXPECT_TRUE(StrContains(outcome.err, "leave it out for: the whole fleet")) << outcome.err;
  }
  EXPECT_EQ(invocations_.invoked.request_id(), "");
}

TEST_F(CliTest, ASweepOfAPlantThatHasNothingExitsWith1) {
  invocations_.sweep.set_name("sweeps/s1");
  invocations_.sweep.set_state(inference::v1::Sweep::STATE_FAILED);
  invocations_.sweep.set_state_reason("nothing is deployed of P009");
  invocations_.sweep.add_missing_plant_ids("P009");
  for (const char* format : {"table", "json"}) {
    const auto outcome = Run({"sweep", "start", "--plants", "P009", "-o", format});
    EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
    EXPECT_TRUE(StrContains(outcome.out, "P009")) << outcome.out;
  }
}

TEST_F(CliTest, FleetStatusChecksForAlerting) {
  auto& circuit = *releases_.statuses.add_circuit_statuses();
  circuit.set_plant_id("P001");
  circuit.set_circuit_id("C001");
  releases_.summary.set_circuits(1);
  (*releases_.summary.mutable_by_severity())["INFO"] = 1;
  EXPECT_EQ(Run({"fleet", "status", "--check"}).exit_code, 0) << "good to know is no problem";
  (*releases_.summary.mutable_by_severity())["ERROR"] = 1;
  EXPECT_EQ(Run({"fleet", "status"}).exit_code, 0);
  EXPECT_EQ(Run({"fleet", "status", "--check"}).exit_code, 1);
  // With a filter, the service counts what it finds.
  EXPECT_EQ(Run({"fleet", "status", "--check", "--filter", "plant_id = P001"}).exit_code, 1);
  EXPECT_EQ(releases_.summarized.filter(), "plant_id = P001");
  EXPECT_EQ(releases_.asked.filter(), "plant_id = P001");
  (*releases_.summary.mutable_by_severity())["ERROR"] = 0;
  releases_.summary.add_problems()->set_message("schedules/daily asks for forecasts of P009");
  const auto problem = Run({"fleet", "status", "--check"});
  EXPECT_EQ(problem.exit_code, 1);
  EXPECT_TRUE(StrContains(problem.out, "schedules/daily asks for forecasts of P009"))
      << problem.out;
  EXPECT_FALSE(StrContains(problem.out, "no problems")) << problem.out;
  const auto outcome =
      Run({"fleet", "status", "--check", "--filter", "severity = ERROR", "-o", "json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(releases_.asked.filter(), "severity = ERROR");
  const auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(json.is_object()) << outcome.out;
  EXPECT_EQ(json["circuit_statuses"].size(), 1U);
}

TEST_F(CliTest, FleetStatusOfAPlantThatNobodyKnowsIsAnError) {
  const auto outcome = Run({"fleet", "status", "--check", "--plant", "P0001"});
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_TRUE(StrContains(outcome.err, "no circuit of \"P0001\" is known")) << outcome.err;
}

TEST_F(CliTest, FleetStatusOfAServiceThatIsAwayIsNoStatement) {
  auto arguments = ToFakes({"fleet", "status", "--check"});
  arguments.back() = "127.0.0.1:1";
  const auto outcome = RunFleetcast(arguments);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_TRUE(StrContains(outcome.err, "inference service at 127.0.0.1:1")) << outcome.err;
  EXPECT_FALSE(StrContains(outcome.out, "no problems")) << outcome.out;
}

}  // namespace
}  // namespace fleetcast::testing
