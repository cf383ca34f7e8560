// Models in memory, by the SHA-256 of their artifacts: what is pinned never changes, so nothing
// here ever goes stale. The least recently used go first.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/forecast/forecast.h"
#include "services/inference/domain/model_registry.h"

namespace fleetcast::inference {

// Thread safe.
class ModelCache {
 public:
  // Holds models of at most `max_bytes` artifact bytes in all, but always the one just asked for.
  ModelCache(ModelRegistry& registry, std::size_t max_bytes)
      : registry_(registry), max_bytes_(max_bytes) {}

  // From memory, or downloaded, verified and parsed. The registry's errors, and
  // MODEL_FILE_CORRUPT (DATA_LOSS). Two callers that miss at once may both download.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const forecast::Model>> Get(
      const std::string& sha256, absl::Duration timeout);

 private:
  struct Entry {
    std::string sha256;
    std::shared_ptr<const forecast::Model> model;
    std::size_t bytes;
  };

  [[nodiscard]] std::shared_ptr<const forecast::Model> Find(const std::string& sha256);
  void Keep(Entry entry);

  ModelRegistry& registry_;
  const std::size_t max_bytes_;
  absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_sha256_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace fleetcast::inference
