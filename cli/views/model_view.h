// What people see of model versions and champions.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/output/table.h"
#include "fleetcast/registry/v1/champion.pb.h"
#include "fleetcast/registry/v1/lineage.pb.h"
#include "fleetcast/registry/v1/model_version.pb.h"

namespace fleetcast::cli {

// Versions in `champions` are marked.
[[nodiscard]] Table ModelVersionsTable(const std::vector<registry::v1::ModelVersion>& versions,
                                       const std::set<std::string>& champions, absl::Time now);
// `base`: the plant's base that it started from.
[[nodiscard]] std::string ModelVersionText(const registry::v1::ModelVersion& version,
                                           const std::optional<registry::v1::ModelVersion>& base,
                                           const Terminal& terminal);
[[nodiscard]] Table ChampionsTable(const std::vector<registry::v1::Champion>& champions,
                                   absl::Time now);
[[nodiscard]] Table ChampionEventsTable(const std::vector<registry::v1::ChampionEvent>& events,
                                        absl::Time now);

// What it came from and what came from it, each step as a sentence.
[[nodiscard]] Table LineageTable(const registry::v1::Lineage& lineage);

// NaN if the version has no such metric.
[[nodiscard]] double MetricOf(const registry::v1::ModelVersion& version, const std::string& key);
[[nodiscard]] std::string TagOf(const registry::v1::ModelVersion& version, const std::string& key);

}  // namespace fleetcast::cli
