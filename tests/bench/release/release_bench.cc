// A fleet of 10,000 circuits is released: the first time, and with 200 of them changed; then its
// status is read. Real fleetcast-config, fleetcast-registry and fleetcast-inference, a real
// Postgres. Nothing is trained: every version is there. `--circuits N` (of 100 plants), `-o json`.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "cli/local/private_cluster.h"
#include "common/base/id.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "common/rpc/client.h"
#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "fleetcast/inference/v1/release_service.grpc.pb.h"
#include "services/inference/storage/rows.h"
#include "tests/bench/fleet_bench.h"
#include "tests/support/config/config_files.h"
#include "tests/support/config/git_test_repository.h"
#include "tests/support/registry/million_versions.h"
#include "tests/support/served_program.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {
namespace {

constexpr int kPlants = 100, kChanged = 200, kReads = 200;
using Clock = std::chrono::steady_clock;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(value.status().ToString());
  return *std::move(value);
}
void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}
double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The training hashes at a revision, by "P001.C001".
std::map<std::string, std::string> HashesAt(config::v1::ConfigService::Stub& stub,
                                            const std::string& revision) {
  std::map<std::string, std::string> hashes;
  config::v1::ListCircuitsRequest request;
  request.set_parent("plants/-");
  request.set_revision(revision);
  request.set_page_size(1000);
  do {
    const auto page = Must(rpc::Call<config::v1::ListCircuitsResponse>(
        absl::Minutes(2), [&](auto* context, auto* response) {
          return stub.ListCircuits(context, request, response);
        }));
    for (const auto& circuit : page.circuits())
      hashes[circuit.plant_id() + "." + circuit.circuit_id()] = circuit.training_hash();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return hashes;
}

// Each circuit's version was trained from these hashes.
void TagVersions(db::ConnectionPool& pool, const std::map<std::string, std::string>& hashes) {
  Must(db::RunInTransaction(pool, [&](pqxx::work& work) {
    Run(work,
        "UPDATE registry.model_versions v SET tags = v.tags || jsonb_build_object("
        "'training_hash', h.value, 'gate', 'BETTER', 'gate_champion', '')"
        " FROM jsonb_each_text($1::jsonb) h"
        " WHERE h.key = (v.tags ->> 'plant_id') || '.' || (v.tags ->> 'circuit_id')",
        {nlohmann::json(hashes).dump()});
    return absl::OkStatus();
  }));
}

// A new version of each, judged against the champion.
void AddCandidates(db::ConnectionPool& pool, const std::map<std::string, std::string>& hashes) {
  Must(db::RunInTransaction(pool, [&](pqxx::work& work) {
    Run(work,
        "INSERT INTO registry.model_versions (model_id, version, tags, metrics, artifact_sha256,"
        " run_position, data_asset_id, data_asset_version, environment_id, environment_version,"
        " training_job, create_time, update_time)"
        " SELECT v.model_id, (SELECT max(version) FROM registry.model_versions)"
        "   + row_number() OVER (ORDER BY h.key),"
        "  v.tags || jsonb_build_object('training_hash', h.value, 'gate', 'BETTER',"
        "   'gate_champion', 'models/sensor-model/versions/' || v.version),"
        "  v.metrics, v.artifact_sha256, v.run_position, v.data_asset_id, v.data_asset_version,"
        "  v.environment_id, v.environment_version, '', now(), now()"
        " FROM jsonb_each_text($1::jsonb) h JOIN registry.model_versions v"
        "  ON h.key = (v.tags ->> 'plant_id') || '.' || (v.tags ->> 'circuit_id')",
        {nlohmann::json(hashes).dump()});
    return absl::OkStatus();
  }));
}

// Seconds from the call to the end of its last step.
double Release(v1::ReleaseService::Stub& stub, const std::string& revision, int steps) {
  RandomIdSource ids;
  const auto start = Clock::now();
  v1::CreateReleaseRequest request;
  request.set_request_id(ids.NewUuid());
  request.set_revision(revision);
  v1::GetReleaseRequest get;
  get.set_name(Must(rpc::Call<v1::Release>(absl::Minutes(2), [&](auto* context, auto* response) {
                 return stub.CreateRelease(context, request, response);
               })).name());
  for (;;) {
    const auto release =
        Must(rpc::Call<v1::Release>(absl::Minutes(1), [&](auto* context, auto* response) {
          return stub.GetRelease(context, get, response);
        }));
    if (release.state() != v1::Release::STATE_APPLYING) {
      if (release.state() != v1::Release::STATE_APPLIED || release.step_counts().total() != steps)
        throw std::runtime_error(release.DebugString());
      return SecondsSince(start);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Milliseconds of `kReads` calls: median and 99th percentile.
template <typename Call>
nlohmann::ordered_json Timed(Call&& call) {
  std::vector<double> times;
  for (int i = 0; i < kReads; ++i) {
    const auto start = Clock::now();
    call();
    times.push_back(1e3 * SecondsSince(start));
  }
  std::sort(times.begin(), times.end());
  return {{"median ms", times[times.size() / 2]}, {"p99 ms", times[times.size() * 99 / 100]}};
}

config::testing::Files FleetOf(int circuits) {
  std::map<std::string, std::vector<std::string>> plants;
  for (int i = 0; i < circuits; ++i)
    plants[absl::StrFormat("P%03d", i / kPlants)].push_back(absl::StrFormat("C%03d", i % 100));
  return config::testing::FleetFiles(plants);
}

void Measure(int circuits, bool as_json, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "sensors");
  std::filesystem::create_directories(folder / "artifacts");
  std::filesystem::permissions(folder, std::filesystem::perms(0711));
  config::testing::GitTestRepository git;
  config::testing::Files files = FleetOf(circuits);
  git.SetReference("refs/heads/second", git.Commit("first", files));
  int changed = 0;
  for (auto& [path, text] : files) {
    if (changed == kChanged) break;
    const std::string before = text;
    text = absl::StrReplaceAll(text, {{"epochs: 50", "epochs: 51"}});
    changed += text != before ? 1 : 0;
  }
  if (changed < kChanged)
    throw std::runtime_error("fewer circuits of the example's epochs: 50 than are to change");
  git.Commit("second", files);

  const auto cluster = Must(cli::PrivateCluster::Start(
      {.data_dir = (folder / "postgres").string(), .dies_with_starter = true}));
  const std::string dsn = Must(cluster->Dsn("bench"));
  Must(testing::FillWithVersions(dsn, 10'000));
  db::ConnectionPool pool({.dsn = dsn, .statement_timeout = absl::Minutes(5)});
  Must(db::Migrate(pool, "inference", db::inferenceMigrations()));
  const auto start_program = [&](const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), testing::ProgramPath("fleetcast-" + name));
    return Must(testing::ServedProgram::Start(arguments, (folder / (name + ".log")).string()));
  };
  const auto config = start_program("config", {"--repository", git.path()});
  const auto registry = start_program(
      "registry", {"--database", dsn, "--artifacts-dir", (folder / "artifacts").string()});
  const auto inference = start_program(
      "inference", {"--database", dsn, "--registry-target", registry->address(), "--config-target",
                    config->address(), "--sensor-data", (folder / "sensors").string()});
  const auto catalog = config::v1::ConfigService::NewStub(rpc::Connect(config->address()));
  const auto first = HashesAt(*catalog, "first");
  TagVersions(pool, first);
  std::map<std::string, std::string> candidates = HashesAt(*catalog, "second");
  std::erase_if(candidates, [&](const auto& each) { return first.at(each.first) == each.second; });
  if (static_cast<int>(candidates.size()) != kChanged) throw std::runtime_error("other changes");

  const auto stub = v1::ReleaseService::NewStub(rpc::Connect(inference->address()));
  nlohmann::ordered_json result = {{"circuits", circuits}};
  result["first release, all deployed, s"] = Release(*stub, "first", circuits);
  AddCandidates(pool, candidates);
  result["200 changed, promoted and deployed, s"] = Release(*stub, "second", kChanged);
  v1::ListCircuitStatusesRequest list;
  list.set_parent("plants/-");
  const auto statuses = [&] {
    Must(rpc::Call<v1::ListCircuitStatusesResponse>(absl::Minutes(1), [&](auto* context,
                                                                          auto* response) {
           return stub->ListCircuitStatuses(context, list, response);
         }).status());
  };
  result["first page of statuses"] = Timed(statuses);
  list.set_filter("conditions:FORECAST_LATE");
  result["a filter that finds none"] = Timed(statuses);
  v1::SummarizeFleetRequest summary;
  summary.set_parent("plants/-");
  result["summary"] = Timed([&] {
    Must(rpc::Call<v1::FleetSummary>(absl::Minutes(1), [&](auto* context, auto* response) {
           return stub->SummarizeFleet(context, summary, response);
         }).status());
  });
  std::printf("%s\n", result.dump(as_json ? -1 : 2).c_str());
  Must(inference->Stop(absl::Seconds(30)));
  Must(registry->Stop(absl::Seconds(30)));
  Must(config->Stop(absl::Seconds(30)));
  Must(cluster->Stop());
}

}  // namespace
}  // namespace fleetcast::inference

int main(int argc, char** argv) {
  return fleetcast::bench::RunFleetBench(argc, argv, "release_bench",
                                         fleetcast::inference::Measure);
}
