// What is out of the ordinary about a circuit: scenarios, and what whoever is on call reads.
#include "services/inference/domain/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fleetcast::inference {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1'765'238'400);
const CircuitId kOfTest{"P001", "C001"};

// In sync, deployed a week ago, forecast an hour ago by a daily schedule.
CircuitRecord SoundCircuit() {
  CircuitRecord record{.circuit = kOfTest, .display_name = "A"};
  record.desired_state = DesiredState::kActive;
  record.training_hash = "t1";
  record.deployment_hash = "d1";
  record.serving = CircuitRecord::Serving{.model_version = 3,
                                          .training_hash = "t1",
                                          .deployment_hash = "d1",
                                          .cutoff_date = "2025-12-01",
                                          .mae = 0.5,
                                          .skill = 0.3,
                                          .deploy_time = kNow - absl::Hours(24 * 7)};
  record.forecast = CircuitRecord::LatestForecast{.issue_time = kNow - absl::Hours(2),
                                                  .create_time = kNow - absl::Minutes(59),
                                                  .model_version = 3,
                                                  .next_value = 1.0};
  return record;
}

FleetClock Daily() {
  Schedule schedule{.id = "daily"};
  schedule.last_tick = kNow - absl::Hours(1);
  schedule.next_tick = kNow + absl::Hours(23);
  return {.now = kNow, .schedules = {schedule}, .latest_issue = kNow - absl::Hours(2)};
}

// "ERROR FORECAST_LATE", worst first.
std::vector<std::string> WordsOf(const CircuitRecord& circuit, const FleetClock& clock = Daily()) {
  std::vector<std::string> words;
  for (const Condition& condition : ConditionsOf(circuit, clock))
    words.push_back(Word(condition.severity) + " " + Word(condition.type));
  return words;
}

CircuitRecord::Step StepWith(workqueue::TaskState state) {
  CircuitRecord::Step step;
  step.state = state;
  step.create_time = kNow - absl::Minutes(10);
  step.update_time = kNow - absl::Minutes(5);
  return step;
}

CircuitRecord OutOfSync(workqueue::TaskState state) {
  CircuitRecord circuit = SoundCircuit();
  circuit.training_hash = "t2";
  circuit.step_group_id = "r1";
  circuit.step = StepWith(state);
  return circuit;
}

TEST(ConditionTest, ASoundCircuitHasNone) {
  EXPECT_THAT(WordsOf(SoundCircuit()), IsEmpty());
  EXPECT_EQ(WorstOf({}), Severity::kOk);
}

TEST(ConditionTest, AForecastIsLateByTheClockAndTheSchedule) {
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->create_time = kNow - absl::Hours(25);
  EXPECT_THAT(WordsOf(circuit), ElementsAre("ERROR FORECAST_LATE"));
  FleetClock patient = Daily();
  patient.late_after = absl::Hours(2);
  EXPECT_THAT(WordsOf(circuit, patient), IsEmpty()) << "not yet";
  circuit.serving->deploy_time = kNow - absl::Minutes(30);
  EXPECT_THAT(WordsOf(circuit), IsEmpty()) << "it was deployed after the tick";
}

// A sweep answered from readings that there was a forecast of, which stays the newest.
TEST(ConditionTest, AForecastThatDidNotReplaceTheNewestIsAnAnswerToo) {
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->create_time = kNow - absl::Hours(25);
  circuit.failed_invocation = workqueue::Failure{.kind = workqueue::FailureKind::kData,
                                                 .reason = "DATA_GAP",
                                                 .message = "no readings",
                                                 .time = kNow - absl::Minutes(40)};
  EXPECT_THAT(WordsOf(circuit), Not(IsEmpty()));
  circuit.forecast->answer_time = kNow - absl::Minutes(30);
  EXPECT_THAT(WordsOf(circuit), IsEmpty());
  circuit.failed_invocation->time = kNow - absl::Minutes(20);
  EXPECT_THAT(WordsOf(circuit), ElementsAre("ERROR FORECAST_FAILED"));
}

// The whole fleet has stood still for a month: no process ticks, and nothing says so but the clock.
TEST(ConditionTest, ATickThatNobodyAnsweredMakesForecastsLate) {
  FleetClock clock = Daily();
  clock.schedules[0].last_tick = kNow - absl::Hours(24 * 31);
  clock.schedules[0].next_tick = kNow - absl::Hours(24 * 30);
  CircuitRecord circuit = SoundCircuit();
  circuit.serving->deploy_time = kNow - absl::Hours(24 * 60);
  circuit.forecast->create_time = kNow - absl::Hours(24 * 31);
  const auto conditions = ConditionsOf(circuit, clock);
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].type, ConditionType::kForecastLate);
  EXPECT_THAT(conditions[0].message, HasSubstr("30 days"));
  EXPECT_EQ(conditions[0].since, clock.schedules[0].next_tick);
}

// Each tick of a frequent schedule is young; the forecasts are old all the same.
TEST(ConditionTest, ALateForecastNamesWhatHoldsUpItsPlant) {
  FleetClock clock = Daily();
  clock.schedules[0].last_tick = kNow - absl::Hours(2);
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->create_time = kNow - absl::Hours(24);
  const auto message = [&] {
    const auto conditions = ConditionsOf(circuit, clock);
    return conditions.empty() ? "" : conditions[0].message;
  };
  EXPECT_THAT(message(), HasSubstr("`fleetcast local status`"));
  clock.plant_obstacles["P002"] = "pool plant-P002 is paused";
  EXPECT_THAT(message(), Not(HasSubstr("P002")));
  clock.plant_obstacles["P001"] = "pool plant-P001 is paused (inspection)";
  EXPECT_THAT(message(), HasSubstr("pool plant-P001 is paused (inspection): see "));
  EXPECT_THAT(message(), HasSubstr("`fleetcast pool list`"));
  clock.forecast_obstacle =
      "no replica of pool forecasting has been seen in the last day; start one";
  EXPECT_THAT(message(), HasSubstr("no replica of pool forecasting"));
}

TEST(ConditionTest, AForecastIsLateByTheOldestTickThatNobodyAnswered) {
  FleetClock clock = Daily();
  Schedule& schedule = clock.schedules[0];
  schedule.spec.cron = "*/5 * * * *";
  schedule.last_tick = kNow - absl::Minutes(1);
  schedule.next_tick = kNow + absl::Minutes(4);
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->create_time = kNow - absl::Minutes(10);
  EXPECT_THAT(WordsOf(circuit, clock), IsEmpty()) << "not yet";
  circuit.forecast->create_time = kNow - absl::Minutes(21);
  const auto conditions = ConditionsOf(circuit, clock);
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].type, ConditionType::kForecastLate);
  EXPECT_GT(*conditions[0].since, circuit.forecast->create_time);
  EXPECT_LE(*conditions[0].since, circuit.forecast->create_time + absl::Minutes(5));
  schedule.update_time = kNow - absl::Minutes(2);
  EXPECT_THAT(WordsOf(circuit, clock), IsEmpty()) << "it asks for them since two minutes";
}

TEST(ConditionTest, ATickThatMadeNoSweepMakesForecastsLateAndSaysWhy) {
  FleetClock clock = Daily();
  Schedule& schedule = clock.schedules[0];
  schedule.spec.cron = "0 * * * *";
  schedule.last_tick = kNow - absl::Hours(2);
  schedule.last_skipped = SkippedTick{kNow - absl::Hours(1), "OVERLAP", "sweeps/s1 still ran"};
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->create_time = kNow - absl::Minutes(119);
  const auto conditions = ConditionsOf(circuit, clock);
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].type, ConditionType::kForecastLate);
  EXPECT_EQ(conditions[0].since, kNow - absl::Hours(1));
  EXPECT_THAT(conditions[0].message,
              HasSubstr("schedules/daily made no sweep: sweeps/s1 still ran"));
  circuit.forecast->create_time = kNow - absl::Minutes(59);
  EXPECT_THAT(WordsOf(circuit, clock), IsEmpty()) << "it came all the same";
}

TEST(ConditionTest, AForecastIsLateFromWhenItsTickWasToBeTaken) {
  FleetClock clock = Daily();
  Schedule& schedule = clock.schedules[0];
  schedule.spec.cron = "0 0 * * *";
  schedule.spec.jitter = absl::Hours(20);
  const absl::Time tick = *FirstTick(schedule.spec, kNow - absl::Hours(24));
  schedule.last_tick = tick - absl::Hours(24);
  schedule.next_tick = tick;
  CircuitRecord circuit = SoundCircuit();
  circuit.serving->deploy_time = tick - absl::Hours(48);
  circuit.forecast->create_time = tick - absl::Hours(2);
  const absl::Time due = DueTime(schedule.id, schedule.spec, tick);
  clock.now = due + absl::Minutes(14);
  EXPECT_THAT(WordsOf(circuit, clock), IsEmpty());
  clock.now = due + absl::Minutes(15);
  EXPECT_THAT(WordsOf(circuit, clock), ElementsAre("ERROR FORECAST_LATE"));
}

TEST(ConditionTest, ARetiredCircuitThatAPinKeepsIsTold) {
  CircuitRecord circuit = SoundCircuit();
  circuit.desired_state = DesiredState::kRetired;
  circuit.pin = CircuitRecord::Pin{.model_version = 3, .actor = "mia", .reason = "audit"};
  const auto conditions = ConditionsOf(circuit, Daily());
  ASSERT_EQ(conditions.size(), 2U);
  EXPECT_EQ(conditions[0].reason, "RETIRED_BUT_PINNED");
  EXPECT_EQ(conditions[1].type, ConditionType::kPinned);
}

TEST(ConditionTest, ARunOfAnEarlierReleaseIsNoTraining) {
  CircuitRecord circuit = OutOfSync(workqueue::TaskState::kRunning);
  circuit.training_run = "trainingRuns/r1";
  EXPECT_THAT(WordsOf(circuit), ElementsAre("INFO TRAINING"));
  circuit.step->reason = "waits for the config service";
  EXPECT_THAT(WordsOf(circuit), ElementsAre("INFO OUT_OF_SYNC"));
  circuit.step->reason = "";
  circuit.training_hash = "t1";
  circuit.deployment_hash = "d2";
  EXPECT_THAT(WordsOf(circuit), ElementsAre("INFO OUT_OF_SYNC"));
}

TEST(ConditionTest, ACircuitThatNoActiveScheduleCoversIsTold) {
  FleetClock none = Daily();
  none.schedules.clear();
  EXPECT_THAT(WordsOf(SoundCircuit(), none), ElementsAre("WARNING NOT_SCHEDULED"));
  FleetClock elsewhere = Daily();
  elsewhere.schedules[0].spec.plant_ids = {"P002"};
  EXPECT_THAT(WordsOf(SoundCircuit(), elsewhere), ElementsAre("WARNING NOT_SCHEDULED"));
  FleetClock paused = Daily();
  paused.schedules[0].paused = true;
  const auto conditions = ConditionsOf(SoundCircuit(), paused);
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_THAT(conditions[0].message, HasSubstr("schedules/daily is paused"));
}

TEST(ConditionTest, AFailedInvocationIsToldUntilAForecastCame) {
  CircuitRecord circuit = SoundCircuit();
  circuit.failed_invocation = workqueue::Failure{.kind = workqueue::FailureKind::kData,
                                                 .reason = "DATA_TOO_FEW_ROWS",
                                                 .message = "12 rows",
                                                 .time = kNow - absl::Minutes(58)};
  const auto conditions = ConditionsOf(circuit, Daily());
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].type, ConditionType::kForecastFailed);
  EXPECT_EQ(conditions[0].reason, "DATA_TOO_FEW_ROWS");
  circuit.failed_invocation->time = kNow - absl::Hours(2);
  EXPECT_THAT(WordsOf(circuit), IsEmpty());
}

TEST(ConditionTest, AForecastThatFailedAfterItsTickIsNotLateToo) {
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->create_time = kNow - absl::Hours(25);
  circuit.failed_invocation =
      workqueue::Failure{.reason = "DATA_X", .time = kNow - absl::Minutes(58)};
  EXPECT_THAT(WordsOf(circuit), ElementsAre("ERROR FORECAST_FAILED"));
}

TEST(ConditionTest, ASensorThatFellBehindTheFleetIsTold) {
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->issue_time = kNow - absl::Hours(72);
  EXPECT_THAT(WordsOf(circuit), ElementsAre("WARNING DATA_STALE"));
}

TEST(ConditionTest, AModelThatIsWorseThanANaiveForecastIsTold) {
  CircuitRecord circuit = SoundCircuit();
  circuit.serving->skill = -0.1;
  EXPECT_THAT(WordsOf(circuit), ElementsAre("WARNING WORSE_THAN_NAIVE"));
}

TEST(ConditionTest, AStepUnderWayIsNoProblem) {
  EXPECT_THAT(WordsOf(OutOfSync(workqueue::TaskState::kRunning)), ElementsAre("INFO OUT_OF_SYNC"));
  CircuitRecord training = OutOfSync(workqueue::TaskState::kQueued);
  training.training_run = "trainingRuns/r1";
  EXPECT_THAT(WordsOf(training), ElementsAre("INFO TRAINING"));
}

TEST(ConditionTest, ATrainingThatCannotStartIsAWarningAtOnce) {
  CircuitRecord circuit = OutOfSync(workqueue::TaskState::kQueued);
  circuit.training_run = "trainingRuns/r1";
  circuit.step->reason =
      "waits for trainingRuns/r1/jobs/P001.C001: no replica of pool environment-e-2 has been seen";
  circuit.step->blocked = true;
  circuit.step->create_time = kNow - absl::Minutes(1);
  const Condition condition = ConditionsOf(circuit, Daily()).at(0);
  EXPECT_EQ(condition.severity, Severity::kWarning);
  EXPECT_EQ(condition.reason, "TRAINING_BLOCKED");
  EXPECT_THAT(condition.message, HasSubstr("no replica of pool environment-e-2"));
  EXPECT_THAT(condition.message, HasSubstr("`fleetcast pool list`"));
  circuit.serving.reset();
  EXPECT_EQ(ConditionsOf(circuit, Daily()).at(0).severity, Severity::kError);
}

TEST(ConditionTest, AStepThatTakesTooLongIsAWarningAndNamesWhatHoldsIt) {
  struct Case {
    workqueue::TaskState state;
    bool trains;
    absl::Duration age;
    std::string obstacle, word, reason;
  };
  const auto queued = workqueue::TaskState::kQueued, running = workqueue::TaskState::kRunning;
  for (const Case& given : std::vector<Case>{
           {queued, false, absl::Minutes(59), "", "INFO OUT_OF_SYNC", "STEP_UNDER_WAY"},
           {queued, false, absl::Minutes(61), "", "WARNING OUT_OF_SYNC", "STEP_SLOW"},
           {running, false, absl::Hours(2), "", "WARNING OUT_OF_SYNC", "STEP_SLOW"},
           {queued, true, absl::Hours(5), "", "INFO TRAINING", "TRAINING"},
           {queued, true, absl::Hours(7), "", "WARNING TRAINING", "TRAINING_SLOW"},
           {queued, false, absl::Minutes(1), "pool releasing is paused (inspection)",
            "WARNING OUT_OF_SYNC", "STEP_CANNOT_START"},
           {running, false, absl::Minutes(1), "pool releasing is paused (inspection)",
            "INFO OUT_OF_SYNC", "STEP_UNDER_WAY"},
       }) {
    CircuitRecord circuit = OutOfSync(given.state);
    circuit.step->create_time = kNow - given.age;
    if (given.trains) circuit.training_run = "trainingRuns/r1";
    FleetClock clock = Daily();
    clock.step_obstacle = given.obstacle;
    EXPECT_THAT(WordsOf(circuit, clock), ElementsAre(given.word)) << given.reason;
    const Condition condition = ConditionsOf(circuit, clock).at(0);
    EXPECT_EQ(condition.reason, given.reason);
    EXPECT_THAT(condition.message,
                HasSubstr(given.reason == "STEP_CANNOT_START" ? given.obstacle : ""));
    circuit.serving.reset();
    if (given.word.substr(0, 4) != "INFO") {
      EXPECT_THAT(WordsOf(circuit, clock).at(0), HasSubstr("ERROR")) << given.reason;
    }
  }
}

TEST(ConditionTest, AStepThatFailedIsAWarningWhereSomethingServesAndElseAnError) {
  CircuitRecord circuit = OutOfSync(workqueue::TaskState::kFailed);
  circuit.step->failure =
      workqueue::Failure{.reason = "DATA_TOO_FEW_ROWS", .message = "12 rows, 100 needed"};
  const auto conditions = ConditionsOf(circuit, Daily());
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].severity, Severity::kWarning);
  EXPECT_EQ(conditions[0].reason, "DATA_TOO_FEW_ROWS");
  EXPECT_THAT(conditions[0].message, HasSubstr("release the commit again"));
  circuit.serving.reset();
  EXPECT_THAT(WordsOf(circuit), ElementsAre("ERROR OUT_OF_SYNC"));
}

TEST(ConditionTest, AGateThatRefusedSaysWhyAndWhatServes) {
  CircuitRecord circuit = OutOfSync(workqueue::TaskState::kSucceeded);
  circuit.step->result = {.action = StepAction::kRefused, .model_version = 3, .why = "MAE 2 > 1"};
  const auto conditions = ConditionsOf(circuit, Daily());
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].type, ConditionType::kGateRefused);
  EXPECT_THAT(conditions[0].message, HasSubstr("MAE 2 > 1"));
  EXPECT_THAT(conditions[0].message, HasSubstr("what served before goes on"));
}

TEST(ConditionTest, WhatWasChangedByHandSinceItsStepIsOutOfSync) {
  CircuitRecord circuit = OutOfSync(workqueue::TaskState::kSucceeded);
  circuit.step->result = {.action = StepAction::kPromoted, .model_version = 3, .why = ""};
  const auto conditions = ConditionsOf(circuit, Daily());
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].reason, "CHANGED_SINCE");
  circuit.step.reset();
  EXPECT_EQ(ConditionsOf(circuit, Daily())[0].reason, "NO_STEP");
}

TEST(ConditionTest, PinnedAndRetiredAreGoodToKnow) {
  CircuitRecord pinned = OutOfSync(workqueue::TaskState::kSucceeded);
  pinned.pin = CircuitRecord::Pin{.model_version = 3,
                                  .actor = "anna",
                                  .reason = "inspection",
                                  .create_time = kNow - absl::Hours(1),
                                  .expire_time = {}};
  EXPECT_THAT(WordsOf(pinned), ElementsAre("INFO PINNED"));
  CircuitRecord retired{.circuit = kOfTest};
  retired.desired_state = DesiredState::kRetired;
  EXPECT_THAT(WordsOf(retired), ElementsAre("INFO RETIRED"));
}

TEST(ConditionTest, TheWorstComesFirst) {
  CircuitRecord circuit = OutOfSync(workqueue::TaskState::kFailed);
  circuit.forecast->create_time = kNow - absl::Hours(25);
  EXPECT_THAT(WordsOf(circuit), ElementsAre("ERROR FORECAST_LATE", "WARNING OUT_OF_SYNC"));
  EXPECT_EQ(WorstOf(ConditionsOf(circuit, Daily())), Severity::kError);
}

TEST(ConditionTest, AForecastThatSomethingElseMadeIsToldWithItsReasonAndSinceWhen) {
  CircuitRecord circuit = SoundCircuit();
  circuit.forecast->source = ForecastSource::kSeasonalNaive;
  circuit.forecast->source_reason = "version 3 could not make it (MODEL_ARTIFACT_MISSING: gone)";
  circuit.forecast->fallback_since = kNow - absl::Hours(5);
  const auto conditions = ConditionsOf(circuit, Daily());
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(Word(conditions[0].type), "ON_FALLBACK");
  EXPECT_EQ(conditions[0].severity, Severity::kWarning);
  EXPECT_EQ(conditions[0].reason, "SEASONAL_NAIVE");
  EXPECT_THAT(conditions[0].message, HasSubstr("MODEL_ARTIFACT_MISSING: gone"));
  EXPECT_EQ(conditions[0].since, kNow - absl::Hours(5));
}

TEST(ConditionTest, AStuckSensorAndADriftAreWarningsSinceTheyBegan) {
  CircuitRecord circuit = SoundCircuit();
  circuit.live = CircuitRecord::Live{};
  EXPECT_THAT(WordsOf(circuit), IsEmpty());
  circuit.forecast->stuck = "30 readings in a row are 4.5";
  circuit.forecast->stuck_since = kNow - absl::Hours(30);
  circuit.live->drift_reason = "COVERAGE_LOW";
  circuit.live->drift_message = "train it again";
  circuit.live->drift_since = kNow - absl::Hours(50);
  EXPECT_THAT(WordsOf(circuit), ElementsAre("WARNING SENSOR_STUCK", "WARNING DRIFTED"));
  const auto conditions = ConditionsOf(circuit, Daily());
  EXPECT_THAT(conditions[0].message, HasSubstr("30 readings in a row are 4.5"));
  EXPECT_EQ(conditions[0].since, kNow - absl::Hours(30));
  EXPECT_EQ(conditions[1].reason, "COVERAGE_LOW");
  EXPECT_EQ(conditions[1].since, kNow - absl::Hours(50));
}

}  // namespace
}  // namespace fleetcast::inference
