#include "services/config/domain/fleet.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/config/domain/config_files.h"

namespace fleetcast::config {
namespace {

// Builds the outline of one plant; each method adds one kind of thing.
class PlantOutliner {
 public:
  PlantOutliner(const PlantSources& sources, const std::vector<TreeEntry>& entries)
      : sources_(sources), files_(SortPlantFolder(sources.plant_id, entries)) {
    plant_.plant_id = sources.plant_id;
    plant_.display_name = sources.plant_id;
    plant_.calendars = sources.calendars;
    plant_.diagnostics = std::move(files_.diagnostics);
  }

  // Walks the plant's entries in the master list and its files side by side: both are by id.
  void AddListed(const MasterPlant& listed) {
    plant_.listed = true;
    plant_.display_name = listed.display_name;
    plant_.name_mark = listed.name_mark;
    plant_.time_zone = listed.time_zone;
    plant_.zone_mark = listed.zone_mark;
    plant_.circuits.reserve(listed.circuits.size());
    auto file = files_.circuits.begin();
    auto diagnostic = sources_.diagnostics.begin();
    for (const MasterCircuit& entry : listed.circuits) {
      for (; file != files_.circuits.end() && file->id < entry.circuit_id; ++file)
        AddUnlisted(*file);
      const bool has_file = file != files_.circuits.end() && file->id == entry.circuit_id;
      Diagnostics diagnostics;
      for (; diagnostic != sources_.diagnostics.end() &&
             (*diagnostic)->circuit_id <= entry.circuit_id;
           ++diagnostic)
        diagnostics.push_back(**diagnostic);
      AddCircuit(entry, has_file ? (file++)->entry : nullptr, std::move(diagnostics));
    }
    for (; file != files_.circuits.end(); ++file) AddUnlisted(*file);
  }

  void AddUnlisted() {
    for (const PlantFiles::Circuit& file : files_.circuits) AddUnlisted(file);
  }

  // Every file counts as a circuit.
  void AddCircuitsOfFiles() {
    for (const PlantFiles::Circuit& file : files_.circuits) {
      CircuitOutline& circuit = plant_.circuits.emplace_back();
      circuit.key = {sources_.plant_id, std::string(file.id)};
      circuit.display_name = circuit.key.circuit_id;
      AddFiles(circuit, file.entry);
    }
  }

  PlantOutline Finish() { return std::move(plant_); }

 private:
  void AddUnlisted(const PlantFiles::Circuit& file) { plant_.unlisted.emplace_back(file.id); }

  void AddCircuit(const MasterCircuit& entry, const TreeEntry* file, Diagnostics diagnostics) {
    CircuitOutline& circuit = plant_.circuits.emplace_back();
    circuit.key = {sources_.plant_id, entry.circuit_id};
    circuit.display_name = entry.display_name;
    circuit.mark = entry.mark;
    circuit.name_mark = entry.name_mark;
    circuit.diagnostics = std::move(diagnostics);
    AddFiles(circuit, file);
  }

  // The file's id; empty, with what is wrong about it reported to the circuit, if it is no file.
  static ObjectId IdOf(const TreeEntry* entry, std::size_t layer, CircuitOutline& circuit) {
    if (entry == nullptr) return {};
    if (entry->kind == TreeEntry::Kind::kFile) return entry->object_id;
    circuit.diagnostics.push_back(*CheckIsFile(entry->kind, circuit.PathOf(layer), circuit.key));
    return {};
  }

  void AddFiles(CircuitOutline& circuit, const TreeEntry* file) {
    const TreeEntry* const layers[kLayers] = {file, files_.defaults, sources_.defaults};
    for (std::size_t i = 0; i < kLayers; ++i) circuit.files[i] = IdOf(layers[i], i, circuit);
    // A circuit that is called `defaults` has been reported; its file would be the plant's.
    circuit.lacks_file = file == nullptr && circuit.key.circuit_id != kDefaultsId;
  }

  const PlantSources& sources_;
  PlantFiles files_;
  PlantOutline plant_;
};

template <typename Items, typename Id>
auto FindById(const Items& items, const std::string& id, const Id& id_of) {
  const auto found = std::lower_bound(
      items.begin(), items.end(), id,
      [&id_of](const auto& item, const std::string& wanted) { return id_of(item) < wanted; });
  return found != items.end() && id_of(*found) == id ? &*found : nullptr;
}

}  // namespace

std::vector<PlantSources> SourcesOf(const ConfigFiles& files, const MasterList& master,
                                    const std::shared_ptr<const Calendars>& calendars) {
  std::vector<PlantSources> sources;
  auto folder = files.plants.begin();
  const auto add_folder = [&] {
    sources.push_back({.plant_id = std::string(folder->plant_id), .folder = folder->entry});
    ++folder;
  };
  for (const MasterPlant& plant : master.plants) {
    while (folder != files.plants.end() && folder->plant_id < plant.plant_id) add_folder();
    if (folder != files.plants.end() && folder->plant_id == plant.plant_id)
      add_folder();
    else
      sources.push_back({.plant_id = plant.plant_id});
    sources.back().listed = &plant;
  }
  while (folder != files.plants.end()) add_folder();
  std::map<std::string_view, std::vector<const Diagnostic*>> diagnostics;  // by plant
  for (const Diagnostic& diagnostic : master.diagnostics)
    if (!diagnostic.circuit_id.empty()) diagnostics[diagnostic.plant_id].push_back(&diagnostic);
  for (PlantSources& plant : sources) {
    plant.defaults = files.defaults;
    plant.list_is_readable = master.readable;
    plant.calendars = calendars;
    const auto found = diagnostics.find(plant.plant_id);
    if (found == diagnostics.end()) continue;
    plant.diagnostics = std::move(found->second);
    std::stable_sort(plant.diagnostics.begin(), plant.diagnostics.end(),
                     [](const auto* a, const auto* b) { return a->circuit_id < b->circuit_id; });
  }
  return sources;
}

PlantOutline OutlinePlant(const PlantSources& sources, const std::vector<TreeEntry>& entries) {
  PlantOutliner outliner(sources, entries);
  if (!sources.list_is_readable)
    outliner.AddCircuitsOfFiles();
  else if (sources.listed != nullptr)
    outliner.AddListed(*sources.listed);
  else
    outliner.AddUnlisted();
  return outliner.Finish();
}

FleetOutline OutlineFleet(const std::string& commit, const ConfigFiles& files,
                          const MasterList* master, const Calendars* calendars) {
  FleetOutline fleet{
      .commit = commit, .has_master_list = master != nullptr, .diagnostics = files.diagnostics};
  if (calendars != nullptr) {
    fleet.diagnostics.insert(fleet.diagnostics.end(), calendars->diagnostics.begin(),
                             calendars->diagnostics.end());
    for (const auto& [name, file] : calendars->files)
      fleet.diagnostics.insert(fleet.diagnostics.end(), file.diagnostics.begin(),
                               file.diagnostics.end());
  }
  if (master == nullptr) {
    fleet.diagnostics.push_back(
        {.path = kMasterListPath,
         .reason = "MASTER_LIST_MISSING",
         .message = "there is no master list, so the fleet is empty",
         .remedy = "add the file: `plants:` and under it a list of plants and their circuits"});
    return fleet;
  }
  fleet.readable = master->readable;
  fleet.complete = master->complete && master->readable;
  for (const Diagnostic& diagnostic : master->diagnostics)
    if (diagnostic.circuit_id.empty()) fleet.diagnostics.push_back(diagnostic);
  return fleet;
}

std::string CircuitOutline::PathOf(std::size_t layer) const {
  if (layer == 0)
    return absl::StrCat(kPlantsFolder, "/", key.plant_id, "/", key.circuit_id, ".yml");
  return layer == 1 ? absl::StrCat(kPlantsFolder, "/", key.plant_id, "/defaults.yml")
                    : kDefaultsPath;
}

bool CircuitOutline::SaysTheSameAs(const CircuitOutline& other) const {
  return files == other.files && lacks_file == other.lacks_file && key == other.key &&
         display_name == other.display_name &&
         std::equal(diagnostics.begin(), diagnostics.end(), other.diagnostics.begin(),
                    other.diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
                      return a.reason == b.reason && a.path == b.path;
                    });
}

bool PlantOutline::SaysTheSameAs(const PlantOutline& other) const {
  const auto id = [](const PlantOutline& plant) {
    return plant.calendars ? plant.calendars->object_id : ObjectId{};
  };
  return time_zone == other.time_zone && id(*this) == id(other);
}

const CircuitOutline* PlantOutline::FindCircuit(const std::string& circuit_id) const {
  return FindById(circuits, circuit_id, [](const CircuitOutline& each) -> const std::string& {
    return each.key.circuit_id;
  });
}

std::shared_ptr<const PlantOutline> FleetOutline::FindPlant(const std::string& plant_id) const {
  const auto* plant = FindById(
      plants, plant_id, [](const auto& each) -> const std::string& { return each->plant_id; });
  return plant != nullptr && (*plant)->listed ? *plant : nullptr;
}

std::vector<CircuitOfPlant> CircuitsOf(
    const std::vector<std::shared_ptr<const PlantOutline>>& plants) {
  std::vector<CircuitOfPlant> circuits;
  for (const auto& plant : plants)
    for (const CircuitOutline& circuit : plant->circuits) circuits.push_back({plant, &circuit});
  return circuits;
}

std::size_t PlantOutline::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + circuits.capacity() * sizeof(CircuitOutline) +
                      config::ApproximateBytes(diagnostics);
  for (const std::string& id : unlisted) bytes += sizeof(std::string) + id.capacity();
  for (const CircuitOutline& circuit : circuits)
    bytes += circuit.key.plant_id.capacity() + circuit.key.circuit_id.capacity() +
             circuit.display_name.capacity() + config::ApproximateBytes(circuit.diagnostics);
  return bytes;
}

std::size_t FleetOutline::ApproximateBytes() const {
  std::size_t bytes = sizeof *this + config::ApproximateBytes(diagnostics);
  for (const auto& plant : plants) bytes += sizeof plant + plant->ApproximateBytes();
  return bytes;
}

}  // namespace fleetcast::config
