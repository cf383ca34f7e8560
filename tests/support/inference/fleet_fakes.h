// The registry, the configuration and the trainer as a release sees them, in memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/inference/domain/circuit_catalog.h"
#include "services/inference/domain/model_registry.h"
#include "services/inference/domain/training.h"

namespace fleetcast::inference {

// Thread safe but for its public members.
class FakeFleetRegistry : public ModelRegistry {
 public:
  absl::StatusOr<std::map<std::int64_t, ModelVersion>> GetModelVersions(
      const std::vector<std::int64_t>& numbers) override {
    if (away) return absl::UnavailableError("the registry is away");
    const std::lock_guard lock(mutex_);
    std::map<std::int64_t, ModelVersion> found;
    for (const std::int64_t number : numbers)
      if (versions.contains(number)) found[number] = versions[number];
    return found;
  }
  absl::StatusOr<std::map<std::string, std::vector<Candidate>>> FindCandidates(
      const std::vector<std::string>& hashes) override {
    if (away) return absl::UnavailableError("the registry is away");
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::vector<Candidate>> found;
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
      const auto& tags = version->second.tags;
      const auto tag = [&](const char* key) {
        const auto at = tags.find(key);
        return at == tags.end() ? std::string() : at->second;
      };
      if (std::find(hashes.begin(), hashes.end(), tag("training_hash")) == hashes.end()) continue;
      found[tag("training_hash")].push_back(
          {.version = version->first,
           .gate = tag("gate"),
           .judged_against = tag("gate_champion").empty() ? 0 : std::stol(tag("gate_champion")),
           .why = "as the test has it"});
    }
    return found;
  }
  absl::StatusOr<std::map<CircuitId, StandingChampion>> GetChampions(
      const std::vector<CircuitId>& circuits) override {
    ++champion_reads;
    if (away) return absl::UnavailableError("the registry is away");
    const std::lock_guard lock(mutex_);
    std::map<CircuitId, StandingChampion> found;
    for (const CircuitId& circuit : circuits) {
      if (!champions.contains(circuit)) continue;
      const auto& beneath = beneath_[circuit];
      found[circuit] = {.version = champions[circuit],
                        .previous = beneath.empty() ? 0 : beneath.back()};
    }
    return found;
  }
  absl::Status ChangeChampion(const std::string& request_id,
                              const ChampionChange& change) override {
    if (away) return absl::UnavailableError("the registry is away");
    if (before_change != nullptr) std::exchange(before_change, nullptr)();
    const std::lock_guard lock(mutex_);
    if (!answered_.insert(request_id).second) return absl::OkStatus();
    const auto present = champions.find(change.circuit);
    if ((present == champions.end() ? 0 : present->second) != change.expected_current) {
      answered_.erase(request_id);
      return Refused(absl::StatusCode::kAborted, "CHAMPION_CHANGED", "another is champion");
    }
    ++changes;
    auto& beneath = beneath_[change.circuit];
    if (change.roll_back) {
      if (beneath.empty() || beneath.back() != change.model_version)
        return absl::InternalError("that is not what a rollback returns to");
      beneath.pop_back();
    } else if (change.model_version == 0) {
      beneath.clear();
    } else if (change.expected_current != 0) {
      beneath.push_back(change.expected_current);
    }
    if (change.model_version == 0)
      champions.erase(change.circuit);
    else
      champions[change.circuit] = change.model_version;
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> DownloadArtifact(const std::string&, absl::Duration) override {
    return absl::UnimplementedError("not asked for here");
  }

  // A version of a training hash, with the gate's verdict on it.
  std::int64_t Add(const CircuitId& circuit, const std::string& training_hash,
                   const std::string& gate, std::int64_t against = 0) {
    const std::lock_guard lock(mutex_);
    const std::int64_t number = versions.empty() ? 1 : versions.rbegin()->first + 1;
    versions[number] = {.version = number,
                        .tags = {{"plant_id", circuit.plant_id},
                                 {"circuit_id", circuit.circuit_id},
                                 {"training_hash", training_hash},
                                 {"gate", gate},
                                 {"gate_champion", against == 0 ? "" : std::to_string(against)}},
                        .metrics = {{"mae", 0.5}, {"skill", 0.25}},
                        .artifact_sha256 = std::string(64, 'a'),
                        .environment = "environments/custom-lstm-env/versions/1.5.0"};
    return number;
  }

  std::map<std::int64_t, ModelVersion> versions;
  std::map<CircuitId, std::int64_t> champions;
  int changes = 0;         // of champions
  int champion_reads = 0;  // calls
  bool away = false;
  std::function<void()> before_change;  // called once, before the next change of a champion

 private:
  std::mutex mutex_;
  std::set<std::string> answered_;
  std::map<CircuitId, std::vector<std::int64_t>> beneath_;  // what rollbacks return to, last first
};

// Commits by name; `parents` says how they lie: a → b means b follows a.
class FakeFleetCatalog : public CircuitCatalog {
 public:
  absl::StatusOr<std::map<CircuitId, absl::StatusOr<DeploymentSettings>>> GetDeploymentSettings(
      const std::vector<CircuitId>&, const std::string&) override {
    return absl::UnimplementedError("not asked for here");
  }
  absl::StatusOr<DesiredFleet> GetFleet(const std::string& revision) override {
    ++fleet_reads;
    const auto found = fleets.find(revision);
    if (found == fleets.end()) return ResourceNotFound("Revision", revision, "fetch it");
    DesiredFleet fleet = found->second;
    fleet.commit = revision;
    for (DesiredCircuit& circuit : fleet.circuits) circuit.settings.commit = revision;
    return fleet;
  }
  absl::StatusOr<Kinship> GetKinship(const std::string& base_revision,
                                     const std::string& head_revision) override {
    if (away) return absl::UnavailableError("config is away");
    const auto commit_of = [&](const std::string& revision) {
      return branches.contains(revision) ? branches[revision] : revision;
    };
    const std::string base = commit_of(base_revision), head = commit_of(head_revision);
    for (const std::string& commit : {base, head})
      if (gone.contains(commit))
        return Refused(absl::StatusCode::kNotFound, "REVISION_NOT_FOUND", commit + " is unknown");
    const auto ancestors = [&](std::string commit) {
      std::vector<std::string> all = {commit};
      while (parents.contains(commit)) all.push_back(commit = parents[commit]);
      return all;
    };
    const auto of_base = ancestors(base);
    for (const std::string& commit : ancestors(head))
      if (std::find(of_base.begin(), of_base.end(), commit) != of_base.end())
        return Kinship{
            .base_commit = base, .head_commit = head, .merge_base_commit = commit, .fresh = fresh};
    return Kinship{
        .base_commit = base, .head_commit = head, .merge_base_commit = "", .fresh = fresh};
  }

  static DesiredCircuit Circuit(const CircuitId& id, const std::string& training_hash,
                                const std::string& deployment_hash = "d1") {
    DesiredCircuit circuit{.circuit = id,
                           .training_hash = training_hash,
                           .deployment_hash = deployment_hash,
                           .cutoff_date = "2025-12-09",
                           .settings = {}};
    circuit.settings = {.plant_display_name = "Plant",
                        .display_name = "Line",
                        .compute = "Standard_DS3_v2",
                        .mini_batch_size = 100,
                        .sensor_id = "SENSOR",
                        .deployment_hash = deployment_hash};
    return circuit;
  }

  std::map<std::string, DesiredFleet> fleets;
  std::map<std::string, std::string> branches;  // to their heads
  std::atomic<int> fleet_reads = 0;
  bool away = false;
  absl::Status fresh;          // whether the remote can be asked
  std::set<std::string> gone;  // commits that history lost
  std::map<std::string, std::string> parents;
};

class FakeTrainer : public Trainer {
 public:
  absl::StatusOr<std::string> Start(const std::string& request_id,
                                    const std::vector<CircuitId>& circuits,
                                    const std::string& commit) override {
    const std::lock_guard lock(mutex_);
    ++calls;
    if (away) return absl::UnavailableError("the trainer is away");
    const auto [run, is_new] =
        runs_.try_emplace(request_id, absl::StrCat("trainingRuns/run", runs_.size() + 1));
    if (is_new) started.push_back({run->second, circuits, commit});
    const std::string& name = run->second;
    const Started& first = *std::find_if(started.begin(), started.end(),
                                         [&](const Started& s) { return s.run == name; });
    if (first.circuits != circuits || first.commit != commit)
      return Refused(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
                     absl::StrCat(request_id, " was used before, for another request"));
    return run->second;
  }
  absl::StatusOr<std::optional<TrainingState>> StateOf(const std::string& training_run,
                                                       const CircuitId& circuit) override {
    if (away) return absl::UnavailableError("the trainer is away");
    const auto found = states.find({training_run, circuit});
    if (found == states.end())
      return std::optional<TrainingState>(TrainingState{
          .state = workqueue::TaskState::kRunning, .reason = "it is being trained", .failure = {}});
    return std::optional<TrainingState>(found->second);
  }

  struct Started {
    std::string run;
    std::vector<CircuitId> circuits;
    std::string commit;
  };
  std::vector<Started> started;
  std::map<std::pair<std::string, CircuitId>, TrainingState> states;  // of what has ended
  int calls = 0;                                                      // of Start
  bool away = false;

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> runs_;
};

}  // namespace fleetcast::inference
