// A real git repository in a temporary folder, written through libgit2: no git program is needed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "services/config/git/git_handle.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config::testing {

// Every method dies with libgit2's words if it fails. Not thread safe.
class GitTestRepository {
 public:
  enum class Kind { kWorkTree, kBare };
  explicit GitTestRepository(Kind kind = Kind::kBare);
  ~GitTestRepository();
  GitTestRepository(const GitTestRepository&) = delete;
  GitTestRepository& operator=(const GitTestRepository&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // A new commit on `branch` that holds just these files; its parents are the branch's commit, if
  // there is one, and `others`. Returns its 40 hex digits.
  std::string Commit(const std::string& branch, const Files& files,
                     const std::vector<std::string>& others = {});
  // As Commit, with one more entry of another file mode: 0120000 a symbolic link to `text`,
  // 0160000 a submodule.
  std::string CommitWithEntry(const std::string& branch, const Files& files,
                              const std::string& path, unsigned mode, const std::string& text);
  // Branch or tag "refs/…" points at `commit` from now on.
  void SetReference(const std::string& name, const std::string& commit);
  void DeleteReference(const std::string& name);
  // Makes a shallow clone of it: the `boundary` commits have no parents here, and `missing` commits
  // are gone.
  void CutHistory(const std::vector<std::string>& boundary,
                  const std::vector<std::string>& missing);
  // HEAD names `branch`.
  void SetHead(const std::string& branch);
  // An annotated tag of `commit`.
  void Tag(const std::string& name, const std::string& commit);
  // How much later than the first the next commits are made.
  void SetSecondsLater(int seconds) { seconds_later_ = seconds; }
  // HEAD names `commit` and no branch.
  void DetachHead(const std::string& commit);

 private:
  std::string CommitIndex(const std::string& branch, git_index* index,
                          const std::vector<std::string>& others);
  void AddEntry(git_index* index, const std::string& path, unsigned mode, const std::string& text);

  std::filesystem::path folder_;
  std::string path_;
  RepositoryHandle repository_;
  int seconds_later_ = 0;
};

}  // namespace fleetcast::config::testing
