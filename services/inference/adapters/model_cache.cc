#include "services/inference/adapters/model_cache.h"

#include <utility>

#include "common/base/status.h"

namespace fleetcast::inference {

absl::StatusOr<std::shared_ptr<const forecast::Model>> ModelCache::Get(const std::string& sha256,
                                                                       absl::Duration timeout) {
  if (auto found = Find(sha256)) return found;
  FLEETCAST_ASSIGN_OR_RETURN(std::string bytes, registry_.DownloadArtifact(sha256, timeout));
  const std::size_t size = bytes.size();
  FLEETCAST_ASSIGN_OR_RETURN(forecast::Model parsed, forecast::Model::Parse(std::move(bytes)));
  auto model = std::make_shared<const forecast::Model>(std::move(parsed));
  Keep({sha256, model, size});
  return model;
}

std::shared_ptr<const forecast::Model> ModelCache::Find(const std::string& sha256) {
  absl::MutexLock lock(&mutex_);
  const auto found = by_sha256_.find(sha256);
  if (found == by_sha256_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return entries_.front().model;
}

void ModelCache::Keep(Entry entry) {
  absl::MutexLock lock(&mutex_);
  if (by_sha256_.contains(entry.sha256)) return;
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_sha256_[entries_.front().sha256] = entries_.begin();
  while (bytes_ > max_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    by_sha256_.erase(entries_.back().sha256);
    entries_.pop_back();
  }
}

}  // namespace fleetcast::inference
