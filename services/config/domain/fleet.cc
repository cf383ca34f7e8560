#include "services/config/domain/fleet.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/id.h"
#include "services/config/domain/scalar.h"

namespace fleetcast::config {
namespace {

constexpr char kPlantsFolder[] = "config/plants";
constexpr char kDefaultsPath[] = "config/defaults.yml";

std::string CircuitPath(const CircuitKey& key) {
  return absl::StrCat(kPlantsFolder, "/", key.plant_id, "/", key.circuit_id, ".yml");
}

std::string PlantDefaultsPath(const std::string& plant_id) {
  return absl::StrCat(kPlantsFolder, "/", plant_id, "/defaults.yml");
}

// Builds one outline; each method adds one kind of thing.
class Outliner {
 public:
  explicit Outliner(const std::string& commit) { fleet_.commit = commit; }

  void ReadEntries(const std::vector<TreeEntry>& entries) {
    for (const TreeEntry& entry : entries) {
      const std::vector<std::string> parts = absl::StrSplit(entry.path, '/');
      if (entry.path == kMasterListPath)
        fleet_.has_master_list = RefuseUnlessFile(entry, CircuitKey{});
      else if (entry.path == kDefaultsPath)
        files_[entry.path] = entry;
      else if (parts.size() == 3 && absl::StartsWith(entry.path, kPlantsFolder))
        ReadPlantFolder(entry, parts[2]);
      else if (parts.size() == 4)
        ReadPlantFile(entry, parts[2], parts[3]);
      else if (entry.path == kPlantsFolder || entry.path == "config")
        RefuseUnlessFolder(entry, "");
    }
  }

  void AddMasterList(const MasterList& master) {
    fleet_.readable = master.readable;
    fleet_.complete = master.complete && master.readable;
    std::map<CircuitKey, Diagnostics> of_circuits;
    for (const Diagnostic& diagnostic : master.diagnostics)
      if (diagnostic.circuit_id.empty())
        fleet_.diagnostics.push_back(diagnostic);
      else
        of_circuits[{diagnostic.plant_id, diagnostic.circuit_id}].push_back(diagnostic);
    if (!master.readable) return;
    for (const MasterPlant& plant : master.plants) {
      fleet_.plants.push_back(
          {plant.plant_id, plant.display_name, static_cast<int>(plant.circuits.size())});
      for (const MasterCircuit& circuit : plant.circuits) {
        const CircuitKey key{plant.plant_id, circuit.circuit_id};
        AddCircuit({.key = key,
                    .plant_name = plant.display_name,
                    .circuit_name = circuit.display_name,
                    .plant_name_mark = plant.name_mark,
                    .circuit_name_mark = circuit.name_mark,
                    .diagnostics = std::move(of_circuits[key])},
                   circuit.mark);
      }
    }
  }

  void ReportNoMasterList() {
    Report(kMasterListPath, Mark{}, "MASTER_LIST_MISSING",
           "there is no master list, so the fleet is empty",
           "add the file: `plants:` and under it a list of plants and their circuits", {});
  }

  void AddCircuitsOfFiles() {
    for (const auto& [path, entry] : files_) {
      const std::optional<CircuitKey> key = KeyOf(path);
      if (key)
        AddCircuit({.key = *key, .plant_name = key->plant_id, .circuit_name = key->circuit_id},
                   Mark{});
    }
  }

  void ReportFilesWithoutEntry() {
    for (const auto& [path, entry] : files_) {
      const std::optional<CircuitKey> key = KeyOf(path);
      if (!key) continue;
      const auto circuit =
          std::lower_bound(fleet_.circuits.begin(), fleet_.circuits.end(), *key,
                           [](const CircuitOutline& a, const CircuitKey& b) { return a.key < b; });
      if (circuit != fleet_.circuits.end() && circuit->key == *key) continue;
      Report(path, Mark{}, "FILE_WITHOUT_ENTRY",
             absl::StrCat("circuit ", key->circuit_id, " of plant ", key->plant_id,
                          " is not in the master list"),
             absl::StrCat("add it to ", kMasterListPath, ", or delete the file"), *key);
    }
  }

  FleetOutline Finish() {
    std::sort(fleet_.circuits.begin(), fleet_.circuits.end(),
              [](const CircuitOutline& a, const CircuitOutline& b) { return a.key < b.key; });
    std::sort(
        fleet_.diagnostics.begin(), fleet_.diagnostics.end(),
        [](const Diagnostic& a, const Diagnostic& b) { return ReportOrder(a) < ReportOrder(b); });
    return std::move(fleet_);
  }

 private:
  // The circuit whose file `path` is; nullopt for a file of defaults.
  static std::optional<CircuitKey> KeyOf(const std::string& path) {
    const std::vector<std::string> parts = absl::StrSplit(path, '/');
    if (parts.size() != 4 || parts[3] == "defaults.yml") return std::nullopt;
    return CircuitKey{parts[2], parts[3].substr(0, parts[3].size() - 4)};
  }

  Diagnostic& Report(const std::string& path, const Mark& mark, const std::string& reason,
                     const std::string& message, const std::string& remedy, const CircuitKey& key) {
    fleet_.diagnostics.push_back({.path = path,
                                  .mark = mark,
                                  .reason = reason,
                                  .message = message,
                                  .remedy = remedy,
                                  .plant_id = key.plant_id,
                                  .circuit_id = key.circuit_id});
    return fleet_.diagnostics.back();
  }

  // True for a plain file, else what it is instead has been reported.
  bool RefuseUnlessFile(const TreeEntry& entry, const CircuitKey& key) {
    if (entry.kind == TreeEntry::Kind::kFile) return true;
    const auto [reason, what] =
        entry.kind == TreeEntry::Kind::kSymlink     ? std::pair("SYMLINK", "a symbolic link")
        : entry.kind == TreeEntry::Kind::kSubmodule ? std::pair("SUBMODULE", "a submodule")
        : entry.kind == TreeEntry::Kind::kSpecial
            ? std::pair("NOT_A_FILE", "a device, a pipe or a socket")
            : std::pair("NOT_A_FILE", "a folder");
    Report(entry.path, Mark{}, reason, absl::StrCat("this is ", what, ", which is not followed"),
           "put a plain file here", key);
    return false;
  }

  bool RefuseUnlessFolder(const TreeEntry& entry, const std::string& plant_id) {
    if (entry.kind == TreeEntry::Kind::kFolder) return true;
    const auto [reason, message] =
        entry.kind == TreeEntry::Kind::kOversizedFolder
            ? std::pair("FOLDER_TOO_LARGE",
                        absl::StrCat("the folder has more than ", kMostEntriesOfFolder,
                                     " entries, so it is not read"))
        : entry.kind == TreeEntry::Kind::kUnreadableFolder
            ? std::pair("FOLDER_UNREADABLE", std::string("the folder cannot be read"))
            : std::pair("NOT_A_FOLDER", std::string("this is no folder, and is not followed"));
    Report(entry.path, Mark{}, reason, message, "put a folder of circuit files here",
           {plant_id, ""});
    return false;
  }

  void ReadPlantFolder(const TreeEntry& entry, const std::string& plant_id) {
    if (entry.kind == TreeEntry::Kind::kFile) return;  // a README beside the plants
    if (!ValidateId("plant_id", plant_id).ok()) {
      Report(entry.path, Mark{}, "INVALID_ID",
             absl::StrCat("\"", Excerpt(plant_id), "\" cannot be a plant's id"),
             "use 1 to 63 letters, digits, _ and -", {});
      return;
    }
    RefuseUnlessFolder(entry, plant_id);
  }

  void ReadPlantFile(const TreeEntry& entry, const std::string& plant_id,
                     const std::string& file_name) {
    if (!ValidateId("plant_id", plant_id).ok()) return;  // its folder has been reported
    if (absl::EndsWith(file_name, ".yaml")) {
      Report(entry.path, Mark{}, "WRONG_EXTENSION", "files that end in .yaml are not read",
             "rename it to end in .yml", {plant_id, ""})
          .severity = Severity::kWarning;
      return;
    }
    if (!absl::EndsWith(file_name, ".yml")) return;
    const std::string id = file_name.substr(0, file_name.size() - 4);
    if (!ValidateId("circuit_id", id).ok()) {
      Report(entry.path, Mark{}, "INVALID_ID",
             absl::StrCat("\"", Excerpt(id), "\" cannot be a circuit's id"),
             "use 1 to 63 letters, digits, _ and -", {plant_id, ""});
      return;
    }
    files_[entry.path] = entry;
  }

  FileRef Ref(const std::string& path, const CircuitKey& key, Diagnostics& diagnostics) {
    const auto file = files_.find(path);
    if (file == files_.end()) return {path, ""};
    if (file->second.kind == TreeEntry::Kind::kFile) return {path, file->second.object_id};
    // The report belongs to each circuit that the file speaks about.
    const std::size_t before = fleet_.diagnostics.size();
    RefuseUnlessFile(file->second, key);
    for (std::size_t i = before; i < fleet_.diagnostics.size(); ++i)
      diagnostics.push_back(std::move(fleet_.diagnostics[i]));
    fleet_.diagnostics.resize(before);
    return {path, ""};
  }

  // Adds `circuit`, whose entry in the master list stands at `mark`, with its layers.
  void AddCircuit(CircuitOutline circuit, const Mark& mark) {
    const CircuitKey& key = circuit.key;
    const std::size_t before = circuit.diagnostics.size();
    circuit.layers = {Ref(CircuitPath(key), key, circuit.diagnostics),
                      Ref(PlantDefaultsPath(key.plant_id), key, circuit.diagnostics),
                      Ref(kDefaultsPath, key, circuit.diagnostics)};
    if (circuit.layers[0].object_id.empty() && circuit.diagnostics.size() == before)
      circuit.diagnostics.push_back(
          {.path = kMasterListPath,
           .mark = mark,
           .reason = "ENTRY_WITHOUT_FILE",
           .message = absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                                   " has no file ", CircuitPath(key)),
           .remedy = "add the file, or take the circuit out of the list",
           .plant_id = key.plant_id,
           .circuit_id = key.circuit_id});
    fleet_.circuits.push_back(std::move(circuit));
  }

  FleetOutline fleet_;
  std::unordered_map<std::string, TreeEntry>
      files_;  // circuits' files and files of defaults, by path
};

}  // namespace

FleetOutline OutlineFleet(const std::string& commit, const std::vector<TreeEntry>& entries,
                          const MasterList* master) {
  Outliner outliner(commit);
  outliner.ReadEntries(entries);
  if (master == nullptr) {
    outliner.ReportNoMasterList();
  } else {
    outliner.AddMasterList(*master);
    if (master->readable)
      outliner.ReportFilesWithoutEntry();
    else
      outliner.AddCircuitsOfFiles();
  }
  return outliner.Finish();
}

bool CircuitOutline::SaysTheSameAs(const CircuitOutline& other) const {
  return key == other.key && plant_name == other.plant_name && circuit_name == other.circuit_name &&
         layers == other.layers &&
         std::equal(diagnostics.begin(), diagnostics.end(), other.diagnostics.begin(),
                    other.diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
                      return a.reason == b.reason && a.path == b.path;
                    });
}

std::size_t FleetOutline::ApproximateBytes() const {
  constexpr std::size_t kTextPerCircuit = 400;  // ids, names, three paths and object ids
  return sizeof *this + circuits.capacity() * (sizeof(CircuitOutline) + kTextPerCircuit) +
         plants.capacity() * sizeof(PlantOutline) +
         diagnostics.capacity() * (sizeof(Diagnostic) + kTextPerCircuit);
}

}  // namespace fleetcast::config
