#include "services/registry/adapters/artifact_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::registry {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;

std::string UploadsOf(const std::string& root) { return root + "/uploads"; }
std::string FolderOf(const std::string& root, const std::string& sha256) {
  return absl::StrCat(root, "/blobs/", sha256.substr(0, 2));
}
std::string PathOf(const std::string& root, const std::string& sha256) {
  return absl::StrCat(FolderOf(root, sha256), "/", sha256);
}

absl::Status FileError(const std::string& action, const std::string& path) {
  const int error = errno;
  const std::string why = std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        absl::StrCat("cannot ", action, " ", path, ": ", why, "; free space in the artifact store"),
        {.reason = "ARTIFACT_STORE_FULL",
         .metadata = {{"path", path}, {"error", why}},
         .retry_after = absl::Seconds(30)});
  }
  return Refused(absl::StatusCode::kInternal, "ARTIFACT_STORE_FAILED",
                 absl::StrCat("cannot ", action, " ", path, ": ", why),
                 {{"path", path}, {"error", why}});
}

absl::Status Damaged(const std::string& sha256, const std::string& what) {
  return Refused(absl::StatusCode::kDataLoss, "ARTIFACT_DAMAGED",
                 absl::StrCat("the stored bytes of artifacts/", sha256, " ", what,
                              "; upload them again or restore the artifact store"),
                 {{"sha256", sha256}, {"problem", what}});
}

absl::Status SyncFolder(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open", path);
  absl::Status status = fsync(descriptor) == 0 ? absl::OkStatus() : FileError("sync", path);
  close(descriptor);
  return status;
}

// Removes `path` unless its writer is alive: writers hold a lock, which dies with them.
void RemoveAbandoned(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return;
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && unlink(path.c_str()) == 0) {
    LogWarning("removed an unfinished upload", {{"path", path}});
  }
  close(descriptor);
}

absl::StatusOr<std::string> ReadSome(int descriptor, std::size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  ssize_t count = 0;
  do {
    count = read(descriptor, bytes.data(), bytes.size());
  } while (count < 0 && errno == EINTR);
  if (count < 0) return FileError("read", "an artifact");
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace

ArtifactWriter::ArtifactWriter(std::string root, std::string path, int descriptor,
                               std::int64_t max_bytes)
    : root_(std::move(root)),
      path_(std::move(path)),
      descriptor_(descriptor),
      max_bytes_(max_bytes) {}

ArtifactWriter::~ArtifactWriter() {
  if (!path_.empty()) unlink(path_.c_str());
  close(descriptor_);
}

absl::Status ArtifactWriter::Append(std::string_view bytes) {
  stored_.size_bytes += static_cast<std::int64_t>(bytes.size());
  if (stored_.size_bytes > max_bytes_) {
    return Refused(absl::StatusCode::kResourceExhausted, "ARTIFACT_TOO_LARGE",
                   absl::StrCat("the artifact has more than ", max_bytes_,
                                " bytes, the most that this registry takes"),
                   {{"max_bytes", absl::StrCat(max_bytes_)}});
  }
  hash_.Update(bytes);
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredBytes> ArtifactWriter::Seal() {
  if (fsync(descriptor_) != 0) return FileError("sync", path_);
  stored_.sha256 = hash_.FinishHex();
  return stored_;
}

absl::Status ArtifactWriter::Keep() {
  const std::string folder = FolderOf(root_, stored_.sha256);
  if (mkdir(folder.c_str(), 0750) == 0) {
    FLEETCAST_RETURN_IF_ERROR(SyncFolder(root_ + "/blobs"));
  } else if (errno != EEXIST) {
    return FileError("make", folder);
  }
  const std::string target = PathOf(root_, stored_.sha256);
  if (rename(path_.c_str(), target.c_str()) != 0) return FileError("rename to", target);
  path_.clear();
  return SyncFolder(folder);
}

ArtifactReader::~ArtifactReader() { close(descriptor_); }

absl::StatusOr<std::string> ArtifactReader::Next(std::size_t max_bytes) {
  return ReadSome(descriptor_, max_bytes);
}

absl::StatusOr<std::unique_ptr<ArtifactFiles>> ArtifactFiles::Open(const std::string& root,
                                                                   std::int64_t max_bytes) {
  std::error_code error;
  for (const std::string& folder : {root + "/blobs", UploadsOf(root)}) {
    std::filesystem::create_directories(folder, error);
    if (error || access(folder.c_str(), W_OK | X_OK) != 0) {
      return Refused(absl::StatusCode::kFailedPrecondition, "ARTIFACT_STORE_UNUSABLE",
                     absl::StrCat("cannot write to ", folder, ": ",
                                  error ? error.message() : std::strerror(errno),
                                  "; give another --artifacts-dir"),
                     {{"path", folder}});
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(UploadsOf(root), error)) {
    RemoveAbandoned(entry.path().string());
  }
  return std::unique_ptr<ArtifactFiles>(
      new ArtifactFiles(std::filesystem::absolute(root).string(), max_bytes));
}

absl::StatusOr<std::unique_ptr<ArtifactWriter>> ArtifactFiles::Write() {
  // A starting registry may take the new file for an abandoned one before it is locked; then it
  // has lost its name, and another is made.
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::string path = UploadsOf(root_) + "/upload-XXXXXX";
    const int descriptor = mkostemp(path.data(), O_CLOEXEC);
    if (descriptor < 0) return FileError("make a file in", UploadsOf(root_));
    struct stat status {};
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &status) == 0 &&
        status.st_nlink == 1) {
      return std::unique_ptr<ArtifactWriter>(
          new ArtifactWriter(root_, std::move(path), descriptor, max_bytes_));
    }
    close(descriptor);
  }
  return Refused(absl::StatusCode::kInternal, "ARTIFACT_STORE_FAILED",
                 "cannot lock a new file in " + UploadsOf(root_), {{"path", UploadsOf(root_)}});
}

absl::StatusOr<std::unique_ptr<ArtifactReader>> ArtifactFiles::Read(const std::string& sha256) {
  const int descriptor = open(PathOf(root_, sha256).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0 && errno == ENOENT) return Damaged(sha256, "are gone");
  if (descriptor < 0) return FileError("open", PathOf(root_, sha256));
  std::unique_ptr<ArtifactReader> reader(new ArtifactReader(descriptor));
  Sha256 hash;
  while (true) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string bytes, ReadSome(descriptor, kReadBytes));
    if (bytes.empty()) break;
    hash.Update(bytes);
  }
  const std::string found = hash.FinishHex();
  if (found != sha256) return Damaged(sha256, absl::StrCat("have SHA-256 ", found));
  if (lseek(descriptor, 0, SEEK_SET) != 0) return FileError("rewind", PathOf(root_, sha256));
  return reader;
}

}  // namespace fleetcast::registry
