// A ConfigRepository in memory: commits by name, each its own revision.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "services/config/domain/config_repository.h"
#include "tests/support/config/config_files.h"

namespace fleetcast::config::testing {

// Thread safe for readers.
class FakeConfigRepository final : public ConfigRepository {
 public:
  // `commit` is also the only revision that names it.
  void AddCommit(const std::string& commit, const Files& files) { commits_[commit] = files; }
  void SetMergeBase(const std::string& commit) { merge_base_ = commit; }
  // A branch of another name, which may move.
  void Point(const std::string& branch, const std::string& commit) { branches_[branch] = commit; }

  int files_read() const { return files_read_; }
  int folders_listed() const { return folders_listed_; }

  absl::StatusOr<std::string> ResolveCommit(const std::string& field,
                                            const std::string& revision) override {
    FLEETCAST_RETURN_IF_ERROR(ValidateRevisionText(field, revision));
    const auto branch = branches_.find(revision);
    const std::string commit = branch == branches_.end() ? revision : branch->second;
    if (!commits_.contains(commit)) return ResourceNotFound("Revision", revision, "");
    return commit;
  }

  absl::StatusOr<CommonAncestor> MergeBase(const std::string& base, const std::string&) override {
    return CommonAncestor{.commit = merge_base_.empty() ? base : merge_base_};
  }

  absl::StatusOr<std::vector<TreeEntry>> ListConfigFolder(const std::string& commit) override {
    absl::MutexLock lock(&mutex_);
    std::map<std::string, TreeEntry> top;
    std::map<std::string, std::vector<TreeEntry>> plants;  // by the folder's path
    for (const auto& [path, text] : commits_.at(commit)) {
      const ObjectId id = IdOf(text);
      texts_[id] = text;
      const std::vector<std::string> parts = absl::StrSplit(path, absl::MaxSplits('/', 3));
      std::string folder = parts[0];
      for (std::size_t i = 1; i < parts.size(); ++i) {
        top[folder] = {folder, {}, TreeEntry::Kind::kFolder};
        if (i == 3) plants[folder].push_back({parts[3], id, TreeEntry::Kind::kFile});
        if (folder == "config/calendars")
          plants[folder].push_back({parts[2], id, TreeEntry::Kind::kFile});
        absl::StrAppend(&folder, "/", parts[i]);
      }
      if (parts.size() < 4 && !path.starts_with("config/calendars/"))
        top[path] = {path, id, TreeEntry::Kind::kFile};
    }
    for (auto& [path, entries] : plants) {
      std::string content = path;
      for (const TreeEntry& entry : entries) {
        content += entry.path;
        content += entry.object_id.view();
      }
      top[path].object_id = IdOf(content);
      folders_[IdOf(content)] = entries;
    }
    std::vector<TreeEntry> sorted;
    for (const auto& [path, entry] : top) sorted.push_back(entry);
    return sorted;
  }

  absl::StatusOr<std::vector<TreeEntry>> ListPlantFolder(const ObjectId& folder) override {
    ++folders_listed_;
    absl::MutexLock lock(&mutex_);
    return folders_.at(folder);
  }

  absl::StatusOr<std::string> ReadFile(const ObjectId& object_id, std::size_t max_bytes) override {
    ++files_read_;
    absl::MutexLock lock(&mutex_);
    const std::string& text = texts_.at(object_id);
    if (text.size() > max_bytes)
      return Refused(absl::StatusCode::kResourceExhausted, "FILE_TOO_LARGE", "too large");
    return text;
  }

 private:
  static ObjectId IdOf(const std::string& content) {
    ObjectId id;
    const std::string hash = Sha256Hex(content);
    std::copy_n(hash.begin(), id.bytes.size(), id.bytes.begin());
    return id;
  }

  std::map<std::string, Files> commits_;
  std::map<std::string, std::string> branches_;
  absl::Mutex mutex_;
  std::map<ObjectId, std::string> texts_ ABSL_GUARDED_BY(mutex_);
  std::map<ObjectId, std::vector<TreeEntry>> folders_ ABSL_GUARDED_BY(mutex_);
  std::string merge_base_;
  std::atomic<int> files_read_ = 0, folders_listed_ = 0;
};

}  // namespace fleetcast::config::testing
