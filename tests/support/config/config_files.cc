#include "tests/support/config/config_files.h"

#include <cstdio>
#include <cstdlib>

namespace fleetcast::config::testing {

std::string Edited(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) {
    std::fprintf(stderr, "'%s' is not in the text\n", from.c_str());
    std::abort();
  }
  return text.replace(at, from.size(), to);
}

std::string CircuitText(const std::string& plant_id, const std::string& circuit_id,
                        const std::vector<std::pair<std::string, std::string>>& edits) {
  std::string text = R"(plant_id: "PLANT"
circuit_id: "CIRCUIT"

training:
  cutoff_date: "2025-12-09"        # training data ends here
  environment_version: "1.5.0"
  hyperparameters:
    sequence_length: 24
    lstm_units: 128
    dropout: 0.2
    learning_rate: 0.001
    batch_size: 32
    epochs: 50
  data_filters:
    sensor_id: "SENSOR_NAME"
    feature_columns: ["temperature", "pressure", "vibration"]

deployment:
  compute_instance_type: "Standard_DS3_v2"
  mini_batch_size: 100
  timeout_minutes: 60
)";
  text = Edited(text, "PLANT", plant_id);
  text = Edited(text, "CIRCUIT", circuit_id);
  text = Edited(text, "NAME", plant_id + "_" + circuit_id);
  for (const auto& [from, to] : edits) text = Edited(text, from, to);
  return text;
}

std::string CircuitPath(const std::string& plant_id, const std::string& circuit_id) {
  return "config/plants/" + plant_id + "/" + circuit_id + ".yml";
}

std::string MasterText(const std::map<std::string, std::vector<std::string>>& plants) {
  std::string text = "plants:\n";
  for (const auto& [plant, circuits] : plants) {
    text +=
        "  - plant_id: \"" + plant + "\"\n    plant_name: \"Plant " + plant + "\"\n    circuits:\n";
    for (const std::string& circuit : circuits)
      text += "      - circuit_id: \"" + circuit + "\"\n        circuit_name: \"Circuit " +
              circuit + "\"\n";
  }
  return text;
}

Files FleetFiles(const std::map<std::string, std::vector<std::string>>& plants) {
  Files files = {{"config/plants_circuits.yml", MasterText(plants)}};
  for (const auto& [plant, circuits] : plants)
    for (const std::string& circuit : circuits)
      files[CircuitPath(plant, circuit)] = CircuitText(plant, circuit);
  return files;
}

}  // namespace fleetcast::config::testing
