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
  EXPECT_EQ(JobResource({"r1", JobId("P001", "C001")}), "trainingRuns/r1/jobs/P001.C001");
  EXPECT_EQ(ExperimentRunResource("P001", "C001", {"r1", "P001.C001"}, 2),
            "experiments/plant_P001_circuit_C001/runs/r1-2");
}

TEST(Names, ParseWhatTheyFormat) {
  EXPECT_EQ(*ParseRun("name", "trainingRuns/r1"), "r1");
  EXPECT_EQ(*ParseRunOrAll("parent", "trainingRuns/-"), "");
  EXPECT_FALSE(ParseRun("name", "trainingRuns/-").ok());
  EXPECT_EQ(ParseJob("name", "trainingRuns/r1/jobs/P001.C001")->job_id, "P001.C001");
  for (const char* const bad : {"trainingRuns/r1/jobs/../x", "trainingRuns/r1/jobs/P001-C001",
                                "trainingRuns/r1/jobs/a.b.c", "trainingRuns/-/jobs/a.b"})
    EXPECT_FALSE(ParseJob("name", bad).ok()) << bad;
}

TEST(Names, OfAwkwardIdsAreToldAndParsed) {
  std::set<std::string> names;
  for (const auto& [plant, circuit] : fleetcast::testing::AwkwardCircuits()) {
    const JobName job{"01h2xcejqtf2nbrexx3vqjhp41", JobId(plant, circuit)};
    EXPECT_EQ(*ParseJob("name", JobResource(job)), job);
    EXPECT_TRUE(names.insert(JobResource(job)).second) << JobResource(job);
    const std::string run = ExperimentRunResource(plant, circuit, job, 3);
    EXPECT_TRUE(names.insert(run).second) << run;
  }
}

TEST(DerivedUuid, IsAUuidThatTheTextDecides) {
  EXPECT_TRUE(ValidateRequestId(DerivedUuid("a")).ok());
  EXPECT_EQ(DerivedUuid("a"), DerivedUuid("a"));
  EXPECT_NE(DerivedUuid("a"), DerivedUuid("b"));
}

TEST(CircuitConfig, IsReadBackAsItWasWritten) {
  const CircuitConfig circuit = CircuitFor("P001", "C001");
  const auto read = CircuitFromJson(ToJson(circuit));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(circuit));
}

// A row that the release before queued is work, not an error.
TEST(CircuitConfig, IsReadWithDefaultsForKeysThatItDoesNotHave) {
  const auto read = CircuitFromJson(
      R"({"plant_id": "P001", "circuit_id": "C001", "sensor_id": "S", "cutoff_date": "2025-12-09",
          "feature_columns": ["a"], "of_tomorrow": 1})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->seed, 0u);
  for (const char* const bad : {"{}", "[]", "not JSON", R"({"sensor_id": 7})"})
    EXPECT_EQ(ReasonOf(CircuitFromJson(bad).status()), "CONFIGURATION_UNREADABLE") << bad;
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
