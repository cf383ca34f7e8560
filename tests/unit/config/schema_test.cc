// The JSON Schemas say of a file what the service says of it. Checked with Debian's
// python3-jsonschema, an implementation that is not ours.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "services/config/domain/calendar_file.h"
#include "services/config/domain/circuit_file.h"
#include "services/config/domain/reference.h"
#include "services/config/domain/scalar.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config {
namespace {

using nlohmann::json;
using Edits = std::vector<std::pair<std::string, std::string>>;

constexpr char kPython[] = "/usr/bin/python3";

// As an editor reads it: YAML 1.2, in which a date is text.
json JsonOf(const YamlDocument& document, int index) {
  const YamlNode& node = document.at(index);
  json value;
  if (node.kind == YamlNode::Kind::kMapping) {
    value = json::object();
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2)
      value[document.at(node.children[i]).text] = JsonOf(document, node.children[i + 1]);
  } else if (node.kind == YamlNode::Kind::kSequence) {
    value = json::array();
    for (const int child : node.children) value.push_back(JsonOf(document, child));
  } else if (node.kind == YamlNode::Kind::kScalar) {
    const ScalarMeaning meaning = node.quoted ? ScalarMeaning::kText : MeaningOf(node.text);
    if (meaning == ScalarMeaning::kNumber)
      value = NumberOf(node.text);
    else if (meaning == ScalarMeaning::kBoolean)
      value = node.text == "true";
    else
      value = node.text;
  }
  return value;
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class SchemaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string probe = std::string(kPython) + " -c 'import jsonschema' 2>/dev/null";
    if (std::system(probe.c_str()) != 0) GTEST_SKIP() << "python3-jsonschema is not installed";
    std::string pattern = ::testing::TempDir() + "schema-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  // For each text what the schema finds wrong with it.
  json Verdicts(const std::string& schema, const std::vector<std::string>& texts) {
    json request = {{"schema", json::parse(schema)}, {"instances", json::array()}};
    for (const std::string& text : texts) {
      const ParsedYaml parsed = ParseYaml(text);
      EXPECT_TRUE(parsed.document) << text;
      request["instances"].push_back(JsonOf(*parsed.document, parsed.document->root));
    }
    std::ofstream(folder_ + "/request") << request;
    const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
    const std::string command = std::string(kPython) + " '" + (source == nullptr ? "." : source) +
                                "/tests/unit/config/schema_verdicts.py' < " + folder_ +
                                "/request > " + folder_ + "/verdicts";
    EXPECT_EQ(std::system(command.c_str()), 0);
    return json::parse(TextOf(folder_ + "/verdicts"));
  }

  void ExpectTheServicesVerdict(FileKind kind, const std::vector<std::string>& texts) {
    const json verdicts = Verdicts(JsonSchema(kind), texts);
    ASSERT_EQ(verdicts.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_EQ(verdicts[i].empty(),
                !HasError(ReadCircuitFile(ParseYaml(texts[i]), kind).diagnostics))
          << texts[i] << verdicts[i];
  }

  std::string folder_;
};

TEST_F(SchemaTest, CircuitsAreSoundToTheSchemaIfTheyAreToTheService) {
  const std::vector<Edits> edits = {
      {},
      {{"epochs: 50", "epochs: 50.0"}},
      {{"epochs: 50", "epochs: 10000"}},
      {{"epochs: 50", "epochs: 10001"}},
      {{"epochs: 50", "epochs: 0"}},
      {{"epochs: 50", "epochs: 1.5"}},
      {{"epochs: 50", "epochs: \"50\""}},
      {{"epochs: 50", "epochs: yes"}},
      {{"epochs: 50", "epochs:"}},
      {{"    epochs: 50\n", ""}},  // it may stand in a file of defaults
      {{"lstm_units", "lstm_unit"}},
      {{"dropout: 0.2", "dropout: 0.9"}},
      {{"dropout: 0.2", "dropout: 0.91"}},
      {{"learning_rate: 0.001", "learning_rate: 0"}},
      {{"learning_rate: 0.001", "learning_rate: 1"}},
      {{"2025-12-09", "2025-12-9"}},
      {{"2025-12-09", "2025-13-01"}},
      {{"\"2025-12-09\"", "2025-12-09"}},
      {{"\"1.5.0\"", "1.5"}},
      {{"SENSOR_P001_C001", "../x"}},
      {{"SENSOR_P001_C001", std::string(128, 's')}},
      {{"SENSOR_P001_C001", std::string(129, 's')}},
      {{"[\"temperature\", \"pressure\", \"vibration\"]", "[]"}},
      {{"[\"temperature\", \"pressure\", \"vibration\"]", "temperature"}},
      {{"\"pressure\"", "\"temperature\""}},
      {{"\"pressure\"", "\"\""}},
      {{"epochs: 50", "epochs: 50\n  forecast: {horizon: 48, interval_levels: [50, 99.9]}"}},
      {{"epochs: 50", "epochs: 50\n  forecast: {interval_levels: [100]}"}},
      {{"epochs: 50", "epochs: 50\n  precision: float32\n  seed: 4294967295"}},
      {{"epochs: 50", "epochs: 50\n  precision: float16"}},
      {{"epochs: 50", "epochs: 50\n  seed: 4294967296"}},
      {{"timeout_minutes: 60", "timeout_minutes: 60\n  retry_settings: {timeout: 0}"}},
      {{"timeout_minutes: 60", "timeout_minutes: 60\n  retry_settings: 3"}},
      {{"deployment:\n", "deployments:\n"}},
      {{"plant_id: \"P001\"", "plant_id: \"..\""}},
      {{"plant_id: \"P001\"", "plant_id: \"P-1\""}}};
  std::vector<std::string> texts;
  for (const Edits& each : edits) texts.push_back(testing::CircuitText("P001", "C001", each));
  ExpectTheServicesVerdict(FileKind::kCircuit, texts);
}

TEST_F(SchemaTest, DefaultsHoldAnySubsetOfTheKeysButTheIds) {
  ExpectTheServicesVerdict(FileKind::kDefaults,
                           {"training: {seed: 3}\n", "deployment: {timeout_minutes: 5}\n", "{}\n",
                            "training: {hyperparameters: {epochs: 9, dropout: 0}}\n",
                            "training: {sed: 3}\n", "plant_id: P001\n", "training: 3\n"});
}

TEST_F(SchemaTest, CircuitMustSayItsIds) {
  const json verdicts =
      Verdicts(JsonSchema(FileKind::kCircuit), {"circuit_id: C001\n", "plant_id: P001\n", "{}\n"});
  EXPECT_EQ(verdicts[0].size(), 1u);
  EXPECT_EQ(verdicts[1].size(), 1u);
  EXPECT_EQ(verdicts[2].size(), 2u);
}

TEST_F(SchemaTest, CalendarsAreSoundToTheSchemaIfTheyAreToTheService) {
  const std::string shift = "shifts: [{days: [monday], from: \"06:00\", to: \"24:00\"}]\n";
  std::vector<std::string> texts = {
      "{}\n",
      "holidays: [2025-12-25, \"2025-12-26\"]\n",
      "holidays:\nshifts: []\n",
      shift,
      "maintenance: [{from: \"2025-08-02 06:00\", to: \"2025-08-04 22:00\"}]\n",
      "holidays: 2025-12-25\n",
      "holidays: [2025-13-01]\n",
      "holiday: [2025-12-25]\n",
      "maintenance: [{from: \"2025-08-02\", to: \"2025-08-04 22:00\"}]\n",
      "maintenance: [{from: \"2025-08-02 06:00\"}]\n",
      "shifts: [{days: [monday]}]\n",
      "shifts: monday\n",
      "shifts: [monday]\n"};
  for (const auto& [from, to] : Edits{{"[monday]", "[Monday]"},
                                      {"[monday]", "monday"},
                                      {"[monday]", "[]"},
                                      {"[monday]", "null"},
                                      {"06:00", "6:00"},
                                      {"24:00", "24:01"},
                                      {"24:00", "23:60"},
                                      {"to:", "until:"}})
    texts.push_back(absl::StrReplaceAll(shift, {{from, to}}));
  const json verdicts = Verdicts(CalendarSchema(), texts);
  ASSERT_EQ(verdicts.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(verdicts[i].empty(),
              !HasError(ReadCalendarFile(ParseYaml(texts[i]), "berlin.yml").diagnostics))
        << texts[i] << verdicts[i];
}

}  // namespace
}  // namespace fleetcast::config
