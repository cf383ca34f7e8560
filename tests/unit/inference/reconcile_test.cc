// What a release asks of a circuit, and what is done about it: the table that the reconciler
// carries out.
#include "services/inference/domain/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::inference {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const CircuitId kCircuit{"P001", "C001"};

CircuitRecord Active(const std::string& training = "t1", const std::string& deployment = "d1") {
  CircuitRecord record{.circuit = kCircuit, .display_name = "A"};
  record.desired_state = DesiredState::kActive;
  record.training_hash = training;
  record.deployment_hash = deployment;
  return record;
}

CircuitRecord Serving(CircuitRecord record, std::int64_t version, const std::string& training,
                      const std::string& deployment) {
  record.serving = CircuitRecord::Serving{.model_version = version,
                                          .training_hash = training,
                                          .deployment_hash = deployment,
                                          .cutoff_date = "",
                                          .mae = {},
                                          .skill = {},
                                          .deploy_time = absl::UnixEpoch()};
  return record;
}

CircuitRecord Pinned(CircuitRecord record, std::int64_t version) {
  record.pin = CircuitRecord::Pin{.model_version = version,
                                  .actor = "anna",
                                  .reason = "inspection",
                                  .create_time = absl::UnixEpoch(),
                                  .expire_time = {}};
  return record;
}

CircuitRecord Retired(CircuitRecord record) {
  record.desired_state = DesiredState::kRetired;
  return record;
}

// Its last step succeeded and left `version` in service.
CircuitRecord StepLeft(CircuitRecord record, std::int64_t version) {
  record.step = CircuitRecord::Step{};
  record.step->state = workqueue::TaskState::kSucceeded;
  record.step->result.model_version = version;
  return record;
}

struct DecideCase {
  std::string name;
  CircuitRecord circuit;
  RegistryFacts registry;
  bool needs_step;
  StepAction action;
  std::int64_t version;
  // Of: B brings the champion back, T asks the trainer, C sets the champion, X removes it, D
  // deploys, U takes away.
  std::string effects;
};

std::string EffectsOf(const StepDecision& decision) {
  std::string effects;
  if (decision.restore != 0) effects += 'B';
  if (decision.ask_trainer) effects += 'T';
  if (decision.set_champion) effects += 'C';
  if (decision.remove_champion) effects += 'X';
  if (decision.deploy) effects += 'D';
  if (decision.undeploy) effects += 'U';
  return effects;
}

class DecideTest : public ::testing::TestWithParam<DecideCase> {};

TEST_P(DecideTest, Decides) {
  const DecideCase& given = GetParam();
  EXPECT_EQ(NeedsStep(given.circuit), given.needs_step);
  const StepDecision decision = Decide(given.circuit, given.registry);
  EXPECT_EQ(decision.action, given.action) << decision.why;
  EXPECT_EQ(decision.version, given.version);
  EXPECT_EQ(EffectsOf(decision), given.effects);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, DecideTest,
    ::testing::ValuesIn(std::vector<DecideCase>{
        {"FirstOfItsCircuit",
         Active(),
         {0, 0, 0, {{3, "BETTER", 0, ""}}},
         true,
         StepAction::kPromoted,
         3,
         "CD"},
        {"NobodyTrainedIt", Active(), {}, true, StepAction::kNone, 0, "T"},
        {"NobodyTrainedItAndTheOldOneGoesOn",
         Serving(Active("t2"), 3, "t1", "d1"),
         {3, 0, 0, {}},
         true,
         StepAction::kNone,
         3,
         "T"},
        {"ACandidateThatPassed",
         Serving(Active("t2"), 3, "t1", "d1"),
         {3, 0, 0, {{7, "BETTER", 3, ""}}},
         true,
         StepAction::kPromoted,
         7,
         "CD"},
        {"ACandidateThatCouldNotBeCompared",
         Serving(Active("t2"), 3, "t1", "d1"),
         {3, 0, 0, {{7, "NOT_COMPARABLE", 3, ""}}},
         true,
         StepAction::kPromoted,
         7,
         "CD"},
        {"ACandidateThatTheGateRefused",
         Serving(Active("t2"), 3, "t1", "d1"),
         {3, 0, 0, {{7, "NOT_BETTER", 3, ""}}},
         true,
         StepAction::kRefused,
         3,
         ""},
        {"RefusedWhereNothingServes",
         Active(),
         {0, 0, 0, {{7, "NOT_BETTER", 0, ""}}},
         true,
         StepAction::kRefused,
         0,
         ""},
        {"RefusedWhereTheDeploymentWasDeletedByHand",
         Active("t2"),
         {3, 0, 0, {{7, "NOT_BETTER", 3, ""}}},
         true,
         StepAction::kRefused,
         3,
         "D"},
        {"RefusedWhereAnotherWasDeployedByHand",
         Serving(Active("t2"), 1, "t1", "d1"),
         {3, 0, 0, {{7, "NOT_BETTER", 3, ""}}},
         true,
         StepAction::kRefused,
         3,
         "D"},
        {"RefusedButWithOtherDeploymentValues",
         Serving(Active("t2", "d2"), 3, "t1", "d1"),
         {3, 0, 0, {{7, "NOT_BETTER", 3, ""}}},
         true,
         StepAction::kRefused,
         3,
         "D"},
        {"AChampionThatTheGateRefusedAndAPinMadeOne",
         Serving(Active("t2"), 7, "t2", "d1"),
         {7, 3, 0, {{7, "NOT_BETTER", 3, ""}}},
         false,
         StepAction::kRefused,
         3,
         "CD"},
        {"AChampionThatWasRefusedAndIsTheOnlyOne",
         Serving(Active("t2"), 7, "t2", "d1"),
         {7, 0, 0, {{7, "NOT_BETTER", 0, ""}}},
         false,
         StepAction::kNone,
         7,
         ""},
        {"BackFromRetirement",
         Active("t2"),
         {0, 0, 3, {{7, "BETTER", 3, ""}}},
         true,
         StepAction::kNone,
         0,
         "B"},
        {"JudgedAgainstAnotherChampion",
         Serving(Active("t2"), 5, "t1", "d1"),
         {5, 0, 0, {{7, "BETTER", 3, ""}}},
         true,
         StepAction::kNone,
         5,
         "T"},
        {"RefusedAgainstAnotherChampion",
         Serving(Active("t2"), 5, "t1", "d1"),
         {5, 0, 0, {{7, "NOT_BETTER", 3, ""}}},
         true,
         StepAction::kNone,
         5,
         "T"},
        {"NotJudgedYet",
         Serving(Active("t2"), 3, "t1", "d1"),
         {3, 0, 0, {{7, "", 0, ""}}},
         true,
         StepAction::kNone,
         3,
         "T"},
        {"AnEarlierOneOfTheSameHashPassed",
         Serving(Active("t2"), 3, "t1", "d1"),
         {3, 0, 0, {{8, "NOT_BETTER", 3, ""}, {7, "BETTER", 3, ""}}},
         true,
         StepAction::kPromoted,
         7,
         "CD"},
        {"PromotedButNotDeployed",
         Serving(Active("t2"), 3, "t1", "d1"),
         {7, 0, 0, {{7, "BETTER", 3, ""}}},
         true,
         StepAction::kPromoted,
         7,
         "D"},
        {"OtherDeploymentValues",
         Serving(Active("t1", "d2"), 3, "t1", "d1"),
         {3, 0, 0, {{3, "BETTER", 0, ""}}},
         true,
         StepAction::kRedeployed,
         3,
         "D"},
        {"InSync",
         Serving(Active(), 3, "t1", "d1"),
         {3, 0, 0, {{3, "BETTER", 0, ""}}},
         false,
         StepAction::kNone,
         3,
         ""},
        {"BackToAnEarlierHash",
         Serving(Active("t1"), 7, "t2", "d1"),
         {7, 0, 0, {{3, "BETTER", 7, ""}}},
         true,
         StepAction::kPromoted,
         3,
         "CD"},
        {"AChampionOfAnotherHashThatTheGateHadRefused",
         Serving(Active(), 14, "unmerged", "d1"),
         {14, 3, 0, {{3, "BETTER", 0, ""}}, "not better"},
         true,
         StepAction::kNone,
         14,
         "B"},
        {"SuchAChampionWithNoneBefore",
         Serving(Active(), 14, "unmerged", "d1"),
         {14, 0, 0, {{3, "BETTER", 14, ""}}, "not better"},
         true,
         StepAction::kPromoted,
         3,
         "CD"},
        {"DeployedByHandOfTheSameConfiguration",
         StepLeft(Serving(Active(), 7, "t1", "d1"), 3),
         {3, 0, 0, {{7, "NOT_BETTER", 3, ""}, {3, "BETTER", 0, ""}}},
         true,
         StepAction::kPromoted,
         3,
         "D"},
        {"WhatItsStepLeftInService",
         StepLeft(Serving(Active(), 3, "t1", "d1"), 3),
         {3, 0, 0, {{7, "NOT_BETTER", 3, ""}, {3, "BETTER", 0, ""}}},
         false,
         StepAction::kNone,
         3,
         ""},
        {"Gone",
         Retired(Serving(Active(), 3, "t1", "d1")),
         {3, 0, 0, {}},
         true,
         StepAction::kRetired,
         0,
         "XU"},
        {"GoneAndTheChampionIsRemovedAlready",
         Retired(Serving(Active(), 3, "t1", "d1")),
         {},
         true,
         StepAction::kRetired,
         0,
         "U"},
        {"GoneLongAgo", Retired(Active()), {}, false, StepAction::kRetired, 0, ""},
        {"DeployedByHandAndInNoRelease",
         Serving(CircuitRecord{.circuit = kCircuit}, 3, "", ""),
         {3, 0, 0, {}},
         false,
         StepAction::kNone,
         3,
         ""},
        {"PinnedToWhatServes",
         Pinned(Serving(Active("t2"), 3, "t1", "d1"), 3),
         {3, 0, 0, {{7, "BETTER", 3, ""}}},
         false,
         StepAction::kPinned,
         3,
         ""},
        {"PinnedToAnother",
         Pinned(Serving(Active(), 3, "t1", "d1"), 2),
         {3, 0, 0, {{3, "BETTER", 0, ""}}},
         true,
         StepAction::kPromoted,
         2,
         "CD"},
        {"PinnedAndGone",
         Pinned(Retired(Serving(Active(), 3, "t1", "d1")), 3),
         {3, 0, 0, {}},
         false,
         StepAction::kPinned,
         3,
         ""},
    }),
    [](const auto& info) { return info.param.name; });

TEST(DecideTest, ARollbackTakesWhatEverPassedAndNothingElse) {
  const CircuitRecord circuit = Serving(Active("t1"), 7, "t2", "d1");
  const StepDecision back = Decide(circuit, {7, 0, 0, {{3, "BETTER", 1, ""}}}, /*rollback=*/true);
  EXPECT_EQ(back.version, 3);
  EXPECT_EQ(EffectsOf(back), "CD");
  EXPECT_EQ(EffectsOf(Decide(circuit, {7, 0, 0, {{3, "NOT_BETTER", 1, ""}}}, true)), "T");
}

TEST(DecideTest, AnUnsoundCircuitKeepsWhatItHas) {
  CircuitRecord circuit = Serving(Active("t2"), 3, "t1", "d1");
  circuit.unsound = true;
  EXPECT_FALSE(NeedsStep(circuit));
  EXPECT_EQ(EffectsOf(Decide(circuit, {3, 0, 0, {{7, "BETTER", 3, ""}}})), "");
}

DesiredCircuit Desired(const std::string& circuit, const std::string& training = "t1",
                       const std::string& deployment = "d1") {
  DesiredCircuit desired{.circuit = {"P001", circuit},
                         .training_hash = training,
                         .deployment_hash = deployment,
                         .cutoff_date = "2025-12-09",
                         .settings = {}};
  desired.settings.display_name = "A";
  desired.settings.commit = "c2";
  return desired;
}

std::vector<std::string> IdsOf(const std::vector<CircuitRecord>& records) {
  std::vector<std::string> ids;
  for (const CircuitRecord& record : records) ids.push_back(record.circuit.circuit_id);
  return ids;
}

TEST(ChangeToTest, AFirstReleaseNamesEveryCircuit) {
  const FleetChange change =
      ChangeTo({.commit = "c2", .circuits = {Desired("C001"), Desired("C002")}}, {});
  EXPECT_THAT(IdsOf(change.changed), ElementsAre("C001", "C002"));
  EXPECT_THAT(IdsOf(change.to_step), ElementsAre("C001", "C002"));
  EXPECT_EQ(change.changed[0].commit, "c2");
  EXPECT_EQ(change.changed[0].desired_state, DesiredState::kActive);
}

TEST(ChangeToTest, OnlyWhatIsOtherwiseChangesAndOnlyWhatIsOutOfSyncIsStepped) {
  CircuitRecord same = Serving(Active(), 3, "t1", "d1");
  same.commit = "c1";
  same.training_run = "trainingRuns/r1";
  CircuitRecord other = same;
  other.circuit = {"P001", "C002"};
  const FleetChange change = ChangeTo(
      {.commit = "c2", .circuits = {Desired("C001"), Desired("C002", "t2")}}, {same, other});
  EXPECT_THAT(IdsOf(change.changed), ElementsAre("C002"));
  EXPECT_THAT(IdsOf(change.to_step), ElementsAre("C002"));
  EXPECT_EQ(change.changed[0].training_run, "") << "it was for the hash before";
  EXPECT_EQ(change.in_sync, 1);
}

TEST(ChangeToTest, WhatIsGoneIsRetiredWhoeverDeployedIt) {
  CircuitRecord by_hand = Serving(CircuitRecord{.circuit = kCircuit}, 3, "", "");
  const FleetChange change = ChangeTo({.commit = "c2"}, {by_hand});
  ASSERT_THAT(change.changed, SizeIs(1));
  EXPECT_EQ(change.changed[0].desired_state, DesiredState::kRetired);
  EXPECT_THAT(IdsOf(change.to_step), ElementsAre("C001"));
  EXPECT_THAT(ChangeTo({.commit = "c3"}, {Retired(Active())}).changed, IsEmpty());
  // Nothing serves it, but the registry may know a champion.
  EXPECT_THAT(IdsOf(ChangeTo({.commit = "c2"}, {Active()}).to_step), ElementsAre("C001"));
}

TEST(ChangeToTest, NothingIsRetiredWhileTheMasterListCannotBeReadInFull) {
  const FleetChange change =
      ChangeTo({.commit = "c2", .complete = false}, {Serving(Active(), 3, "t1", "d1")});
  EXPECT_THAT(change.changed, IsEmpty());
  EXPECT_THAT(change.to_step, IsEmpty());
}

TEST(ChangeToTest, AnUnsoundCircuitIsMarkedAndKeepsWhatItIsToBe) {
  const FleetChange change =
      ChangeTo({.commit = "c2", .unsound = {{kCircuit, "a.yml:3:1: x"}, {{"P001", "C009"}, "y"}}},
               {Serving(Active(), 3, "t1", "d1")});
  EXPECT_THAT(IdsOf(change.changed), ElementsAre("C001", "C009"));
  EXPECT_TRUE(change.changed[0].unsound);
  EXPECT_EQ(change.changed[0].unsound_because, "a.yml:3:1: x");
  EXPECT_EQ(change.changed[1].unsound_because, "y");
  EXPECT_EQ(change.changed[0].training_hash, "t1");
  EXPECT_THAT(change.to_step, IsEmpty());
  EXPECT_EQ(change.unsound, 2);
  // The same again is no change, another fault is.
  const auto again = [&](const std::string& fault) {
    return ChangeTo({.commit = "c3", .unsound = {{kCircuit, fault}}}, {change.changed[0]});
  };
  EXPECT_THAT(again("a.yml:3:1: x").changed, IsEmpty());
  EXPECT_THAT(again("a.yml:9:1: z").changed, SizeIs(1));
  // Mended, it is as others.
  const FleetChange mended =
      ChangeTo({.commit = "c3", .circuits = {Desired("C001")}}, {change.changed[0]});
  ASSERT_THAT(mended.changed, SizeIs(1));
  EXPECT_FALSE(mended.changed[0].unsound);
  EXPECT_EQ(mended.changed[0].unsound_because, "");
}

}  // namespace
}  // namespace fleetcast::inference
