#include "services/config/domain/fleet.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/domain/config_files.h"

namespace fleetcast::config {
namespace {

// Builds one outline; each method adds one kind of thing.
class Outliner {
 public:
  Outliner(const std::string& commit, const ConfigFiles& files) : files_(files) {
    fleet_.commit = commit;
    fleet_.has_master_list = files.master_list != nullptr;
    fleet_.diagnostics = files.diagnostics;
  }

  void AddMasterList(const MasterList& master) {
    fleet_.readable = master.readable;
    fleet_.complete = master.complete && master.readable;
    for (const Diagnostic& diagnostic : master.diagnostics)
      if (diagnostic.circuit_id.empty())
        fleet_.diagnostics.push_back(diagnostic);
      else
        of_circuits_[{diagnostic.plant_id, diagnostic.circuit_id}].push_back(diagnostic);
    if (!master.readable) return;
    std::size_t count = 0;
    for (const MasterPlant& plant : master.plants) count += plant.circuits.size();
    fleet_.circuits.reserve(count);
    for (const MasterPlant& plant : master.plants) AddPlant(plant);
    for (const PlantFiles& plant : files_.plants)
      if (!HasPlant(master, plant.plant_id))
        for (const PlantFiles::Circuit& file : plant.circuits) ReportFileWithoutEntry(plant, file);
  }

  void ReportNoMasterList() {
    fleet_.diagnostics.push_back(
        {.path = kMasterListPath,
         .reason = "MASTER_LIST_MISSING",
         .message = "there is no master list, so the fleet is empty",
         .remedy = "add the file: `plants:` and under it a list of plants and their circuits"});
  }

  // Every file counts as a circuit.
  void AddCircuitsOfFiles() {
    for (const PlantFiles& plant : files_.plants)
      for (const PlantFiles::Circuit& file : plant.circuits) {
        CircuitOutline& circuit = fleet_.circuits.emplace_back();
        circuit.key = {std::string(plant.plant_id), std::string(file.id)};
        circuit.plant_name = circuit.key.plant_id;
        circuit.circuit_name = circuit.key.circuit_id;
        AddFiles(circuit, plant, file.entry, Mark{});
      }
  }

  FleetOutline Finish() {
    const auto by_key = [](const auto& a, const auto& b) { return a.key < b.key; };
    if (!std::is_sorted(fleet_.circuits.begin(), fleet_.circuits.end(), by_key))
      std::sort(fleet_.circuits.begin(), fleet_.circuits.end(), by_key);
    std::sort(
        fleet_.diagnostics.begin(), fleet_.diagnostics.end(),
        [](const Diagnostic& a, const Diagnostic& b) { return ReportOrder(a) < ReportOrder(b); });
    return std::move(fleet_);
  }

 private:
  // Walks the plant's entries in the master list and its files side by side: both are by id.
  void AddPlant(const MasterPlant& plant) {
    static const PlantFiles kNoFiles;
    fleet_.plants.push_back(
        {plant.plant_id, plant.display_name, static_cast<int>(plant.circuits.size())});
    const PlantFiles* found = files_.Find(plant.plant_id);
    const PlantFiles& files = found == nullptr ? kNoFiles : *found;
    auto file = files.circuits.begin();
    for (const MasterCircuit& entry : plant.circuits) {
      for (; file != files.circuits.end() && file->id < entry.circuit_id; ++file)
        ReportFileWithoutEntry(files, *file);
      const bool has_file = file != files.circuits.end() && file->id == entry.circuit_id;
      AddCircuit(plant, entry, files, has_file ? (file++)->entry : nullptr);
    }
    for (; file != files.circuits.end(); ++file) ReportFileWithoutEntry(files, *file);
  }

  void AddCircuit(const MasterPlant& plant, const MasterCircuit& entry, const PlantFiles& files,
                  const TreeEntry* file) {
    CircuitOutline& circuit = fleet_.circuits.emplace_back();
    circuit.key = {plant.plant_id, entry.circuit_id};
    circuit.plant_name = plant.display_name;
    circuit.circuit_name = entry.display_name;
    circuit.plant_name_mark = plant.name_mark;
    circuit.circuit_name_mark = entry.name_mark;
    if (!of_circuits_.empty()) {
      const auto found = of_circuits_.find(circuit.key);
      if (found != of_circuits_.end()) circuit.diagnostics = found->second;
    }
    AddFiles(circuit, files, file, entry.mark);
  }

  static bool HasPlant(const MasterList& master, std::string_view plant_id) {
    return std::binary_search(master.plants.begin(), master.plants.end(), plant_id, IdLess{});
  }

  struct IdLess {
    bool operator()(const MasterPlant& a, std::string_view b) const { return a.plant_id < b; }
    bool operator()(std::string_view a, const MasterPlant& b) const { return a < b.plant_id; }
  };

  void ReportFileWithoutEntry(const PlantFiles& plant, const PlantFiles::Circuit& file) {
    const CircuitKey key{std::string(plant.plant_id), std::string(file.id)};
    fleet_.diagnostics.push_back(
        {.path = file.entry->path,
         .reason = "FILE_WITHOUT_ENTRY",
         .message = absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                                 " is not in the master list"),
         .remedy = absl::StrCat("add it to ", kMasterListPath, ", or delete the file"),
         .plant_id = key.plant_id,
         .circuit_id = key.circuit_id});
  }

  // The file's id; empty, with what is wrong about it reported to the circuit, if it is no file.
  static std::string IdOf(const TreeEntry* entry, CircuitOutline& circuit) {
    if (entry == nullptr) return "";
    auto problem = CheckIsFile(*entry, circuit.key);
    if (!problem) return entry->object_id;
    circuit.diagnostics.push_back(*std::move(problem));
    return "";
  }

  // `plant` has what else speaks about it; its entry in the master list stands at `mark`.
  void AddFiles(CircuitOutline& circuit, const PlantFiles& plant, const TreeEntry* file,
                const Mark& mark) {
    const CircuitKey& key = circuit.key;
    const std::size_t before = circuit.diagnostics.size();
    circuit.files = {IdOf(file, circuit), IdOf(plant.defaults, circuit),
                     IdOf(files_.defaults, circuit)};
    // A circuit that is called `defaults` has been reported; its file would be the plant's.
    if (!circuit.files[0].empty() || circuit.diagnostics.size() > before ||
        key.circuit_id == kDefaultsId)
      return;
    circuit.diagnostics.push_back(
        {.path = kMasterListPath,
         .mark = mark,
         .reason = "ENTRY_WITHOUT_FILE",
         .message = absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                                 " has no file ", circuit.PathOf(0)),
         .remedy = "add the file, or take the circuit out of the list",
         .plant_id = key.plant_id,
         .circuit_id = key.circuit_id});
  }

  const ConfigFiles& files_;
  std::map<CircuitKey, Diagnostics> of_circuits_;  // of the master list
  FleetOutline fleet_;
};

}  // namespace

FleetOutline OutlineFleet(const std::string& commit, const ConfigFiles& files,
                          const MasterList* master) {
  Outliner outliner(commit, files);
  if (master == nullptr) {
    outliner.ReportNoMasterList();
  } else {
    outliner.AddMasterList(*master);
    if (!master->readable) outliner.AddCircuitsOfFiles();
  }
  return outliner.Finish();
}

std::string CircuitOutline::PathOf(std::size_t layer) const {
  if (layer == 0)
    return absl::StrCat(kPlantsFolder, "/", key.plant_id, "/", key.circuit_id, ".yml");
  return layer == 1 ? absl::StrCat(kPlantsFolder, "/", key.plant_id, "/defaults.yml")
                    : kDefaultsPath;
}

bool CircuitOutline::SaysTheSameAs(const CircuitOutline& other) const {
  return key == other.key && files == other.files && plant_name == other.plant_name &&
         circuit_name == other.circuit_name &&
         std::equal(diagnostics.begin(), diagnostics.end(), other.diagnostics.begin(),
                    other.diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
                      return a.reason == b.reason && a.path == b.path;
                    });
}

std::size_t FleetOutline::ApproximateBytes() const {
  constexpr std::size_t kTextPerCircuit = 100;  // names, a file's id
  constexpr std::size_t kTextPerDiagnostic = 400;
  return sizeof *this + circuits.capacity() * (sizeof(CircuitOutline) + kTextPerCircuit) +
         plants.capacity() * sizeof(PlantOutline) +
         diagnostics.capacity() * (sizeof(Diagnostic) + kTextPerDiagnostic);
}

}  // namespace fleetcast::config
