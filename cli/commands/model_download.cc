#include "cli/commands/model_download.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/names.h"
#include "cli/output/structured.h"
#include "cli/session.h"
#include "cli/transport/registry_methods.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/tar.h"

namespace fleetcast::cli {
namespace {

namespace fs = std::filesystem;
// More than any model has.
constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr fs::perms kFolderRights{0755};

absl::Status Damaged(const std::string& artifact, const std::string& problem) {
  return Refused(absl::StatusCode::kDataLoss, "ARTIFACT_DAMAGED",
                 absl::StrCat(artifact, " as it arrived ", problem,
                              "; nothing was written; try again, and if it stays so train anew"),
                 {{"artifact", artifact}});
}

absl::Status CannotWrite(const fs::path& path, const std::string& why) {
  return Refused(
      absl::StatusCode::kFailedPrecondition, "FOLDER_UNWRITABLE",
      absl::StrCat("cannot write ", path.string(), ": ", why, "; choose another folder with --out"),
      {{"path", path.string()}});
}

absl::StatusOr<std::string> Fetch(Session& session, const std::string& sha256) {
  registry::v1::DownloadArtifactRequest request;
  request.set_name("artifacts/" + sha256);
  std::string bytes;
  bool too_long = false;
  FLEETCAST_RETURN_IF_ERROR(session.Stream(
      registry_rpc::kDownloadArtifact, request,
      [&](const registry::v1::DownloadArtifactResponse& message) {
        too_long = too_long || bytes.size() + message.chunk().size() > kMostBytes;
        if (!too_long) bytes += message.chunk();
      },
      [] {}));
  if (too_long) return Damaged(request.name(), "is longer than any model");
  if (Sha256Hex(bytes) != sha256) return Damaged(request.name(), "has another SHA-256");
  return bytes;
}

// A plain name: what it is joined to cannot be left.
bool IsPlain(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && fs::path(name).filename() == name;
}

// "models/" is the folder models.
fs::path WithoutSlash(const std::string& text) {
  const fs::path path = fs::path(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

absl::Status WriteFiles(const std::vector<TarFile>& files, const fs::path& folder) {
  for (const TarFile& file : files) {
    const fs::path path = folder / file.name;
    std::ofstream stream(path, std::ios::binary);
    stream.write(file.bytes.data(), static_cast<std::streamsize>(file.bytes.size()));
    stream.close();
    if (!stream) return CannotWrite(path, "is the disk full?");
  }
  return absl::OkStatus();
}

// Under a name of its own first, so that the folder is whole as soon as it is there.
absl::Status WriteFolder(const std::vector<TarFile>& files, const fs::path& folder) {
  std::error_code error;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  std::string name = folder.string() + ".XXXXXX";
  if (error || mkdtemp(name.data()) == nullptr) {
    return CannotWrite(folder, error ? error.message() : std::strerror(errno));
  }
  const fs::path partial = name;
  // mkdtemp's is for its owner alone; this is a folder like any other.
  fs::permissions(partial, kFolderRights, error);
  absl::Status status = WriteFiles(files, partial);
  if (status.ok()) {
    fs::rename(partial, folder, error);
    if (error) status = CannotWrite(folder, error.message());
  }
  if (!status.ok()) fs::remove_all(partial, error);
  return status;
}

}  // namespace

absl::Status DownloadModel(Session& session, const DownloadOptions& options) {
  registry::v1::GetModelVersionRequest request;
  FLEETCAST_ASSIGN_OR_RETURN(*request.mutable_name(), ModelVersionName(options.version));
  const fs::path folder = options.folder.empty()
                              ? fs::path(absl::StrCat("model-v", LastPart(request.name())))
                              : WithoutSlash(options.folder);
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    return Refused(absl::StatusCode::kFailedPrecondition, "FOLDER_EXISTS",
                   absl::StrCat(folder.string(), " exists already; choose another with --out"),
                   {{"path", folder.string()}});
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto version,
                             session.Call(registry_rpc::kGetModelVersion, request));
  FLEETCAST_ASSIGN_OR_RETURN(const std::string bytes, Fetch(session, version.artifact_sha256()));
  const absl::StatusOr<std::vector<TarFile>> files = FindInTar(bytes);
  const std::string artifact = "artifacts/" + version.artifact_sha256();
  if (!files.ok()) {
    return Damaged(artifact, absl::StrCat("is no model's archive: ", files.status().message()));
  }
  std::vector<std::string> names;
  for (const TarFile& file : *files) {
    if (!IsPlain(file.name)) return Damaged(artifact, "holds the name \"" + file.name + "\"");
    names.push_back(file.name);
  }
  FLEETCAST_RETURN_IF_ERROR(WriteFolder(*files, folder));
  auto document = ToJson(version);
  document["folder"] = folder.string();
  document["files"] = names;
  session.Show(document, [&](const Terminal&) {
    return absl::StrCat("v", LastPart(version.name()), " is in ", folder.string(), ": ",
                        absl::StrJoin(names, ", "), "\n");
  });
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
