#include "services/config/git/git_repository.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/config/git/bounded_allocator.h"
#include "services/config/git/config_folder.h"
#include "services/config/git/merge_base.h"

namespace fleetcast::config {
namespace {

// Idle repositories that are kept open, each with its own small object cache.
constexpr std::size_t kMostIdle = 16;
// What libgit2 may allocate beside a file's bytes while it reads them: its tables of objects.
constexpr std::size_t kRoomForTables = 1 << 20;
// libgit2's caches of trees and commits, over all repositories of the process.
constexpr ssize_t kObjectCacheBytes = 16 << 20;

std::string LastError() {
  const git_error* error = git_error_last();
  return error != nullptr && error->message != nullptr ? error->message : "unknown error";
}

absl::Status Unavailable(const std::string& path, const std::string& doing) {
  const std::string error = LastError();
  return MakeError(absl::StatusCode::kUnavailable,
                   absl::StrCat("the repository ", path, " cannot be read while ", doing, ": ",
                                error, "; try again, and look at the repository with git fsck"),
                   {.reason = "REPOSITORY_UNAVAILABLE",
                    .metadata = {{"repository", path}, {"doing", doing}, {"error", error}},
                    .retry_after = absl::Seconds(1)});
}

absl::Status Unsupported(const std::string& path, const std::string& extension,
                         const std::string& why) {
  return Refused(absl::StatusCode::kFailedPrecondition, "REPOSITORY_UNSUPPORTED",
                 absl::StrCat("the repository at ", path, " ", why),
                 {{"repository", path}, {"extension", extension}});
}

absl::Status PartialClone(const std::string& path) {
  return Unsupported(path, "partialclone",
                     "is a partial clone (git clone --filter), which lacks files that this service "
                     "has to read; clone it without --filter, or let the service follow the remote "
                     "(remote_url)");
}

// Whether git would fetch what is missing here from a remote, when it is read.
bool IsPartialClone(git_repository* repository) {
  git_config* config = nullptr;
  if (git_repository_config_snapshot(&config, repository) < 0) return false;
  bool partial = false;
  git_config_foreach_match(
      config, "^remote\\..*\\.promisor$",
      [](const git_config_entry* entry, void* payload) {
        int value = 0;
        if (git_config_parse_bool(&value, entry->value) == 0 && value != 0)
          *static_cast<bool*>(payload) = true;
        return 0;
      },
      &partial);
  git_config_free(config);
  return partial;
}

// Why an object could not be read; `code` is libgit2's.
absl::Status Unreadable(int code, git_repository* repository, const std::string& path,
                        const std::string& doing) {
  const absl::Status unavailable = Unavailable(path, doing);
  return code == GIT_ENOTFOUND && IsPartialClone(repository) ? PartialClone(path) : unavailable;
}

// After an attempt to open the repository at `path` that failed: the error if git wrote it in a
// format that libgit2 does not read.
std::optional<absl::Status> UnsupportedFormat(const std::string& path) {
  static constexpr char kSign[] = "unsupported extension name extensions.";
  const std::string error = LastError();
  const std::size_t at = error.find(kSign);
  if (at == std::string::npos) return std::nullopt;
  const std::string extension = absl::AsciiStrToLower(error.substr(at + std::strlen(kSign)));
  if (extension == "partialclone") return PartialClone(path);
  if (extension == "objectformat")
    return Unsupported(path, extension,
                       "names its objects by SHA-256, and this service reads repositories of SHA-1 "
                       "alone; make one with git init --object-format=sha1, fill it by git "
                       "fast-export --all | git fast-import, and name that");
  return Unsupported(path, extension,
                     absl::StrCat("uses git's extension ", extension,
                                  ", which this service cannot read; make a clone without it, and "
                                  "name that"));
}

absl::Status UnknownRevision(const std::string& revision, bool shallow) {
  return MakeError(absl::StatusCode::kNotFound,
                   absl::StrCat("the repository has no revision \"", revision,
                                "\"; check the spelling, and that it has been pushed or fetched",
                                shallow ? "; it is a shallow clone: git fetch --unshallow brings "
                                          "what is older"
                                        : ""),
                   {.reason = "REVISION_NOT_FOUND",
                    .metadata = {{"revision", revision}},
                    .resource_type = "Revision",
                    .resource_name = revision});
}

// Why `code` came from looking a revision up. Reads libgit2's last error, so nothing is to be asked
// of it between.
absl::Status RevisionError(int code, const std::string& field, const std::string& revision,
                           const std::string& path, git_repository* repository) {
  if (code == GIT_EAMBIGUOUS)
    return InvalidField(
        field,
        absl::StrCat("\"", revision, "\" is short for several objects; ", "give more digits"),
        "REVISION_INVALID");
  if (code == GIT_EINVALIDSPEC)
    return InvalidField(field,
                        absl::StrCat("\"", revision, "\" is not how git names a commit; ",
                                     "name a branch, a tag, a commit, or HEAD~2"),
                        "REVISION_INVALID");
  const git_error* error = git_error_last();
  if (error != nullptr && error->klass == GIT_ERROR_NOMEMORY)
    return InvalidField(field,
                        absl::StrCat("\"", revision, "\" is far too large for a commit; name a ",
                                     "branch, a tag, or a commit"),
                        "REVISION_INVALID");
  // A name that leads to a file of the repository which is no reference.
  const bool no_reference = error != nullptr && error->klass == GIT_ERROR_REFERENCE;
  if (code == GIT_ENOTFOUND || code == GIT_EUNBORNBRANCH || no_reference)
    return UnknownRevision(revision, git_repository_is_shallow(repository) == 1);
  return Unavailable(path, absl::StrCat("looking up ", revision));
}

// Whether there is something like a repository at `path` that belongs to somebody else.
bool IsOfAnotherUser(const std::string& path) {
  for (const char* part : {"/.git", "/HEAD"}) {
    struct stat status {};
    if (stat((path + part).c_str(), &status) != 0) continue;
    if (status.st_uid != geteuid()) return true;
    if (stat(path.c_str(), &status) == 0 && status.st_uid != geteuid()) return true;
  }
  return false;
}

std::string HexOf(const git_oid* id) {
  char hex[GIT_OID_HEXSZ + 1];
  git_oid_tostr(hex, sizeof hex, id);
  return hex;
}

}  // namespace

// A repository for one call; goes back to the idle ones.
class GitConfigRepository::Borrowed {
 public:
  Borrowed(GitConfigRepository& owner, RepositoryHandle handle, int generation)
      : owner_(&owner), handle_(std::move(handle)), generation_(generation) {}
  Borrowed(Borrowed&&) = default;
  ~Borrowed() {
    if (handle_ == nullptr) return;
    absl::MutexLock lock(&owner_->mutex_);
    if (owner_->generation_ == generation_ && owner_->idle_.size() < kMostIdle)
      owner_->idle_.push_back(std::move(handle_));
  }
  [[nodiscard]] git_repository* get() const { return handle_.get(); }

 private:
  GitConfigRepository* owner_;
  RepositoryHandle handle_;
  int generation_;
};

GitConfigRepository::GitConfigRepository(GitOptions options) : options_(std::move(options)) {
  BoundGitAllocations();
  git_libgit2_init();
  // For the whole process: this is the only repository that it reads.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, options_.allow_other_owner ? 0 : 1);
  git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kObjectCacheBytes);
  // That of sparse clones: it is about the work tree, which is not read.
  std::array<const char*, 1> extensions = {"worktreeconfig"};
  git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions.data(), extensions.size());
}

GitConfigRepository::~GitConfigRepository() {
  {
    absl::MutexLock lock(&mutex_);
    idle_.clear();
  }
  git_libgit2_shutdown();
}

absl::StatusOr<std::unique_ptr<GitConfigRepository>> GitConfigRepository::Open(GitOptions options) {
  std::unique_ptr<GitConfigRepository> repository(new GitConfigRepository(std::move(options)));
  FLEETCAST_ASSIGN_OR_RETURN(const Borrowed first, repository->Borrow());
  return repository;
}

absl::StatusOr<std::string> GitConfigRepository::Discover(const std::string& folder) {
  git_libgit2_init();
  git_buf found = GIT_BUF_INIT;
  const int across_file_systems = 0;
  const int code = git_repository_discover(&found, folder.c_str(), across_file_systems, nullptr);
  std::string path = code == 0 ? found.ptr : "";
  git_buf_dispose(&found);
  git_libgit2_shutdown();
  if (code == 0) return path;
  return Refused(absl::StatusCode::kNotFound, "REPOSITORY_NOT_FOUND",
                 absl::StrCat("the folder ", folder, " is in no git repository"),
                 {{"folder", folder}});
}

absl::StatusOr<RepositoryHandle> GitConfigRepository::OpenHandle() const {
  RepositoryHandle handle;
  const std::string& path = options_.path;
  const unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH;
  const int code = Take(handle, git_repository_open_ext, path.c_str(), flags, nullptr);
  if (code == 0) return handle;
  // libgit2 1.5 says ENOTFOUND of another user's repository, too, where the user's own settings
  // have no safe.directory.
  const bool other_owner = code == GIT_EOWNER || (code == GIT_ENOTFOUND && IsOfAnotherUser(path));
  if (code == GIT_ENOTFOUND && !other_owner)
    return Refused(absl::StatusCode::kFailedPrecondition, "REPOSITORY_NOT_FOUND",
                   absl::StrCat("there is no git repository at ", path,
                                "; name its folder, or run git init there"),
                   {{"repository", path}});
  if (other_owner)
    return Refused(absl::StatusCode::kFailedPrecondition, "REPOSITORY_OWNER",
                   absl::StrCat("the repository at ", path,
                                " belongs to another user; run as that user, add it to git's "
                                "safe.directory, or set allow-other-owner"),
                   {{"repository", path}});
  if (auto unsupported = UnsupportedFormat(path)) return *std::move(unsupported);
  return Unavailable(path, "opening it");
}

absl::StatusOr<GitConfigRepository::Borrowed> GitConfigRepository::Borrow() {
  int generation = 0;
  {
    absl::MutexLock lock(&mutex_);
    generation = generation_;
    if (!idle_.empty()) {
      RepositoryHandle handle = std::move(idle_.back());
      idle_.pop_back();
      return Borrowed(*this, std::move(handle), generation);
    }
  }
  FLEETCAST_ASSIGN_OR_RETURN(RepositoryHandle handle, OpenHandle());
  return Borrowed(*this, std::move(handle), generation);
}

void GitConfigRepository::OpenAnew() {
  std::vector<RepositoryHandle> old;
  absl::MutexLock lock(&mutex_);
  ++generation_;
  old.swap(idle_);
}

absl::StatusOr<std::string> GitConfigRepository::ResolveCommit(const std::string& field,
                                                               const std::string& revision) {
  FLEETCAST_RETURN_IF_ERROR(ValidateRevisionText(field, revision));
  FLEETCAST_ASSIGN_OR_RETURN(const Borrowed repository, Borrow());
  git_error_clear();
  ObjectHandle object;
  if (const int code = Take(object, git_revparse_single, repository.get(), revision.c_str());
      code < 0)
    return RevisionError(code, field, revision, options_.path, repository.get());
  ObjectHandle commit;
  if (Take(commit, git_object_peel, object.get(), GIT_OBJECT_COMMIT) < 0)
    return InvalidField(field,
                        absl::StrCat("\"", revision, "\" is a ",
                                     git_object_type2string(git_object_type(object.get())),
                                     ", not a commit; name a branch, a tag, or a commit"),
                        "REVISION_INVALID");
  return HexOf(git_object_id(commit.get()));
}

absl::StatusOr<CommonAncestor> GitConfigRepository::MergeBase(const std::string& base_commit,
                                                              const std::string& head_commit) {
  FLEETCAST_ASSIGN_OR_RETURN(const Borrowed repository, Borrow());
  git_oid base, head;
  CommonAncestor ancestor;
  int code = git_oid_fromstr(&base, base_commit.c_str());
  if (code == 0) code = git_oid_fromstr(&head, head_commit.c_str());
  if (code == 0) code = BestCommonAncestor(repository.get(), base, head, ancestor);
  if (code == 0) return ancestor;
  if (code != GIT_ENOTFOUND)
    return Unavailable(options_.path, absl::StrCat("looking for the merge base of ", base_commit,
                                                   " and ", head_commit));
  return Refused(absl::StatusCode::kFailedPrecondition, "NO_MERGE_BASE",
                 absl::StrCat(base_commit, " and ", head_commit,
                              " have no common ancestor here; fetch more history if the clone is "
                              "shallow, or name another base"),
                 {{"base_commit", base_commit}, {"head_commit", head_commit}});
}

absl::StatusOr<std::vector<TreeEntry>> GitConfigRepository::ListConfigFolder(
    const std::string& commit) {
  FLEETCAST_ASSIGN_OR_RETURN(const Borrowed repository, Borrow());
  git_oid id;
  std::vector<TreeEntry> entries;
  int code = git_oid_fromstr(&id, commit.c_str());
  if (code == 0) code = ReadConfigFolder(repository.get(), id, entries);
  if (code < 0)
    return Unreadable(code, repository.get(), options_.path,
                      absl::StrCat("listing config/ at ", commit));
  return entries;
}

absl::StatusOr<std::vector<TreeEntry>> GitConfigRepository::ListPlantFolder(
    const ObjectId& folder) {
  FLEETCAST_ASSIGN_OR_RETURN(const Borrowed repository, Borrow());
  std::vector<TreeEntry> entries;
  if (const int code = ReadPlantFolder(repository.get(), GitId(folder), entries); code < 0)
    return Unreadable(code, repository.get(), options_.path,
                      absl::StrCat("listing folder ", folder.Hex()));
  return entries;
}

absl::StatusOr<std::string> GitConfigRepository::ReadFile(const ObjectId& object_id,
                                                          std::size_t max_bytes) {
  FLEETCAST_ASSIGN_OR_RETURN(const Borrowed repository, Borrow());
  const git_oid id = GitId(object_id);
  OdbHandle odb;
  OdbObjectHandle object;
  int code = Take(odb, git_repository_odb, repository.get());
  if (code == 0) {
    // Nearly every file is small: reading it at once spares looking for it twice, which takes as
    // long again and keeps other threads waiting.
    const GitAllocationBound bound(max_bytes + kRoomForTables);
    code = Take(object, git_odb_read, odb.get(), &id);
  }
  std::size_t bytes = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (object != nullptr) {
    bytes = git_odb_object_size(object.get());
    type = git_odb_object_type(object.get());
  } else if (odb != nullptr) {
    code = git_odb_read_header(&bytes, &type, odb.get(), &id);
    // It is small, but made of one that is not.
    if (code == 0 && bytes <= max_bytes) code = Take(object, git_odb_read, odb.get(), &id);
  }
  if (code == 0 && bytes > max_bytes)
    return Refused(
        absl::StatusCode::kResourceExhausted, "FILE_TOO_LARGE",
        absl::StrCat("object ", object_id.Hex(), " has ", bytes, " bytes, more than ", max_bytes),
        {{"object_id", object_id.Hex()}});
  if (code < 0 || type != GIT_OBJECT_BLOB)
    return Unreadable(code, repository.get(), options_.path,
                      absl::StrCat("reading object ", object_id.Hex()));
  return std::string(static_cast<const char*>(git_odb_object_data(object.get())),
                     git_odb_object_size(object.get()));
}

}  // namespace fleetcast::config
