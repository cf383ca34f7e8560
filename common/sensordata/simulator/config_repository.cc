#include "common/sensordata/simulator/config_repository.h"

#include <git2.h>

#include <memory>

#include "common/base/status.h"

namespace fleetcast::sensordata {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Repository = std::unique_ptr<git_repository, Freed<git_repository_free>>;
using Index = std::unique_ptr<git_index, Freed<git_index_free>>;
using Tree = std::unique_ptr<git_tree, Freed<git_tree_free>>;
using Commit = std::unique_ptr<git_commit, Freed<git_commit_free>>;
using Signature = std::unique_ptr<git_signature, Freed<git_signature_free>>;
using Reference = std::unique_ptr<git_reference, Freed<git_reference_free>>;

// libgit2's global state, while one lives.
struct GitLibrary {
  GitLibrary() { git_libgit2_init(); }
  ~GitLibrary() { git_libgit2_shutdown(); }
};

class RepositoryWriter {
 public:
  RepositoryWriter(const std::string& path, std::int64_t commit_unix_seconds)
      : path_(path), commit_time_(commit_unix_seconds) {}

  absl::Status Create() {
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
    options.initial_head = "main";
    git_repository* repository = nullptr;
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_repository_init_ext(&repository, path_.c_str(), &options), "make"));
    repository_.reset(repository);
    git_index* index = nullptr;
    FLEETCAST_RETURN_IF_ERROR(Check(git_repository_index(&index, repository), "open the index of"));
    index_.reset(index);
    return absl::OkStatus();
  }

  absl::Status Add(const ConfigFile& file) {
    git_index_entry entry{};
    entry.mode = GIT_FILEMODE_BLOB;
    entry.path = file.path.c_str();
    return Check(
        git_index_add_from_buffer(index_.get(), &entry, file.content.data(), file.content.size()),
        "write " + file.path + " in");
  }

  // Commits the index to HEAD and returns the commit's id.
  absl::StatusOr<git_oid> CommitIndex(const std::string& message, const git_oid* parent_id) {
    git_oid tree_id, commit_id;
    git_tree* tree = nullptr;
    git_signature* author = nullptr;
    git_commit* parent = nullptr;
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_index_write_tree(&tree_id, index_.get()), "write a tree in"));
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_tree_lookup(&tree, repository_.get(), &tree_id), "read a tree of"));
    const Tree owned_tree(tree);
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_signature_new(&author, "Fleetcast simulator", "simulator@fleetcast.invalid",
                                commit_time_, 0),
              "sign a commit of"));
    const Signature owned_author(author);
    if (parent_id != nullptr) {
      FLEETCAST_RETURN_IF_ERROR(
          Check(git_commit_lookup(&parent, repository_.get(), parent_id), "read a commit of"));
    }
    const Commit owned_parent(parent);
    const git_commit* parents[] = {parent};
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_commit_create(&commit_id, repository_.get(), "HEAD", author, author, nullptr,
                                message.c_str(), tree, parent == nullptr ? 0 : 1, parents),
              "commit to"));
    return commit_id;
  }

  absl::Status StartBranch(const std::string& branch, const git_oid& from) {
    git_commit* commit = nullptr;
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_commit_lookup(&commit, repository_.get(), &from), "read a commit of"));
    const Commit owned_commit(commit);
    git_reference* reference = nullptr;
    const std::string action = "make branch " + branch + " in";
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_branch_create(&reference, repository_.get(), branch.c_str(), commit, 0), action));
    const Reference owned_reference(reference);
    return Check(git_repository_set_head(repository_.get(), git_reference_name(reference)), action);
  }

  absl::Status CheckOut() {
    git_checkout_options options = GIT_CHECKOUT_OPTIONS_INIT;
    options.checkout_strategy = GIT_CHECKOUT_FORCE;
    FLEETCAST_RETURN_IF_ERROR(
        Check(git_checkout_head(repository_.get(), &options), "fill the work tree of"));
    return Check(git_index_write(index_.get()), "write the index of");
  }

 private:
  [[nodiscard]] absl::Status Check(int code, const std::string& action) const {
    if (code >= 0) return absl::OkStatus();
    const git_error* error = git_error_last();
    return Refused(absl::StatusCode::kFailedPrecondition, "CONFIG_REPOSITORY_NOT_WRITTEN",
                   "cannot " + action + " the repository " + path_ + ": " +
                       (error != nullptr ? error->message : "git error " + std::to_string(code)),
                   {{"path", path_}});
  }

  const GitLibrary library_;
  const std::string path_;
  const std::int64_t commit_time_;
  Repository repository_;
  Index index_;
};

}  // namespace

absl::StatusOr<std::string> WriteConfigRepository(const std::string& path, const FleetPlan& fleet,
                                                  const ConfigRepositoryOptions& options) {
  RepositoryWriter writer(path, options.commit_unix_seconds);
  FLEETCAST_RETURN_IF_ERROR(writer.Create());
  git_oid head{};
  const git_oid* parent = nullptr;
  if (!options.circuits_branch.empty()) {
    FLEETCAST_RETURN_IF_ERROR(writer.Add(MasterListFile(fleet, false)));
    FLEETCAST_ASSIGN_OR_RETURN(head, writer.CommitIndex("List the plants\n", nullptr));
    FLEETCAST_RETURN_IF_ERROR(writer.StartBranch(options.circuits_branch, head));
    parent = &head;
  }
  FLEETCAST_RETURN_IF_ERROR(writer.Add(MasterListFile(fleet, true)));
  for (const PlantPlan& plant : fleet.plants) {
    for (const CircuitPlan& circuit : plant.circuits) {
      FLEETCAST_RETURN_IF_ERROR(writer.Add(CircuitFile(plant, circuit, options.values)));
    }
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      head, writer.CommitIndex("Add " + std::to_string(fleet.circuits()) + " circuits\n", parent));
  FLEETCAST_RETURN_IF_ERROR(writer.CheckOut());
  char text[GIT_OID_HEXSZ + 1];
  return std::string(git_oid_tostr(text, sizeof text, &head));
}

}  // namespace fleetcast::sensordata
