// Circuits' statuses and releases, as people see them.
#pragma once

#include <string>
#include <vector>

#include "cli/output/table.h"
#include "cli/progress/progress.h"
#include "fleetcast/inference/v1/circuit_status.pb.h"
#include "fleetcast/inference/v1/release.pb.h"
#include "fleetcast/inference/v1/release_service.pb.h"

namespace fleetcast::cli {

[[nodiscard]] Table FleetTable(const std::vector<inference::v1::CircuitStatus>& circuits,
                               absl::Time now);
// "75 circuits, 2 with problems (1 FORECAST_LATE, 1 OUT_OF_SYNC)" and the release in force.
[[nodiscard]] std::string FleetSummaryText(const inference::v1::FleetSummary& summary,
                                           absl::Time now);
// How many circuits somebody should look at.
[[nodiscard]] int TroubledCircuits(const inference::v1::FleetSummary& summary);
// One circuit with everything that is known of it.
[[nodiscard]] std::string CircuitText(const inference::v1::CircuitStatus& status,
                                      const Terminal& terminal, absl::Time now);

[[nodiscard]] Table ReleasesTable(const std::vector<inference::v1::Release>& releases,
                                  absl::Time now);
[[nodiscard]] std::string ReleaseText(const inference::v1::Release& release,
                                      const std::vector<inference::v1::ReleaseStep>& steps,
                                      const Terminal& terminal, absl::Time now);
[[nodiscard]] std::string StateText(const inference::v1::Release& release);
// "3 to promote, 1 to retire"; "" if nothing is to be done.
[[nodiscard]] std::string PlanText(const inference::v1::ReleasePlan& plan);
[[nodiscard]] CircuitProgress ProgressOf(const inference::v1::ReleaseStep& step);
[[nodiscard]] std::string FailureText(const inference::v1::ReleaseStep& step);

}  // namespace fleetcast::cli
