// The registry on a real channel, a real Postgres and a folder of its own, with the calls that
// several tests make.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/base/id.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "fleetcast/registry/v1/artifact_service.grpc.pb.h"
#include "fleetcast/registry/v1/data_asset_service.grpc.pb.h"
#include "fleetcast/registry/v1/environment_service.grpc.pb.h"
#include "fleetcast/registry/v1/experiment_service.grpc.pb.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "services/registry/service.h"

namespace fleetcast::registry {

class RegistryServerTest : public ::testing::Test {
 protected:
  RegistryServerTest();
  ~RegistryServerTest() override;

  // As a replica does after a crash: another registry on the same database and folder.
  void Restart();

  // A context with a deadline.
  static std::unique_ptr<grpc::ClientContext> Context();

  // Uploads `bytes` in chunks of `chunk_bytes`, as `metadata` (completed where it must be) says.
  absl::StatusOr<v1::Artifact> Upload(const std::string& bytes, v1::ArtifactMetadata metadata = {},
                                      std::size_t chunk_bytes = 1 << 20);
  absl::StatusOr<std::string> Download(const std::string& name);

  v1::Run CreateRun(const std::string& experiment, const std::string& run);
  // A request that registers a version of the circuit, whose references exist after AddReferences.
  v1::CreateModelVersionRequest VersionRequest(const std::string& plant = "P001",
                                               const std::string& circuit = "C001");
  void AddReferences();

  std::string NewRequestId() { return ids_.NewUuid(); }
  [[nodiscard]] int FilesIn(const std::string& folder) const;

  RandomIdSource ids_;
  std::string dsn_;
  std::string artifacts_dir_;
  std::unique_ptr<service::Service> service_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ExperimentService::Stub> experiments_;
  std::unique_ptr<v1::ModelService::Stub> models_;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<v1::DataAssetService::Stub> data_assets_;
  std::unique_ptr<v1::EnvironmentService::Stub> environments_;
  std::string artifact_sha256_;  // after AddReferences
};

}  // namespace fleetcast::registry
