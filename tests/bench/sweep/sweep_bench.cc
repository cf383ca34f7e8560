// A sweep over 10,000 circuits with a small model each, by the real fleetcast-inference beside a
// real registry and Postgres: cold (every artifact is downloaded), then warm. `--circuits N`;
// `-o json` prints one JSON object.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/local/private_cluster.h"
#include "common/base/id.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "fleetcast/inference/v1/invocation_service.grpc.pb.h"
#include "fleetcast/registry/v1/artifact_service.grpc.pb.h"
#include "services/inference/storage/rows.h"
#include "tests/bench/fleet_bench.h"
#include "tests/support/served_program.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
std::vector<Migration> registryMigrations();
}  // namespace fleetcast::db

namespace fleetcast::inference {
namespace {

constexpr int kPlants = 50;
constexpr int kSensors = 200;  // circuits share them, so that the disk holds less
constexpr int kRows = 400;
constexpr int kUploaders = 8;
constexpr int kHoursScored = 24;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}
void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<double> ReadingsAt(int row) {
  const double cycle = std::sin(row * 2 * M_PI / 24);
  return {20 + 5 * cycle + 0.1 * ((row * 7919) % 13), 3 + cycle, 0.5 + 0.001 * row};
}

std::string SmallModel() {
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
  return Must(forecast::Train(series, spec, {}, [](const auto&) { return true; }))
      .model.Serialize();
}

// The same model as a file of its own: its first header has another time of change.
std::string Variant(std::string tar, int number) {
  constexpr std::size_t kTime = 136, kChecksum = 148, kHeader = 512;
  tar.replace(kTime, 12, absl::StrFormat("%011o", number) + '\0');
  tar.replace(kChecksum, 8, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < kHeader; ++i) sum += static_cast<unsigned char>(tar[i]);
  tar.replace(kChecksum, 8, absl::StrFormat("%06o", sum) + std::string("\0 ", 2));
  return tar;
}

// `later` rows more than were there when the models' first forecasts were made.
void WriteSensors(const std::filesystem::path& folder, int later = 0) {
  const absl::Time end = absl::FromCivil(absl::CivilDay(2025, 12, 10), absl::UTCTimeZone());
  for (int sensor = 0; sensor < kSensors; ++sensor) {
    std::ofstream csv(folder / absl::StrCat("S", sensor, ".csv"));
    csv << "timestamp,temperature,pressure,vibration\n";
    for (int row = 0; row < kRows + later; ++row) {
      csv << absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", end - absl::Hours(kRows - row),
                              absl::UTCTimeZone());
      for (const double value : ReadingsAt(row)) csv << "," << value;
      csv << "\n";
    }
  }
}

std::string Upload(registry::v1::ArtifactService::Stub& stub, const std::string& bytes) {
  RandomIdSource ids;
  registry::v1::Artifact artifact;
  const auto context = rpc::MakeContext(absl::Minutes(1));
  const auto writer = stub.UploadArtifact(context.get(), &artifact);
  registry::v1::UploadArtifactRequest message;
  message.mutable_metadata()->set_request_id(ids.NewUuid());
  message.mutable_metadata()->set_file_name("model.tar");
  writer->Write(message);
  message.set_chunk(bytes);
  writer->Write(message);
  writer->WritesDone();
  Must(rpc::FromGrpc(writer->Finish()));
  return artifact.sha256();
}

std::vector<std::string> UploadModels(const std::string& registry, int circuits) {
  const std::string model = SmallModel();
  std::vector<std::string> hashes(circuits);
  std::vector<std::thread> threads;
  for (int t = 0; t < kUploaders; ++t)
    threads.emplace_back([&, t] {
      const auto stub = registry::v1::ArtifactService::NewStub(rpc::Connect(registry));
      for (int i = t; i < circuits; i += kUploaders) hashes[i] = Upload(*stub, Variant(model, i));
    });
  for (std::thread& thread : threads) thread.join();
  return hashes;
}

void DeployAll(db::ConnectionPool& pool, const std::vector<std::string>& hashes) {
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t i = 0; i < hashes.size(); ++i)
    rows.push_back({{"plant", absl::StrFormat("P%03d", i % kPlants)},
                    {"circuit", absl::StrFormat("C%05d", i)},
                    {"hash", hashes[i]},
                    {"sensor", absl::StrCat("S", i % kSensors)}});
  Must(db::RunInTransaction(pool, [&](pqxx::work& work) {
    Run(work,
        "INSERT INTO inference.batch_endpoints (plant_id, display_name) SELECT DISTINCT plant, "
        "plant"
        " FROM jsonb_to_recordset($1::jsonb) AS n(plant text)",
        {rows.dump()});
    Run(work,
        "INSERT INTO inference.deployments (plant_id, circuit_id, display_name, model_version,"
        " artifact_sha256, environment, compute, instance_count, mini_batch_size,"
        " max_concurrency_per_instance, timeout_seconds, error_threshold, max_retries, sensor_id,"
        " config_commit, environment_variables, tags, revision)"
        " SELECT plant, circuit, circuit, row_number() OVER (), hash, 'environments/e/versions/1',"
        " 'c', 1, 100, 1, 3600, -1, 2, sensor, 'abc', '{}', '{}',"
        " nextval('inference.revisions') FROM jsonb_to_recordset($1::jsonb)"
        " AS n(plant text, circuit text, hash text, sensor text)",
        {rows.dump()});
    work.exec("ANALYZE inference.deployments");
    return absl::OkStatus();
  }));
}

class InferenceProcess {
 public:
  InferenceProcess(const std::string& dsn, const std::string& registry,
                   const std::filesystem::path& folder)
      : program_(Must(testing::ServedProgram::Start(
            {testing::ProgramPath("fleetcast-inference"), "--database", dsn, "--registry-target",
             registry, "--sensor-data", (folder / "sensors").string()},
            (folder / "inference.log").string()))) {}
  [[nodiscard]] const std::string& address() const { return program_->address(); }
  [[nodiscard]] absl::Status Stop() { return program_->Stop(absl::Seconds(30)); }
  // In MiB: "VmHWM", "VmRSS".
  [[nodiscard]] double Memory(const std::string& what) const {
    std::ifstream status(absl::StrCat("/proc/", program_->pid(), "/status"));
    double kib = 0;
    for (std::string line; std::getline(status, line);)
      if (line.starts_with(what + ":")) kib = std::strtod(line.c_str() + what.size() + 1, nullptr);
    return kib / 1024;
  }
  [[nodiscard]] double CpuSeconds() const {
    std::ifstream stat(absl::StrCat("/proc/", program_->pid(), "/stat"));
    std::string field;
    double ticks = 0;
    for (int i = 1; i <= 15 && stat >> field; ++i)
      if (i >= 14) ticks += std::strtod(field.c_str(), nullptr);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  const std::unique_ptr<testing::ServedProgram> program_;
};

// From the request to the last forecast stored.
double Sweep(v1::InvocationService::Stub& stub) {
  RandomIdSource ids;
  const auto start = std::chrono::steady_clock::now();
  v1::InvokeFleetRequest request;
  request.set_request_id(ids.NewUuid());
  v1::GetSweepRequest get;
  get.set_name(Must(rpc::Call<v1::Sweep>(absl::Minutes(2), [&](auto* context, auto* response) {
                 return stub.InvokeFleet(context, request, response);
               })).name());
  for (;;) {
    const v1::Sweep sweep =
        Must(rpc::Call<v1::Sweep>(absl::Minutes(2), [&](auto* context, auto* response) {
          return stub.GetSweep(context, get, response);
        }));
    if (sweep.state() == v1::Sweep::STATE_SUCCEEDED) return SecondsSince(start);
    if (sweep.has_end_time()) throw std::runtime_error(sweep.DebugString());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void Measure(int circuits, bool as_json, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "sensors");
  std::filesystem::create_directories(folder / "artifacts");
  std::filesystem::permissions(folder, std::filesystem::perms(0711));
  const auto cluster = Must(cli::PrivateCluster::Start(
      {.data_dir = (folder / "postgres").string(), .dies_with_starter = true}));
  const std::string dsn = Must(cluster->Dsn("bench"));
  db::ConnectionPool pool({.dsn = dsn, .statement_timeout = absl::Minutes(5)});
  Must(db::Migrate(pool, "registry", db::registryMigrations()));
  Must(db::Migrate(pool, "inference", db::inferenceMigrations()));
  const auto registry =
      Must(testing::ServedProgram::Start({testing::ProgramPath("fleetcast-registry"), "--database",
                                          dsn, "--artifacts-dir", (folder / "artifacts").string()},
                                         (folder / "registry.log").string()));
  auto start = std::chrono::steady_clock::now();
  WriteSensors(folder / "sensors");
  const auto hashes = UploadModels(registry->address(), circuits);
  DeployAll(pool, hashes);
  if (!as_json)
    std::printf("%d circuits; models of %zu bytes; made in %.0f s\n", circuits, SmallModel().size(),
                SecondsSince(start));

  InferenceProcess inference(dsn, registry->address(), folder);
  const auto stub = v1::InvocationService::NewStub(rpc::Connect(inference.address()));
  nlohmann::ordered_json result = {{"circuits", circuits},
                                   {"MiB at start", inference.Memory("VmRSS")}};
  // In the last one each circuit's readings of a day are held against the forecast before.
  for (const char* name : {"cold", "warm", "warm again", "scoring"}) {
    if (name == std::string("scoring")) WriteSensors(folder / "sensors", kHoursScored);
    const double cpu = inference.CpuSeconds(), seconds = Sweep(*stub);
    result[name] = {{"seconds", seconds},
                    {"cpu seconds", inference.CpuSeconds() - cpu},
                    {"MiB", inference.Memory("VmRSS")},
                    {"MiB at most", inference.Memory("VmHWM")}};
    if (!as_json) std::printf("%-10s %s\n", name, result[name].dump().c_str());
  }
  result["circuits scored"] = Must(db::ReadInTransaction(pool, [](pqxx::work& work) {
    return absl::StatusOr<int>(
        work.exec1("SELECT count(*) FROM inference.live_accuracies")[0].as<int>());
  }));
  std::printf(
      "%s\n",
      as_json
          ? result.dump().c_str()
          : absl::StrCat(result["circuits scored"].get<int>(), " circuits were scored").c_str());
  Must(inference.Stop());
  Must(registry->Stop(absl::Seconds(30)));
  Must(cluster->Stop());
}

}  // namespace
}  // namespace fleetcast::inference

int main(int argc, char** argv) {
  return fleetcast::bench::RunFleetBench(argc, argv, "sweep_bench", fleetcast::inference::Measure);
}
