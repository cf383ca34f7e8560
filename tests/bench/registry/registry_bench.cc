// What the registry does in a second, and how long its searches take at 1,000,000 model versions.
// The real program, asked over gRPC, on a durable Postgres of its own; all on this machine, callers
// included. `-o json` prints one JSON object.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "cli/local/private_cluster.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/rpc/client.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "tests/support/registry/million_versions.h"
#include "tests/support/served_program.h"

namespace fleetcast::registry {
namespace {

constexpr int kVersions = 1'000'000, kWriters = 64, kSearches = 2'000, kFewSearches = 30;
constexpr int kChampionLists = 300;
constexpr int kRounds = 3, kCreatedPerRound = 6'000, kCreatedAlone = 300;

using Models = v1::ModelService::Stub;

void Require(const absl::Status& status, const std::string& what) {
  if (status.ok()) return;
  std::fprintf(stderr, "registry_bench: %s failed: %s\n", what.c_str(), status.ToString().c_str());
  std::exit(1);
}

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// A Postgres whose commits are durable, and the service on it.
class Registry {
 public:
  Registry() {
    std::string folder = "/tmp/fleetcast-bench-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) Require(absl::InternalError("mkdtemp"), "a folder");
    folder_ = folder;
    std::filesystem::permissions(folder_, std::filesystem::perms(0711));
    auto cluster = cli::PrivateCluster::Start({.data_dir = folder_ + "/data"});
    Require(cluster.status(), "starting Postgres");
    cluster_ = *std::move(cluster);
    const auto dsn = cluster_->Dsn("bench");
    Require(dsn.status(), "making a database");
    fill_seconds_ = Seconds(
        [&] { Require(testing::FillWithVersions(*dsn, kVersions), "filling the registry"); });
    auto program =
        testing::ServedProgram::Start({testing::ProgramPath("fleetcast-registry"), "--database",
                                       *dsn, "--artifacts-dir", folder_ + "/artifacts"},
                                      folder_ + "/registry.log");
    Require(program.status(), "starting fleetcast-registry");
    program_ = *std::move(program);
  }
  ~Registry() {
    Require(program_->Stop(absl::Seconds(20)), "stopping fleetcast-registry");
    (void)cluster_->Stop();
    std::filesystem::remove_all(folder_);
  }

  // A stub on a connection of its own.
  [[nodiscard]] std::unique_ptr<Models> Connect() const {
    return v1::ModelService::NewStub(rpc::Connect(program_->address()));
  }
  [[nodiscard]] double fill_seconds() const { return fill_seconds_; }

 private:
  std::string folder_;
  std::unique_ptr<cli::PrivateCluster> cluster_;
  std::unique_ptr<testing::ServedProgram> program_;
  double fill_seconds_ = 0;
};

double Quantile(std::vector<double> values, double quantile) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[static_cast<std::size_t>(quantile * (values.size() - 1))];
}

struct Load {
  double per_second = 0, median_ms = 0, p99_ms = 0;
};

// `calls` calls from `callers` threads, each on a connection of its own.
Load Ask(const Registry& registry, int callers, int calls,
         const std::function<void(Models& stub, int call)>& ask) {
  std::vector<std::unique_ptr<Models>> stubs;
  for (int i = 0; i < callers; ++i) stubs.push_back(registry.Connect());
  std::vector<std::vector<double>> latencies(callers);
  const double seconds = Seconds([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&, i] {
        for (int call = i; call < calls; call += callers) {
          latencies[i].push_back(1e3 * Seconds([&] { ask(*stubs[i], call); }));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  std::vector<double> all;
  for (const auto& of_caller : latencies) all.insert(all.end(), of_caller.begin(), of_caller.end());
  return {calls / seconds, Quantile(all, 0.5), Quantile(all, 0.99)};
}

v1::CreateModelVersionRequest VersionRequest(IdSource& ids, int call) {
  v1::CreateModelVersionRequest request;
  request.set_request_id(ids.NewUuid());
  request.set_parent("models/sensor-model");
  auto& version = *request.mutable_model_version();
  auto& tags = *version.mutable_tags();
  const std::string plant = absl::StrCat("P0", 10 + call / 100 % 90);
  const std::string circuit = absl::StrCat("C0", 10 + call % 90);
  const std::string asset = absl::StrCat("plant_", plant, "_circuit_", circuit);
  tags["plant_id"] = plant;
  tags["circuit_id"] = circuit;
  tags["cutoff_date"] = tags["data_asset_version"] = "2025-12-09";
  tags["environment_version"] = "1.5.0";
  tags["pr_number"] = absl::StrCat(call / 100);
  tags["pr_author"] = "ada";
  tags["git_commit_sha"] = std::string(40, 'c');
  tags["hyperparameters_hash"] = std::string(64, 'd');
  for (const char* metric : {"mae", "rmse", "r2"}) tags[metric] = absl::StrCat(0.1 + call * 1e-5);
  tags["trained_at"] = "2025-12-10T06:00:00Z";
  // Tags are as long as a trainer's.
  tags["training_hash"] = std::string(64, 'e');
  tags["gate"] = "PASSED";
  for (int member = 1; member <= 8; ++member)
    absl::StrAppend(&tags["members"], "linear, penalty 0.", member, ": 0.", 10 + call % 80, "; ");
  for (int part = 0; part < 3; ++part)
    absl::StrAppend(&tags["gate_why"], "mean absolute error ", call * 1e-4,
                    " on 168 rows, the champion's ", call * 2e-4, "; ");
  for (const char* metric : {"mae", "rmse", "r2", "skill"})
    (*version.mutable_metrics())[metric] = 0.1 + call * 1e-5;
  version.set_artifact_sha256(std::string(64, 'a'));
  // The fill's run of that circuit: n / 100 % 100 is the plant, n % 100 the circuit.
  const int run = (10 + call / 100 % 90) * 100 + 10 + call % 90;
  version.set_run(absl::StrCat("experiments/", asset, "/runs/r", run));
  version.set_data_asset_version(absl::StrCat("dataAssets/", asset, "/versions/2025-12-09"));
  version.set_environment_version("environments/custom-lstm-env/versions/1.5.0");
  return request;
}

struct Creation {
  Load alone, together;
  bool dense = true;
};

// The median round of one writer, and of all; whether all their numbers are one range.
Creation MeasureCreation(const Registry& registry) {
  RandomIdSource ids;
  absl::Mutex mutex;
  std::set<std::int64_t> numbers;
  const auto create = [&](Models& stub, int call) {
    const auto request = VersionRequest(ids, call);
    const auto version =
        rpc::Call<v1::ModelVersion>(absl::Seconds(60), [&](auto* context, auto* reply) {
          return stub.CreateModelVersion(context, request, reply);
        });
    Require(version.status(), "CreateModelVersion");
    absl::MutexLock lock(&mutex);
    numbers.insert(version->version());
  };
  std::vector<Load> alone, together;
  for (int round = 0; round < kRounds; ++round) {
    alone.push_back(Ask(registry, 1, kCreatedAlone, create));
    together.push_back(Ask(registry, kWriters, kCreatedPerRound, create));
  }
  const auto median = [](std::vector<Load> loads) {
    std::sort(loads.begin(), loads.end(),
              [](const Load& a, const Load& b) { return a.per_second < b.per_second; });
    return loads[loads.size() / 2];
  };
  const std::size_t calls = kRounds * (kCreatedAlone + kCreatedPerRound);
  return {median(alone), median(together),
          numbers.size() == calls && *numbers.begin() == kVersions + 1 &&
              *numbers.rbegin() == static_cast<std::int64_t>(kVersions + calls)};
}

void ListVersions(Models& stub, const std::string& filter, bool some = true) {
  v1::ListModelVersionsRequest request;
  request.set_parent("models/sensor-model");
  request.set_filter(filter);
  const auto page = rpc::Call<v1::ListModelVersionsResponse>(
      absl::Seconds(60),
      [&](auto* context, auto* reply) { return stub.ListModelVersions(context, request, reply); });
  Require(page.status(), filter);
  if (page->model_versions().empty() == some) Require(absl::InternalError("wrong page"), filter);
}

// A version of the fill, and the day of its cutoff.
std::pair<int, std::string> SomeVersion(int call) {
  const int n = 1 + static_cast<int>((call * 7919LL) % kVersions);
  const int day = 1 + n / 1000 % 28;
  return {n, absl::StrCat("2025-12-", day < 10 ? "0" : "", day)};
}

// Five tags of version n of the fill, which seven others of its circuit share.
void SearchCircuitByFiveTags(Models& stub, int call) {
  const auto [n, day] = SomeVersion(call);
  const auto id = [](const char* letter, int number) {
    return absl::StrCat(letter, number < 10 ? "00" : "0", number);
  };
  ListVersions(
      stub,
      absl::StrCat("tags.plant_id = \"", id("P", n / 100 % 100), "\" AND tags.circuit_id = \"",
                   id("C", n % 100), "\" AND tags.cutoff_date = \"", day,
                   "\" AND tags.environment_version = \"1.5.0\" AND tags.gate = PASSED"));
}

// Five tags of version n of the fill, which hundreds of others share.
void SearchByFiveTags(Models& stub, int call) {
  const auto [n, day] = SomeVersion(call);
  ListVersions(stub,
               absl::StrCat("tags.pr_number = \"", n / 1000, "\" AND tags.pr_author = \"author",
                            n / 1000 % 10, "\" AND tags.cutoff_date = \"", day,
                            "\" AND tags.environment_version = \"1.5.0\" AND tags.shift = \"",
                            n % 10000 % 3 == 0 ? "late" : "early", "\""));
}

// All champions, in pages of 1000; or the first page alone.
void ListChampions(Models& stub, bool all) {
  v1::ListChampionsRequest request;
  request.set_parent("models/sensor-model");
  request.set_page_size(1000);
  int listed = 0;
  do {
    const auto page = rpc::Call<v1::ListChampionsResponse>(
        absl::Seconds(60),
        [&](auto* context, auto* reply) { return stub.ListChampions(context, request, reply); });
    Require(page.status(), "ListChampions");
    listed += page->champions_size();
    request.set_page_token(page->next_page_token());
  } while (all && !request.page_token().empty());
  if (listed != (all ? 10'000 : 1000)) Require(absl::InternalError("missing"), "ListChampions");
}

void Report(bool json, nlohmann::ordered_json& report, const std::string& what, const Load& load,
            const std::string& asked) {
  report["figures"].push_back({{"what", what},
                               {"per_second", load.per_second},
                               {"median_ms", load.median_ms},
                               {"p99_ms", load.p99_ms},
                               {"asked", asked}});
  if (!json)
    std::printf("%-52s %8.0f/s   median %8.2f ms   p99 %8.2f ms   (asked: %s)\n", what.c_str(),
                load.per_second, load.median_ms, load.p99_ms, asked.c_str());
}

int Run(bool json) {
  StartLogging("registry_bench", LogLevel::kError);
  const Registry registry;
  nlohmann::ordered_json report;
  report["fill_seconds"] = registry.fill_seconds();
  if (!json) std::printf("1000000 versions made and indexed in %.0f s\n", registry.fill_seconds());
  const auto searches = [&](int calls, const std::function<void(Models&, int)>& ask) {
    (void)Ask(registry, 1, calls / 10, ask);
    return Ask(registry, 1, calls, ask);
  };
  Report(json, report, "five tags that 7 of 1000000 versions have",
         searches(kSearches, SearchCircuitByFiveTags), "p99 10 ms");
  Report(json, report, "five tags that hundreds have, 100 versions of them",
         searches(kSearches, SearchByFiveTags), "p99 10 ms");
  const std::pair<const char*, const char*> tags[] = {
      {"a tag that none has", "tags.lot = nosuch"},
      {"a tag that 1 has", "tags.team = \"nobody else\""},
      {"a tag that 2000 have, now and then", "tags.line = L7"},
      {"a tag that 10000 have, now and then", "tags.hall = H7"},
      {"two tags that 50000 have, all of them old",
       "tags.pr_author = author7 AND tags.engine = \"fleetcast 1.4\""},
      {"a tag that a third have", "tags.shift = late"}};
  for (const auto& [what, filter] : tags)
    Report(json, report, what,
           searches(kFewSearches,
                    [filter = filter](Models& stub, int) {
                      ListVersions(stub, filter, std::string_view(filter) != "tags.lot = nosuch");
                    }),
           "-");
  Report(json, report, "1000 of 10000 champions",
         searches(kChampionLists, [](Models& stub, int) { ListChampions(stub, false); }),
         "p99 50 ms");
  Report(json, report, "all 10000 champions, in ten pages",
         searches(kChampionLists / 5, [](Models& stub, int) { ListChampions(stub, true); }), "-");
  const Creation creation = MeasureCreation(registry);
  Report(json, report, "one writer of versions", creation.alone, "-");
  Report(json, report, "64 writers of versions", creation.together, "1500/s");
  report["dense"] = creation.dense;
  report["writers_ratio"] = creation.together.per_second / creation.alone.per_second;
  Report(json, report, "100 versions by five tags, after the writers",
         searches(kSearches, SearchByFiveTags), "p99 10 ms");
  if (json)
    std::printf("%s\n", report.dump(2).c_str());
  else
    std::printf("64 writers make %.1f x one writer's versions; their numbers are %s\n",
                creation.together.per_second / creation.alone.per_second,
                creation.dense ? "dense" : "NOT DENSE");
  return creation.dense ? 0 : 1;
}

}  // namespace
}  // namespace fleetcast::registry

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::string(argv[1]) == "-o" && std::string(argv[2]) == "json";
  if (argc > 1 && !json) {
    std::fputs("usage: registry_bench [-o json]\n", stderr);
    return 2;
  }
  return fleetcast::registry::Run(json);
}
