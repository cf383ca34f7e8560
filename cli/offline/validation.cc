#include "cli/offline/validation.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/offline/work_tree.h"
#include "common/base/status.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/yaml/yaml_parser.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;
namespace v1 = config::v1;

// Far more than a fleet of any size needs while it is read once.
constexpr std::size_t kCacheBytes = std::size_t{1} << 30;

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

absl::Status Wrong(const std::string& reason, const std::string& message, const std::string& path) {
  return MakeError(absl::StatusCode::kInvalidArgument, message,
                   {.reason = reason, .metadata = {{"path", path}}});
}

// The folder above `config/`, and what of it is meant: "config", "config/plants/P001/C001.yml".
struct Place {
  fs::path root;
  std::string within;
};

bool HoldsConfiguration(const fs::path& config) {
  return Exists(config / "plants_circuits.yml") || Exists(config / "plants") ||
         Exists(config / "defaults.yml");
}

absl::StatusOr<Place> PlaceOf(const std::string& argument) {
  fs::path path = fs::absolute(argument).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();  // "x/"
  if (!Exists(path))
    return Wrong("PATH_NOT_FOUND",
                 absl::StrCat("there is no file or folder ", argument, "; check the spelling"),
                 argument);
  if (Exists(path / "config")) return Place{path, "config"};
  for (fs::path above = path; above != above.parent_path(); above = above.parent_path())
    if (above.filename() == "config" && HoldsConfiguration(above))
      return Place{above.parent_path(), path.lexically_relative(above.parent_path()).string()};
  return Wrong("NOT_A_CONFIGURATION",
               absl::StrCat(argument,
                            " neither holds a folder config/ nor lies in one that has "
                            "plants_circuits.yml; name the folder above config/"),
               argument);
}

// What stands before a path from the root for who is in the current folder.
std::string PrefixOf(const fs::path& root, bool absolute) {
  const fs::path shown = absolute ? root : root.lexically_relative(fs::current_path());
  if (shown == "." || shown.empty()) return "";
  return absl::EndsWith(shown.string(), "/") ? shown.string() : shown.string() + "/";
}

// A file that says something about other files' circuits.
bool IsShared(const std::string& path) {
  return absl::EndsWith(path, "/defaults.yml") || path == config::kMasterListPath;
}

void AddDiagnostic(const config::Diagnostic& diagnostic, const std::string& prefix,
                   v1::ValidateRevisionResponse& response) {
  v1::Diagnostic* message = response.add_diagnostics();
  message->set_severity(diagnostic.severity == config::Severity::kError
                            ? v1::Diagnostic::SEVERITY_ERROR
                            : v1::Diagnostic::SEVERITY_WARNING);
  message->set_path(prefix + diagnostic.path);
  message->set_line(diagnostic.mark.line);
  message->set_column(diagnostic.mark.column);
  message->set_field(diagnostic.field);
  message->set_reason(diagnostic.reason);
  message->set_message(diagnostic.message);
  message->set_remedy(diagnostic.remedy);
  message->set_plant_id(diagnostic.plant_id);
  message->set_circuit_id(diagnostic.circuit_id);
}

// `prefix` comes before each path.
v1::ValidateRevisionResponse ResponseOf(const config::ValidationReport& report,
                                        const std::string& prefix) {
  v1::ValidateRevisionResponse response;
  for (const config::Diagnostic& diagnostic : report.diagnostics)
    AddDiagnostic(diagnostic, prefix, response);
  response.set_valid(!config::HasError(report.diagnostics));
  response.set_diagnostic_count(response.diagnostics_size());
  response.set_circuit_count(report.circuit_count);
  response.set_unsound_circuit_count(report.unsound_circuit_count);
  return response;
}

// The report without what is said of other paths than those, and with their circuits alone.
void Restrict(const std::vector<std::string>& wanted, const std::vector<std::string>& circuit_files,
              config::ValidationReport& report) {
  const auto is_wanted = [&wanted](const std::string& path) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&path](const std::string& each) { return IsWithin(path, each); });
  };
  std::erase_if(report.diagnostics, [&is_wanted](const config::Diagnostic& diagnostic) {
    return !is_wanted(diagnostic.path);
  });
  report.circuit_count =
      static_cast<int>(std::count_if(circuit_files.begin(), circuit_files.end(), is_wanted));
  std::set<std::pair<std::string, std::string>> unsound;
  for (const config::Diagnostic& diagnostic : report.diagnostics)
    if (diagnostic.severity == config::Severity::kError && !diagnostic.circuit_id.empty())
      unsound.emplace(diagnostic.plant_id, diagnostic.circuit_id);
  report.unsound_circuit_count = static_cast<int>(unsound.size());
}

}  // namespace

bool IsPath(const std::string& argument) {
  if (argument.empty()) return false;
  return argument == "." || argument == ".." || argument.front() == '/' || argument.back() == '/' ||
         absl::StartsWith(argument, "./") || absl::StartsWith(argument, "../") ||
         absl::EndsWith(argument, ".yml") || absl::EndsWith(argument, ".yaml") || Exists(argument);
}

absl::StatusOr<v1::ValidateRevisionResponse> ValidatePaths(const std::vector<std::string>& paths) {
  fs::path root;
  std::vector<std::string> wanted;
  for (const std::string& path : paths) {
    FLEETCAST_ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
    if (!wanted.empty() && place.root != root)
      return Wrong("SEVERAL_CONFIGURATIONS",
                   absl::StrCat(path, " is of the configuration in ", place.root.string(),
                                ", and those before it of the one in ", root.string(),
                                "; validate one at a time"),
                   path);
    root = place.root;
    wanted.push_back(place.within);
  }
  const bool whole = std::find(wanted.begin(), wanted.end(), "config") != wanted.end();
  FLEETCAST_ASSIGN_OR_RETURN(const auto tree, WorkTree::Open(root.string()));
  if (!whole && std::none_of(wanted.begin(), wanted.end(), IsShared))
    tree->RestrictCircuitsTo(wanted);
  config::FleetReader reader(*tree, config::ParseYaml, kCacheBytes);
  FLEETCAST_ASSIGN_OR_RETURN(config::ValidationReport report, reader.ValidateRevision(""));
  if (!whole) Restrict(wanted, tree->CircuitFiles(), report);
  return ResponseOf(report, PrefixOf(root, absl::StartsWith(paths.front(), "/")));
}

absl::StatusOr<v1::ValidateRevisionResponse> ValidateRevision(const std::string& revision,
                                                              bool allow_other_owner) {
  const auto path = config::GitConfigRepository::Discover(fs::current_path().string());
  if (!path.ok())
    return MakeError(absl::StatusCode::kInvalidArgument,
                     absl::StrCat(path.status().message(),
                                  "; run it in a clone, name files, or add --service to ask the ",
                                  "config service for the revision"),
                     {.reason = "NOT_A_REPOSITORY", .metadata = {{"revision", revision}}});
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto repository,
      config::GitConfigRepository::Open({.path = *path, .allow_other_owner = allow_other_owner}));
  config::FleetReader reader(*repository, config::ParseYaml, kCacheBytes);
  FLEETCAST_ASSIGN_OR_RETURN(const config::ValidationReport report,
                             reader.ValidateRevision(revision));
  v1::ValidateRevisionResponse response = ResponseOf(report, "");
  response.set_commit(report.commit);
  return response;
}

}  // namespace fleetcast::cli
