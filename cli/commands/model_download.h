// `fleetcast model download`: a version's folder, for other programs.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fleetcast::cli {

class Session;

struct DownloadOptions {
  std::string version;
  std::string folder;  // "" for model-v<number>, here
};

// Writes model.onnx, model.json and MLmodel, all or none of them. FAILED_PRECONDITION with reason
// FOLDER_EXISTS if the folder is there already; DATA_LOSS with ARTIFACT_DAMAGED if the bytes are
// not those that the version names by their SHA-256.
[[nodiscard]] absl::Status DownloadModel(Session& session, const DownloadOptions& options);

}  // namespace fleetcast::cli
