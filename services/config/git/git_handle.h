// Owning handles for libgit2's objects.
#pragma once

#include <git2.h>

#include <memory>

namespace fleetcast::config {

template <auto Free>
struct GitDeleter {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};

using RepositoryHandle = std::unique_ptr<git_repository, GitDeleter<git_repository_free>>;
using ObjectHandle = std::unique_ptr<git_object, GitDeleter<git_object_free>>;
using CommitHandle = std::unique_ptr<git_commit, GitDeleter<git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, GitDeleter<git_tree_free>>;
using OdbHandle = std::unique_ptr<git_odb, GitDeleter<git_odb_free>>;
using OdbObjectHandle = std::unique_ptr<git_odb_object, GitDeleter<git_odb_object_free>>;

// `Take(handle, git_x_lookup, arguments…)` calls git_x_lookup(&object, arguments…) and keeps what
// it made.
template <typename Handle, typename Function, typename... Arguments>
int Take(Handle& handle, Function function, Arguments... arguments) {
  typename Handle::pointer object = nullptr;
  const int code = function(&object, arguments...);
  handle.reset(object);
  return code;
}

}  // namespace fleetcast::config
