// Failure classes, the gate, names and what a run may ask for: the trainer's pure decisions.
#include <gtest/gtest.h>

#include <limits>

#include "common/base/id.h"
#include "common/base/status.h"
#include "services/trainer/domain/failure.h"
#include "services/trainer/domain/gate.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/domain/run_creation.h"
#include "tests/support/trainer/circuits.h"
#include "tests/support/trainer/fake_job_store.h"

namespace fleetcast::trainer {
namespace {

struct FailureCase {
  absl::StatusCode code;
  std::string reason;
  FailureKind kind;
};

TEST(ClassifyFailure, GoesByReasonThenByCode) {
  using Code = absl::StatusCode;
  using Kind = FailureKind;
  for (const FailureCase& given : std::vector<FailureCase>{
           {Code::kFailedPrecondition, "DATA_TOO_FEW_ROWS", Kind::kData},
           {Code::kAlreadyExists, "DATA_ASSET_CHANGED", Kind::kData},
           {Code::kNotFound, "SENSOR_NOT_FOUND", Kind::kData},
           {Code::kFailedPrecondition, "SENSOR_COLUMN_MISSING", Kind::kData},
           {Code::kFailedPrecondition, "SENSOR_DATA_MALFORMED", Kind::kData},
           {Code::kInvalidArgument, "HYPERPARAMETER_INVALID", Kind::kConfiguration},
           {Code::kAborted, "TRAINING_DIVERGED", Kind::kDivergence},
           {Code::kUnavailable, "SENSOR_SOURCE_UNAVAILABLE", Kind::kEnvironment},
           {Code::kUnavailable, "POSTGRES_CONNECTION_LOST", Kind::kEnvironment},
           {Code::kDeadlineExceeded, "", Kind::kEnvironment},
           {Code::kFailedPrecondition, "REFERENCE_MISSING", Kind::kInternal},
           {Code::kInternal, "", Kind::kInternal},
       }) {
    const JobFailure failure =
        ClassifyFailure(MakeError(given.code, "what failed", {.reason = given.reason}));
    EXPECT_EQ(failure.kind, given.kind) << given.reason;
    EXPECT_EQ(failure.message, "what failed");
    EXPECT_FALSE(failure.reason.empty());
  }
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr char kOld[] = "models/sensor-model/versions/1";
constexpr char kNew[] = "models/sensor-model/versions/2";

struct GateCase {
  std::string name;
  double mae, naive_mae;
  std::string champion;
  std::optional<double> champion_mae;
  GateVerdict verdict;
};

class GateTest : public ::testing::TestWithParam<GateCase> {};

TEST_P(GateTest, Decides) {
  const GateCase& given = GetParam();
  const GateOutcome outcome = DecideGate({.mae = given.mae,
                                          .naive_mae = given.naive_mae,
                                          .candidate = kNew,
                                          .champion = given.champion,
                                          .champion_mae = given.champion_mae,
                                          .not_comparable = "its file is damaged"});
  EXPECT_EQ(outcome.verdict, given.verdict) << outcome.why;
  EXPECT_FALSE(outcome.why.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, GateTest,
    ::testing::ValuesIn(std::vector<GateCase>{
        {"FirstBetterThanNaive", 1, 2, "", {}, GateVerdict::kChampion},
        {"FirstWorseThanNaive", 3, 2, "", {}, GateVerdict::kCandidate},
        {"AsGoodAsNaive", 2, 2, "", {}, GateVerdict::kCandidate},
        {"BetterThanBoth", 1, 2, kOld, 1.5, GateVerdict::kChampion},
        {"BetterThanChampionOnly", 3, 2, kOld, 4.0, GateVerdict::kCandidate},
        {"BetterThanNaiveOnly", 1.5, 2, kOld, 1.0, GateVerdict::kCandidate},
        {"AsGoodAsChampion", 1, 2, kOld, 1.0, GateVerdict::kCandidate},
        {"ChampionNotComparable", 1, 2, kOld, {}, GateVerdict::kChampion},
        {"ChampionNotComparableButWorseThanNaive", 3, 2, kOld, {}, GateVerdict::kCandidate},
        {"NotFinite", kNaN, 2, "", {}, GateVerdict::kCandidate},
        {"ChampionNotFinite", 1, 2, kOld, kNaN, GateVerdict::kChampion},
        {"ChampionAlready", 3, 2, kNew, {}, GateVerdict::kChampion},
    }),
    [](const auto& info) { return info.param.name; });

TEST(Gate, TellsTheNumbersThatItCompared) {
  const GateOutcome outcome = DecideGate(
      {.mae = 0.5, .naive_mae = 2, .candidate = kNew, .champion = kOld, .champion_mae = 0.25});
  EXPECT_EQ(outcome.why,
            "stays a candidate: MAE 0.5 is not below 0.25 of models/sensor-model/versions/1 on "
            "the same rows");
  EXPECT_DOUBLE_EQ(outcome.skill, 0.75);
}

TEST(Names, AreThoseOfTheArchitecture) {
  EXPECT_EQ(CircuitAssetId("P001", "C001"), "plant_P001_circuit_C001");
  EXPECT_EQ(ExperimentRunDisplayName(17, "2025-12-09"), "PR-17_2025-12-09");
  EXPECT_EQ(ExperimentRunDisplayName(0, "2025-12-09"), "manual_2025-12-09");
  EXPECT_EQ(EnvironmentOf("1.5.0"), "custom-lstm-env:1.5.0");
  EXPECT_EQ(*EnvironmentResource("custom-lstm-env:1.5.0"),
            "environments/custom-lstm-env/versions/1.5.0");
  EXPECT_FALSE(EnvironmentResource("custom-lstm-env").ok());
  EXPECT_EQ(JobResource({"r1", JobId("P001", "C001")}), "trainingRuns/r1/jobs/P001-C001");
  EXPECT_EQ(ExperimentRunResource("P001", "C001", {"r1", "P001-C001"}, 2),
            "experiments/plant_P001_circuit_C001/runs/r1-P001-C001-2");
}

TEST(Names, ParseWhatTheyFormat) {
  EXPECT_EQ(*ParseRun("name", "trainingRuns/r1"), "r1");
  EXPECT_EQ(*ParseRunOrAll("parent", "trainingRuns/-"), "");
  EXPECT_FALSE(ParseRun("name", "trainingRuns/-").ok());
  EXPECT_EQ(ParseJob("name", "trainingRuns/r1/jobs/P001-C001")->job_id, "P001-C001");
  EXPECT_FALSE(ParseJob("name", "trainingRuns/r1/jobs/../x").ok());
}

TEST(DerivedUuid, IsAUuidThatTheTextDecides) {
  EXPECT_TRUE(ValidateRequestId(DerivedUuid("a")).ok());
  EXPECT_EQ(DerivedUuid("a"), DerivedUuid("a"));
  EXPECT_NE(DerivedUuid("a"), DerivedUuid("b"));
}

TEST(CircuitConfig, IsReadBackAsItWasWritten) {
  const CircuitConfig circuit = CircuitFor("P001", "C001");
  const auto read = CircuitConfigFromJson(ToJson(circuit));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(circuit));
  EXPECT_FALSE(CircuitConfigFromJson("{}").ok());
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

class RunCreationTest : public ::testing::Test {
 protected:
  absl::StatusOr<TrainingRun> Create(const std::string& text) {
    return creation_.Create(RequestFor("CreateTrainingRun", text),
                            {.base_revision = "main", .head_revision = "branch"});
  }
  testing::FakeClock clock_;
  FakeJobStore store_{clock_};
  FixedCatalog catalog_;
  RandomIdSource ids_;
  RunCreation creation_{store_, catalog_, ids_, 3};
};

// Rule 1: the answer outlives the branch that it was made from.
TEST_F(RunCreationTest, ARepeatedRequestIsAnsweredWithoutAskingTheCatalogAgain) {
  catalog_.resolved.circuits = {CircuitFor("P001", "C001")};
  const auto first = Create("one");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Create("one")->id, first->id);
  EXPECT_EQ(catalog_.asked, 1);
}

TEST_F(RunCreationTest, CircuitsThatWouldShareAJobAreRefused) {
  catalog_.resolved.circuits = {CircuitFor("A", "B-C"), CircuitFor("A-B", "C")};
  EXPECT_EQ(ReasonOf(Create("one").status()), "JOB_ID_UNUSABLE");
  catalog_.resolved.circuits = {CircuitFor(std::string(40, 'P'), std::string(40, 'C'))};
  EXPECT_EQ(ReasonOf(Create("two").status()), "JOB_ID_UNUSABLE");
  EXPECT_TRUE(store_.ListRuns(std::nullopt, {})->items.empty());
}

}  // namespace
}  // namespace fleetcast::trainer
