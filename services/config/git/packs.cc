#include "services/config/git/packs.h"

#include <git2.h>
#include <git2/odb_backend.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {
namespace {

namespace fs = std::filesystem;
using PackBuilderHandle = std::unique_ptr<git_packbuilder, GitDeleter<git_packbuilder_free>>;

fs::path PackFolder(const std::string& folder) { return fs::path(folder) / "objects" / "pack"; }

struct Pack {
  fs::path index;  // pack-….idx, beside pack-….pack
  std::uintmax_t bytes = 0;
};

fs::path FileOf(const Pack& pack) { return fs::path(pack.index).replace_extension(".pack"); }

// By size.
std::vector<Pack> ListPacks(const std::string& folder) {
  std::vector<Pack> packs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(PackFolder(folder), error)) {
    if (entry.path().extension() != ".idx") continue;
    Pack pack{.index = entry.path()};
    pack.bytes = fs::file_size(FileOf(pack), error);
    if (!error) packs.push_back(std::move(pack));
  }
  std::sort(packs.begin(), packs.end(), [](const Pack& a, const Pack& b) {
    return std::tie(a.bytes, a.index) < std::tie(b.bytes, b.index);
  });
  return packs;
}

int Insert(const git_oid* id, void* builder) {
  return git_packbuilder_insert(static_cast<git_packbuilder*>(builder), id, nullptr);
}

int AddObjectsOf(const Pack& pack, git_packbuilder* builder) {
  OdbHandle odb;
  if (const int code = Take(odb, git_odb_new); code < 0) return code;
  git_odb_backend* backend = nullptr;
  int code = git_odb_backend_one_pack(&backend, pack.index.c_str());
  const int priority = 1;
  if (code == 0) code = git_odb_add_backend(odb.get(), backend, priority);
  if (code == 0) code = git_odb_foreach(odb.get(), Insert, builder);
  return code;
}

// Writes one pack of what the first `count` hold, on the disk when this returns.
int WriteMerged(const std::string& folder, const std::vector<Pack>& packs, std::size_t count,
                std::string& name) {
  RepositoryHandle repository;
  PackBuilderHandle builder;
  const unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE;
  int code = Take(repository, git_repository_open_ext, folder.c_str(), flags, nullptr);
  if (code == 0) code = Take(builder, git_packbuilder_new, repository.get());
  for (std::size_t i = 0; code == 0 && i < count; ++i) code = AddObjectsOf(packs[i], builder.get());
  const unsigned default_mode = 0;
  if (code == 0)
    code = git_packbuilder_write(builder.get(), nullptr, default_mode, nullptr, nullptr);
  if (code == 0) name = absl::StrCat("pack-", git_packbuilder_name(builder.get()));
  return code;
}

}  // namespace

std::size_t CountPacks(const std::string& folder) { return ListPacks(folder).size(); }

std::size_t PacksToMerge(const std::vector<std::uintmax_t>& sizes) {
  std::size_t count = 0;
  std::uintmax_t smaller = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0 && sizes[i] < 2 * smaller) count = i + 1;
    smaller += sizes[i];
  }
  return count;
}

absl::Status MergePacks(const std::string& folder) {
  const std::vector<Pack> packs = ListPacks(folder);
  std::vector<std::uintmax_t> sizes;
  sizes.reserve(packs.size());
  for (const Pack& pack : packs) sizes.push_back(pack.bytes);
  const std::size_t count = PacksToMerge(sizes);
  if (count == 0) return absl::OkStatus();
  git_libgit2_init();
  git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  std::string name;
  const int code = WriteMerged(folder, packs, count, name);
  const git_error* error = git_error_last();
  const std::string why = code < 0 && error != nullptr ? error->message : "";
  git_libgit2_shutdown();
  if (code < 0)
    return absl::InternalError(absl::StrCat("cannot merge the packs of ", folder, ": ", why));
  for (std::size_t i = 0; i < count; ++i) {
    if (packs[i].index.stem() == name) continue;  // it held all of the others
    std::error_code failed;
    // The index first: without it the pack is not looked into.
    fs::remove(packs[i].index, failed);
    if (!failed) fs::remove(FileOf(packs[i]), failed);
    if (failed)
      return absl::InternalError(
          absl::StrCat("cannot delete ", packs[i].index.string(), ": ", failed.message()));
  }
  return absl::OkStatus();
}

void RemoveUnfinishedPacks(const std::string& folder) {
  std::error_code ignored;
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(PackFolder(folder), ignored)) {
    const fs::path& path = entry.path();
    const std::string extension = path.extension();
    const bool of_pair = extension == ".pack" || extension == ".idx";
    const char* const other = extension == ".pack" ? ".idx" : ".pack";
    if (of_pair ? !fs::exists(fs::path(path).replace_extension(other), ignored)
                : path.filename().string().find("git2_") != std::string::npos)
      unfinished.push_back(path);
  }
  for (const fs::path& path : unfinished) fs::remove(path, ignored);
}

}  // namespace fleetcast::config
