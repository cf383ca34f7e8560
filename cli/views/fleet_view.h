// Every circuit at a glance: what all four services say of it, put together, and what is wrong.
#pragma once

#include <limits>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/table.h"
#include "fleetcast/config/v1/circuit.pb.h"
#include "fleetcast/inference/v1/deployment.pb.h"
#include "fleetcast/inference/v1/forecast.pb.h"
#include "fleetcast/inference/v1/invocation.pb.h"
#include "fleetcast/registry/v1/champion.pb.h"
#include "fleetcast/registry/v1/model_version.pb.h"
#include "fleetcast/trainer/v1/training_job.pb.h"

namespace fleetcast::cli {

// What is known of one circuit; unset where a service has nothing, or did not answer.
struct CircuitFacts {
  std::optional<config::v1::Circuit> configuration;
  std::optional<registry::v1::Champion> champion;
  std::optional<registry::v1::ModelVersion> champion_version;
  std::optional<inference::v1::Deployment> deployment;
  std::optional<inference::v1::Forecast> forecast;             // the latest
  std::optional<inference::v1::Invocation> failed_invocation;  // of the latest sweep
  std::optional<trainer::v1::TrainingJob> latest_job;
};

// Which services answered: what did not is no problem of a circuit.
struct FleetSources {
  bool config = false, registry = false, trainer = false, inference = false;
};

struct FleetFacts {
  FleetSources sources;
  std::map<std::string, CircuitFacts> circuits;  // by "P001/C001"
};

// Puts what one service says of its circuits into `fleet`.
void AddFacts(FleetFacts part, FleetFacts& fleet);

// What somebody should look at, each as a short sentence; empty for a sound circuit.
// `latest_issue`: see LatestIssue.
[[nodiscard]] std::vector<std::string> ProblemsOf(const CircuitFacts& facts,
                                                  const FleetSources& sources,
                                                  absl::Time latest_issue);
// The newest issue time of any forecast; the infinite past if there is none.
[[nodiscard]] absl::Time LatestIssue(const FleetFacts& fleet);

[[nodiscard]] Table FleetTable(const FleetFacts& fleet, absl::Time now);
// An array of one object per circuit; `unanswered` names the services without which `problems` may
// lack some.
[[nodiscard]] nlohmann::ordered_json FleetJson(const FleetFacts& fleet);
// How many circuits have a problem.
[[nodiscard]] int TroubledCircuits(const FleetFacts& fleet);
// "75 circuits, 2 with problems", and which services did not answer: without them nobody can say
// that all is well.
[[nodiscard]] std::string FleetSummary(const FleetFacts& fleet);

}  // namespace fleetcast::cli
