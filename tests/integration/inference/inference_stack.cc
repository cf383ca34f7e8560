#include "tests/integration/inference/inference_stack.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "services/config/yaml/yaml_parser.h"
#include "services/inference/storage/sweep_rows.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {
namespace {

constexpr int kRows = 400;
constexpr absl::Duration kCallTimeout = absl::Seconds(30);

std::filesystem::path NewFolder() {
  std::string path = std::filesystem::temp_directory_path() / "fleetcast-inference-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) std::abort();
  return path;
}

void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

absl::Time EndOfData() {
  return absl::FromCivil(absl::CivilDay(2025, 12, 10), absl::UTCTimeZone());
}

std::vector<double> ReadingsAt(int row) {
  const double cycle = std::sin(row * 2 * M_PI / 24);
  return {20 + 5 * cycle + 0.1 * ((row * 7919) % 13), 3 + cycle, 0.5 + 0.001 * row};
}

}  // namespace

InferenceStack::InferenceStack() : sensors_(NewFolder()), pool_({.dsn = dsn_}) {
  Must(db::Migrate(pool_, "inference", db::inferenceMigrations()));
  AddReferences();
  commit_ = git_.Commit(
      "main", config::testing::FleetFiles({{"P001", {"C001", "C002"}}, {"P002", {"C001"}}}));
  auto repository = config::GitConfigRepository::Open({.path = git_.path()});
  Must(repository.status());
  repository_ = *std::move(repository);
  reader_ = std::make_unique<config::FleetReader>(*repository_, config::ParseYaml, 16 << 20);
  config_service_ = std::make_unique<config::ConfigService>(*reader_);
  auto config_server = rpc::Server::Start({}, {config_service_.get()});
  Must(config_server.status());
  config_server_ = *std::move(config_server);
}

InferenceStack::~InferenceStack() {
  replicas_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(sensors_, ignored);
}

const std::string& ModelBytes() {
  static const auto* bytes = new std::string([] {
    TimeSeries series{{"temperature", "pressure", "vibration"}, {}, {}};
    for (int row = 0; row < kRows; ++row) {
      series.unix_seconds.push_back(1'700'000'000 / 3600 * 3600 + row * 3600);
      for (const double value : ReadingsAt(row)) series.values.push_back(value);
    }
    forecast::ModelSpec spec;
    spec.lstm_units = 8;
    spec.epochs = 1;
    spec.feature_columns = series.columns;
    spec.target_column = "temperature";
    auto trained = forecast::Train(series, spec, {}, [](const auto&) { return true; });
    Must(trained.status());
    return trained->model.Serialize();
  }());
  return *bytes;
}

std::filesystem::path InferenceStack::SensorFile(const std::string& plant,
                                                 const std::string& circuit) const {
  return sensors_ / absl::StrCat("SENSOR_", plant, "_", circuit, ".csv");
}

void InferenceStack::WriteSensor(const std::string& plant, const std::string& circuit) {
  std::ofstream csv(SensorFile(plant, circuit));
  csv << "timestamp,temperature,pressure,vibration\n";
  for (int row = 0; row < kRows; ++row) {
    csv << absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", EndOfData() - absl::Hours(kRows - row),
                            absl::UTCTimeZone());
    for (const double value : ReadingsAt(row)) csv << "," << value;
    csv << "\n";
  }
}

std::string InferenceStack::Register(const std::string& plant, const std::string& circuit,
                                     const std::string& bytes) {
  const auto artifact = Upload(bytes);
  Must(artifact.status());
  registry::v1::CreateModelVersionRequest request = VersionRequest(plant, circuit);
  request.mutable_model_version()->set_artifact_sha256(artifact->sha256());
  (*request.mutable_model_version()->mutable_tags())["git_commit_sha"] = commit_;
  const auto version =
      rpc::Call<registry::v1::ModelVersion>(kCallTimeout, [&](auto* context, auto* response) {
        return models_->CreateModelVersion(context, request, response);
      });
  Must(version.status());
  return version->name();
}

std::vector<std::string> InferenceStack::DeployFleet() {
  std::vector<std::string> names;
  for (const auto& [plant, circuit] :
       {std::pair{"P001", "C001"}, std::pair{"P001", "C002"}, std::pair{"P002", "C001"}}) {
    WriteSensor(plant, circuit);
    const auto deployed = Deploy(Register(plant, circuit));
    Must(deployed.status());
    names.push_back(deployed->name());
  }
  return names;
}

InferenceSettings InferenceStack::Settings(const std::string& replica) const {
  InferenceSettings settings;
  settings.database.dsn = dsn_;
  settings.config_target = config_server_->address();
  settings.registry_target = server_->address();
  settings.sensors.data = sensors_.string();
  settings.slots = 2;
  settings.replica = replica;
  settings.lease = absl::Seconds(10);
  settings.poll = absl::Milliseconds(100);
  settings.tick_interval = absl::Milliseconds(30);
  return settings;
}

service::Replica& InferenceStack::StartReplica(const InferenceSettings& settings) {
  auto made = MakeInference(settings);
  Must(made.status());
  auto replica = service::Replica::Start({}, *std::move(made));
  Must(replica.status());
  replicas_.push_back(*std::move(replica));
  if (endpoints_ == nullptr) {
    const auto channel = rpc::Connect(replicas_.back()->address());
    endpoints_ = v1::BatchEndpointService::NewStub(channel);
    invocations_ = v1::InvocationService::NewStub(channel);
    schedules_ = v1::ScheduleService::NewStub(channel);
    forecasts_ = v1::ForecastService::NewStub(channel);
    work_queue_ = workqueue::v1::WorkQueueService::NewStub(channel);
  }
  return *replicas_.back();
}

absl::StatusOr<v1::Deployment> InferenceStack::Deploy(const std::string& model_version,
                                                      const std::string& request_id) {
  v1::DeployModelVersionRequest request;
  request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  request.set_model_version(model_version);
  return rpc::Call<v1::Deployment>(kCallTimeout, [&](auto* context, auto* response) {
    return endpoints_->DeployModelVersion(context, request, response);
  });
}

absl::StatusOr<v1::Sweep> InferenceStack::InvokeFleet(const std::string& request_id) {
  v1::InvokeFleetRequest request;
  request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
  return rpc::Call<v1::Sweep>(kCallTimeout, [&](auto* context, auto* response) {
    return invocations_->InvokeFleet(context, request, response);
  });
}

absl::StatusOr<v1::Sweep> InferenceStack::Retry(const std::string& sweep) {
  v1::RetrySweepRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(sweep);
  return rpc::Call<v1::Sweep>(kCallTimeout, [&](auto* context, auto* response) {
    return invocations_->RetrySweep(context, request, response);
  });
}

absl::StatusOr<v1::Invocation> InferenceStack::GetInvocation(const std::string& name) {
  v1::GetInvocationRequest request;
  request.set_name(name);
  return rpc::Call<v1::Invocation>(kCallTimeout, [&](auto* context, auto* response) {
    return invocations_->GetInvocation(context, request, response);
  });
}

std::vector<v1::Forecast> InferenceStack::Forecasts(bool latest_only, const std::string& parent) {
  v1::ListForecastsRequest request;
  request.set_parent(parent);
  request.set_latest_only(latest_only);
  const auto listed =
      rpc::Call<v1::ListForecastsResponse>(kCallTimeout, [&](auto* context, auto* response) {
        return forecasts_->ListForecasts(context, request, response);
      });
  EXPECT_TRUE(listed.ok()) << listed.status();
  if (!listed.ok()) return {};
  return {listed->forecasts().begin(), listed->forecasts().end()};
}

v1::Invocation InferenceStack::WaitFor(const std::string& name,
                                       const std::function<bool(const v1::Invocation&)>& done) {
  const absl::Time deadline = absl::Now() + absl::Minutes(2);
  for (;;) {
    const auto invocation = GetInvocation(name);
    EXPECT_TRUE(invocation.ok()) << invocation.status();
    if (!invocation.ok() || done(*invocation)) return invocation.value_or(v1::Invocation());
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "waited in vain: " << invocation->DebugString();
      return *invocation;
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

std::vector<workqueue::FetchedTask> InferenceStack::Hold(int most, absl::Duration lease) {
  workqueue::Queue queue(ForecastingQueueOptions(), pool_, pool_);
  auto fetched =
      queue.Fetch({.holder = "dead", .pool = kForecastingQueue, .most = most, .lease = lease});
  EXPECT_TRUE(fetched.ok()) << fetched.status();
  return fetched.ok() ? *std::move(fetched) : std::vector<workqueue::FetchedTask>();
}

void InferenceStack::Sql(const std::string& sql) {
  const absl::Status done = db::RunInTransaction(pool_, [&](pqxx::work& work) {
    work.exec(sql);
    return absl::OkStatus();
  });
  ASSERT_TRUE(done.ok()) << done;
}

InferenceStack::Watched InferenceStack::WatchToEnd(const std::string& sweep) {
  Watched watched;
  v1::WatchSweepRequest request;
  request.set_name(sweep);
  const auto context = rpc::MakeContext(absl::Minutes(3));
  const auto reader = invocations_->WatchSweep(context.get(), request);
  v1::WatchSweepResponse response;
  while (reader->Read(&response)) {
    ++watched.messages;
    watched.sweep = response.sweep();
    for (const v1::Invocation& invocation : response.invocations()) {
      watched.invocations[absl::StrCat(invocation.plant_id(), ".", invocation.circuit_id())] =
          invocation;
    }
  }
  const grpc::Status status = reader->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  return watched;
}

}  // namespace fleetcast::inference
