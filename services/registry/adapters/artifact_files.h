// Artifact bytes on disk, each file under its SHA-256. Bytes come before rows: a file is written
// under a temporary name, synced, renamed to its hash and its folder synced before anybody may
// refer to it.
//
//   {root}/blobs/ab/ab12…   finished files, never changed
//   {root}/uploads/*        unfinished ones, locked by whoever writes them
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/base/sha256.h"

namespace fleetcast::registry {

struct StoredBytes {
  std::string sha256;
  std::int64_t size_bytes = 0;
};

// One file being written. Destroyed before Keep, it leaves nothing behind. Not thread safe.
class ArtifactWriter {
 public:
  ~ArtifactWriter();
  ArtifactWriter(const ArtifactWriter&) = delete;
  ArtifactWriter& operator=(const ArtifactWriter&) = delete;

  // RESOURCE_EXHAUSTED: ARTIFACT_TOO_LARGE, ARTIFACT_STORE_FULL.
  [[nodiscard]] absl::Status Append(std::string_view bytes);
  // Syncs what was appended, and says what it is. Once, after the last Append.
  [[nodiscard]] absl::StatusOr<StoredBytes> Seal();
  // Makes the sealed file permanent under its hash; one that is there already is replaced by the
  // same bytes, which mends a damaged one.
  [[nodiscard]] absl::Status Keep();

 private:
  friend class ArtifactFiles;
  ArtifactWriter(std::string root, std::string path, int descriptor, std::int64_t max_bytes);

  std::string root_;
  std::string path_;
  int descriptor_;
  std::int64_t max_bytes_;
  Sha256 hash_;
  StoredBytes stored_;
};

// One verified file. Not thread safe.
class ArtifactReader {
 public:
  ~ArtifactReader();
  ArtifactReader(const ArtifactReader&) = delete;
  ArtifactReader& operator=(const ArtifactReader&) = delete;

  // The next bytes, at most `max_bytes`; "" at the end.
  [[nodiscard]] absl::StatusOr<std::string> Next(std::size_t max_bytes);

 private:
  friend class ArtifactFiles;
  explicit ArtifactReader(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

// Thread safe. Several processes may use one root.
class ArtifactFiles {
 public:
  // Makes `root` if need be and removes what writers that died left behind. FAILED_PRECONDITION
  // if it cannot be used.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ArtifactFiles>> Open(const std::string& root,
                                                                           std::int64_t max_bytes);

  [[nodiscard]] absl::StatusOr<std::unique_ptr<ArtifactWriter>> Write();
  // `sha256` must be one. All bytes have been read and verified when it returns. DATA_LOSS
  // (ARTIFACT_DAMAGED) if the file is gone or is not what its name says.
  [[nodiscard]] absl::StatusOr<std::unique_ptr<ArtifactReader>> Read(const std::string& sha256);

 private:
  ArtifactFiles(std::string root, std::int64_t max_bytes)
      : root_(std::move(root)), max_bytes_(max_bytes) {}

  const std::string root_;
  const std::int64_t max_bytes_;
};

}  // namespace fleetcast::registry
