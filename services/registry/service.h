// The registry put together: stores on one Postgres, artifact files, and the gRPC services on
// top. The binary and the integration tests serve the same object.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/db/connection_pool.h"

namespace fleetcast::registry {

struct RegistryOptions {
  db::PoolOptions pool;
  std::string artifacts_dir;
  std::int64_t max_artifact_bytes = std::int64_t{1} << 30;
};

// Thread safe.
class RegistryService {
 public:
  // FAILED_PRECONDITION if the schema is not migrated or the artifact folder cannot be used.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<RegistryService>> Start(
      const RegistryOptions& options);
  ~RegistryService();

  // For rpc::Server::Start; owned by this object.
  [[nodiscard]] std::vector<grpc::Service*> grpc_services();

 private:
  struct Parts;
  explicit RegistryService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace fleetcast::registry
