#include "services/inference/adapters/model_cache.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

struct Loaded {
  ModelCache::SharedModel model;
  std::size_t bytes = 0;
};

absl::StatusOr<Loaded> Load(ModelRegistry& registry, const std::string& sha256,
                            absl::Duration timeout) {
  FLEETCAST_ASSIGN_OR_RETURN(std::string bytes, registry.DownloadArtifact(sha256, timeout));
  const std::size_t size = bytes.size() + ModelCache::kModelOverheadBytes;
  FLEETCAST_ASSIGN_OR_RETURN(forecast::Model parsed, forecast::Model::Parse(std::move(bytes)));
  return Loaded{std::make_shared<const forecast::Model>(std::move(parsed)), size};
}

}  // namespace

absl::StatusOr<ModelCache::SharedModel> ModelCache::Get(const std::string& sha256,
                                                        absl::Duration timeout) {
  for (;;) {
    std::shared_ptr<Download> download;
    {
      absl::MutexLock lock(&mutex_);
      ++requests_;
      if (auto found = Find(sha256)) return found;
      std::shared_ptr<Download>& entry = downloads_[sha256];
      download = entry;
      if (download == nullptr) entry = std::make_shared<Download>();
    }
    if (download == nullptr) return Fetch(sha256, timeout);
    if (!download->done.WaitFor(timeout))
      return Refused(absl::StatusCode::kUnavailable, "MODEL_UNAVAILABLE",
                     absl::StrCat("artifact ", sha256, " is still being downloaded"));
    if (!absl::IsCancelled(download->model.status())) return download->model;
  }
}

absl::StatusOr<ModelCache::SharedModel> ModelCache::Fetch(const std::string& sha256,
                                                          absl::Duration timeout) {
  absl::StatusOr<Loaded> loaded = absl::InternalError("the download ended without a result");
  // Whatever happens to this download, those who wait for it are told.
  const absl::Cleanup end = [&] {
    absl::MutexLock lock(&mutex_);
    const auto entry = downloads_.find(sha256);
    if (loaded.ok())
      entry->second->model = loaded->model;
    else  // who is told to stop has no error for others
      entry->second->model = CurrentStop().stop_requested()
                                 ? absl::CancelledError("the download was told to stop")
                                 : loaded.status();
    entry->second->done.Notify();
    downloads_.erase(entry);
  };
  loaded = Load(registry_, sha256, timeout);
  if (!loaded.ok()) return loaded.status();
  absl::MutexLock lock(&mutex_);
  Keep(sha256, loaded->model, loaded->bytes);
  return loaded->model;
}

ModelCache::SharedModel ModelCache::Find(const std::string& sha256) {
  const auto found = by_sha256_.find(sha256);
  if (found == by_sha256_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  entries_.front().asked_at = requests_;
  return entries_.front().model;
}

void ModelCache::Keep(const std::string& sha256, const SharedModel& model, std::size_t bytes) {
  while (bytes_ + bytes > max_bytes_) {
    if (entries_.empty()) return;
    const Entry& oldest = entries_.back();
    const auto idle = requests_ - oldest.asked_at;
    if (idle <= 2 * static_cast<std::int64_t>(entries_.size())) return;
    bytes_ -= oldest.bytes;
    by_sha256_.erase(oldest.sha256);
    entries_.pop_back();
  }
  bytes_ += bytes;
  entries_.push_front({sha256, model, bytes, requests_});
  by_sha256_[sha256] = entries_.begin();
}

}  // namespace fleetcast::inference
