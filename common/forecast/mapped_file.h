// A file as memory, read when it is touched and shared by all who map it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fleetcast::forecast {

// Read only; the bytes stay as long as it lives. It must not be shortened meanwhile: artifacts are
// written once, under another name, and renamed.
class MappedFile {
 public:
  // NOT_FOUND or INTERNAL with reason MODEL_FILE_UNREADABLE.
  [[nodiscard]] static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(
      const std::string& path);
  MappedFile(const void* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(bytes_), size_}; }

 private:
  const void* bytes_;
  std::size_t size_;
};

}  // namespace fleetcast::forecast
