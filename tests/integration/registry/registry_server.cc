#include "tests/integration/registry/registry_server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "common/db/migrator.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> registryMigrations();
}

namespace fleetcast::registry {

RegistryServerTest::RegistryServerTest() : dsn_(testing::NewDatabase()) {
  std::string folder = ::testing::TempDir() + "/fleetcast-registry-XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  artifacts_dir_ = folder;
  db::ConnectionPool pool({.dsn = dsn_, .size = 2});
  const absl::Status migrated = db::Migrate(pool, "registry", db::registryMigrations());
  EXPECT_TRUE(migrated.ok()) << migrated;
  Restart();
}

RegistryServerTest::~RegistryServerTest() {
  server_->Drain();
  std::filesystem::remove_all(artifacts_dir_);
}

void RegistryServerTest::Restart() {
  if (server_ != nullptr) server_->Drain();
  server_.reset();
  auto service = MakeRegistry({.pool = {.dsn = dsn_}, .artifacts_dir = artifacts_dir_});
  ASSERT_TRUE(service.ok()) << service.status();
  service_ = *std::move(service);
  auto server = rpc::Server::Start({}, service_->grpc_services());
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  experiments_ = v1::ExperimentService::NewStub(channel_);
  models_ = v1::ModelService::NewStub(channel_);
  artifacts_ = v1::ArtifactService::NewStub(channel_);
  data_assets_ = v1::DataAssetService::NewStub(channel_);
  environments_ = v1::EnvironmentService::NewStub(channel_);
}

std::unique_ptr<grpc::ClientContext> RegistryServerTest::Context() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  return context;
}

absl::StatusOr<v1::Artifact> RegistryServerTest::Upload(const std::string& bytes,
                                                        v1::ArtifactMetadata metadata,
                                                        std::size_t chunk_bytes) {
  if (metadata.request_id().empty()) metadata.set_request_id(NewRequestId());
  if (metadata.file_name().empty()) metadata.set_file_name("model.tar");
  auto context = Context();
  v1::Artifact artifact;
  auto writer = artifacts_->UploadArtifact(context.get(), &artifact);
  v1::UploadArtifactRequest message;
  *message.mutable_metadata() = metadata;
  bool open = writer->Write(message);
  for (std::size_t at = 0; open && at < bytes.size(); at += chunk_bytes) {
    message.set_chunk(bytes.substr(at, chunk_bytes));
    open = writer->Write(message);
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return rpc::FromGrpc(status);
  return artifact;
}

absl::StatusOr<std::string> RegistryServerTest::Download(const std::string& name) {
  auto context = Context();
  v1::DownloadArtifactRequest request;
  request.set_name(name);
  auto reader = artifacts_->DownloadArtifact(context.get(), request);
  v1::DownloadArtifactResponse message;
  std::string bytes;
  while (reader->Read(&message)) bytes += message.chunk();
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return rpc::FromGrpc(status);
  return bytes;
}

v1::Run RegistryServerTest::CreateRun(const std::string& experiment, const std::string& run) {
  v1::CreateExperimentRequest create_experiment;
  create_experiment.set_request_id(NewRequestId());
  create_experiment.set_experiment_id(experiment);
  v1::Experiment created_experiment;
  EXPECT_TRUE(
      experiments_->CreateExperiment(Context().get(), create_experiment, &created_experiment).ok());
  v1::CreateRunRequest request;
  request.set_request_id(NewRequestId());
  request.set_parent(created_experiment.name());
  request.set_run_id(run);
  v1::Run created;
  const grpc::Status status = experiments_->CreateRun(Context().get(), request, &created);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return created;
}

void RegistryServerTest::AddReferences() {
  CreateRun("plant_P001_circuit_C001", "r1");
  const auto artifact = Upload("weights");
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  artifact_sha256_ = artifact->sha256();

  v1::CreateDataAssetVersionRequest asset;
  asset.set_request_id(NewRequestId());
  asset.set_parent("dataAssets/plant_P001_circuit_C001");
  asset.set_cutoff_date("2025-12-09");
  auto& version = *asset.mutable_data_asset_version();
  version.set_sensor_id("SENSOR_P001_C001");
  version.set_fingerprint(std::string(64, 'f'));
  version.set_row_count(48);
  version.mutable_first_time()->set_seconds(1'765'152'000);
  version.mutable_last_time()->set_seconds(1'765'321'200);
  version.add_columns()->set_column("temperature");
  version.set_ml_table("paths: []\n");
  v1::DataAssetVersion created_asset;
  const grpc::Status status =
      data_assets_->CreateDataAssetVersion(Context().get(), asset, &created_asset);
  ASSERT_TRUE(status.ok()) << status.error_message();

  v1::CreateEnvironmentVersionRequest environment;
  environment.set_request_id(NewRequestId());
  environment.set_parent("environments/custom-lstm-env");
  environment.set_environment_version_id("1.5.0");
  v1::EnvironmentVersion created_environment;
  ASSERT_TRUE(
      environments_->CreateEnvironmentVersion(Context().get(), environment, &created_environment)
          .ok());
}

v1::CreateModelVersionRequest RegistryServerTest::VersionRequest(const std::string& plant,
                                                                 const std::string& circuit) {
  v1::CreateModelVersionRequest request;
  request.set_request_id(NewRequestId());
  request.set_parent("models/sensor-model");
  auto& version = *request.mutable_model_version();
  auto& tags = *version.mutable_tags();
  tags["plant_id"] = plant;
  tags["circuit_id"] = circuit;
  tags["cutoff_date"] = "2025-12-09";
  tags["environment_version"] = "1.5.0";
  tags["data_asset_version"] = "2025-12-09";
  tags["pr_number"] = "17";
  tags["pr_author"] = "ada";
  tags["git_commit_sha"] = std::string(40, 'c');
  tags["hyperparameters_hash"] = std::string(64, 'd');
  tags["mae"] = "0.41";
  tags["rmse"] = "0.6";
  tags["r2"] = "0.9";
  tags["trained_at"] = "2025-12-10T06:00:00Z";
  (*version.mutable_metrics())["mae"] = 0.41;
  version.set_artifact_sha256(artifact_sha256_);
  version.set_run("experiments/plant_P001_circuit_C001/runs/r1");
  version.set_data_asset_version("dataAssets/plant_P001_circuit_C001/versions/2025-12-09");
  version.set_environment_version("environments/custom-lstm-env/versions/1.5.0");
  return request;
}

int RegistryServerTest::FilesIn(const std::string& folder) const {
  namespace fs = std::filesystem;
  const fs::recursive_directory_iterator files(artifacts_dir_ + folder);
  return static_cast<int>(std::count_if(fs::begin(files), fs::end(files),
                                        [](const auto& entry) { return entry.is_regular_file(); }));
}

}  // namespace fleetcast::registry
