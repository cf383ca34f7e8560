#include "services/config/domain/config_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "services/config/domain/master_list.h"
#include "services/config/domain/scalar.h"

namespace fleetcast::config {
namespace {

constexpr std::string_view kPlantsPrefix = "config/plants/";
constexpr std::string_view kExtension = ".yml";

class Sorter {
 public:
  void Add(const TreeEntry& entry) {
    const std::string_view path = entry.path;
    if (path.starts_with(kPlantsPrefix)) {
      const std::string_view rest = path.substr(kPlantsPrefix.size());
      const std::size_t slash = rest.find('/');
      if (slash == std::string_view::npos)
        AddPlantFolder(entry, rest);
      else
        AddPlantFile(entry, rest.substr(0, slash), rest.substr(slash + 1));
    } else if (path == kMasterListPath) {
      auto problem = CheckIsFile(entry, {});
      if (problem)
        files_.diagnostics.push_back(*std::move(problem));
      else
        files_.master_list = &entry;
    } else if (path == kDefaultsPath) {
      files_.defaults = &entry;
    } else if (path == kPlantsFolder || path == "config") {
      CheckIsFolder(entry, "");
    }
  }

  ConfigFiles Finish() {
    const auto by_id = [](const auto& a, const auto& b) { return a.id < b.id; };
    for (PlantFiles& plant : files_.plants)
      if (!std::is_sorted(plant.circuits.begin(), plant.circuits.end(), by_id))
        std::sort(plant.circuits.begin(), plant.circuits.end(), by_id);
    std::sort(files_.plants.begin(), files_.plants.end(),
              [](const PlantFiles& a, const PlantFiles& b) { return a.plant_id < b.plant_id; });
    return std::move(files_);
  }

 private:
  Diagnostic& Report(const TreeEntry& entry, const char* reason, std::string message,
                     const char* remedy, std::string_view plant_id) {
    files_.diagnostics.push_back({.path = entry.path,
                                  .reason = reason,
                                  .message = std::move(message),
                                  .remedy = remedy,
                                  .plant_id = std::string(plant_id)});
    return files_.diagnostics.back();
  }

  void CheckIsFolder(const TreeEntry& entry, std::string_view plant_id) {
    using Kind = TreeEntry::Kind;
    if (entry.kind == Kind::kFolder) return;
    const auto [reason, message] =
        entry.kind == Kind::kOversizedFolder
            ? std::pair("FOLDER_TOO_LARGE",
                        absl::StrCat("the folder has more than ", kMostEntriesOfFolder,
                                     " entries, so it is not read"))
        : entry.kind == Kind::kUnreadableFolder
            ? std::pair("FOLDER_UNREADABLE", std::string("the folder cannot be read"))
            : std::pair("NOT_A_FOLDER", std::string("this is no folder, and is not followed"));
    Report(entry, reason, message, "put a folder of circuit files here", plant_id);
  }

  void AddPlantFolder(const TreeEntry& entry, std::string_view plant_id) {
    if (entry.kind == TreeEntry::Kind::kFile) return;  // a README beside the plants
    if (ValidateId("plant_id", std::string(plant_id)).ok()) return CheckIsFolder(entry, plant_id);
    Report(entry, "INVALID_ID",
           absl::StrCat("\"", Excerpt(std::string(plant_id)), "\" cannot be a plant's id"),
           "use 1 to 63 letters, digits, _ and -", "");
  }

  void AddPlantFile(const TreeEntry& entry, std::string_view plant_id, std::string_view name) {
    if (plant_id != plant_id_) {
      plant_id_ = plant_id;
      // If not, its folder has been reported.
      plant_is_valid_ = ValidateId("plant_id", std::string(plant_id)).ok();
      if (plant_is_valid_) files_.plants.push_back({.plant_id = plant_id});
    }
    if (!plant_is_valid_) return;
    if (name.ends_with(".yaml")) {
      Report(entry, "WRONG_EXTENSION", "files that end in .yaml are not read",
             "rename it to end in .yml", plant_id)
          .severity = Severity::kWarning;
      return;
    }
    if (!name.ends_with(kExtension)) return;
    const std::string_view id = name.substr(0, name.size() - kExtension.size());
    PlantFiles& plant = files_.plants.back();
    if (id == kDefaultsId)
      plant.defaults = &entry;
    else if (ValidateId("circuit_id", std::string(id)).ok())
      plant.circuits.push_back({id, &entry});
    else
      Report(entry, "INVALID_ID",
             absl::StrCat("\"", Excerpt(std::string(id)), "\" cannot be a circuit's id"),
             "use 1 to 63 letters, digits, _ and -", plant_id);
  }

  ConfigFiles files_;
  std::string_view plant_id_;  // of the file added last
  bool plant_is_valid_ = false;
};

}  // namespace

const PlantFiles* ConfigFiles::Find(std::string_view plant_id) const {
  const auto found =
      std::lower_bound(plants.begin(), plants.end(), plant_id,
                       [](const PlantFiles& a, std::string_view b) { return a.plant_id < b; });
  return found != plants.end() && found->plant_id == plant_id ? &*found : nullptr;
}

ConfigFiles SortFiles(const std::vector<TreeEntry>& entries) {
  Sorter sorter;
  for (const TreeEntry& entry : entries) sorter.Add(entry);
  return sorter.Finish();
}

std::optional<Diagnostic> CheckIsFile(const TreeEntry& entry, const CircuitKey& circuit) {
  using Kind = TreeEntry::Kind;
  if (entry.kind == Kind::kFile) return std::nullopt;
  const auto [reason, what] =
      entry.kind == Kind::kSymlink     ? std::pair("SYMLINK", "a symbolic link")
      : entry.kind == Kind::kSubmodule ? std::pair("SUBMODULE", "a submodule")
      : entry.kind == Kind::kSpecial   ? std::pair("NOT_A_FILE", "a device, a pipe or a socket")
                                       : std::pair("NOT_A_FILE", "a folder");
  return Diagnostic{.path = entry.path,
                    .reason = reason,
                    .message = absl::StrCat("this is ", what, ", which is not followed"),
                    .remedy = "put a plain file here",
                    .plant_id = circuit.plant_id,
                    .circuit_id = circuit.circuit_id};
}

}  // namespace fleetcast::config
