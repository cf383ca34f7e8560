// The config service's validation without the service: of a folder, of single files in it, or of a
// revision of the repository around it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fleetcast/config/v1/config_service.pb.h"

namespace fleetcast::cli {

// Whether an argument that may be a path or a revision is meant as a path: there is such a file,
// or it could be nothing else (`./x`, `/x`, `x/`, `x.yml`).
[[nodiscard]] bool IsPath(const std::string& argument);

// What ValidateRevision says of a commit, said of files: a folder with `config/` in it is checked
// as a whole. Of files and folders within `config/` only what is wrong in them is told, and only
// those circuits are counted. Paths are told as seen from the current folder (absolute ones if
// the first of `paths` is). There is no commit.
//
// INVALID_ARGUMENT (PATH_NOT_FOUND, NOT_A_CONFIGURATION, SEVERAL_CONFIGURATIONS) on what cannot be
// checked, by name; FAILED_PRECONDITION (FOLDER_UNREADABLE).
[[nodiscard]] absl::StatusOr<config::v1::ValidateRevisionResponse> ValidatePaths(
    const std::vector<std::string>& paths);

// What ValidateRevision says of a revision of the git repository that the current folder lies in.
// Paths are told from its root.
//
// INVALID_ARGUMENT (NOT_A_REPOSITORY) if there is none, else the errors of that method.
[[nodiscard]] absl::StatusOr<config::v1::ValidateRevisionResponse> ValidateRevision(
    const std::string& revision, bool allow_other_owner);

}  // namespace fleetcast::cli
