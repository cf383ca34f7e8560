// How long the config service's answers take over 10,000 circuits, beside what teams run without
// it: `git diff --name-only` and PyYAML over the files. `-o json` prints one JSON object.
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

#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/yaml/yaml_parser.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::config {
namespace {

constexpr int kPlants = 100, kCircuitsPerPlant = 100, kChanged = 200, kCallers = 64;
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

struct Figure {
  std::string what;
  double seconds = 0;
  double script_seconds = 0;  // 0: nothing to compare with
  double wanted_ratio = 0;
};

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

// Calls a second of `callers` threads that each ask for the changes again and again.
double Throughput(FleetReader& reader, int callers, int calls) {
  const double seconds = Seconds([&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < calls / callers; ++k) (void)DetectSeconds(reader, "change");
      });
    for (std::thread& thread : threads) thread.join();
  });
  return calls / seconds;
}

void Print(const std::vector<Figure>& figures, double cached_mib, double callers_ratio, bool json) {
  nlohmann::ordered_json report;
  for (const Figure& figure : figures) {
    const double ratio = figure.script_seconds / figure.seconds;
    report["figures"].push_back({{"what", figure.what},
                                 {"seconds", figure.seconds},
                                 {"script_seconds", figure.script_seconds},
                                 {"ratio", ratio},
                                 {"wanted_ratio", figure.wanted_ratio}});
    if (!json)
      std::printf("%-52s %9.2f ms   script %9.2f ms   %8.1f x (asked: %g)\n", figure.what.c_str(),
                  figure.seconds * 1e3, figure.script_seconds * 1e3, ratio, figure.wanted_ratio);
  }
  report["cached_mib"] = cached_mib;
  report["throughput_of_64_callers_to_one"] = callers_ratio;
  if (json)
    std::printf("%s\n", report.dump(2).c_str());
  else
    std::printf(
        "kept in memory: %.1f MiB (asked: under 100)\n"
        "throughput of %d callers: %.2f x one caller's (asked: 1.6)\n",
        cached_mib, kCallers, callers_ratio);
}

int Run(bool json) {
  Repository fixture;
  ConfigRepository& repository = *fixture.repository;
  const std::filesystem::path folder = fixture.git.path();
  const double script = ScriptSeconds(folder, fixture.git.path(), "main...change");
  const double parse_all = ScriptSeconds(folder, fixture.git.path(), "main");

  FleetReader changes(repository, ParseYaml, kCacheBytes);
  const double cold = DetectSeconds(changes, "change");
  const double again = DetectSeconds(changes, "change");
  const double other = DetectSeconds(changes, "other");
  FleetReader validation(repository, ParseYaml, kCacheBytes);
  const double validate = ValidateSeconds(validation, "main");
  const double one_changed = ValidateSeconds(validation, "one");
  const double cached_mib = static_cast<double>(validation.cached_bytes()) / (1 << 20);
  const double one_caller = Throughput(changes, 1, 512);
  const double many_callers = Throughput(changes, kCallers, 2048);

  Print({{"DetectChanges, 200 of 10000 changed, just started", cold, script, 5},
         {"the same again", again, script, 30},
         {"another branch on the same base", other, script, 30},
         {"ValidateRevision, 10000 circuits, just started", validate, parse_all, 10},
         {"ValidateRevision after one file changed", one_changed, parse_all, 100}},
        cached_mib, many_callers / one_caller, json);
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
