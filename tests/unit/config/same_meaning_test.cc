// Files that are written otherwise and mean the same change nothing; what means something else is
// no change of wording.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "services/config/domain/fleet_reader.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/fake_config_repository.h"

namespace fleetcast::config {
namespace {

using testing::CircuitPath;
using testing::CircuitText;
using testing::Edited;
using testing::Files;
using testing::FleetFiles;

const std::string& kPath = *new std::string(CircuitPath("P001", "C001"));

Comparison Changes(const Files& base, const Files& head) {
  testing::FakeConfigRepository repository;
  repository.AddCommit("base", base);
  repository.AddCommit("head", head);
  auto report = FleetReader(repository, ParseYaml, 1 << 20).DetectChanges("base", "head");
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report->comparison : Comparison{};
}

std::string WithLineEnds(std::string text, const std::string& end) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += end.size())
    text.replace(at, 1, end);
  return text;
}

// The circuit's file in other words.
std::vector<std::pair<std::string, std::string>> Wordings() {
  const std::string text = CircuitText("P001", "C001");
  return {
      {"a comment", "# about\n" + text + "# the end\n"},
      {"no comment", Edited(text, "        # training data ends here", "")},
      {"blank lines and spaces", "\n\n" + Edited(text, "dropout: 0.2\n", "dropout:   0.2  \n\n")},
      {"CRLF", WithLineEnds(text, "\r\n")},
      {"a byte-order mark", "\xEF\xBB\xBF" + text},
      {"a document's start and end", "---\n" + text + "...\n"},
      {"a directive", "%YAML 1.2\n---\n" + text},
      {"no newline at the end", text.substr(0, text.size() - 1)},
      {"order of keys",
       Edited(text, "lstm_units: 128\n    dropout: 0.2", "dropout: 0.2\n    lstm_units: 128")},
      {"order of sections", Edited(text, "plant_id: \"P001\"\ncircuit_id: \"C001\"\n", "") +
                                "circuit_id: \"C001\"\nplant_id: \"P001\"\n"},
      {"single quotes", Edited(text, "\"1.5.0\"", "'1.5.0'")},
      {"no quotes", Edited(Edited(text, "\"2025-12-09\"", "2025-12-09"), "\"P001\"", "P001")},
      {"quoted keys", Edited(text, "epochs:", "\"epochs\":")},
      {"escapes", Edited(text, "\"temperature\"", "\"\\x74emperature\"")},
      {"a block scalar", Edited(text, "\"SENSOR_P001_C001\"", "|-\n      SENSOR_P001_C001")},
      {"50.0", Edited(text, "epochs: 50", "epochs: 50.0")},
      {"+50", Edited(text, "epochs: 50", "epochs: +50")},
      {"5e1", Edited(text, "epochs: 50", "epochs: 5e1")},
      {"0.20", Edited(text, "dropout: 0.2", "dropout: 0.20")},
      {".2", Edited(text, "dropout: 0.2", "dropout: .2")},
      {"1e-3", Edited(text, "learning_rate: 0.001", "learning_rate: 1e-3")},
      {"an anchor", Edited(text, "epochs: 50", "epochs: &fifty 50")},
      {"an alias", Edited(Edited(text, "sequence_length: 24", "sequence_length: &n 24"),
                          "epochs: 50\n", "epochs: 50\n  forecast: {horizon: *n}\n")},
      {"a flow mapping",
       Edited(text, "data_filters:\n    sensor_id: \"SENSOR_P001_C001\"\n    feature_columns: ",
              "data_filters: {sensor_id: SENSOR_P001_C001, feature_columns: ")},
      {"a block list", Edited(text, "[\"temperature\", \"pressure\", \"vibration\"]",
                              "\n    - temperature\n    - pressure\n    - vibration")},
      {"a default in full", text + "  instance_count: 1\n  error_threshold: -1\n"},
  };
}

TEST(SameMeaning, OtherWordingOfACircuitIsNoChange) {
  const Files base = FleetFiles({{"P001", {"C001"}}});
  for (auto& [what, text] : Wordings()) {
    Files head = base;
    head[kPath] = text;
    // The brace of the flow mapping ends with its last key.
    if (what == "a flow mapping") head[kPath] = Edited(text, "\"vibration\"]", "\"vibration\"]}");
    const Comparison report = Changes(base, head);
    EXPECT_TRUE(report.changes.empty()) << what;
    EXPECT_FALSE(HasError(report.diagnostics)) << what << ": " << report.diagnostics[0].message;
  }
}

TEST(SameMeaning, ValueThatMovesIntoAFileOfDefaultsIsNoChange) {
  const Files base = FleetFiles({{"P001", {"C001"}}});
  for (const std::string path : {"config/defaults.yml", "config/plants/P001/defaults.yml"}) {
    Files head = base;
    head[kPath] = CircuitText("P001", "C001", {{"    epochs: 50\n", ""}});
    head[path] = "training: {hyperparameters: {epochs: 50}}\n";
    EXPECT_TRUE(Changes(base, head).changes.empty()) << path;
    // A default that the circuit overrules is none of its business.
    head = base;
    head[path] = "training: {hyperparameters: {epochs: 99}}\n";
    EXPECT_TRUE(Changes(base, head).changes.empty()) << path;
  }
}

TEST(SameMeaning, OtherWordingOfTheMasterListIsNoChange) {
  const Files base = FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}});
  Files head = base;
  head["config/plants_circuits.yml"] =
      "# the fleet\nplants:\n- circuits: [{circuit_name: Circuit C001, circuit_id: C001}]\n"
      "  plant_name: 'Plant P002'\n  plant_id: P002\n- plant_id: P001\n  plant_name: Plant P001\n"
      "  circuits:\n  - {circuit_id: C002, circuit_name: Circuit C002}\n"
      "  - {circuit_id: C001, circuit_name: Circuit C001}\n";
  EXPECT_TRUE(Changes(base, head).changes.empty());
}

TEST(SameMeaning, OrderOfFeatureColumnsIsMeaning) {
  const Files base = FleetFiles({{"P001", {"C001"}}});
  Files head = base;
  head[kPath] =
      Edited(base.at(kPath), "\"pressure\", \"vibration\"", "\"vibration\", \"pressure\"");
  const Comparison report = Changes(base, head);
  ASSERT_EQ(report.changes.size(), 1u);
  EXPECT_EQ(report.changes[0].effect, ChangeEffect::kRetrain);
}

}  // namespace
}  // namespace fleetcast::config
