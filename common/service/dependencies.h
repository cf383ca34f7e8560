// The kinds of dependencies that services have.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/sensordata/source_settings.h"
#include "common/service/service.h"

namespace fleetcast::service {

// How long a dependency has for an answer. A check of a Postgres takes at most three times this:
// the way there, the question, and as much again that the pool grants a server with the answer that
// it is out of time.
inline constexpr absl::Duration kCheckPatience = absl::Seconds(2);

// The Postgres that holds the service's schema: essential; away also while it takes no writes.
// Asked on a connection of its own.
[[nodiscard]] Dependency OwnPostgres(const std::string& dsn);

// A Postgres that is only read ("sensors"); not essential.
[[nodiscard]] Dependency ReadPostgres(const std::string& name, const std::string& dsn);

// Another service of ours at "host:port"; not essential. Its health as a whole is asked.
[[nodiscard]] Dependency CalledService(const std::string& name, const std::string& target);

// Those of the services that train and forecast: their Postgres `dsn`, the config and the registry
// service, and the Postgres of the readings where they come from one.
[[nodiscard]] std::vector<Dependency> DependenciesOfFleetWork(
    const std::string& dsn, const std::string& config_target, const std::string& registry_target,
    const sensordata::SourceSettings& sensors);

}  // namespace fleetcast::service
