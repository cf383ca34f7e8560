// A circuit's file from its text to its resolved configuration, or to diagnostics with exact
// places.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/config/domain/canonical.h"
#include "services/config/domain/circuit_resolution.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config {
namespace {

using testing::CircuitText;
using Edits = std::vector<std::pair<std::string, std::string>>;

CircuitLayer Layer(const std::string& path, const std::string& text, FileKind kind) {
  return {path, std::make_shared<const CircuitFile>(ReadCircuitFile(ParseYaml(text), kind))};
}

CircuitResolution ResolveText(const std::string& text) {
  return ResolveCircuit("P001", "C001",
                        {Layer("config/plants/P001/C001.yml", text, FileKind::kCircuit)});
}

CircuitResolution ResolveEdited(const Edits& edits) {
  return ResolveText(CircuitText("P001", "C001", edits));
}

// "line:column reason field"
std::vector<std::string> FileSummary(const Diagnostics& diagnostics) {
  std::vector<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics)
    lines.push_back(std::to_string(diagnostic.mark.line) + ":" +
                    std::to_string(diagnostic.mark.column) + " " + diagnostic.reason + " " +
                    diagnostic.field);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(CircuitFile, DocumentedFileIsCompleteAndEveryDefaultIsFilledIn) {
  const CircuitResolution resolution = ResolveEdited({});
  ASSERT_TRUE(resolution.config) << resolution.diagnostics[0].message;
  EXPECT_TRUE(resolution.diagnostics.empty());
  const CircuitConfig& config = *resolution.config;
  EXPECT_EQ(config.training.cutoff_date, "2025-12-09");
  EXPECT_EQ(config.training.environment_version, "1.5.0");
  EXPECT_EQ(config.training.hyperparameters.learning_rate, 0.001);
  EXPECT_EQ(config.training.data_filters.feature_columns,
            (std::vector<std::string>{"temperature", "pressure", "vibration"}));
  EXPECT_EQ(config.training.data_filters.target_column, "temperature");
  EXPECT_EQ(config.training.forecast.horizon, 24);
  EXPECT_EQ(config.training.forecast.interval_levels, (std::vector<double>{80, 95}));
  EXPECT_EQ(config.training.seed, 0u);
  EXPECT_EQ(config.training.precision, "float32");
  EXPECT_EQ(config.deployment.instance_count, 1);
  EXPECT_EQ(config.deployment.max_concurrency_per_instance, 1);
  EXPECT_EQ(config.deployment.error_threshold, -1);
  EXPECT_EQ(config.deployment.retry_settings.max_retries, 3);
}

TEST(CircuitFile, OtherWordingOfTheSameValuesHasTheSameHashes) {
  const CircuitResolution plain = ResolveEdited({});
  const std::vector<Edits> wordings = {
      {{"        # training data ends here", " # now"}},
      {{"\"2025-12-09\"", "2025-12-09"}},
      {{"\"1.5.0\"", "'1.5.0'"}},
      {{"epochs: 50", "epochs: 50.0"}},
      {{"learning_rate: 0.001", "learning_rate: 1e-3"}},
      {{"lstm_units: 128\n    dropout: 0.2", "dropout: 0.20\n    lstm_units: 128"}},
      {{"sequence_length: 24", "sequence_length: &steps 24"},
       {"epochs: 50\n", "epochs: 50\n  forecast: {horizon: *steps}\n"}},
      {{"[\"temperature\", \"pressure\", \"vibration\"]",
        "\n      - temperature\n      - pressure\n      - vibration"}},
      {{"timeout_minutes: 60", "timeout_minutes: 60\n  instance_count: 1"}}};
  for (const Edits& edits : wordings) {
    const CircuitResolution other = ResolveEdited(edits);
    ASSERT_TRUE(other.config) << edits[0].second << ": " << other.diagnostics[0].message;
    EXPECT_EQ(other.training_hash, plain.training_hash) << edits[0].second;
    EXPECT_EQ(other.deployment_hash, plain.deployment_hash) << edits[0].second;
  }
  std::string windows = CircuitText("P001", "C001");
  for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2)
    windows.insert(at, "\r");
  EXPECT_EQ(ResolveText(windows).training_hash, plain.training_hash);
}

TEST(CircuitFile, DeclaredRangeOfTheTargetIsPartOfTheTrainingHashWhereThereIsOne) {
  const CircuitResolution plain = ResolveEdited({});
  EXPECT_FALSE(plain.config->training.data_filters.minimum);
  EXPECT_EQ(CanonicalJson(*plain.config, KeyScope::kTraining).find("minimum"), std::string::npos);
  const CircuitResolution with =
      ResolveEdited({{"    feature_columns", "    minimum: 0\n    feature_columns"}});
  ASSERT_TRUE(with.config);
  EXPECT_EQ(with.config->training.data_filters.minimum, 0);
  EXPECT_FALSE(with.config->training.data_filters.maximum);
  EXPECT_NE(with.training_hash, plain.training_hash);
  EXPECT_EQ(with.deployment_hash, plain.deployment_hash);
}

TEST(CircuitFile, VersionOfThePlantsBaseIsPartOfTheTrainingHashWhereThereIsOne) {
  const CircuitResolution plain = ResolveEdited({});
  EXPECT_FALSE(plain.config->training.base_version);
  EXPECT_EQ(CanonicalJson(*plain.config, KeyScope::kTraining).find("base"), std::string::npos);
  EXPECT_EQ(plain.training_hash, "06c0c352d6b67f17c79f75208574ea9455d13b714f547f37393afdd6546a20df")
      << "what has been trained is not trained again";
  CircuitLayer defaults = Layer("p.yml", "training:\n  base_version: 3\n", FileKind::kDefaults);
  defaults.position = 1;
  const CircuitResolution of_plant = ResolveCircuit(
      "P001", "C001", {Layer("c.yml", CircuitText("P001", "C001"), FileKind::kCircuit), defaults});
  const CircuitResolution own =
      ResolveEdited({{"  data_filters:", "  base_version: 3\n  data_filters:"}});
  ASSERT_TRUE(of_plant.config && own.config);
  EXPECT_EQ(of_plant.config->training.base_version, 3);
  EXPECT_EQ(of_plant.training_hash, own.training_hash);
  EXPECT_NE(own.training_hash, plain.training_hash);
  EXPECT_EQ(own.deployment_hash, plain.deployment_hash);
  const CircuitResolution none =
      ResolveEdited({{"  data_filters:", "  base_version: 0\n  data_filters:"}});
  EXPECT_EQ(FileSummary(none.diagnostics), (Lines{"14:17 OUT_OF_RANGE training.base_version"}));
}

TEST(CircuitFile, AValueThatIsTooLongIsToldItsLengthAndNotThatItIsNoText) {
  const CircuitResolution resolution = ResolveEdited({{"SENSOR_P001_C001", std::string(257, 's')}});
  ASSERT_EQ(resolution.diagnostics.size(), 1u);
  EXPECT_NE(resolution.diagnostics[0].message.find("is 257 bytes long"), std::string::npos)
      << resolution.diagnostics[0].message;
  EXPECT_NE(resolution.diagnostics[0].remedy.find("use 1 to 256 bytes"), std::string::npos)
      << resolution.diagnostics[0].remedy;
}

// A plant's minimum with a circuit's maximum below it: the circuit's is the one to mend.
TEST(CircuitFile, RangeThatIsEmptyIsReportedInTheStrongerFile) {
  CircuitLayer plant =
      Layer("p.yml", "training:\n  data_filters:\n    minimum: 0\n", FileKind::kDefaults);
  plant.position = 1;
  const std::string own = CircuitText(
      "P001", "C001", {{"    feature_columns", "    maximum: -1\n    feature_columns"}});
  const CircuitResolution resolution =
      ResolveCircuit("P001", "C001", {Layer("c.yml", own, FileKind::kCircuit), plant});
  EXPECT_FALSE(resolution.config);
  EXPECT_EQ(FileSummary(resolution.diagnostics),
            (Lines{"16:14 OUT_OF_RANGE training.data_filters.maximum"}));
  EXPECT_EQ(resolution.diagnostics[0].path, "c.yml");
}

TEST(CircuitFile, EachMistakeIsReportedAtItsLineAndColumn) {
  struct Case {
    Edits edits;
    Lines expected;
  };
  const std::vector<Case> cases = {
      {{{"epochs: 50", "epochs: 0"}}, {"13:13 OUT_OF_RANGE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: 1e999"}}, {"13:13 OUT_OF_RANGE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: 50.5"}}, {"13:13 WRONG_TYPE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: \"50\""}}, {"13:13 WRONG_TYPE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: many"}}, {"13:13 WRONG_TYPE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: yes"}}, {"13:13 WRONG_TYPE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: [50]"}}, {"13:13 WRONG_TYPE training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: !!int 50"}},
       {"13:13 UNSUPPORTED_TAG training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: 1_000"}},
       {"13:13 AMBIGUOUS_SCALAR training.hyperparameters.epochs"}},
      {{{"epochs: 50", "epochs: 0o17"}},
       {"13:13 AMBIGUOUS_SCALAR training.hyperparameters.epochs"}},
      {{{"dropout: 0.2", "dropout: 1"}}, {"10:14 OUT_OF_RANGE training.hyperparameters.dropout"}},
      {{{"dropout: 0.2", "dropout: .nan"}},
       {"10:14 AMBIGUOUS_SCALAR training.hyperparameters.dropout"}},
      {{{"learning_rate: 0.001", "learning_rate: 0"}},
       {"11:20 OUT_OF_RANGE training.hyperparameters.learning_rate"}},
      {{{"lstm_units", "lstm_unit"}}, {"9:5 UNKNOWN_KEY training.hyperparameters.lstm_unit"}},
      {{{"epochs: 50", "epochs: 50\n    epochs: 60"}},
       {"14:5 DUPLICATE_KEY training.hyperparameters.epochs"}},
      {{{"    epochs: 50\n", ""}}, {"8:5 MISSING_KEY training.hyperparameters.epochs"}},
      {{{"2025-12-09", "2025-02-29"}}, {"5:16 INVALID_DATE training.cutoff_date"}},
      {{{"2025-12-09", "9.12.2025"}}, {"5:16 WRONG_TYPE training.cutoff_date"}},
      {{{"\"1.5.0\"", "1.5"}}, {"6:24 WRONG_TYPE training.environment_version"}},
      {{{"SENSOR_P001_C001", "a\\x01b"}}, {"15:16 MALFORMED training.data_filters.sensor_id"}},
      {{{"SENSOR_P001_C001", "a\\u0085b"}}, {"15:16 MALFORMED training.data_filters.sensor_id"}},
      {{{"SENSOR_P001_C001", "a\\u202Eb"}}, {"15:16 MALFORMED training.data_filters.sensor_id"}},
      {{{"SENSOR_P001_C001", std::string(257, 'x')}},
       {"15:16 MALFORMED training.data_filters.sensor_id"}},
      {{{"SENSOR_P001_C001", std::string(256, 'x')}}, {}},
      {{{"SENSOR_P001_C001", "LINE1.TEMP.01"}}, {}},
      {{{"SENSOR_P001_C001", "ns=2;s=Line1/Temp: 7 (°C)"}}, {}},
      {{{"\"pressure\"", "\"temperature\""}},
       {"16:38 DUPLICATE_VALUE training.data_filters.feature_columns[1]"}},
      {{{"\"pressure\"", "no"}}, {"16:38 WRONG_TYPE training.data_filters.feature_columns[1]"}},
      {{{"[\"temperature\", \"pressure\", \"vibration\"]", "[]"}},
       {"16:22 WRONG_LENGTH training.data_filters.feature_columns"}},
      {{{"[\"temperature\", \"pressure\", \"vibration\"]", "temperature"}},
       {"16:22 WRONG_TYPE training.data_filters.feature_columns"}},
      {{{"    feature_columns", "    minimum: 1000000000000000\n    feature_columns"}},
       {"16:14 OUT_OF_RANGE training.data_filters.minimum"}},
      {{{"    feature_columns", "    minimum: 5\n    maximum: 5\n    feature_columns"}},
       {"16:14 OUT_OF_RANGE training.data_filters.minimum"}},
      {{{"timeout_minutes: 60", "timeout_minutes:"}},
       {"21:3 WRONG_TYPE deployment.timeout_minutes"}},
      {{{"circuit_id: \"C001\"", "circuit_id: \"C002\""}}, {"2:13 ID_MISMATCH circuit_id"}},
      {{{"plant_id: \"P001\"", "plant_id: \"..\""}}, {"1:11 MALFORMED plant_id"}},
      {{{"deployment:\n", "deployment: none\nx:\n"}},
       {"18:1 WRONG_TYPE deployment", "19:1 UNKNOWN_KEY x"}},
      {{{"  hyperparameters:\n", "  hyperparameters:\n    <<: {epochs: 3}\n"}},
       {"8:5 MERGE_KEY training.hyperparameters.<<"}}};
  for (const Case& c : cases) {
    const CircuitResolution resolution = ResolveEdited(c.edits);
    EXPECT_EQ(FileSummary(resolution.diagnostics), c.expected) << c.edits[0].second;
    EXPECT_EQ(resolution.config.has_value(), c.expected.empty()) << c.edits[0].second;
    for (const Diagnostic& diagnostic : resolution.diagnostics) {
      EXPECT_EQ(diagnostic.path, "config/plants/P001/C001.yml");
      EXPECT_EQ(diagnostic.plant_id, "P001");
      EXPECT_EQ(diagnostic.circuit_id, "C001");
      EXPECT_FALSE(diagnostic.message.empty());
      EXPECT_FALSE(diagnostic.remedy.empty());
    }
  }
}

TEST(CircuitFile, AllMistakesAreReportedAtOnceInTheOrderOfTheFile) {
  const CircuitResolution resolution = ResolveEdited({{"2025-12-09", "2025-12-99"},
                                                      {"dropout: 0.2", "dropout: two"},
                                                      {"epochs: 50", "epoch: 50"},
                                                      {"timeout_minutes: 60", "color: red"}});
  EXPECT_EQ(
      FileSummary(resolution.diagnostics),
      (Lines{"5:16 INVALID_DATE training.cutoff_date",
             "10:14 WRONG_TYPE training.hyperparameters.dropout",
             "13:5 UNKNOWN_KEY training.hyperparameters.epoch",
             "19:3 MISSING_KEY deployment.timeout_minutes", "21:3 UNKNOWN_KEY deployment.color"}));
  EXPECT_EQ(resolution.diagnostics[2].remedy, "did you mean `epochs`?");
}

TEST(CircuitFile, TextThatIsNoMappingIsReportedWithoutAFloodOfMissingKeys) {
  const std::vector<std::pair<std::string, Lines>> cases = {
      {"", {"1:1 NOT_A_MAPPING "}},
      {"# nothing\n", {"1:1 NOT_A_MAPPING "}},
      {"- a\n- b\n", {"1:1 NOT_A_MAPPING "}},
      {"a: [1, 2\nb: 3\n", {"2:2 YAML_SYNTAX "}},
      {"plant_id: \"P001\"\ntraining:\n\tepochs: 3\n", {"3:1 TAB_INDENTATION "}},
      {"a: 1\n---\nb: 2\n", {"2:1 MULTIPLE_DOCUMENTS "}},
      {"a: \"\xFF\"\n", {"1:5 INVALID_UTF8 "}},
      {"a: *nobody\n", {"1:4 YAML_SYNTAX "}}};
  for (const auto& [text, expected] : cases)
    EXPECT_EQ(FileSummary(ResolveText(text).diagnostics), expected) << text;
}

TEST(CircuitFile, ByteOrderMarkIsAWarningAndTheCircuitStaysSound) {
  const CircuitResolution resolution = ResolveText("\xEF\xBB\xBF" + CircuitText("P001", "C001"));
  EXPECT_TRUE(resolution.config);
  EXPECT_EQ(FileSummary(resolution.diagnostics), (Lines{"1:1 BYTE_ORDER_MARK "}));
}

TEST(CircuitFile, AliasBombsDeepNestingAndCyclesAreRefusedAtOnce) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
    for (int k = 0; k < 8; ++k) bomb += ", " + last;
    bomb += "]\n";
  }
  bomb += "training: {data_filters: {feature_columns: *a29}}\n";
  EXPECT_FALSE(ResolveText(bomb).config);
  EXPECT_EQ(FileSummary(ResolveText("a: " + std::string(10'000, '[')).diagnostics).size(), 1u);
  EXPECT_EQ(ResolveText("a: " + std::string(10'000, '[')).diagnostics[0].reason,
            "NESTING_TOO_DEEP");
  EXPECT_EQ(ResolveText("a: " + std::string(10'000, '{')).diagnostics[0].reason,
            "NESTING_TOO_DEEP");
  EXPECT_FALSE(ResolveText("training: &t\n  hyperparameters: *t\n  forecast: *t\n").config);
}

TEST(CircuitFile, FileOfNothingButMistakesIsReportedWithinABound) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "k:\n";
  const CircuitResolution resolution = ResolveText(text);
  ASSERT_LT(resolution.diagnostics.size(), 1100u);
  EXPECT_EQ(std::count_if(resolution.diagnostics.begin(), resolution.diagnostics.end(),
                          [](const Diagnostic& diagnostic) {
                            return diagnostic.reason == "TOO_MANY_PROBLEMS";
                          }),
            1);
}

TEST(CircuitFile, KeyComesFromTheCircuitElseItsPlantElseTheRepository) {
  const std::string own =
      CircuitText("P001", "C001", {{"    epochs: 50\n", ""}, {"    batch_size: 32\n", ""}});
  const CircuitResolution resolution = ResolveCircuit(
      "P001", "C001",
      {Layer("c.yml", own, FileKind::kCircuit),
       Layer("p.yml", "training:\n  hyperparameters:\n    epochs: 70\n    dropout: 0.5\n",
             FileKind::kDefaults),
       Layer("r.yml",
             "training:\n  seed: 9\n  hyperparameters:\n    epochs: 80\n    batch_size: 16\n",
             FileKind::kDefaults)});
  ASSERT_TRUE(resolution.config) << resolution.diagnostics[0].message;
  EXPECT_EQ(resolution.config->training.hyperparameters.epochs, 70);
  EXPECT_EQ(resolution.config->training.hyperparameters.dropout, 0.2);
  EXPECT_EQ(resolution.config->training.hyperparameters.batch_size, 16);
  EXPECT_EQ(resolution.config->training.seed, 9u);
}

TEST(CircuitFile, MistakeInAFileOfDefaultsIsReportedInThatFile) {
  const CircuitResolution resolution = ResolveCircuit(
      "P001", "C001",
      {Layer("c.yml", CircuitText("P001", "C001"), FileKind::kCircuit),
       Layer("p.yml", "plant_id: P001\ntraining:\n  sed: 3\n", FileKind::kDefaults)});
  EXPECT_FALSE(resolution.config);
  EXPECT_EQ(FileSummary(resolution.diagnostics),
            (Lines{"1:1 KEY_NOT_ALLOWED plant_id", "3:3 UNKNOWN_KEY training.sed"}));
  EXPECT_EQ(resolution.diagnostics[0].path, "p.yml");
  const CircuitResolution comments_only =
      ResolveCircuit("P001", "C001",
                     {Layer("c.yml", CircuitText("P001", "C001"), FileKind::kCircuit),
                      Layer("p.yml", "# none yet\n", FileKind::kDefaults)});
  EXPECT_TRUE(comments_only.config);
}

}  // namespace
}  // namespace fleetcast::config
