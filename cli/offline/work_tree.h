// The configuration in a folder of plain files, as an editor or a pre-commit hook has it: what the
// config service reads from a commit, read from a work tree.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/config/domain/config_repository.h"

namespace fleetcast::cli {

// An open file or folder, closed by the destructor.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// One "commit", whatever the revision: the files as they are now. Symbolic links beneath the folder
// are named and never followed, and neither are pipes and devices opened. ListConfigFolder reads
// all folders; what comes after it is thread safe.
class WorkTree final : public config::ConfigRepository {
 public:
  // FAILED_PRECONDITION if `root` is no folder that can be read.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<WorkTree>> Open(const std::string& root);

  // Files of circuits that are none of these paths ("config/plants/P001/C001.yml", or a folder)
  // are not listed from now on.
  void RestrictCircuitsTo(const std::vector<std::string>& paths) { only_ = paths; }

  // The paths of the circuits' own files, as ListConfigFolder found them.
  [[nodiscard]] std::vector<std::string> CircuitFiles() const;

  [[nodiscard]] absl::StatusOr<std::string> ResolveCommit(const std::string& field,
                                                          const std::string& revision) override;
  // UNIMPLEMENTED: there is but one state.
  [[nodiscard]] absl::StatusOr<config::CommonAncestor> MergeBase(
      const std::string& base_commit, const std::string& head_commit) override;
  [[nodiscard]] absl::StatusOr<std::vector<config::TreeEntry>> ListConfigFolder(
      const std::string& commit) override;
  [[nodiscard]] absl::StatusOr<std::vector<config::TreeEntry>> ListPlantFolder(
      const config::ObjectId& folder) override;
  [[nodiscard]] absl::StatusOr<std::string> ReadFile(const config::ObjectId& object_id,
                                                     std::size_t max_bytes) override;

 private:
  explicit WorkTree(int root) : root_(root) {}

  Descriptor root_;
  std::vector<std::string> only_;
  // As ListConfigFolder found them: the plants' folders, and where everything stands.
  std::map<config::ObjectId, std::vector<config::TreeEntry>> folders_;
  std::map<config::ObjectId, std::string> paths_;
};

// Whether `path` is `folder`, or lies beneath it.
[[nodiscard]] bool IsWithin(const std::string& path, const std::string& folder);

// Whether `path` is that of a circuit's own file.
[[nodiscard]] bool IsCircuitFile(const std::string& path);

}  // namespace fleetcast::cli
