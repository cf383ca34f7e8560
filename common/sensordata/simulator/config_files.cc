#include "common/sensordata/simulator/config_files.h"

namespace fleetcast::sensordata {

ConfigFile MasterListFile(const FleetPlan& fleet, bool with_circuits) {
  std::string text = "plants:\n";
  for (const PlantPlan& plant : fleet.plants) {
    text += "  - plant_id: \"" + plant.plant_id + "\"\n    plant_name: \"" + plant.plant_name +
            "\"\n    circuits:";
    text += with_circuits && !plant.circuits.empty() ? "\n" : " []\n";
    if (!with_circuits) continue;
    for (const CircuitPlan& circuit : plant.circuits) {
      text += "      - circuit_id: \"" + circuit.circuit_id + "\"\n        circuit_name: \"" +
              circuit.circuit_name + "\"\n";
    }
  }
  return {"config/plants_circuits.yml", std::move(text)};
}

ConfigFile CircuitFile(const PlantPlan& plant, const CircuitPlan& circuit,
                       const ConfigValues& values) {
  std::string text = "plant_id: \"" + plant.plant_id + "\"\ncircuit_id: \"" + circuit.circuit_id +
                     "\"\n\ntraining:\n  cutoff_date: \"" + values.cutoff_date +
                     "\"        # training data ends here\n"
                     "  environment_version: \"1.5.0\"\n"
                     "  hyperparameters:\n"
                     "    sequence_length: 24\n"
                     "    lstm_units: " +
                     std::to_string(values.lstm_units) +
                     "\n"
                     "    dropout: 0.2\n"
                     "    learning_rate: 0.001\n"
                     "    batch_size: 32\n"
                     "    epochs: " +
                     std::to_string(values.epochs) +
                     "\n"
                     "  data_filters:\n"
                     "    sensor_id: \"" +
                     circuit.sensor_id +
                     "\"\n"
                     "    feature_columns: [\"temperature\", \"pressure\", \"vibration\"]\n"
                     "\n"
                     "deployment:\n"
                     "  compute_instance_type: \"Standard_DS3_v2\"\n"
                     "  mini_batch_size: 100\n"
                     "  timeout_minutes: 60\n";
  return {"config/plants/" + plant.plant_id + "/" + circuit.circuit_id + ".yml", std::move(text)};
}

}  // namespace fleetcast::sensordata
