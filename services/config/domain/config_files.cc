#include "services/config/domain/config_files.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "services/config/domain/calendar_file.h"
#include "services/config/domain/master_list.h"
#include "services/config/domain/scalar.h"
#include "services/config/domain/value_reader.h"

namespace fleetcast::config {
namespace {

using Kind = TreeEntry::Kind;

constexpr std::string_view kPlantsPrefix = "config/plants/";
constexpr std::string_view kExtension = ".yml";

Diagnostic FolderTooLarge(const std::string& path, const std::string& plant_id) {
  return {.path = path,
          .reason = "FOLDER_TOO_LARGE",
          .message = absl::StrCat("the folder has more than ", kMostEntriesOfFolder,
                                  " entries, or those of all folders are too many, so it is not "
                                  "read"),
          .remedy = "take out what are no circuits' files, or split the plant",
          .plant_id = plant_id};
}

void CheckIsFolder(const TreeEntry& entry, const std::string& plant_id, Diagnostics& diagnostics) {
  if (entry.kind == Kind::kFolder) return;
  if (entry.kind == Kind::kOversizedFolder) {
    diagnostics.push_back(FolderTooLarge(entry.path, plant_id));
    return;
  }
  const bool unreadable = entry.kind == Kind::kUnreadableFolder;
  diagnostics.push_back({.path = entry.path,
                         .reason = unreadable ? "FOLDER_UNREADABLE" : "NOT_A_FOLDER",
                         .message = unreadable ? "the folder cannot be read"
                                               : "this is no folder, and is not followed",
                         .remedy = "put a folder of circuit files here",
                         .plant_id = plant_id});
}

void AddPlantFolder(const TreeEntry& entry, ConfigFiles& files) {
  const std::string_view id = std::string_view(entry.path).substr(kPlantsPrefix.size());
  if (entry.kind == Kind::kFile) return;  // a README beside the plants
  if (!ValidateId("plant_id", std::string(id)).ok()) {
    files.diagnostics.push_back(
        {.path = entry.path,
         .reason = "INVALID_ID",
         .message = absl::StrCat("\"", Excerpt(std::string(id)), "\" cannot be a plant's id"),
         .remedy = "use 1 to 63 letters, digits, _ and -"});
    return;
  }
  CheckIsFolder(entry, std::string(id), files.diagnostics);
  if (entry.kind == Kind::kFolder) files.plants.push_back({id, &entry});
}

}  // namespace

ConfigFiles SortConfigFolder(const std::vector<TreeEntry>& entries) {
  ConfigFiles files;
  for (const TreeEntry& entry : entries) {
    if (entry.path.starts_with(kPlantsPrefix)) {
      AddPlantFolder(entry, files);
    } else if (entry.path == kMasterListPath) {
      auto problem = CheckIsFile(entry.kind, entry.path, {});
      if (problem)
        files.diagnostics.push_back(*std::move(problem));
      else
        files.master_list = &entry;
    } else if (entry.path == kDefaultsPath) {
      files.defaults = &entry;
    } else if (entry.path == kCalendarsFolder) {
      CheckIsFolder(entry, "", files.diagnostics);
      if (entry.kind == Kind::kFolder) files.calendars = &entry;
    } else if (entry.path == kPlantsFolder || entry.path == "config") {
      CheckIsFolder(entry, "", files.diagnostics);
    }
  }
  std::sort(files.plants.begin(), files.plants.end(),
            [](const auto& a, const auto& b) { return a.plant_id < b.plant_id; });
  return files;
}

PlantFiles SortPlantFolder(const std::string& plant_id, const std::vector<TreeEntry>& entries) {
  PlantFiles files;
  const std::string folder = absl::StrCat(kPlantsFolder, "/", plant_id);
  if (entries.size() > kMostEntriesOfFolder) {
    files.diagnostics.push_back(FolderTooLarge(folder, plant_id));
    return files;
  }
  const auto report = [&](const TreeEntry& entry, Severity severity, const char* reason,
                          std::string message, const char* remedy) {
    ReportInFolder({.severity = severity,
                    .path = absl::StrCat(folder, "/", entry.path),
                    .reason = reason,
                    .message = std::move(message),
                    .remedy = remedy,
                    .plant_id = plant_id},
                   files.diagnostics);
  };
  files.circuits.reserve(entries.size());
  for (const TreeEntry& entry : entries) {
    const std::string_view name = entry.path;
    if (name.ends_with(".yaml"))
      report(entry, Severity::kWarning, "WRONG_EXTENSION", "files that end in .yaml are not read",
             "rename it to end in .yml");
    if (!name.ends_with(kExtension)) continue;
    const std::string_view id = name.substr(0, name.size() - kExtension.size());
    if (id == kDefaultsId)
      files.defaults = &entry;
    else if (ValidateId("circuit_id", std::string(id)).ok())
      files.circuits.push_back({id, &entry});
    else
      report(entry, Severity::kError, "INVALID_ID",
             absl::StrCat("\"", Excerpt(std::string(id)), "\" cannot be a circuit's id"),
             "use 1 to 63 letters, digits, _ and -");
  }
  // By name is by id but for what stands before the point: "C-1.yml", "C.yml".
  std::sort(files.circuits.begin(), files.circuits.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return files;
}

CalendarFiles SortCalendarFolder(const std::vector<TreeEntry>& entries, std::size_t most) {
  CalendarFiles files;
  if (entries.size() > most) {
    files.diagnostics.push_back(
        {.path = kCalendarsFolder,
         .reason = "FOLDER_TOO_LARGE",
         .message = absl::StrCat("the folder has more than ", most, " entries, so it is not read"),
         .remedy = "let plants share calendars"});
    return files;
  }
  for (const TreeEntry& entry : entries) {
    const std::string path = absl::StrCat(kCalendarsFolder, "/", entry.path);
    const std::string_view file = entry.path;
    const std::string name(file.substr(0, file.rfind('.')));
    if (!file.ends_with(kExtension) || !ValidateId("calendar", name).ok())
      files.diagnostics.push_back({.severity = Severity::kWarning,
                                   .path = path,
                                   .reason = "INVALID_ID",
                                   .message = "this is no calendar's file, and not read",
                                   .remedy = "name it {name}.yml, with 1 to 63 letters, digits, _ "
                                             "and -"});
    else if (auto problem = CheckIsFile(entry.kind, path, {}))
      files.diagnostics.push_back(*std::move(problem));
    else
      files.calendars.emplace_back(name, &entry);
  }
  return files;
}

void ReportInFolder(Diagnostic diagnostic, Diagnostics& diagnostics) {
  if (diagnostics.size() > kMostDiagnosticsOfFile) return;
  if (diagnostics.size() == kMostDiagnosticsOfFile)
    diagnostic = {
        .path = absl::StrCat(kPlantsFolder, "/", diagnostic.plant_id),
        .reason = "TOO_MANY_PROBLEMS",
        .message = absl::StrCat("the folder has more than ", kMostDiagnosticsOfFile, " problems"),
        .remedy = "mend these first",
        .plant_id = diagnostic.plant_id};
  diagnostics.push_back(std::move(diagnostic));
}

std::optional<Diagnostic> CheckIsFile(TreeEntry::Kind kind, const std::string& path,
                                      const CircuitKey& circuit) {
  if (kind == Kind::kFile) return std::nullopt;
  const auto [reason, what] = kind == Kind::kSymlink     ? std::pair("SYMLINK", "a symbolic link")
                              : kind == Kind::kSubmodule ? std::pair("SUBMODULE", "a submodule")
                              : kind == Kind::kSpecial
                                  ? std::pair("NOT_A_FILE", "a device, a pipe or a socket")
                                  : std::pair("NOT_A_FILE", "a folder");
  return Diagnostic{.path = path,
                    .reason = reason,
                    .message = absl::StrCat("this is ", what, ", which is not followed"),
                    .remedy = "put a plain file here",
                    .plant_id = circuit.plant_id,
                    .circuit_id = circuit.circuit_id};
}

}  // namespace fleetcast::config
