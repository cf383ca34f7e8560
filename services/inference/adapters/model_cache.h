// Models in memory, by the SHA-256 of their artifacts: what is pinned never changes, so nothing
// here ever goes stale.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/notification.h"
#include "common/forecast/forecast.h"
#include "services/inference/domain/model_registry.h"

namespace fleetcast::inference {

// A sweep asks for every model once, in the same order each time. Of a fleet that does not fit, the
// models that were here first stay: to make room for each new one by the least recently used would
// drop every model just before it is asked for again. One makes room when it has not been asked for
// during twice as many requests as there are models here: its deployment has gone. Thread safe.
class ModelCache {
 public:
  using SharedModel = std::shared_ptr<const forecast::Model>;

  // What a model takes beside its artifact, whose bytes it keeps (measured).
  static constexpr std::size_t kModelOverheadBytes = std::size_t{24} << 10;

  // Keeps models of `max_bytes` of memory at most.
  ModelCache(ModelRegistry& registry, std::size_t max_bytes)
      : registry_(registry), max_bytes_(max_bytes) {}

  // From memory, or downloaded, verified and parsed, by one of those who ask for it at once; by
  // another if that one is told to stop. The
  // registry's errors, MODEL_FILE_CORRUPT (DATA_LOSS), and MODEL_UNAVAILABLE if another's download
  // takes longer than `timeout`.
  [[nodiscard]] absl::StatusOr<SharedModel> Get(const std::string& sha256, absl::Duration timeout);

 private:
  // Downloads what downloads_ says is being downloaded.
  [[nodiscard]] absl::StatusOr<SharedModel> Fetch(const std::string& sha256,
                                                  absl::Duration timeout);
  struct Entry {
    std::string sha256;
    SharedModel model;
    std::size_t bytes;
    std::int64_t asked_at;  // in requests
  };
  struct Download {
    absl::StatusOr<SharedModel> model;  // written once, before `done`
    Notification done;
  };

  [[nodiscard]] SharedModel Find(const std::string& sha256) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(const std::string& sha256, const SharedModel& model, std::size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ModelRegistry& registry_;
  const std::size_t max_bytes_;
  absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // most recently asked for first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_sha256_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<Download>> downloads_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t requests_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace fleetcast::inference
