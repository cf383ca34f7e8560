// Failure classes, the gate, names and what a run may ask for: the trainer's pure decisions.
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "common/base/id.h"
#include "common/base/status.h"
#include "services/trainer/domain/failure.h"
#include "services/trainer/domain/gate.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/domain/run_creation.h"
#include "tests/support/awkward_ids.h"
#include "tests/support/fake_clock.h"
#include "tests/support/trainer/circuits.h"

namespace fleetcast::trainer {
namespace {

using workqueue::FailureKind;

struct FailureCase {
  absl::StatusCode code;
  std::string reason;
  FailureKind kind;
  bool retryable;
  std::string away;
};

TEST(Classify, GoesByReasonThenByCode) {
  using Code = absl::StatusCode;
  using Kind = FailureKind;
  for (const FailureCase& given : std::vector<FailureCase>{
           {Code::kFailedPrecondition, "DATA_TOO_FEW_ROWS", Kind::kData, false, ""},
           {Code::kNotFound, "SENSOR_NOT_FOUND", Kind::kData, false, ""},
           {Code::kFailedPrecondition, "SENSOR_COLUMN_MISSING", Kind::kData, false, ""},
           {Code::kFailedPrecondition, "SENSOR_DATA_MALFORMED", Kind::kData, false, ""},
           {Code::kDataLoss, "DATA_LOSS", Kind::kInternal, true, ""},
           {Code::kInvalidArgument, "HYPERPARAMETER_INVALID", Kind::kConfiguration, false, ""},
           {Code::kFailedPrecondition, "CONFIGURATION_UNREADABLE", Kind::kConfiguration, false, ""},
           {Code::kFailedPrecondition, "BASE_NOT_FOUND", Kind::kConfiguration, false, ""},
           {Code::kInvalidArgument, "BASE_DOES_NOT_FIT", Kind::kConfiguration, false, ""},
           {Code::kFailedPrecondition, "DATA_NO_CIRCUIT_USABLE", Kind::kData, false, ""},
           {Code::kAborted, "TRAINING_DIVERGED", Kind::kModel, false, ""},
           {Code::kUnavailable, "POSTGRES_UNAVAILABLE", Kind::kEnvironment, true, "sensor source"},
           {Code::kUnavailable, "UNAVAILABLE", Kind::kEnvironment, true, "registry"},
           {Code::kDeadlineExceeded, "", Kind::kEnvironment, true, "registry"},
           {Code::kResourceExhausted, "MEMORY_EXHAUSTED", Kind::kEnvironment, true, ""},
           {Code::kFailedPrecondition, "REFERENCE_MISSING", Kind::kInternal, true, ""},
           {Code::kInternal, "", Kind::kInternal, true, ""},
       }) {
    const workqueue::Verdict verdict =
        Classify(MakeError(given.code, "what failed", {.reason = given.reason}));
    EXPECT_EQ(verdict.failure.kind, given.kind) << given.reason;
    EXPECT_EQ(verdict.failure.retryable, given.retryable) << given.reason;
    EXPECT_EQ(verdict.away, given.away) << given.reason;
    EXPECT_EQ(verdict.failure.message, "what failed");
    EXPECT_FALSE(verdict.failure.reason.empty());
  }
}

// Three jobs in a row that wait for one thing keep a replica from fetching more: it is told apart.
TEST(Classify, NamesTheServiceThatIsAway) {
  const absl::Status away =
      MakeError(absl::StatusCode::kUnavailable, "the config service cannot be reached",
                {.reason = "DEPENDENCY_UNREACHABLE", .metadata = {{"service", "config"}}});
  EXPECT_EQ(Classify(away).away, "config");
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr char kOld[] = "models/sensor-model/versions/1";
constexpr char kNew[] = "models/sensor-model/versions/2";

TEST(DecideGate, TellsErrorsApartThatDifferLittle) {
  EXPECT_EQ(DecideGate({.mae = 1.45612, .naive_mae = 1.45608}).why,
            "not better: MAE 1.45612 is not below the best naive forecast's 1.45608");
  EXPECT_EQ(DecideGate({.mae = 1.5, .naive_mae = 1.5}).why,
            "not better: MAE 1.5 is not below the best naive forecast's 1.5");
}

struct GateCase {
  std::string name;
  double mae, naive_mae;
  std::string champion;
  std::optional<double> champion_mae;
  Standing standing;  // to the champion
  bool newer_data;
  GateVerdict verdict;
};

class GateTest : public ::testing::TestWithParam<GateCase> {};

TEST_P(GateTest, Decides) {
  const GateCase& given = GetParam();
  const GateOutcome outcome = DecideGate(
      {.mae = given.mae,
       .naive_mae = given.naive_mae,
       .candidate = kNew,
       .champion = given.champion,
       .champion_mae = given.champion_mae,
       .comparison = {.standing = given.standing, .margin = 0.1, .windows = 700, .why = "x"},
       .newer_data = given.newer_data,
       .not_comparable = "its file is damaged"});
  EXPECT_EQ(outcome.verdict, given.verdict) << outcome.why;
  EXPECT_FALSE(outcome.why.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, GateTest,
    ::testing::ValuesIn(std::vector<GateCase>{
        {"FirstBetterThanNaive", 1, 2, "", {}, {}, false, GateVerdict::kBetter},
        {"FirstWorseThanNaive", 3, 2, "", {}, {}, false, GateVerdict::kNotBetter},
        {"AsGoodAsNaive", 2, 2, "", {}, {}, false, GateVerdict::kNotBetter},
        {"BetterThanBoth", 1, 2, kOld, 1.5, Standing::kBetter, false, GateVerdict::kBetter},
        {"BetterThanChampionOnly", 3, 2, kOld, 4.0, Standing::kBetter, true,
         GateVerdict::kNotBetter},
        {"BetterThanNaiveOnly", 1.5, 2, kOld, 1.0, Standing::kWorse, false,
         GateVerdict::kNotBetter},
        {"WorseOnNewerData", 1.5, 2, kOld, 1.0, Standing::kWorse, true, GateVerdict::kNotBetter},
        {"BetterByLuckOnTheSameData", 1, 2, kOld, 1.01, Standing::kNotToldApart, false,
         GateVerdict::kNotBetter},
        {"NotToldApartOnNewerData", 1, 2, kOld, 0.99, Standing::kNotToldApart, true,
         GateVerdict::kAsGood},
        {"ChampionNotComparable", 1, 2, kOld, {}, {}, false, GateVerdict::kNotComparable},
        {"ChampionNotComparableButWorseThanNaive",
         3,
         2,
         kOld,
         {},
         {},
         true,
         GateVerdict::kNotBetter},
        {"NotFinite", kNaN, 2, "", {}, {}, false, GateVerdict::kNotBetter},
        {"ChampionNotFinite", 1, 2, kOld, kNaN, Standing::kNotToldApart, false,
         GateVerdict::kBetter},
        {"ChampionAlready", 3, 2, kNew, {}, {}, false, GateVerdict::kBetter},
    }),
    [](const auto& info) { return info.param.name; });

// A sensor's tag was renamed in the historian: the same readings, and the champion reads a name
// that will be gone.
TEST(Gate, AVersionOfOtherInputsIsAsGoodAsAChampionThatItIsNotToldApartFrom) {
  GateInput input{.mae = 1,
                  .naive_mae = 2,
                  .candidate = kNew,
                  .champion = kOld,
                  .champion_mae = 1,
                  .comparison = {.standing = Standing::kNotToldApart,
                                 .margin = 0,
                                 .windows = 700,
                                 .why = "1 is equal to 1"}};
  EXPECT_EQ(DecideGate(input).verdict, GateVerdict::kNotBetter);
  input.other_inputs = "reads B instead of A";
  EXPECT_EQ(DecideGate(input).verdict, GateVerdict::kAsGood);
  EXPECT_EQ(DecideGate(input).why,
            "as good: reads B instead of A; against models/sensor-model/versions/1 on the same "
            "rows, MAE 1 is equal to 1");
  input.comparison.standing = Standing::kWorse;
  EXPECT_EQ(DecideGate(input).verdict, GateVerdict::kNotBetter);
}

TEST(Gate, AChampionThatCannotBeReadIsNotPassedByAWorseOne) {
  GateInput input{.mae = 1,
                  .naive_mae = 2,
                  .candidate = kNew,
                  .champion = kOld,
                  .not_comparable = "its file is damaged",
                  .last_known_skill = 0.6};
  const GateOutcome worse = DecideGate(input);
  EXPECT_EQ(worse.verdict, GateVerdict::kNotBetter);
  EXPECT_EQ(
      worse.why,
      "not better: models/sensor-model/versions/1 could not be compared: its file is damaged; "
      "its skill was 0.6 when it was trained, this one's is 0.5: a person may promote it all "
      "the same");
  input.last_known_skill = 0.5;
  EXPECT_EQ(DecideGate(input).verdict, GateVerdict::kNotComparable);
}

// What may be said of a plant's base that forecasts alone for a circuit of few rows.
TEST(Gate, WhatCannotBeMeasuredIsNotComparableAndPassesNoChampionThatWas) {
  const std::string nothing = "no window of the test rows can be forecast and scored";
  const std::string few =
      " to the best naive forecast's 2 on 4 windows, too few to tell that from chance";
  const GateInput none{.evidence = Evidence::kNone, .candidate = kNew};
  const auto with = [](GateInput input, auto&& change) {
    change(input);
    return input;
  };
  struct Case {
    GateInput input;
    GateVerdict verdict;
    std::string why;
  };
  for (const Case& c : std::vector<Case>{
           {none, GateVerdict::kNotComparable,
            "not comparable: " + nothing + "; the circuit has no champion"},
           {with(none, [](GateInput& input) { input.champion = kOld; }), GateVerdict::kNotBetter,
            "not better: " + nothing + " to tell it from " + kOld +
                "; a person may promote it all the same"},
           {with(none,
                 [](GateInput& input) {
                   input.champion = kOld;
                   input.other_inputs = "reads B instead of A";
                 }),
            GateVerdict::kNotComparable, "not comparable: " + nothing + "; reads B instead of A"},
           {with(none,
                 [](GateInput& input) {
                   input.champion = kOld;
                   input.champion_measured = false;
                   input.newer_data = true;
                 }),
            GateVerdict::kNotComparable,
            "not comparable: " + nothing + "; trained on newer data than " + kOld +
                ", which nothing has measured either"},
           {with(none, [](GateInput& input) { input.champion = kNew; }), GateVerdict::kBetter,
            "is champion already"},
           {{.evidence = Evidence::kFewWindows, .windows = 4, .mae = 3, .naive_mae = 2},
            GateVerdict::kNotComparable,
            "not comparable: the plant's base forecasts alone, with MAE 3" + few},
           {{.evidence = Evidence::kFewWindows, .windows = 4, .mae = 1, .naive_mae = 2},
            GateVerdict::kNotComparable,
            "not comparable: the plant's base forecasts alone, with MAE 1" + few},
           {{.evidence = Evidence::kFewWindows,
           .windows = 4,
           .mae = 3,
           .naive_mae = 2,
           .champion = kOld},
            GateVerdict::kNotBetter,
            "not better: MAE 3 is not below the best naive forecast's 2"},
       }) {
    const GateOutcome outcome = DecideGate(c.input);
    EXPECT_EQ(outcome.verdict, c.verdict) << c.why;
    EXPECT_EQ(outcome.why, c.why);
  }
}

TEST(Gate, TellsTheNumbersThatItCompared) {
  const ErrorComparison comparison{.standing = Standing::kWorse,
                                   .margin = 0.02,
                                   .windows = 690,
                                   .why =
                                       "0.5 is above 0.25 by 0.25, more than the 0.02 that "
                                       "chance explains on 690 windows"};
  const GateOutcome outcome = DecideGate({.mae = 0.5,
                                          .naive_mae = 2,
                                          .candidate = kNew,
                                          .champion = kOld,
                                          .champion_mae = 0.25,
                                          .comparison = comparison});
  EXPECT_EQ(outcome.why,
            "not better: against models/sensor-model/versions/1 on the same rows, MAE 0.5 is above "
            "0.25 by 0.25, more than the 0.02 that chance explains on 690 windows");
  EXPECT_DOUBLE_EQ(outcome.skill, 0.75);
  EXPECT_EQ(outcome.margin, 0.02);
}

TEST(Names, AreThoseOfTheArchitecture) {
  EXPECT_EQ(CircuitAssetId("P001", "C001"), "plant_P001_circuit_C001");
  EXPECT_EQ(ExperimentRunDisplayName(17, "2025-12-09"), "PR-17_2025-12-09");
  EXPECT_EQ(ExperimentRunDisplayName(0, "2025-12-09"), "manual_2025-12-09");
  EXPECT_EQ(EnvironmentOf("1.5.0"), "custom-lstm-env:1.5.0");
  EXPECT_EQ(*EnvironmentResource("custom-lstm-env:1.5.0"),
            "environments/custom-lstm-env/versions/1.5.0");
  EXPECT_FALSE(EnvironmentResource("custom-lstm-env").ok());
  const Subject circuit{CircuitFor("P001", "C001")};
  const Subject plant{PlantOf({CircuitFor("P001", "C001")})};
  EXPECT_EQ(JobResource({"r1", circuit.job_id()}), "trainingRuns/r1/jobs/P001.C001");
  EXPECT_EQ(JobResource({"r1", plant.job_id()}), "trainingRuns/r1/jobs/P001");
  EXPECT_EQ(ExperimentRunResource(plant, {"r1", "P001"}, 2),
            "experiments/plant_P001_base/runs/r1-2");
  EXPECT_EQ(ExperimentRunResource(circuit, {"r1", "P001.C001"}, 2),
            "experiments/plant_P001_circuit_C001/runs/r1-2");
}

TEST(Names, ParseWhatTheyFormat) {
  EXPECT_EQ(*ParseRun("name", "trainingRuns/r1"), "r1");
  EXPECT_EQ(*ParseRunOrAll("parent", "trainingRuns/-"), "");
  EXPECT_FALSE(ParseRun("name", "trainingRuns/-").ok());
  EXPECT_EQ(ParseJob("name", "trainingRuns/r1/jobs/P001.C001")->job_id, "P001.C001");
  EXPECT_EQ(ParseJob("name", "trainingRuns/r1/jobs/P001")->job_id, "P001");
  for (const char* const bad : {"trainingRuns/r1/jobs/../x", "trainingRuns/r1/jobs/",
                                "trainingRuns/r1/jobs/a.b.c", "trainingRuns/-/jobs/a.b"})
    EXPECT_FALSE(ParseJob("name", bad).ok()) << bad;
}

TEST(Names, OfAwkwardIdsAreToldAndParsed) {
  std::set<std::string> names;
  for (const auto& [plant, circuit] : fleetcast::testing::AwkwardCircuits()) {
    const Subject subject{CircuitFor(plant, circuit)};
    const JobName job{"01h2xcejqtf2nbrexx3vqjhp41", subject.job_id()};
    EXPECT_EQ(*ParseJob("name", JobResource(job)), job);
    EXPECT_TRUE(names.insert(JobResource(job)).second) << JobResource(job);
    const std::string run = ExperimentRunResource(subject, job, 3);
    EXPECT_TRUE(names.insert(run).second) << run;
  }
}

TEST(DerivedUuid, IsAUuidThatTheTextDecides) {
  EXPECT_TRUE(ValidateRequestId(DerivedUuid("a")).ok());
  EXPECT_EQ(DerivedUuid("a"), DerivedUuid("a"));
  EXPECT_NE(DerivedUuid("a"), DerivedUuid("b"));
}

TEST(Subject, IsReadBackAsItWasWritten) {
  CircuitConfig circuit = CircuitFor("P001", "C001");
  circuit.base_version = 3;
  for (const Subject& subject : {Subject{circuit}, Subject{PlantOf({circuit})}}) {
    const auto read = SubjectFromJson(subject.job_id(), ToJson(subject));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(ToJson(*read), ToJson(subject));
    EXPECT_EQ(read->job_id(), subject.job_id());
    EXPECT_EQ(read->model(), subject.model());
  }
}

// A row that the release before queued is work, not an error.
TEST(Subject, IsReadWithDefaultsForKeysThatItDoesNotHave) {
  const auto read = SubjectFromJson(
      "P001.C001",
      R"({"plant_id": "P001", "circuit_id": "C001", "sensor_id": "S", "cutoff_date": "2025-12-09",
          "feature_columns": ["a"], "of_tomorrow": 1})");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_NE(read->circuit(), nullptr);
  EXPECT_EQ(read->circuit()->seed, 0u);
  EXPECT_EQ(read->circuit()->base_version, 0);
  for (const char* const job : {"P001.C001", "P001"})
    for (const char* const bad : {"{}", "[]", "not JSON", R"({"sensor_id": 7})"})
      EXPECT_EQ(ReasonOf(SubjectFromJson(job, bad).status()), "CONFIGURATION_UNREADABLE") << bad;
  EXPECT_EQ(SubjectOfJob("P001.C001").circuit_id(), "C001");
  EXPECT_EQ(SubjectOfJob("P001").asset_id(), "plant_P001_base");
}

TEST(PlantOf, HasTheLatestCutoffDateAndTheEnvironmentThatMostAskFor) {
  std::vector<CircuitConfig> circuits = {CircuitFor("P001", "C001", "1.4.0"),
                                         CircuitFor("P001", "C002", "1.5.0"),
                                         CircuitFor("P001", "C003", "1.5.0")};
  circuits[1].cutoff_date = "2025-12-31";
  const PlantConfig plant = PlantOf(circuits);
  EXPECT_EQ(plant.plant_id, "P001");
  EXPECT_EQ(plant.cutoff_date, "2025-12-31");
  EXPECT_EQ(plant.environment_version, "1.5.0");
  circuits.pop_back();
  EXPECT_EQ(PlantOf(circuits).environment_version, "1.4.0") << "of as many the first";
}

TEST(HyperparametersHash, DependsOnEveryHyperparameter) {
  Hyperparameters given = CircuitFor("P001", "C001").hyperparameters;
  const std::string before = HyperparametersHash(given);
  EXPECT_EQ(before.size(), 64u);
  given.dropout = 0.25;
  EXPECT_NE(HyperparametersHash(given), before);
}

// Rule 10.
TEST(CheckSpec, NamesEveryFieldThatIsWrong) {
  const auto fields = [](const RunSpec& spec) {
    std::vector<std::string> named;
    if (const auto details = DetailsOf(CheckSpec(spec)))
      for (const FieldViolation& violation : details->field_violations)
        named.push_back(violation.field);
    return named;
  };
  using Fields = std::vector<std::string>;
  EXPECT_EQ(fields({.base_revision = "main", .head_revision = "x"}), Fields{});
  EXPECT_EQ(fields({.circuits = {"plants/-/circuits/-"}, .revision = "main"}), Fields{});
  EXPECT_EQ(fields({}), Fields{"training_run_spec.source"});
  EXPECT_EQ(fields({.base_revision = "main"}),
            Fields{"training_run_spec.revision_range.head_revision"});
  EXPECT_EQ(fields({.circuits = {"plants/P001"}}),
            (Fields{"training_run_spec.circuit_selection.circuits[0]",
                    "training_run_spec.circuit_selection.revision"}));
  EXPECT_EQ(fields({.circuits = {"plants/-/circuits/C001"}, .revision = "main"}),
            Fields{"training_run_spec.circuit_selection.circuits[0]"});
  EXPECT_EQ(fields({.circuits = {"plants/P001/circuits/-", "plants/P002/circuits/C001"},
                    .revision = "main",
                    .reuse_versions = true,
                    .plant_base = true}),
            (Fields{"training_run_spec.circuit_selection.circuits[1]",
                    "training_run_spec.circuit_selection.reuse_versions"}));
  EXPECT_EQ(fields({.base_revision = "a", .head_revision = "b", .pull_request_author = "me"}),
            Fields{"training_run_spec.pull_request.number"});
}

class FixedCatalog final : public CircuitCatalog {
 public:
  absl::StatusOr<ResolvedCircuits> ChangedCircuits(const std::string&,
                                                   const std::string&) override {
    ++asked;
    return resolved;
  }
  absl::StatusOr<ResolvedCircuits> NamedCircuits(const std::vector<std::string>&,
                                                 const std::string&) override {
    ++asked;
    return resolved;
  }
  ResolvedCircuits resolved;
  int asked = 0;
};

// Remembers the one run that it was asked to make.
class OneRunStore final : public RunStore {
 public:
  absl::StatusOr<std::optional<TrainingRun>> FindCreatedRun(const MutatingRequest&) override {
    return run;
  }
  absl::StatusOr<TrainingRun> CreateRun(const MutatingRequest&, const NewRun& given) override {
    run = TrainingRun{.group = {.id = "r1"}, .pin = given.pin};
    subjects = given.subjects;
    return *run;
  }
  absl::StatusOr<TrainingRun> RetryRun(const MutatingRequest&, const std::string& id) override {
    return RunNotFound(id);
  }
  absl::StatusOr<TrainingRun> CancelRun(const MutatingRequest&, const std::string& id) override {
    return RunNotFound(id);
  }
  absl::StatusOr<TrainingJob> CancelJob(const MutatingRequest&, const JobName& name) override {
    return JobNotFound(name);
  }
  absl::StatusOr<TrainingRun> GetRun(const std::string& id) override { return RunNotFound(id); }
  absl::StatusOr<TrainingJob> GetJob(const JobName& name) override { return JobNotFound(name); }
  absl::StatusOr<PageOf<TrainingRun>> ListRuns(const std::optional<Filter>&,
                                               const PageRequest&) override {
    return PageOf<TrainingRun>{};
  }
  absl::StatusOr<PageOf<TrainingJob>> ListJobs(const std::string&, const std::optional<Filter>&,
                                               const PageRequest&) override {
    return PageOf<TrainingJob>{};
  }
  absl::StatusOr<RunChanges> ChangesSince(const std::string& id, const workqueue::Mark&) override {
    return RunNotFound(id);
  }
  std::optional<TrainingRun> run;
  std::vector<Subject> subjects;
};

// Rule 1: the answer outlives the branch that it was made from.
TEST(RunCreation, ARepeatedRequestIsAnsweredWithoutAskingTheCatalogAgain) {
  OneRunStore store;
  FixedCatalog catalog;
  catalog.resolved.circuits = {CircuitFor("P001", "C001")};
  const testing::FakeClock clock;
  RunCreation creation(store, catalog, clock, 3);
  const RunSpec spec{.base_revision = "main", .head_revision = "branch"};
  const auto first = creation.Create(RequestFor("CreateTrainingRun", "one"), spec);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(creation.Create(RequestFor("CreateTrainingRun", "one"), spec)->group.id, "r1");
  EXPECT_EQ(catalog.asked, 1);
}

TEST(RunCreation, ABaseIsOneJobForEachPlant) {
  OneRunStore store;
  FixedCatalog catalog;
  catalog.resolved.circuits = {CircuitFor("P001", "C001"), CircuitFor("P001", "C002"),
                               CircuitFor("P002", "C001")};
  const testing::FakeClock clock;
  RunCreation creation(store, catalog, clock, 3);
  const auto run = creation.Create(
      RequestFor("CreateTrainingRun", "one"),
      {.circuits = {"plants/-/circuits/-"}, .revision = "main", .plant_base = true});
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(store.subjects.size(), 2u);
  EXPECT_EQ(store.subjects[0].job_id(), "P001");
  EXPECT_EQ(store.subjects[1].job_id(), "P002");
  EXPECT_EQ(store.subjects[0].environment(), "custom-lstm-env:1.5.0");
}

TEST(RunCreation, SaysWhichCutoffDatesAreNotOver) {
  struct Case {
    std::vector<std::string> cutoff_dates;  // of C0, C1 …, on 2025-12-09
    const char* note;
  };
  const testing::FakeClock clock;
  for (const Case& c : {
           Case{{"2025-12-08", "2024-12-31"}, ""},
           Case{{"2025-12-08", "2025-12-09"},
                "the cutoff date of 1 circuit is today, which is not over in UTC: P001/C1 "
                "(2025-12-09)"},
           Case{
               {"2034-01-01", "2025-12-09"},
               "the cutoff date of 1 circuit is today, which is not over in UTC: P001/C1 "
               "(2025-12-09); the cutoff date of 1 circuit is in the future: P001/C0 (2034-01-01)"},
           Case{{"2025-12-10", "2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"},
                "the cutoff date of 5 circuits is in the future: P001/C0 (2025-12-10), P001/C1 "
                "(2026-01-01), P001/C2 (2026-01-02) and 2 more"},
       }) {
    OneRunStore store;
    FixedCatalog catalog;
    for (const std::string& date : c.cutoff_dates) {
      catalog.resolved.circuits.push_back(
          CircuitFor("P001", "C" + std::to_string(catalog.resolved.circuits.size())));
      catalog.resolved.circuits.back().cutoff_date = date;
    }
    RunCreation creation(store, catalog, clock, 3);
    const auto run = creation.Create(RequestFor("CreateTrainingRun", "one"),
                                     {.base_revision = "main", .head_revision = "branch"});
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_EQ(run->pin.note, c.note);
  }
}

TEST(RunReason, SaysThatThereWasNothingToTrainAndWhatWasLeftOut) {
  const TrainingRun run{.group = {.state = workqueue::GroupState::kSucceeded},
                        .pin = {.note = "1 unsound circuit left out"}};
  EXPECT_EQ(RunReason(run),
            "nothing to train: no circuit's training configuration changed; 1 unsound circuit "
            "left out");
}

}  // namespace
}  // namespace fleetcast::trainer
