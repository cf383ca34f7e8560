#include "tests/integration/trainer/trainer_stack.h"

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/migrator.h"
#include "common/forecast/forecast.h"
#include "common/sensordata/csv_source.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> registryMigrations();
std::vector<Migration> trainerMigrations();
}  // namespace fleetcast::db

namespace fleetcast::trainer {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

std::filesystem::path NewFolder() {
  std::string path = std::filesystem::temp_directory_path() / "fleetcast-trainer-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) std::abort();
  std::filesystem::create_directory(std::filesystem::path(path) / "sensors");
  return path;
}

void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

}  // namespace

TrainerStack::TrainerStack()
    : folder_(NewFolder()), dsn_(testing::NewDatabase()), pool_({.dsn = dsn_}) {
  Must(db::Migrate(pool_, "registry", db::registryMigrations()));
  Must(db::Migrate(pool_, "trainer", db::trainerMigrations()));

  auto repository = config::GitConfigRepository::Open({.path = git_.path()});
  Must(repository.status());
  repository_ = *std::move(repository);
  reader_ = std::make_unique<config::FleetReader>(*repository_, config::ParseYaml, 16 << 20);
  config_service_ = std::make_unique<config::ConfigService>(*reader_);
  auto config_server = rpc::Server::Start({}, {config_service_.get()});
  Must(config_server.status());
  config_server_ = *std::move(config_server);

  auto registry_service = registry::MakeRegistry(
      {.pool = {.dsn = dsn_}, .artifacts_dir = (folder_ / "artifacts").string()});
  Must(registry_service.status());
  registry_service_ = *std::move(registry_service);
  auto registry_server = rpc::Server::Start({}, registry_service_->grpc_services());
  Must(registry_server.status());
  registry_server_ = *std::move(registry_server);
}

TrainerStack::~TrainerStack() {
  trainers_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TrainerStack::QuickCircuit(const std::string& plant_id, const std::string& circuit_id) {
  return config::testing::CircuitText(
      plant_id, circuit_id, {{"lstm_units: 128", "lstm_units: 8"}, {"epochs: 50", "epochs: 2"}});
}

std::string TrainerStack::SlowCircuit(const std::string& plant_id, const std::string& circuit_id) {
  return config::testing::CircuitText(plant_id, circuit_id,
                                      {{"lstm_units: 128", "lstm_units: 384"}});
}

std::string TrainerStack::CommitFleet(const std::map<std::string, std::string>& text_of_circuit) {
  std::vector<std::string> ids;
  ids.reserve(text_of_circuit.size());
  for (const auto& [id, text] : text_of_circuit) ids.push_back(id);
  Files files = config::testing::FleetFiles({{"P001", ids}});
  for (const auto& [id, text] : text_of_circuit)
    files[config::testing::CircuitPath("P001", id)] = text;
  return git_.Commit("main", files);
}

void TrainerStack::WriteSensor(const std::string& circuit_id, int rows) {
  WriteSensorOf("SENSOR_P001_" + circuit_id, rows);
}

void TrainerStack::WriteSensorOf(const std::string& sensor_id, int rows) {
  std::string csv = "timestamp,temperature,pressure,vibration\n";
  const absl::Time end = absl::FromCivil(absl::CivilDay(2025, 12, 10), absl::UTCTimeZone());
  for (int row = 0; row < rows; ++row) {
    const double cycle = std::sin(row * 2 * M_PI / 24);
    absl::StrAppend(
        &csv,
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", end - absl::Hours(rows - row), absl::UTCTimeZone()),
        ",", 20 + 5 * cycle + 0.1 * ((row * 7919) % 13), ",", 3 + cycle, ",", 0.5 + 0.001 * row,
        "\n");
  }
  std::ofstream(folder_ / "sensors" / sensordata::FileNameOf(sensor_id)) << csv;
}

void TrainerStack::WriteSensorText(const std::string& circuit_id, const std::string& csv) {
  std::ofstream(folder_ / "sensors" / ("SENSOR_P001_" + circuit_id + ".csv")) << csv;
}

TrainerSettings TrainerStack::Settings(const std::string& replica) const {
  TrainerSettings settings;
  settings.database.dsn = dsn_;
  settings.config_target = config_server_->address();
  settings.registry_target = registry_server_->address();
  settings.sensors.data = (folder_ / "sensors").string();
  settings.replica = replica;
  settings.environment = "custom-lstm-env:1.5.0";
  settings.lease = absl::Seconds(10);
  settings.poll = absl::Milliseconds(50);
  return settings;
}

service::Replica& TrainerStack::StartTrainer(const TrainerSettings& settings) {
  auto made = MakeTrainer(settings);
  Must(made.status());
  auto trainer = service::Replica::Start({}, *std::move(made));
  Must(trainer.status());
  trainers_.push_back(*std::move(trainer));
  if (stub_ == nullptr) stub_ = StubOf(*trainers_.back());
  return *trainers_.back();
}

void TrainerStack::SetFleetLimit(int limit) {
  if (trainers_.empty()) StartApi();
  workqueue::v1::UpdatePoolRequest request;
  request.set_request_id(NewRequestId());
  request.mutable_pool()->set_name("pools/fleet");
  request.mutable_pool()->set_limit(limit);
  const auto stub = workqueue::v1::WorkQueueService::NewStub(rpc::Connect(trainers_[0]->address()));
  Must(rpc::Call<workqueue::v1::Pool>(kTimeout, [&](auto* context, auto* response) {
         return stub->UpdatePool(context, request, response);
       }).status());
}

void TrainerStack::StartApi() {
  TrainerSettings settings = Settings("api");
  settings.slots = 0;
  settings.environment = "custom-lstm-env:api-only";
  StartTrainer(settings);
}

std::unique_ptr<v1::TrainingService::Stub> TrainerStack::StubOf(const service::Replica& trainer) {
  return v1::TrainingService::NewStub(rpc::Connect(trainer.address()));
}

absl::StatusOr<v1::TrainingRun> TrainerStack::Create(const std::vector<std::string>& circuits,
                                                     const std::string& request_id) {
  v1::CreateTrainingRunRequest request;
  request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  v1::CircuitSelection& selection =
      *request.mutable_training_run_spec()->mutable_circuit_selection();
  for (const std::string& circuit : circuits)
    selection.add_circuits("plants/P001/circuits/" + circuit);
  selection.set_revision("main");
  return rpc::Call<v1::TrainingRun>(kTimeout, [&](auto* context, auto* response) {
    return stub_->CreateTrainingRun(context, request, response);
  });
}

absl::StatusOr<v1::TrainingRun> TrainerStack::GetRun(const std::string& name) {
  v1::GetTrainingRunRequest request;
  request.set_name(name);
  return rpc::Call<v1::TrainingRun>(kTimeout, [&](auto* context, auto* response) {
    return stub_->GetTrainingRun(context, request, response);
  });
}

absl::StatusOr<v1::TrainingJob> TrainerStack::GetJob(const std::string& name) {
  v1::GetTrainingJobRequest request;
  request.set_name(name);
  return rpc::Call<v1::TrainingJob>(kTimeout, [&](auto* context, auto* response) {
    return stub_->GetTrainingJob(context, request, response);
  });
}

TrainerStack::Watched TrainerStack::WatchToEnd(const std::string& run) {
  Watched watched;
  v1::WatchTrainingRunRequest request;
  request.set_name(run);
  const auto context = rpc::MakeContext(absl::Seconds(120));
  const auto reader = stub_->WatchTrainingRun(context.get(), request);
  v1::WatchTrainingRunResponse event;
  while (reader->Read(&event)) {
    if (event.has_training_run()) watched.run = event.training_run();
    if (event.has_training_job()) watched.jobs[event.training_job().name()] = event.training_job();
    watched.events.push_back(event);
  }
  const grpc::Status status = reader->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  return watched;
}

std::vector<registry::v1::ModelVersion> TrainerStack::Versions() {
  registry::v1::ListModelVersionsRequest request;
  request.set_parent("models/sensor-model");
  const auto stub = registry::v1::ModelService::NewStub(rpc::Connect(registry_server_->address()));
  const auto listed = rpc::Call<registry::v1::ListModelVersionsResponse>(
      kTimeout, [&](auto* context, auto* response) {
        return stub->ListModelVersions(context, request, response);
      });
  EXPECT_TRUE(listed.ok()) << listed.status();
  if (!listed.ok()) return {};
  return {listed->model_versions().begin(), listed->model_versions().end()};
}

std::vector<registry::v1::DataAssetVersion> TrainerStack::DataAssetVersions(
    const std::string& circuit_id) {
  registry::v1::ListDataAssetVersionsRequest request;
  request.set_parent("dataAssets/plant_P001_circuit_" + circuit_id);
  const auto stub =
      registry::v1::DataAssetService::NewStub(rpc::Connect(registry_server_->address()));
  const auto listed = rpc::Call<registry::v1::ListDataAssetVersionsResponse>(
      kTimeout, [&](auto* context, auto* response) {
        return stub->ListDataAssetVersions(context, request, response);
      });
  EXPECT_TRUE(listed.ok()) << listed.status();
  if (!listed.ok()) return {};
  return {listed->data_asset_versions().begin(), listed->data_asset_versions().end()};
}

}  // namespace fleetcast::trainer
