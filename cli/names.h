// Names as people type them, "P001/C001" or "12", to resource names and back. Full resource names
// are accepted everywhere and passed on unchanged; the services check the ids.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fleetcast::cli {

inline constexpr char kModel[] = "models/sensor-model";
inline constexpr char kPlantBase[] = "models/plant-base";

// "P001/C001" → "plants/P001/circuits/C001". INVALID_ARGUMENT unless there are just two ids.
[[nodiscard]] absl::StatusOr<std::string> CircuitName(const std::string& text);
// As CircuitName; "P001" also, for every circuit of a plant, and "all" for the whole fleet.
[[nodiscard]] absl::StatusOr<std::string> CircuitsName(const std::string& text);
// "12" or "v12" → "models/sensor-model/versions/12"; "plant-base/3" →
// "models/plant-base/versions/3".
[[nodiscard]] absl::StatusOr<std::string> ModelVersionName(const std::string& text);
// "P001/C001" → "batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C001".
[[nodiscard]] absl::StatusOr<std::string> DeploymentName(const std::string& text);
// "P001/C001" → "models/sensor-model/plants/P001/circuits/C001".
[[nodiscard]] absl::StatusOr<std::string> ChampionParent(const std::string& text);
// `id` → "trainingRuns/{id}", for any top-level collection.
[[nodiscard]] std::string NameIn(const std::string& collection, const std::string& text);

// "P001,P002" and repeated flags alike, each a bare plant id ("plants/P001" too).
[[nodiscard]] std::vector<std::string> PlantIds(const std::vector<std::string>& given);
// Values of a flag that may be repeated or comma-separated; RunCommandLine refuses empty ones.
[[nodiscard]] std::vector<std::string> SplitList(const std::vector<std::string>& given);

// "plants/P001/circuits/C001…" or ".../plants/P001/circuits/C001…" → "P001/C001"; other names as
// they are.
[[nodiscard]] std::string ShortCircuit(const std::string& name);
// The inverse of DeploymentName; other names as they are.
[[nodiscard]] std::string ShortDeployment(const std::string& name);
// `text` as a literal of a filter, in quotes.
[[nodiscard]] std::string FilterLiteral(const std::string& text);
// The part after the last slash.
[[nodiscard]] std::string LastPart(const std::string& name);
// "models/sensor-model/versions/12" → "v12", "models/plant-base/versions/3" → "plant-base/3"; ""
// for "".
[[nodiscard]] std::string ShortVersion(const std::string& name);
// `given`, or who calls where it is "": $USER, else the account's name; "" if it has none.
[[nodiscard]] std::string ActorOf(const std::string& given);
// The first 10 characters of a commit.
[[nodiscard]] std::string ShortCommit(const std::string& commit);

}  // namespace fleetcast::cli
