#include "services/config/git/merge_base.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/config/git/git_handle.h"

namespace fleetcast::config {
namespace {

struct IdLess {
  bool operator()(const git_oid& a, const git_oid& b) const { return git_oid_cmp(&a, &b) < 0; }
};
using Commits = std::set<git_oid, IdLess>;

int Lookup(git_repository* repository, const git_oid& id, CommitHandle& commit) {
  const git_oid* const pointer = &id;
  return Take(commit, git_commit_lookup, repository, pointer);
}

// Commits whose parents a shallow clone does not have.
Commits ReadBoundary(git_repository* repository) {
  Commits boundary;
  std::ifstream file(absl::StrCat(git_repository_commondir(repository), "/shallow"));
  git_oid id;
  for (std::string line; std::getline(file, line);)
    if (git_oid_fromstr(&id, line.c_str()) == 0) boundary.insert(id);
  return boundary;
}

// History within a shallow clone, which libgit2 1.5 does not know how to end.
class ShallowHistory {
 public:
  explicit ShallowHistory(git_repository* repository)
      : repository_(repository), boundary_(ReadBoundary(repository)) {}

  // Common ancestors that are no ancestors of others: as all ancestors of a common ancestor are
  // common ones, those that are nobody's parent among them.
  int CommonAncestors(const git_oid& a, const git_oid& b, std::vector<git_oid>& best) {
    Commits of_a, of_b, common, parents;
    int code = AddAncestors(a, of_a);
    if (code == 0) code = AddAncestors(b, of_b);
    std::set_intersection(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(),
                          std::inserter(common, common.end()), IdLess{});
    for (auto id = common.begin(); code == 0 && id != common.end(); ++id) {
      std::vector<git_oid> found;
      code = ParentsOf(*id, found);
      parents.insert(found.begin(), found.end());
    }
    std::set_difference(common.begin(), common.end(), parents.begin(), parents.end(),
                        std::back_inserter(best), IdLess{});
    return code == 0 && best.empty() ? GIT_ENOTFOUND : code;
  }

 private:
  // Adds `id` and all its ancestors.
  int AddAncestors(const git_oid& id, Commits& ancestors) {
    std::vector<git_oid> open = {id};
    while (!open.empty()) {
      const git_oid next = open.back();
      open.pop_back();
      if (!ancestors.insert(next).second) continue;
      if (const int code = ParentsOf(next, open); code < 0) return code;
    }
    return 0;
  }

  int ParentsOf(const git_oid& id, std::vector<git_oid>& parents) {
    if (boundary_.contains(id)) return 0;
    CommitHandle commit;
    if (const int code = Lookup(repository_, id, commit); code < 0) return code;
    for (unsigned i = 0; i < git_commit_parentcount(commit.get()); ++i)
      parents.push_back(*git_commit_parent_id(commit.get(), i));
    return 0;
  }

  git_repository* repository_;
  Commits boundary_;
};

int CommonAncestors(git_repository* repository, const git_oid& a, const git_oid& b,
                    std::vector<git_oid>& best) {
  if (git_repository_is_shallow(repository) == 1)
    return ShallowHistory(repository).CommonAncestors(a, b, best);
  git_oidarray bases = {};
  const int code = git_merge_bases(&bases, repository, &a, &b);
  if (code == 0) best.assign(bases.ids, bases.ids + bases.count);
  git_oidarray_dispose(&bases);
  return code;
}

}  // namespace

int BestCommonAncestor(git_repository* repository, const git_oid& base, const git_oid& head,
                       CommonAncestor& best) {
  std::vector<git_oid> ancestors;
  if (const int code = CommonAncestors(repository, base, head, ancestors); code < 0) return code;
  git_time_t newest = 0;
  for (const git_oid& id : ancestors) {
    CommitHandle commit;
    if (const int code = Lookup(repository, id, commit); code < 0) return code;
    const git_time_t time = git_commit_time(commit.get());
    char hex[GIT_OID_HEXSZ + 1];
    const std::string name = git_oid_tostr(hex, sizeof hex, &id);
    if (best.commit.empty() || time > newest || (time == newest && name < best.commit)) {
      best.commit = name;
      newest = time;
    }
  }
  best.count = static_cast<int>(ancestors.size());
  return 0;
}

}  // namespace fleetcast::config
