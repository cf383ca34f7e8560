// How long the config service's answers take over 10,000 circuits, beside what teams run without
// it: `git diff --name-only` and PyYAML over the files. The service is the real program, asked over
// gRPC. Medians of rounds in which both take turns. `-o json` prints one JSON object.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/log.h"
#include "common/rpc/client.h"
#include "common/sensordata/simulator/config_files.h"
#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/git_test_repository.h"
#include "tests/support/config/service_process.h"

namespace fleetcast::config {
namespace {

constexpr int kPlants = 100, kCircuitsPerPlant = 100, kChanged = 200, kCallers = 64, kRounds = 5;
constexpr std::size_t kCacheBytes = 100 << 20;

using testing::Files;

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Require(bool ok, const std::string& what) {
  if (ok) return;
  std::fprintf(stderr, "config_bench: %s failed\n", what.c_str());
  std::exit(1);
}

// The simulator's fleet, every 50th circuit of which has other epochs than 50, if those are given.
Files SimulatedFleet(int epochs = 50) {
  const auto plan = sensordata::PlanFleet(std::vector<int>(kPlants, kCircuitsPerPlant));
  const sensordata::ConfigFile list = sensordata::MasterListFile(plan, true);
  Files files = {{list.path, list.content}};
  int index = 0;
  for (const auto& plant : plan.plants)
    for (const auto& circuit : plant.circuits) {
      const bool changed = index++ % (kPlants * kCircuitsPerPlant / kChanged) == 0;
      const sensordata::ConfigFile file = sensordata::CircuitFile(
          plant, circuit, {.cutoff_date = "2025-12-09", .epochs = changed ? epochs : 50});
      files[file.path] = file.content;
    }
  return files;
}

// The script that teams run: which files changed, and what is in them.
double ScriptSeconds(const std::filesystem::path& folder, const std::string& repository,
                     const std::string& revision_range) {
  const std::filesystem::path script = folder / "script.py";
  std::ofstream(script) << R"(
import subprocess, sys, yaml
repository, revisions = sys.argv[1:]
git = ["git", "-C", repository]
if "..." in revisions:
    listing = git + ["diff", "--name-only", revisions]
else:
    listing = git + ["ls-tree", "-r", "--name-only", revisions]
head = revisions.split("...")[-1]
paths = [p for p in subprocess.check_output(listing, text=True).split() if p.startswith("config/plants/")]
batch = subprocess.Popen(git + ["cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
for path in paths:
    batch.stdin.write(f"{head}:{path}\n".encode())
    batch.stdin.flush()
    size = int(batch.stdout.readline().split()[2])
    yaml.safe_load(batch.stdout.read(size + 1)[:-1])
)";
  const std::string command =
      "python3 " + script.string() + " " + repository + " " + revision_range + " 2>/dev/null";
  int code = 0;
  const double seconds = Seconds([&] { code = std::system(command.c_str()); });
  Require(code == 0, "the script (git, python3 with PyYAML)");
  return seconds;
}

// A commit on main, and branches that each change something about it.
struct Repository {
  testing::GitTestRepository git;

  Repository() {
    const Files base = SimulatedFleet();
    const std::string main = git.Commit("main", base);
    git.Commit("change", SimulatedFleet(80), {main});
    git.Commit("other", SimulatedFleet(90), {main});
    Files one = base;
    one.at("config/plants/P001/C001.yml") += "# a comment\n";
    git.Commit("one", one, {main});
    // As a clone has them: packed.
    const std::string repack = "git -C " + git.path() + " repack -adq";
    Require(std::system(repack.c_str()) == 0, "git repack");
  }
};

// The service in a process of its own, and a connection to it.
class Service {
 public:
  explicit Service(const Repository& repository)
      : process_({"--repository", repository.git.path()}) {
    Require(!process_.address().empty(), "starting fleetcast-config: " + process_.errors());
    stub_ = Connect();
  }

  [[nodiscard]] std::unique_ptr<v1::ConfigService::Stub> Connect() const {
    const auto channel = rpc::Connect(process_.address());
    Require(channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)),
            "connecting to fleetcast-config");
    return v1::ConfigService::NewStub(channel);
  }

  static double DetectSeconds(v1::ConfigService::Stub& stub, const std::string& head) {
    v1::DetectChangesRequest request;
    request.set_base_revision("main");
    request.set_head_revision(head);
    return Seconds([&] {
      const auto answer = rpc::Call<v1::DetectChangesResponse>(
          absl::Seconds(60), [&](auto* context, auto* response) {
            return stub.DetectChanges(context, request, response);
          });
      Require(answer.ok() && answer->changes_size() == kChanged, "DetectChanges");
    });
  }
  [[nodiscard]] double DetectSeconds(const std::string& head) const {
    return DetectSeconds(*stub_, head);
  }

  [[nodiscard]] double ValidateSeconds(const std::string& revision) const {
    v1::ValidateRevisionRequest request;
    request.set_revision(revision);
    return Seconds([&] {
      const auto answer = rpc::Call<v1::ValidateRevisionResponse>(
          absl::Seconds(60), [&](auto* context, auto* response) {
            return stub_->ValidateRevision(context, request, response);
          });
      Require(
          answer.ok() && answer->valid() && answer->circuit_count() == kPlants * kCircuitsPerPlant,
          "ValidateRevision");
    });
  }

  [[nodiscard]] std::size_t peak_bytes() const { return process_.peak_bytes(); }

 private:
  testing::ServiceProcess process_;
  std::unique_ptr<v1::ConfigService::Stub> stub_;
};

// One thing that is measured, in turns with the script's same work: the machine's other load moves
// both.
struct Figure {
  std::string what;
  double wanted_ratio = 0;
  std::vector<double> seconds = {}, script_seconds = {};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

std::vector<Figure> MeasureChanges(const Repository& repository) {
  std::vector<Figure> figures = {{"DetectChanges, 200 of 10000 changed, just started", 5},
                                 {"the same again", 30},
                                 {"another branch on the same base", 30}};
  const std::string& path = repository.git.path();
  for (int round = 0; round < kRounds; ++round) {
    const double script = ScriptSeconds(path, path, "main...change");
    const Service service(repository);
    figures[0].seconds.push_back(service.DetectSeconds("change"));
    figures[1].seconds.push_back(service.DetectSeconds("change"));
    figures[2].seconds.push_back(service.DetectSeconds("other"));
    for (Figure& figure : figures) figure.script_seconds.push_back(script);
  }
  return figures;
}

struct Memory {
  double counted_mib = 0;  // of what is kept of 10,000 circuits, by the caches themselves
  double heap_mib = 0;     // the same as the allocator counts it
  double peak_mib = 0;     // of a service's whole process that validated them
};

// In this process, where it can be counted.
void MeasureKept(const Repository& repository, Memory& memory) {
  const auto git = GitConfigRepository::Open({.path = repository.git.path()});
  Require(git.ok(), "opening the repository");
  const std::size_t heap_before = mallinfo2().uordblks;
  FleetReader reader(**git, ParseYaml, kCacheBytes);
  Require(reader.ValidateRevision("main").ok(), "ValidateRevision");
  memory.heap_mib = static_cast<double>(mallinfo2().uordblks - heap_before) / (1 << 20);
  memory.counted_mib = static_cast<double>(reader.cached_bytes()) / (1 << 20);
}

std::vector<Figure> MeasureValidation(const Repository& repository, Memory& memory) {
  std::vector<Figure> figures = {{"ValidateRevision, 10000 circuits, just started", 10},
                                 {"ValidateRevision after one file changed", 100}};
  const std::string& path = repository.git.path();
  for (int round = 0; round < kRounds; ++round) {
    // Takes long: in the middle, for all rounds.
    if (round == kRounds / 2) {
      const double script = ScriptSeconds(path, path, "main");
      for (Figure& figure : figures) figure.script_seconds = {script};
    }
    const Service service(repository);
    figures[0].seconds.push_back(service.ValidateSeconds("main"));
    figures[1].seconds.push_back(service.ValidateSeconds("one"));
    memory.peak_mib =
        std::max(memory.peak_mib, static_cast<double>(service.peak_bytes()) / (1 << 20));
  }
  MeasureKept(repository, memory);
  return figures;
}

// Calls from `callers` threads that each ask again and again.
struct Load {
  double calls_per_second = 0;
  double slowest_to_median = 0;
};

Load Ask(const Service& service, int callers, int calls) {
  std::vector<std::unique_ptr<v1::ConfigService::Stub>> stubs(callers);
  for (auto& stub : stubs) stub = service.Connect();
  std::vector<std::vector<double>> latencies(callers);
  const double seconds = Seconds([&] {
    std::vector<std::thread> threads;
    threads.reserve(callers);
    for (int i = 0; i < callers; ++i)
      threads.emplace_back([&, i] {
        for (int k = 0; k < calls / callers; ++k)
          latencies[i].push_back(Service::DetectSeconds(*stubs[i], "change"));
      });
    for (std::thread& thread : threads) thread.join();
  });
  std::vector<double> all;
  for (const auto& of_caller : latencies) all.insert(all.end(), of_caller.begin(), of_caller.end());
  return {calls / seconds, *std::max_element(all.begin(), all.end()) / Median(all)};
}

struct LoadFigures {
  std::vector<double> throughput_ratios, slowest_to_median;
};

LoadFigures MeasureLoad(const Repository& repository) {
  const Service service(repository);
  LoadFigures figures;
  (void)Ask(service, 1, 64);
  for (int round = 0; round < kRounds; ++round) {
    const Load one = Ask(service, 1, 256);
    const Load many = Ask(service, kCallers, 2048);
    figures.throughput_ratios.push_back(many.calls_per_second / one.calls_per_second);
    figures.slowest_to_median.push_back(many.slowest_to_median);
  }
  return figures;
}

void Print(const std::vector<Figure>& figures, const Memory& memory, const LoadFigures& load,
           bool json) {
  nlohmann::ordered_json report;
  for (const Figure& figure : figures) {
    const double seconds = Median(figure.seconds), script = Median(figure.script_seconds);
    report["figures"].push_back({{"what", figure.what},
                                 {"seconds", seconds},
                                 {"script_seconds", script},
                                 {"ratio", script / seconds},
                                 {"wanted_ratio", figure.wanted_ratio}});
    if (!json)
      std::printf("%-52s %9.2f ms   script %9.2f ms   %8.1f x (asked: %g)\n", figure.what.c_str(),
                  seconds * 1e3, script * 1e3, script / seconds, figure.wanted_ratio);
  }
  const double throughput = Median(load.throughput_ratios);
  const double slowest = Median(load.slowest_to_median);
  report["kept_mib"] = memory.counted_mib;
  report["kept_heap_mib"] = memory.heap_mib;
  report["service_peak_mib"] = memory.peak_mib;
  report["throughput_of_64_callers_to_one"] = throughput;
  report["slowest_of_64_callers_to_median"] = slowest;
  if (json)
    std::printf("%s\n", report.dump(2).c_str());
  else
    std::printf(
        "kept of 10000 circuits: %.1f MiB by the caches' count, %.1f by the heap's (asked: under "
        "100); the whole service's peak: %.1f MiB\n"
        "throughput of %d callers over gRPC: %.2f x one caller's (asked: 1.6)\n"
        "their slowest call: %.1f x the median (asked: at most 20)\n",
        memory.counted_mib, memory.heap_mib, memory.peak_mib, kCallers, throughput, slowest);
}

int Run(bool json) {
  StartLogging("config_bench", LogLevel::kError);
  const Repository repository;
  std::vector<Figure> figures = MeasureChanges(repository);
  Memory memory;
  for (Figure& figure : MeasureValidation(repository, memory)) figures.push_back(std::move(figure));
  Print(figures, memory, MeasureLoad(repository), json);
  return 0;
}

}  // namespace
}  // namespace fleetcast::config

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::string(argv[1]) == "-o" && std::string(argv[2]) == "json";
  if (argc > 1 && !json) {
    std::fputs("usage: config_bench [-o json]\n", stderr);
    return 2;
  }
  return fleetcast::config::Run(json);
}
