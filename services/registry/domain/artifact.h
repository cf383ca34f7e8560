// Artifacts: bytes known by their SHA-256.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/registry/domain/names.h"

namespace fleetcast::registry {

inline constexpr std::size_t kMaxChunkBytes = 1 << 20;

struct Artifact {
  std::string sha256;
  std::int64_t size_bytes = 0;
  std::string media_type;
  std::string file_name;
  absl::Time create_time;
};

// What an upload says before its bytes.
struct ArtifactUpload {
  std::optional<RunName> run;
  std::string file_name;
  std::string media_type;
  std::string declared_sha256;           // "" if not declared
  std::int64_t declared_size_bytes = 0;  // 0 if not declared
};

// INVALID_ARGUMENT naming the field of the metadata.
[[nodiscard]] absl::Status CheckUpload(const ArtifactUpload& upload);

// INVALID_ARGUMENT (ARTIFACT_HASH_MISMATCH, ARTIFACT_SIZE_MISMATCH) unless the bytes that came are
// those declared.
[[nodiscard]] absl::Status CheckDeclared(const ArtifactUpload& upload, const std::string& sha256,
                                         std::int64_t size_bytes);

// ALREADY_EXISTS (RUN_FILE_EXISTS): the run has other bytes under this file name.
[[nodiscard]] absl::Status RunFileExists(const RunName& run, const std::string& file_name,
                                         const std::string& standing_sha256);
[[nodiscard]] absl::Status ArtifactNotFound(const std::string& sha256);

}  // namespace fleetcast::registry
