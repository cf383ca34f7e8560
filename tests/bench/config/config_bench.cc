// How long the config service's answers take over 10,000 circuits, beside what teams run without
// it: `git diff --name-only` and PyYAML over the files. Medians of rounds in which both take turns.
// `-o json` prints one JSON object.
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
#include "common/rpc/server.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/rpc/config_service.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::config {
namespace {

constexpr int kPlants = 100, kCircuitsPerPlant = 100, kChanged = 200, kCallers = 64, kRounds = 5;
constexpr std::size_t kCacheBytes = 100 << 20;

using testing::CircuitPath;
using testing::CircuitText;
using testing::Files;

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string Id(char letter, int number) {
  char text[16];
  std::snprintf(text, sizeof text, "%c%03d", letter, number);
  return text;
}

Files Fleet() {
  std::map<std::string, std::vector<std::string>> plants;
  for (int p = 1; p <= kPlants; ++p)
    for (int c = 1; c <= kCircuitsPerPlant; ++c) plants[Id('P', p)].push_back(Id('C', c));
  return testing::FleetFiles(plants);
}

// `files` with every 50th circuit's epochs changed.
Files Changed(Files files, const std::string& epochs) {
  const int stride = kPlants * kCircuitsPerPlant / kChanged;
  for (int i = 0; i < kChanged; ++i) {
    const int index = i * stride;
    const std::string plant = Id('P', 1 + index / kCircuitsPerPlant);
    const std::string circuit = Id('C', 1 + index % kCircuitsPerPlant);
    files[CircuitPath(plant, circuit)] =
        CircuitText(plant, circuit, {{"epochs: 50", "epochs: " + epochs}});
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
  return code == 0 ? seconds : 0;
}

void Require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "config_bench: %s failed\n", what);
  std::exit(1);
}

struct Repository {
  testing::GitTestRepository git;
  std::unique_ptr<GitConfigRepository> repository;

  Repository() {
    const Files base = Fleet();
    const std::string main = git.Commit("main", base);
    git.Commit("change", Changed(base, "80"), {main});
    git.Commit("other", Changed(base, "90"), {main});
    Files one = base;
    one[CircuitPath("P001", "C001")] += "# a comment\n";
    git.Commit("one", one, {main});
    // As a clone has them: packed.
    const std::string repack = "git -C " + git.path() + " repack -adq 2>/dev/null";
    if (std::system(repack.c_str()) != 0)
      std::fputs("git is missing: objects stay loose\n", stderr);
    repository = *GitConfigRepository::Open({.path = git.path()});
  }
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

double DetectSeconds(FleetReader& reader, const std::string& head) {
  return Seconds([&] {
    const auto report = reader.DetectChanges("main", head);
    Require(report.ok() && report->changes.size() == kChanged, "DetectChanges");
  });
}

double ValidateSeconds(FleetReader& reader, const std::string& revision) {
  return Seconds([&] {
    const auto report = reader.ValidateRevision(revision);
    Require(report.ok() && report->diagnostics.empty(), "ValidateRevision");
  });
}

std::vector<Figure> MeasureChanges(const Repository& fixture) {
  std::vector<Figure> figures = {{"DetectChanges, 200 of 10000 changed, just started", 5},
                                 {"the same again", 30},
                                 {"another branch on the same base", 30}};
  for (int round = 0; round < kRounds; ++round) {
    const double script = ScriptSeconds(fixture.git.path(), fixture.git.path(), "main...change");
    // As a service that has just started: nothing is open and nothing is known.
    const auto repository = GitConfigRepository::Open({.path = fixture.git.path()});
    Require(repository.ok(), "opening the repository");
    FleetReader reader(**repository, ParseYaml, kCacheBytes);
    figures[0].seconds.push_back(DetectSeconds(reader, "change"));
    figures[1].seconds.push_back(DetectSeconds(reader, "change"));
    figures[2].seconds.push_back(DetectSeconds(reader, "other"));
    for (Figure& figure : figures) figure.script_seconds.push_back(script);
  }
  return figures;
}

struct Memory {
  double estimated_mib = 0;  // by the caches themselves
  double heap_mib = 0;       // as the allocator counts it
};

std::vector<Figure> MeasureValidation(Repository& fixture, Memory& memory) {
  std::vector<Figure> figures = {{"ValidateRevision, 10000 circuits, just started", 10},
                                 {"ValidateRevision after one file changed", 100}};
  for (int round = 0; round < kRounds; ++round) {
    // Takes long: in the middle, for all rounds.
    if (round == kRounds / 2) {
      const double script = ScriptSeconds(fixture.git.path(), fixture.git.path(), "main");
      for (Figure& figure : figures) figure.script_seconds = {script};
    }
    const std::size_t heap_before = mallinfo2().uordblks;
    FleetReader reader(*fixture.repository, ParseYaml, kCacheBytes);
    figures[0].seconds.push_back(ValidateSeconds(reader, "main"));
    memory.heap_mib = static_cast<double>(mallinfo2().uordblks - heap_before) / (1 << 20);
    memory.estimated_mib = static_cast<double>(reader.cached_bytes()) / (1 << 20);
    figures[1].seconds.push_back(ValidateSeconds(reader, "one"));
  }
  return figures;
}

// Calls over gRPC, from `callers` threads that each ask again and again.
struct Load {
  double calls_per_second = 0;
  double slowest_to_median = 0;
};

Load Ask(const std::string& address, int callers, int calls) {
  std::vector<std::vector<double>> latencies(callers);
  const double seconds = Seconds([&] {
    std::vector<std::thread> threads;
    threads.reserve(callers);
    for (int i = 0; i < callers; ++i)
      threads.emplace_back([&, i] {
        const auto stub = v1::ConfigService::NewStub(rpc::Connect(address));
        v1::DetectChangesRequest request;
        request.set_base_revision("main");
        request.set_head_revision("change");
        for (int k = 0; k < calls / callers; ++k)
          latencies[i].push_back(Seconds([&] {
            const auto answer = rpc::Call<v1::DetectChangesResponse>(
                absl::Seconds(60), [&](auto* context, auto* response) {
                  return stub->DetectChanges(context, request, response);
                });
            Require(answer.ok() && answer->changes_size() == kChanged, "DetectChanges over gRPC");
          }));
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

LoadFigures MeasureLoad(Repository& fixture) {
  FleetReader reader(*fixture.repository, ParseYaml, kCacheBytes);
  ConfigService service(reader);
  const auto server = rpc::Server::Start({}, {&service});
  Require(server.ok(), "starting the server");
  LoadFigures figures;
  (void)Ask((*server)->address(), 1, 64);
  for (int round = 0; round < kRounds; ++round) {
    const Load one = Ask((*server)->address(), 1, 256);
    const Load many = Ask((*server)->address(), kCallers, 2048);
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
  report["cached_mib"] = memory.estimated_mib;
  report["heap_mib"] = memory.heap_mib;
  report["throughput_of_64_callers_to_one"] = throughput;
  report["slowest_of_64_callers_to_median"] = slowest;
  if (json)
    std::printf("%s\n", report.dump(2).c_str());
  else
    std::printf(
        "kept of 10000 circuits: %.1f MiB by the caches' count, %.1f by the heap's (asked: under "
        "100)\n"
        "throughput of %d callers over gRPC: %.2f x one caller's (asked: 1.6)\n"
        "their slowest call: %.1f x the median (asked: at most 20)\n",
        memory.estimated_mib, memory.heap_mib, kCallers, throughput, slowest);
}

int Run(bool json) {
  StartLogging("config_bench", LogLevel::kError);
  Repository fixture;
  std::vector<Figure> figures = MeasureChanges(fixture);
  Memory memory;
  for (Figure& figure : MeasureValidation(fixture, memory)) figures.push_back(std::move(figure));
  Print(figures, memory, MeasureLoad(fixture), json);
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
