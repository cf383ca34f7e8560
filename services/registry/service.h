// The registry put together: stores on one Postgres, artifact files, and the gRPC services on
// top. The binary and the integration tests serve the same object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/db/connection_pool.h"
#include "common/service/service.h"
#include "common/settings/settings.h"

namespace fleetcast::registry {

struct RegistryOptions {
  db::PoolOptions pool;
  std::string artifacts_dir;
  std::int64_t max_artifact_bytes = std::int64_t{1} << 30;
  std::string replica = "registry";  // names the process in the table of duties
  absl::Duration keep_requests = absl::Hours(24 * 7);
  absl::Duration keep_metric_history = absl::Hours(24 * 400);
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] RegistryOptions ReadRegistryOptions(SettingsReader& reader);

// FAILED_PRECONDITION if the schema is not migrated or the artifact folder cannot be used.
[[nodiscard]] absl::StatusOr<std::unique_ptr<service::Service>> MakeRegistry(
    const RegistryOptions& options);

}  // namespace fleetcast::registry
