#include "services/registry/domain/artifact.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/registry/domain/checks.h"

namespace fleetcast::registry {

absl::Status CheckUpload(const ArtifactUpload& upload) {
  FLEETCAST_RETURN_IF_ERROR(CheckKey("metadata.file_name", upload.file_name));
  if (upload.file_name.find('/') != std::string::npos) {
    return InvalidField("metadata.file_name", "must be a plain file name, without '/'");
  }
  FLEETCAST_RETURN_IF_ERROR(CheckText("metadata.media_type", upload.media_type, 200));
  if (!upload.declared_sha256.empty()) {
    FLEETCAST_RETURN_IF_ERROR(CheckSha256("metadata.sha256", upload.declared_sha256));
  }
  if (upload.declared_size_bytes < 0) {
    return InvalidField("metadata.size_bytes", "must be 0 (not declared) or more");
  }
  return absl::OkStatus();
}

absl::Status CheckDeclared(const ArtifactUpload& upload, const std::string& sha256,
                           std::int64_t size_bytes) {
  if (upload.declared_size_bytes != 0 && upload.declared_size_bytes != size_bytes) {
    return InvalidField("metadata.size_bytes",
                        absl::StrCat("declares ", upload.declared_size_bytes, " bytes, but ",
                                     size_bytes, " came; send it again"),
                        "ARTIFACT_SIZE_MISMATCH");
  }
  if (!upload.declared_sha256.empty() && upload.declared_sha256 != sha256) {
    return InvalidField("metadata.sha256",
                        absl::StrCat("declares ", upload.declared_sha256, ", but the bytes have ",
                                     sha256, "; send it again"),
                        "ARTIFACT_HASH_MISMATCH");
  }
  return absl::OkStatus();
}

absl::Status RunFileExists(const RunName& run, const std::string& file_name,
                           const std::string& standing_sha256) {
  return MakeError(
      absl::StatusCode::kAlreadyExists,
      absl::StrCat(run.Text(), " has a file '", file_name, "' already, with SHA-256 ",
                   standing_sha256, "; choose another file name"),
      {.reason = "RUN_FILE_EXISTS",
       .metadata = {{"run", run.Text()}, {"file_name", file_name}, {"sha256", standing_sha256}},
       .field_violations = {},
       .resource_type = "Artifact",
       .resource_name = ArtifactNameText(standing_sha256),
       .retry_after = std::nullopt});
}

absl::Status ArtifactNotFound(const std::string& sha256) {
  return ResourceNotFound("Artifact", ArtifactNameText(sha256), "upload it first");
}

}  // namespace fleetcast::registry
