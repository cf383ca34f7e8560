#include "tests/support/config/git_test_repository.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace fleetcast::config::testing {
namespace {

using IndexHandle = std::unique_ptr<git_index, GitDeleter<git_index_free>>;
using SignatureHandle = std::unique_ptr<git_signature, GitDeleter<git_signature_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, GitDeleter<git_reference_free>>;

void Check(int code) {
  if (code >= 0) return;
  const git_error* error = git_error_last();
  std::fprintf(stderr, "libgit2: %s\n", error != nullptr ? error->message : "unknown error");
  std::abort();
}

std::filesystem::path MakeFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "config-repo-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  return pattern;
}

std::string HexOf(const git_oid& id) {
  char hex[GIT_OID_HEXSZ + 1];
  return git_oid_tostr(hex, sizeof hex, &id);
}

git_oid IdOf(const std::string& hex) {
  git_oid id;
  Check(git_oid_fromstr(&id, hex.c_str()));
  return id;
}

SignatureHandle Signature(int seconds_later) {
  SignatureHandle signature;
  // A fixed time: the same files give the same commit.
  const git_time_t time = 1'765'238'400 + seconds_later;
  const int offset = 0;
  Check(Take(signature, git_signature_new, "Test", "test@example.com", time, offset));
  return signature;
}

}  // namespace

GitTestRepository::GitTestRepository(Kind kind) : folder_(MakeFolder()), path_(folder_.string()) {
  git_libgit2_init();
  const unsigned bare = kind == Kind::kBare ? 1 : 0;
  Check(Take(repository_, git_repository_init, path_.c_str(), bare));
  Check(git_repository_set_head(repository_.get(), "refs/heads/main"));
}

GitTestRepository::~GitTestRepository() {
  repository_.reset();
  git_libgit2_shutdown();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string GitTestRepository::Commit(const std::string& branch, const Files& files,
                                      const std::vector<std::string>& others) {
  IndexHandle index;
  Check(Take(index, git_index_new));
  for (const auto& [path, text] : files) AddEntry(index.get(), path, GIT_FILEMODE_BLOB, text);
  return CommitIndex(branch, index.get(), others);
}

std::string GitTestRepository::CommitWithEntry(const std::string& branch, const Files& files,
                                               const std::string& path, unsigned mode,
                                               const std::string& text) {
  IndexHandle index;
  Check(Take(index, git_index_new));
  for (const auto& [file, content] : files) AddEntry(index.get(), file, GIT_FILEMODE_BLOB, content);
  AddEntry(index.get(), path, mode, text);
  return CommitIndex(branch, index.get(), {});
}

void GitTestRepository::AddEntry(git_index* index, const std::string& path, unsigned mode,
                                 const std::string& text) {
  git_index_entry entry = {};
  entry.path = path.c_str();
  entry.mode = mode;
  Check(git_blob_create_from_buffer(&entry.id, repository_.get(), text.data(), text.size()));
  Check(git_index_add(index, &entry));
}

std::string GitTestRepository::CommitIndex(const std::string& branch, git_index* index,
                                           const std::vector<std::string>& others) {
  git_oid tree_id;
  Check(git_index_write_tree_to(&tree_id, index, repository_.get()));
  TreeHandle tree;
  const git_oid* const tree_pointer = &tree_id;
  Check(Take(tree, git_tree_lookup, repository_.get(), tree_pointer));
  const std::string reference = "refs/heads/" + branch;
  std::vector<git_oid> parent_ids;
  git_oid tip;
  if (git_reference_name_to_id(&tip, repository_.get(), reference.c_str()) == 0)
    parent_ids.push_back(tip);
  for (const std::string& other : others) parent_ids.push_back(IdOf(other));
  std::vector<CommitHandle> parents(parent_ids.size());
  std::vector<const git_commit*> pointers;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const git_oid* const parent = &parent_ids[i];
    Check(Take(parents[i], git_commit_lookup, repository_.get(), parent));
    pointers.push_back(parents[i].get());
  }
  const SignatureHandle signature = Signature(seconds_later_);
  git_oid commit;
  Check(git_commit_create(&commit, repository_.get(), reference.c_str(), signature.get(),
                          signature.get(), nullptr, "A commit", tree.get(), pointers.size(),
                          pointers.data()));
  return HexOf(commit);
}

void GitTestRepository::SetReference(const std::string& name, const std::string& commit) {
  const git_oid id = IdOf(commit);
  ReferenceHandle reference;
  const git_oid* const pointer = &id;
  const int force = 1;
  const char* const log = nullptr;
  Check(
      Take(reference, git_reference_create, repository_.get(), name.c_str(), pointer, force, log));
}

void GitTestRepository::DeleteReference(const std::string& name) {
  Check(git_reference_remove(repository_.get(), name.c_str()));
}

void GitTestRepository::CutHistory(const std::vector<std::string>& boundary,
                                   const std::vector<std::string>& missing) {
  const std::filesystem::path folder = git_repository_commondir(repository_.get());
  std::ofstream shallow(folder / "shallow");
  for (const std::string& commit : boundary) shallow << commit << "\n";
  for (const std::string& commit : missing)
    if (!std::filesystem::remove(folder / "objects" / commit.substr(0, 2) / commit.substr(2)))
      std::abort();
}

void GitTestRepository::SetHead(const std::string& branch) {
  Check(git_repository_set_head(repository_.get(), ("refs/heads/" + branch).c_str()));
}

void GitTestRepository::Tag(const std::string& name, const std::string& commit) {
  const git_oid id = IdOf(commit);
  ObjectHandle target;
  const git_oid* const pointer = &id;
  Check(Take(target, git_object_lookup, repository_.get(), pointer, GIT_OBJECT_COMMIT));
  const SignatureHandle signature = Signature(seconds_later_);
  git_oid tag;
  Check(git_tag_create(&tag, repository_.get(), name.c_str(), target.get(), signature.get(),
                       "A tag", 0));
}

void GitTestRepository::DetachHead(const std::string& commit) {
  const git_oid id = IdOf(commit);
  Check(git_repository_set_head_detached(repository_.get(), &id));
}

}  // namespace fleetcast::config::testing
